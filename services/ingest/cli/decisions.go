package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/schemas/event"
)

// pollFor is how long one question of --follow waits for an answer.
const pollFor = 30 * time.Second

func decisionsCommand() *cli.Command {
	return &cli.Command{
		Name: "decisions", Usage: "list decisions or receipts, oldest first, and follow them",
		Flags: append(doorFlags(),
			&cli.BoolFlag{Name: "follow", Aliases: []string{"f"}, Usage: "wait for more until interrupted"},
			&cli.BoolFlag{Name: "receipts", Usage: "receipts instead: what is logged, which is what lets goods move"},
			&cli.StringFlag{Name: "source", Usage: "only of `SOURCE`"},
			&cli.StringFlag{Name: "outcome", Usage: "only release, hold, license or block"},
			&cli.StringFlag{Name: "after", Usage: "go on behind `CURSOR`, as an earlier listing ended with"},
			&cli.IntFlag{Name: "limit", Usage: "at most so many; 0 for all there are"},
			&cli.BoolFlag{Name: "json", Usage: "print each as one line of JSON"},
		),
		Action: decisions,
	}
}

// listed is a page of decisions or receipts.
type listed struct {
	Decisions []published `json:"decisions"`
	Receipts  []published `json:"receipts"`
	Next      string      `json:"next"`
}

type published struct {
	Event    string          `json:"event"`
	Source   string          `json:"source"`
	OrderID  string          `json:"order_id"`
	Block    uint64          `json:"block"`
	Place    int             `json:"place"`
	Decision json.RawMessage `json:"decision,omitempty"`
	Record   json.RawMessage `json:"record,omitempty"`
}

func decisions(ctx context.Context, cmd *cli.Command) error {
	d, err := doorOf(cmd)
	if err != nil {
		return trouble("decisions: %v", err)
	}
	what := "decisions"
	if cmd.Bool("receipts") {
		what = "receipts"
	}
	query := url.Values{"limit": {"1000"}, "after": {cmd.String("after")}}
	for _, name := range []string{"source", "outcome"} {
		if cmd.String(name) != "" {
			query.Set(name, cmd.String(name))
		}
	}
	for left := cmd.Int("limit"); ; {
		if left > 0 {
			query.Set("limit", strconv.Itoa(min(left, 1000)))
		}
		var p listed
		if err := d.get(ctx, d.at(query, "v1", what), &p); err != nil {
			if ctx.Err() != nil {
				return nil //nolint:nilerr // interrupted: that is how following ends
			}
			return trouble("decisions: %v", err)
		}
		all := append(p.Decisions, p.Receipts...)
		for _, one := range all {
			if err := sayPublished(cmd, one); err != nil {
				return trouble("decisions: %v", err)
			}
		}
		ended := p.Next == query.Get("after")
		if left > 0 {
			if left -= len(all); left == 0 {
				return nil
			}
		}
		query.Set("after", p.Next)
		switch {
		case ended && !cmd.Bool("follow"):
			return nil
		case ended:
			query.Set("wait", pollFor.String())
		default:
			query.Del("wait")
		}
	}
}

func sayPublished(cmd *cli.Command, p published) error {
	w := cmd.Root().Writer
	if cmd.Bool("json") {
		return printLine(w, p)
	}
	if p.Record != nil {
		var r event.Record
		if err := json.Unmarshal(p.Record, &r); err != nil {
			return fmt.Errorf("receipt of %s: %w", p.OrderID, err)
		}
		_, err := fmt.Fprintf(w, "%s %s: %s, leaf %d\n", p.Source, orNameless(p.OrderID), orText(string(r.Outcome), "refused"), r.Leaf)
		return err
	}
	var j event.Judgement
	if err := json.Unmarshal(p.Decision, &j); err != nil {
		return fmt.Errorf("decision of %s: %w", p.OrderID, err)
	}
	_, err := fmt.Fprintf(w, "%s %s: %s\n", p.Source, orNameless(p.OrderID), strings.TrimSpace(string(j.Outcome)+" "+j.Rule))
	return err
}

func orText(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
