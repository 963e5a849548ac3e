package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest"
)

func refusalsCommand() *cli.Command {
	jsonFlag := &cli.BoolFlag{Name: "json", Usage: "print JSON"}
	return &cli.Command{
		Name: "refusals", Usage: "look at what was refused, correct it, send it again",
		Commands: []*cli.Command{
			{
				Name: "list", Usage: "list refusals, oldest first",
				Flags: append(doorFlags(), jsonFlag,
					&cli.StringFlag{Name: "source", Usage: "only of `SOURCE`"},
					&cli.StringFlag{Name: "after", Usage: "go on behind `CURSOR`"}),
				Action: listRefusals,
			},
			{
				Name: "show", Usage: "show one refusal: every fault, and the bytes received", ArgsUsage: "EVENT",
				Flags: append(doorFlags(), jsonFlag,
					&cli.BoolFlag{Name: "bytes", Usage: "only the bytes received, as they are: to be corrected"}),
				Action: showRefusal,
			},
			{
				Name: "retry", Usage: "send the corrected document, linked to the refusal; without FILE the same bytes again, as after a change of mappings",
				ArgsUsage: "EVENT [FILE]",
				Flags:     append(doorFlags(), jsonFlag, &cli.BoolFlag{Name: "wait", Usage: "wait for each decision"}),
				Action:    retryRefusal,
			},
		},
	}
}

func listRefusals(ctx context.Context, cmd *cli.Command) error {
	d, err := doorOf(cmd)
	if err != nil {
		return trouble("refusals list: %v", err)
	}
	query := url.Values{"limit": {"1000"}, "after": {cmd.String("after")}}
	if s := cmd.String("source"); s != "" {
		query.Set("source", s)
	}
	for {
		var p struct {
			Refusals  []json.RawMessage `json:"refusals"`
			Corrected []struct {
				Event string `json:"event"`
				By    string `json:"by"`
			} `json:"corrected"`
			Next string `json:"next"`
		}
		if err := d.get(ctx, d.at(query, "v1", "refusals"), &p); err != nil {
			return trouble("refusals list: %v", err)
		}
		by := map[string]string{}
		for _, c := range p.Corrected {
			by[c.Event] = c.By
		}
		for _, line := range p.Refusals {
			if err := sayRefusal(cmd, line, by); err != nil {
				return trouble("refusals list: %v", err)
			}
		}
		if p.Next == query.Get("after") {
			return nil
		}
		query.Set("after", p.Next)
	}
}

func sayRefusal(cmd *cli.Command, line []byte, correctedBy map[string]string) error {
	w := cmd.Root().Writer
	if cmd.Bool("json") {
		_, err := fmt.Fprintf(w, "%s\n", line)
		return err
	}
	var r event.Refusal
	if err := json.Unmarshal(line, &r); err != nil {
		return fmt.Errorf("refusal: %w", err)
	}
	first := ""
	if len(r.Faults) > 0 {
		first = r.Faults[0].Pointer + " " + r.Faults[0].Detail
	}
	if by := correctedBy[r.Event]; by != "" {
		first += "; corrected by " + by
	}
	_, err := fmt.Fprintf(w, "%s  %s  %s %s (%s): %d faults, first: %s\n", r.Event, r.At, r.Source, orNameless(r.OrderID), r.Format, len(r.Faults), first)
	return err
}

// refusal reads one refusal line from the door.
func (d door) refusal(ctx context.Context, id string) (line []byte, r event.Refusal, err error) {
	if id == "" {
		return nil, r, errors.New("which one? \"refusals list\" names them")
	}
	if err := d.get(ctx, d.at(url.Values{}, "v1", "refusals", id), &line); err != nil {
		return nil, r, err
	}
	return line, r, json.Unmarshal(line, &r)
}

// receivedBytes are the bytes of a refused input, where all of them were kept.
func receivedBytes(r event.Refusal) ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(r.Received.Bytes)
	if err != nil {
		return nil, fmt.Errorf("bytes received: %w", err)
	}
	if len(b) < r.Received.Size {
		return b, fmt.Errorf("of %d bytes received only the first %d were kept; send the document itself", r.Received.Size, len(b))
	}
	return b, nil
}

func showRefusal(ctx context.Context, cmd *cli.Command) error {
	d, err := doorOf(cmd)
	if err != nil {
		return trouble("refusals show: %v", err)
	}
	line, r, err := d.refusal(ctx, cmd.Args().First())
	if err != nil {
		return trouble("refusals show: %v", err)
	}
	w := cmd.Root().Writer
	switch b, berr := receivedBytes(r); {
	case cmd.Bool("bytes") && berr != nil:
		return trouble("refusals show: %v", berr)
	case cmd.Bool("bytes"):
		_, err = w.Write(b)
	case cmd.Bool("json"):
		_, err = w.Write(line)
	default:
		fmt.Fprintf(w, "refusal %s\norder %s of source %s, brought by %s, %s, received %s, %d bytes, sha256 %s\n", r.Event, orNameless(r.OrderID), r.Source, r.Actor,
			r.Format, r.At, r.Received.Size, r.Received.SHA256)
		sayFaults(w, r.Faults)
		fmt.Fprintf(w, "%q\n", b)
	}
	if err != nil {
		return trouble("refusals show: %v", err)
	}
	return nil
}

func retryRefusal(ctx context.Context, cmd *cli.Command) error {
	d, err := doorOf(cmd)
	if err != nil {
		return trouble("refusals retry: %v", err)
	}
	_, r, err := d.refusal(ctx, cmd.Args().First())
	if err != nil {
		return trouble("refusals retry: %v", err)
	}
	var body *bufio.Reader
	if name := cmd.Args().Get(1); name != "" {
		in, err := open(name, cmd.Root().Reader)
		if err != nil {
			return trouble("refusals retry: %v", err)
		}
		defer func() { _ = in.Close() }() // read only
		body = bufio.NewReaderSize(in, 256<<10)
	} else {
		b, err := receivedBytes(r)
		if err != nil {
			return trouble("refusals retry: %v", err)
		}
		body = bufio.NewReaderSize(bytes.NewReader(b), 256<<10)
	}
	s := &submitter{door: d, url: target(cmd, d), wait: cmd.Bool("wait"), json: cmd.Bool("json"), out: cmd.Root().Writer, err: cmd.Root().ErrWriter}
	if err := s.correct(ctx, r.Event, cmd.Args().Get(1), body); err != nil {
		return trouble("refusals retry: %v", err)
	}
	if !s.json {
		s.say(s.out, s.tally.String())
	}
	if s.tally.Refused > 0 {
		return cli.Exit("", exitRefused)
	}
	return nil
}

// correct sends what a refusal is corrected by.
func (s *submitter) correct(ctx context.Context, refusal, name string, body *bufio.Reader) error {
	media, err := mediaOf(body, name)
	if err != nil {
		return err
	}
	resp, err := s.door.send(ctx, http.MethodPost, s.url, io.Reader(body), map[string]string{"Content-Type": media, ingest.HeaderCorrects: refusal})
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // read to its end, or of no use
	return s.answers(resp)
}
