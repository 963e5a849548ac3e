package exhibit

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit/auditverify/evidence"
	"github.com/tidegate/tidegate/services/audit/internal/exhibit/pdf"
)

// Document writes the pack's document: what a reader needs to know of the order, in words, with every record in full at its end
// (15 CFR 762.5(b): on paper, everything, legible). It must be called last before Pack, as it speaks of the other files.
func (c *Composed) Document(in *Input) error {
	p := &paper{in: in, c: c}
	if err := p.read(); err != nil {
		return err
	}
	b, err := p.write()
	if err != nil {
		return fmt.Errorf("%s: %w", evidence.DocumentFile, err)
	}
	c.Add(evidence.DocumentFile, "the records for a reader: order, parties, findings, who did what when, proof", b)
	return nil
}

// paper is a document being written.
type paper struct {
	in    *Input
	c     *Composed
	d     *pdf.Document
	cases []opened
	last  *opened // the newest decision; nil where there is none
}

// opened is a record, read.
type opened struct {
	*Record
	m         evidence.Record
	cause     event.Cause
	refusal   *event.Refusal
	facts     event.Facts
	judgement event.Judgement
	order     map[string]any // the order member, as it stands in the record
}

func (o *opened) decided() bool { return !o.Case.Passes() }

func (p *paper) read() error {
	p.cases = make([]opened, len(p.in.Records))
	for i := range p.in.Records {
		o := &p.cases[i]
		o.Record, o.m = &p.in.Records[i], p.c.Manifest.Records[i]
		var err error
		switch {
		case o.Case.Refused():
			o.refusal = &event.Refusal{}
			err = json.Unmarshal(o.Case.Line(0), o.refusal)
		case o.decided():
			var member struct {
				Order map[string]any `json:"order"`
			}
			err = errors.Join(json.Unmarshal(o.Case.Line(0), &o.cause), json.Unmarshal(o.Case.Line(1), &o.facts), json.Unmarshal(o.Case.Line(2), &o.judgement),
				unmarshalNumbers(o.Case.Line(0), &member))
			o.order, p.last = member.Order, o
		default:
			err = json.Unmarshal(o.Case.Line(0), &o.cause)
		}
		if err != nil {
			return fmt.Errorf("leaf %d: %w", o.Index, err)
		}
	}
	return nil
}

// unmarshalNumbers keeps numbers as they are written.
func unmarshalNumbers(b []byte, v any) error {
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.UseNumber()
	return d.Decode(v)
}

func (p *paper) write() ([]byte, error) {
	title := "Evidence of screening: " + p.c.title()
	newest := p.cases[len(p.cases)-1]
	at, err := time.Parse(time.RFC3339, string(newest.Head.At))
	if err != nil {
		return nil, fmt.Errorf("leaf %d: %w", newest.Index, err)
	}
	p.d = pdf.New(pdf.Meta{
		Title: title, Subject: "Records of export control screening with proofs of inclusion in an audit log", Creator: "Tidegate", Running: title, At: at,
		Foot: "A view of the records in the evidence pack. Not legal advice.",
	})
	p.front()
	p.story()
	if p.last != nil {
		p.ordered()
		p.found()
		p.decisions()
		p.ledger()
		p.rules()
	}
	p.refusals()
	p.proof()
	p.annex()
	return p.d.Bytes()
}

