package cli

import (
	"bufio"
	"context"
	"io"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest"
)

func tryCommand() *cli.Command {
	return &cli.Command{
		Name: "try", Usage: "say what would be refused, without a server", ArgsUsage: "FILE…",
		Flags:  []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print each answer as one line of JSON"}},
		Action: try,
	}
}

func try(_ context.Context, cmd *cli.Command) error {
	s := &submitter{json: cmd.Bool("json"), out: cmd.Root().Writer, err: cmd.Root().ErrWriter}
	for _, name := range cmd.Args().Slice() {
		if err := s.try(name, cmd.Root().Reader); err != nil {
			return trouble("try %s: %v", name, err)
		}
	}
	if !s.json {
		s.say(s.out, s.tally.String())
	}
	if s.tally.refused > 0 {
		return cli.Exit("", exitRefused)
	}
	return nil
}

func (s *submitter) try(name string, stdin io.Reader) error {
	in, err := open(name, stdin)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // read only
	r := bufio.NewReaderSize(in, 256<<10)
	media, err := mediaOf(r)
	if err != nil {
		return err
	}
	for line, err := range ingest.Try(r, media == "application/x-ndjson", event.Instant("2000-01-01T00:00:00.000000Z")) {
		if err != nil {
			return err
		}
		if err := s.answer(line); err != nil {
			return err
		}
	}
	return nil
}
