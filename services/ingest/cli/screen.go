package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest"
	"github.com/tidegate/tidegate/shared/terminal"
)

// ScreenFlags say which door Screen asks.
func ScreenFlags() []cli.Flag { return doorFlags() }

// Runs says whether there is a door to ask: one that was named, or one of a process that works on the data directory.
func Runs(cmd *cli.Command) bool {
	r, err := runningOn(cmd.String("data"))
	return cmd.String("url") != "" || err == nil && r.HTTP != ""
}

// Screen asks a running door what would be decided of files of orders, without making them orders. The answers are inquiries:
// no total counts them, they let no goods move, and that they were asked is logged. Exit status: 0 all would be released,
// 1 something would not, or was refused, 2 trouble.
func Screen(ctx context.Context, cmd *cli.Command) error {
	if cmd.NArg() == 0 {
		return trouble("screen: no file given; - is standard input")
	}
	d, err := doorOf(cmd)
	if err != nil {
		return trouble("screen: %v", err)
	}
	stays := false
	for _, name := range cmd.Args().Slice() {
		all, err := d.screen(ctx, name, cmd.Root().Reader)
		if err != nil {
			return trouble("screen %s: %v", name, err)
		}
		for _, q := range all {
			stays = stays || q.Outcome != event.Release
			if err := sayInquiry(cmd, q); err != nil {
				return trouble("screen %s: %v", name, err)
			}
		}
	}
	if stays {
		return cli.Exit("", exitRefused)
	}
	return nil
}

// screen asks about a file's orders.
func (d door) screen(ctx context.Context, name string, stdin io.Reader) ([]ingest.Inquiry, error) {
	in, err := open(name, stdin)
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }() // read only
	body := bufio.NewReaderSize(in, 256<<10)
	media, err := mediaOf(body, name)
	if err != nil {
		return nil, err
	}
	resp, err := d.do(ctx, http.MethodPost, d.at(url.Values{}, "v1", "screen"), media, body)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // read to its end, or of no use
	said, err := io.ReadAll(io.LimitReader(resp.Body, 1<<30))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		a, err := ingest.ReadAnswer(resp.Header.Get("Content-Type"), said)
		if err != nil {
			return nil, err
		}
		return []ingest.Inquiry{{Inquiry: true, Status: a.Status, OrderID: a.OrderID, Source: a.Source, Faults: a.Faults}}, nil
	}
	var all []ingest.Inquiry
	for line := range bytes.Lines(said) {
		var q ingest.Inquiry
		if err := json.Unmarshal(line, &q); err != nil {
			return nil, fmt.Errorf("%q: %w", line, err)
		}
		all = append(all, q)
	}
	return all, nil
}

func sayInquiry(cmd *cli.Command, q ingest.Inquiry) error {
	w := cmd.Root().Writer
	if cmd.Bool("json") {
		return printLine(w, q)
	}
	fmt.Fprintf(w, "%s: %s (an inquiry, no decision)\n", orNameless(q.OrderID), strings.TrimSpace(orStatus(q)+" "+q.Rule))
	if q.Decision != nil {
		var j event.Judgement
		if err := json.Unmarshal(q.Decision, &j); err != nil {
			return fmt.Errorf("judgement: %w", err)
		}
		for _, f := range j.Findings {
			fmt.Fprintf(w, "  %s %s: %s\n", f.Outcome, f.Rule, f.Text)
		}
	}
	sayFaults(w, q.Faults)
	return nil
}

func orNameless(id string) string {
	if id == "" {
		return "an order without id"
	}
	return terminal.Shown(id)
}

func orStatus(q ingest.Inquiry) string {
	if q.Outcome != "" {
		return string(q.Outcome)
	}
	return q.Status
}
