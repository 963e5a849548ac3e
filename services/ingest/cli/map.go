package cli

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/services/ingest"
)

func mapFlag() cli.Flag {
	return &cli.StringFlag{Name: "map", Usage: "read the files by the mapping in `FILE`, where they are no format that is known"}
}

// mapOf reads a mapping; nil for no file.
func mapOf(file string) (*ingest.Map, error) {
	if file == "" {
		return nil, nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return ingest.ReadMap(file, b)
}

func mapCommand() *cli.Command {
	return &cli.Command{
		Name: "map", Usage: "mappings from any JSON, XML or CSV to orders", Commands: []*cli.Command{
			{Name: "check", Usage: "list every fault of mappings", ArgsUsage: "MAPPING…", Action: mapCheck, Description: "Exit status: 0 good, 1 a mapping has faults, 2 trouble."},
			{
				Name: "try", Usage: "show what files become by a mapping", ArgsUsage: "MAPPING FILE…", Action: mapTry,
				Description: "Shows each order in the normal form, or why it would be refused, and expressions that never gave anything; submits nothing.\n" +
					"Exit status: 0 all became orders, 1 something was refused, 2 trouble.",
				Flags: []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print one line of JSON an order"}},
			},
		},
	}
}

func mapCheck(_ context.Context, cmd *cli.Command) error {
	if cmd.NArg() == 0 {
		return trouble("map check: no mapping given")
	}
	bad := 0
	for _, file := range cmd.Args().Slice() {
		b, err := os.ReadFile(file)
		if err != nil {
			return trouble("map check: %v", err)
		}
		m, err := ingest.ReadMap(file, b)
		if err != nil {
			bad++
			fmt.Fprintln(cmd.Root().Writer, err)
			continue
		}
		fmt.Fprintf(cmd.Root().Writer, "%s: good; orders have the format %s\n", file, m.FormatName())
	}
	if bad > 0 {
		return cli.Exit("", exitRefused)
	}
	return nil
}

func mapTry(_ context.Context, cmd *cli.Command) error {
	if cmd.NArg() < 2 {
		return trouble("map try: want a mapping and a file; - is standard input")
	}
	m, err := mapOf(cmd.Args().First())
	if err != nil {
		return trouble("map try:\n%v", err)
	}
	s := &submitter{mapping: m, used: ingest.Used{}, json: cmd.Bool("json"), out: cmd.Root().Writer, err: cmd.Root().ErrWriter}
	for _, name := range cmd.Args().Tail() {
		if err := s.try(name, cmd.Root().Reader); err != nil {
			return trouble("map try %s: %v", name, err)
		}
	}
	var never []string
	for at, n := range s.used {
		if n == 0 {
			never = append(never, at)
		}
	}
	slices.Sort(never)
	if !s.json {
		for _, at := range never {
			s.say(s.out, "never gave anything: "+at)
		}
		s.say(s.out, fmt.Sprintf("%d would be accepted, %d refused", s.tally.Accepted, s.tally.Refused))
	}
	if s.tally.Refused > 0 {
		return cli.Exit("", exitRefused)
	}
	return nil
}
