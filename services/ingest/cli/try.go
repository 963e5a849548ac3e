package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest"
	"github.com/tidegate/tidegate/services/ingest/source"
)

func tryCommand(convert map[string]source.Convert) *cli.Command {
	return &cli.Command{
		Name: "try", Usage: "show what orders in any format would become, without a server", ArgsUsage: "FILE…",
		Description: "Shows each order in the normal form, or why it would be refused; submits nothing. - is standard input.\n" +
			"Exit status: 0 all became orders, 1 something was refused, 2 trouble.",
		Flags:  []cli.Flag{mapFlag(), &cli.BoolFlag{Name: "json", Usage: "print one line of JSON an order"}},
		Action: func(_ context.Context, cmd *cli.Command) error { return try(cmd, convert) },
	}
}

func try(cmd *cli.Command, convert map[string]source.Convert) error {
	m, err := mapOf(cmd.String("map"))
	if err != nil {
		return trouble("try: %v", err)
	}
	s := &submitter{convert: convert, mapping: m, json: cmd.Bool("json"), out: cmd.Root().Writer, err: cmd.Root().ErrWriter}
	if cmd.NArg() == 0 {
		return trouble("try: no file given; - is standard input")
	}
	for _, name := range cmd.Args().Slice() {
		if err := s.try(name, cmd.Root().Reader); err != nil {
			return trouble("try %s: %v", name, err)
		}
	}
	if !s.json {
		s.say(s.out, fmt.Sprintf("%d would be accepted, %d refused", s.tally.Accepted, s.tally.Refused))
	}
	if s.tally.Refused > 0 {
		return cli.Exit("", exitRefused)
	}
	return nil
}

func (s *submitter) try(name string, stdin io.Reader) error {
	in, name, err := s.open(name, stdin)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // read only
	r := bufio.NewReaderSize(in, 256<<10)
	media, err := mediaOf(r, name)
	if err != nil {
		return err
	}
	for t, err := range ingest.Try(r, ingest.Hint{Media: media, Name: name, Map: s.mapping, Used: s.used}, event.Instant("2000-01-01T00:00:00.000000Z")) {
		if err != nil {
			return err
		}
		if err := s.tried(t); err != nil {
			return err
		}
	}
	return nil
}

// tried prints what an order would become: the normal form, or what stands against it.
func (s *submitter) tried(t ingest.Tried) error {
	if t.Status == "refused" {
		s.tally.Refused++
	} else {
		s.tally.Accepted++
	}
	if s.json {
		return json.NewEncoder(s.out).Encode(t)
	}
	name := t.OrderID
	if name == "" {
		name = "an order without id"
	}
	if t.Status == "refused" {
		s.say(s.out, name+" ("+t.Format+"): refused")
		s.faults(t.Faults)
		return nil
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, t.Order, "", "  "); err != nil {
		return err
	}
	s.say(s.out, name+" ("+t.Format+"): "+string(t.Kind)+"\n"+pretty.String())
	if t.Needs != "" {
		s.say(s.out, "needs "+t.Needs)
	}
	for _, l := range t.Changes {
		s.say(s.out, "  line "+l.Position+": "+l.Action)
	}
	return nil
}
