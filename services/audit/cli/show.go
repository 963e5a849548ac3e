package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/shared/codec"
	"github.com/tidegate/tidegate/shared/terminal"
)

// errNone says that the log has nothing of the order asked for.
var errNone = errors.New("not in the log")

func showCommand() *cli.Command {
	return &cli.Command{
		Name: "show", Usage: "show what was decided on an order, why, and that it stands in the log", ArgsUsage: "ORDER",
		Flags: []cli.Flag{dataFlag(), jsonFlag()},
		Action: func(ctx context.Context, c *cli.Command) error {
			if c.Args().Len() != 1 {
				return exit(fmt.Errorf("%w: want one order id or event id", auditverify.ErrUnusable))
			}
			id := c.Args().First()
			found, point, err := audit.Find(ctx, dir(c), id)
			if err == nil && len(found) == 0 {
				err = fmt.Errorf("%s: %w of size %d; what was accepted a moment ago is logged within a second or two", id, errNone, point.Size)
			}
			if err != nil {
				return exit(err)
			}
			noted(ctx, c, event.Note{What: "query", Text: fmt.Sprintf("The log was asked for %q.", id), Counts: []event.Tally{{Name: "found", Count: len(found)}}})
			return exit(show(c, found))
		},
	}
}

// noted writes into the log what was done with it, where its server runs. What was read is read: a note that cannot be written
// is said, no more.
func noted(ctx context.Context, c *cli.Command, n event.Note) {
	if _, err := audit.Note(ctx, c.String("data"), n); err != nil {
		_, _ = fmt.Fprintln(c.Root().ErrWriter, "the log does not know of this "+n.What+":", err)
	}
}

func show(c *cli.Command, found []audit.Logged) error {
	pages := make([]page, len(found))
	for i, l := range found {
		p, err := open(l)
		if err != nil {
			return err
		}
		pages[i] = p
	}
	if c.Bool("json") {
		return printJSON(c.Root().Writer, pages)
	}
	for _, p := range pages {
		if err := p.print(c.Root().Writer); err != nil {
			return err
		}
	}
	return nil
}

// page is one case as it is shown.
type page struct {
	Leaf      event.Leaf        `json:"leaf"`
	Order     *event.Cause      `json:"order,omitempty"`
	Refusal   *event.Refusal    `json:"refusal,omitempty"`
	Facts     *event.Facts      `json:"facts,omitempty"`
	Judgement *event.Judgement  `json:"judgement,omitempty"`
	Lines     []json.RawMessage `json:"lines"` // the case's lines as they were logged
	Proof     proof             `json:"proof"`
}

// proof says where the case stands in the log. It was checked before the page was made.
type proof struct {
	Log      string `json:"log,omitempty"` // name of the log, where it is not the first
	Index    uint64 `json:"leaf"`
	Size     uint64 `json:"log_size"`
	Root     string `json:"checkpoint_root"`
	Verified bool   `json:"verified"`
}

func open(l audit.Logged) (page, error) {
	p := page{Leaf: l.Leaf, Proof: proof{l.Log, l.Index, l.Under.Size, l.Under.Root.String(), true}}
	for i := range l.Case.Len() {
		p.Lines = append(p.Lines, l.Case.Line(i))
	}
	if l.Case.Refused() {
		p.Refusal = &event.Refusal{}
		return p, codec.Decode(l.Case.Line(0), p.Refusal)
	}
	if l.Case.Orderless() {
		p.Order = &event.Cause{}
		return p, codec.Decode(l.Case.Line(0), p.Order)
	}
	p.Order, p.Facts, p.Judgement = &event.Cause{}, &event.Facts{}, &event.Judgement{}
	return p, errors.Join(codec.Decode(l.Case.Line(0), p.Order), codec.Decode(l.Case.Line(1), p.Facts), codec.Decode(l.Case.Last(), p.Judgement))
}

// writer keeps the first error of many lines.
type writer struct {
	io.Writer
	err error
}

func (w *writer) line(format string, args ...any) {
	if w.err == nil {
		_, w.err = fmt.Fprintln(w.Writer, terminal.Shown(fmt.Sprintf(strings.TrimRight(format, " "), args...)))
	}
}

func (p page) print(out io.Writer) error {
	w := &writer{Writer: out}
	switch {
	case p.Refusal != nil:
		p.refused(w)
	case p.Judgement == nil:
		p.orderless(w)
	default:
		p.decided(w)
	}
	w.line("proof")
	w.line("  leaf %d%s, log size %d, checkpoint root %s, verified", p.Proof.Index, prefixed(" of log ", p.Proof.Log), p.Proof.Size, p.Proof.Root)
	w.line("  case %d of %d in block %d, logged %s", p.Leaf.Place+1, p.Leaf.Cases, p.Leaf.Sequence, p.Leaf.At)
	w.line("")
	return w.err
}