// front is the first half page: what was decided, and how far it is proven.
func (p *paper) front() {
	d := p.d
	d.Paragraph(pdf.Title, "Evidence of screening")
	d.Paragraph(pdf.Head, upper(p.c.title())+suffixed(" of tenant ", p.in.Tenant))
	d.Space(2)
	var faces []pdf.Face
	var texts []string
	say := func(f pdf.Face, format string, args ...any) {
		faces, texts = append(faces, f), append(texts, fmt.Sprintf(format, args...))
	}
	if p.last != nil {
		j := p.last.judgement
		say(pdf.Head, "Newest decision: %s", strings.ToUpper(string(j.Outcome)))
		say(pdf.Body, "%s.%s%s", upper(meaning(j.Outcome)), suffixed(" Decided by the rule ", j.Rule, suffixed(" (", p.title(j.Rule), ")")+"."), suffixed(" By what was known then, that holds until ", string(j.ValidUntil), "."))
		say(pdf.Body, "%s", p.gist())
		if failed := cmp.Or(j.Failed, p.last.facts.Failed); failed != "" {
			say(pdf.Body, "The order could not be judged: %s", failed)
		}
	} else if p.cases[len(p.cases)-1].refusal != nil {
		say(pdf.Head, "Refused: this input was not accepted as an order")
	}
	for i, l := range p.in.Logs {
		var leaves []string
		stamp := -1
		for _, o := range p.cases {
			if o.Log == i {
				leaves, stamp = append(leaves, strconv.FormatUint(o.Index, 10)), max(stamp, o.Stamp)
			}
		}
		say(pdf.Bold, "Proof status")
		say(pdf.Body, "Included at %s %s of the log %s, under its signed checkpoint of size %d.", plural(len(leaves), "index", "indexes"), strings.Join(leaves, ", "), l.Point.Origin, l.Point.Size)
		say(pdf.Body, "%s", witnesses(l))
		if stamp < 0 {
			say(pdf.Body, "Not timestamped by an outside authority in this pack.")
		} else {
			s := l.Stamps[stamp]
			say(pdf.Body, "Timestamped %s%s, in the checkpoint of size %d.", instant(event.Instant(s.At)), suffixed(" by ", s.Authority), s.Point.Size)
		}
	}
	d.Box(faces, texts)
	d.Paragraph(pdf.Small, "This document shows what the records in this evidence pack say. The records are the evidence: their exact bytes, the proofs that they stand unchanged in the log, "+
		"and the keys that verify them lie beside this document, and README.txt there says how to check them with standard tools. Nobody signed this document. "+
		"It is not legal advice, and no authority made or reviewed it. Times are UTC; dates are civil dates. Characters that cannot be seen are written as their Unicode number in brackets.")
}

// gist says in a sentence or two what the order is.
func (p *paper) gist() string {
	o := p.last.facts.Judged(&p.last.cause)
	if o == nil {
		return "The record has no order: it is about one that the system does not know."
	}
	var items, parties []string
	for _, it := range o.Items {
		items = append(items, strings.TrimSpace(suffixed("", string(it.Quantity), " × ")+or(strings.TrimSpace(strings.Join([]string{it.Manufacturer, it.PartNumber, it.Description}, " ")), "not described")))
	}
	for _, x := range o.Parties {
		parties = append(parties, or(x.Name, "no name")+" ("+words(string(x.Role))+")")
	}
	return fmt.Sprintf("Ordered%s%s: %s. Parties: %s.", suffixed(" on ", string(o.OrderDate)), suffixed(", to ", string(o.ShipTo)), few(items), few(parties))
}

// few is a list of which only the first are said.
func few(list []string) string {
	const most = 4
	if len(list) > most {
		return strings.Join(list[:most], "; ") + fmt.Sprintf("; and %d more", len(list)-most)
	}
	return strings.Join(list, "; ")
}

func witnesses(l Log) string {
	if len(l.Signed) == 0 {
		return "Not witnessed: nobody but the log's owner signed this checkpoint."
	}
	var by []string
	for _, w := range l.Signed {
		by = append(by, w.Witness+" on "+instant(event.Instant(w.At.UTC().Format(time.RFC3339))))
	}
	return "Witnessed by " + strings.Join(by, "; ") + "."
}