func (p page) refused(w *writer) {
	r := p.Refusal
	w.line("REFUSED  %s  from %s", or(r.OrderID, r.Event), or(r.Source, r.Actor))
	w.line("  received %s, %d bytes, sha256 %s", r.At, r.Received.Size, r.Received.SHA256)
	w.line("faults")
	for _, f := range r.Faults {
		w.line("  %s  %s: %s", or(f.Pointer, "(whole input)"), f.Code, f.Detail)
	}
}

// orderless shows what is of no order: its particulars stand in it as they were brought.
func (p page) orderless(w *writer) {
	o := p.Order
	w.line("%s  %s  by %s", strings.ToUpper(string(o.Kind)), o.Key, o.Actor)
	w.line("  received %s, %d bytes, sha256 %s", o.At, o.Received.Size, o.Received.SHA256)
	switch {
	case o.Note != nil:
		w.line("  %s by %s: %s", o.Note.What, o.Note.By, o.Note.Text)
		for _, n := range o.Note.Counts {
			w.line("    %-12s %d", n.Name, n.Count)
		}
	case o.Control != nil:
		w.line("  %s %s %s takes effect, by %s: %s", o.Control.What, o.Control.Version, o.Control.Digest, o.Control.By, o.Control.Why)
	case o.License != nil:
		w.line("  %s %s of %s, %s to %s", o.License.Kind, o.License.Number, o.License.Issuer, or(string(o.License.From), "…"), or(string(o.License.Until), "…"))
	}
}

func (p page) decided(w *writer) {
	o, j := p.Order, p.Judgement
	w.line("%s  order %s  from %s  %s", strings.ToUpper(string(j.Outcome)), o.OrderID, o.Source, o.Kind)
	w.line("  received %s by %s, %d bytes, sha256 %s", o.At, o.Actor, o.Received.Size, o.Received.SHA256)
	w.line("  pack %s %s, snapshot %s%s", j.Pack.ID, j.Pack.Version, p.Facts.Snapshot, until(j.ValidUntil))
	if j.Rule != "" {
		w.line("  decided by %s", j.Rule)
	}
	if failed := or(j.Failed, p.Facts.Failed); failed != "" {
		w.line("  could not be judged: %s", failed)
	}
	w.line("dates")
	for _, d := range j.Dates {
		w.line("  %s  %-18s  %s", d.Date, d.AsOf, d.Outcome)
	}
	if o.Order != nil {
		p.parties(w)
		p.items(w)
	}
	p.findings(w)
}

func (p page) parties(w *writer) {
	w.line("parties")
	for i, party := range p.Order.Order.Parties {
		w.line("  %d  %s  %s", i, party.Role, or(party.Name, "(no name)"))
		if i >= len(p.Facts.Parties) {
			continue
		}
		f := p.Facts.Parties[i]
		w.line("     located %s, headquarters %s, ultimate parent %s; compared with %d entries", or(string(f.Country), "unknown"), known(f.Headquarters), known(f.Parent), f.Considered)
		for _, m := range append(slices.Clip(f.Matches), f.SharedWith...) {
			w.line("     %s  %s %q ~ %q (%s, %s)  %s", m.Score, m.List, m.Queried, m.Matched, m.Field, m.Method, m.Citation)
		}
	}
}

func (p page) items(w *writer) {
	w.line("items")
	for i, item := range p.Order.Order.Items {
		w.line("  %d  %s", i, or(strings.TrimSpace(strings.Join([]string{item.Manufacturer, item.PartNumber, item.Description}, " ")), "(not described)"))
		if i >= len(p.Facts.Items) {
			continue
		}
		f := p.Facts.Items[i]
		w.line("     class %s by %s%s%s", f.Class, f.How, prefixed(", ECCN ", f.ECCN), prefixed(", catalog ", f.Catalog))
		if len(f.Missing) > 0 {
			w.line("     missing %s", strings.Join(f.Missing, ", "))
		}
	}
}

func (p page) findings(w *writer) {
	w.line("findings")
	if len(p.Judgement.Findings) == 0 {
		w.line("  none")
	}
	for _, f := range p.Judgement.Findings {
		w.line("  %-8s %s  %s", f.Outcome, f.Rule, f.State)
		w.line("           %s", f.Text)
		if len(f.Missing) > 0 {
			w.line("           missing %s", strings.Join(f.Missing, ", "))
		}
		w.line("           %s (%s)", f.Citation, f.Certainty)
	}
}

func known(k event.Known) string {
	if k.Country == "" {
		return "unknown"
	}
	return fmt.Sprintf("%s (%s)", k.Country, k.How)
}

func until(d event.Date) string { return prefixed(", valid until ", string(d)) }

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