// story lists what happened, in order.
func (p *paper) story() {
	p.d.Heading("1  What happened, in the order in which it was recorded")
	rows := make([]pdf.Row, 0, len(p.cases))
	for _, o := range p.cases {
		outcome := "-"
		if o.decided() {
			outcome = strings.ToUpper(string(o.judgement.Outcome)) + suffixed("\n", o.judgement.Rule)
		}
		at, who := o.cause.At, o.cause.Actor
		if o.refusal != nil {
			at, who = o.refusal.At, o.refusal.Actor
		}
		rows = append(rows, pdf.Row{strconv.FormatUint(o.Index, 10), brief(at), o.what(), who, outcome})
	}
	p.d.Table([]pdf.Column{{Name: "Leaf", Share: 9}, {Name: "Received (UTC)", Share: 24}, {Name: "What", Share: 48}, {Name: "Brought by", Share: 24}, {Name: "Decision then", Share: 22}}, rows)
}

// what says what a record is of, with who did it and why, where a person did.
func (o *opened) what() string {
	c := o.cause
	switch {
	case o.refusal != nil:
		return "Input refused, " + plural(len(o.refusal.Faults), "fault", "faults", len(o.refusal.Faults))
	case c.Kind == event.Placed:
		return "Order placed" + revision(c.Revision)
	case c.Kind == event.Revised:
		return "Order revised" + revision(c.Revision)
	case c.Disposition != nil:
		return "Disposition: " + disposed(c.Disposition)
	case c.Shipment != nil && c.Kind == event.Shipped:
		partly := ""
		if c.Shipment.Partial != nil && *c.Shipment.Partial {
			partly = ", in part"
		}
		return "Shipped on " + string(c.Shipment.Date) + partly + suffixed(", document ", c.Shipment.Document)
	case c.Kind == event.Cancelled:
		return "Cancelled"
	case c.Rejudging != nil:
		return "Judged again: " + c.Rejudging.Why + suffixed(", replay ", c.Rejudging.Replay)
	case c.License != nil:
		return fmt.Sprintf("%s %s of %s registered", upper(c.License.Kind), c.License.Number, c.License.Issuer)
	default:
		return upper(string(c.Kind))
	}
}

func revision(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", revision %d", n)
}

// disposed says what a person found, on what, and why.
func disposed(d *event.Disposed) string {
	var on []string
	for _, f := range d.Findings {
		name := f.Rule
		if f.Party != nil {
			name += fmt.Sprintf(", party %d", *f.Party+1)
		}
		if f.Item != nil {
			name += fmt.Sprintf(", item %d", *f.Item+1)
		}
		on = append(on, name+suffixed(", entry ", f.Entry))
	}
	return fmt.Sprintf("%s, by %s (%s)%s%s. On: %s. Reason: %s", d.Outcome, d.By, d.Role, suffixed(", with ", d.Second), suffixed(", until ", string(d.Until)), strings.Join(on, "; "), d.Reason)
}

// meaning is an outcome in words.
func meaning(o event.Outcome) string {
	switch o {
	case event.Release:
		return "nothing stands against it under the rules judged"
	case event.Hold:
		return "a person must resolve something first"
	case event.NeedsLic:
		return "a license is required"
	case event.Block:
		return "prohibited"
	default:
		return string(o)
	}
}

func instant(at event.Instant) string {
	t, err := time.Parse(time.RFC3339, string(at))
	if err != nil {
		return string(at)
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// brief is an instant in a table whose head says UTC.
func brief(at event.Instant) string { return strings.TrimSuffix(instant(at), " UTC") }

// suffixed puts a text between others; nothing where it is empty.
func suffixed(before, s string, after ...string) string {
	if s == "" {
		return ""
	}
	return before + s + strings.Join(after, "")
}

func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + strings.ReplaceAll(s[1:], "_", " ")
}

// plural chooses a word by a count, with the number before it where it is given.
func plural(n int, one, many string, number ...int) string {
	word := many
	if n == 1 {
		word = one
	}
	if len(number) > 0 {
		return fmt.Sprintf("%d %s", number[0], word)
	}
	return word
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
