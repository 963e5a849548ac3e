package exhibit

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit/internal/exhibit/pdf"
)

// decisions shows every decision with its findings, the newest first: that is the one that counts.
func (p *paper) decisions() {
	p.d.Heading("4  Decisions and findings, the newest first")
	for i := range slices.Backward(p.cases) {
		if o := &p.cases[i]; o.decided() {
			p.decision(o)
		}
	}
}

func (p *paper) decision(o *opened) {
	j := o.judgement
	p.d.Sub(fmt.Sprintf("%s, leaf %d: %s%s", strings.ToUpper(string(j.Outcome)), o.Index, o.cause.Kind, suffixed(", decided by ", j.Rule)))
	var dates []string
	for _, d := range j.Dates {
		dates = append(dates, fmt.Sprintf("%s %s: %s", words(d.AsOf), d.Date, d.Outcome))
	}
	p.d.Pairs([][2]string{
		{"Judged for", strings.Join(dates, "; ")},
		{"Holds until", string(j.ValidUntil)},
		{"Not judged because", j.Failed + o.facts.Failed},
		{"Rules", packed(j.Pack)},
		{"Snapshot of lists", o.facts.Snapshot},
	})
	if len(j.Findings) == 0 {
		p.d.Paragraph(pdf.Body, "No findings: no rule had anything to say.")
		return
	}
	judged := o.facts.Judged(&o.cause)
	rows := make([]pdf.Row, 0, len(j.Findings))
	for _, f := range j.Findings {
		rows = append(rows, pdf.Row{
			f.Rule + suffixed("\n", p.title(f.Rule)), state(f), p.finding(judged, f), f.Citation + suffixed("\n", certainty(f.Certainty)) + suffixed("\nStatus: ", p.status(f.Rule)),
		})
	}
	p.d.Table([]pdf.Column{{Name: "Rule", Share: 30}, {Name: "Says", Share: 17}, {Name: "Finding", Share: 75}, {Name: "Citation, certainty, dates", Share: 36}}, rows)
}

func packed(r event.PackRef) string {
	parts := []string{fmt.Sprintf("%s %s, SHA-256 %s", r.ID, r.Version, r.Digest)}
	for _, k := range slices.Sorted(maps.Keys(r.Parameters)) {
		parts = append(parts, k+"="+r.Parameters[k])
	}
	return strings.Join(parts, ", ")
}

func state(f event.Finding) string {
	s := string(f.Outcome)
	switch {
	case f.AnsweredBy != nil:
		s += ", answered"
	case f.Outcome == event.Release:
		s = "note"
	case f.State == "indeterminate":
		s += ", open: a fact is not known"
	}
	return s + suffixed("\nreview policy ", f.Policy)
}

// finding is what a rule says, about whom, and what was tried against it.
func (p *paper) finding(o *event.Order, f event.Finding) string {
	var lines []string
	if f.Party != nil {
		lines = append(lines, "About party "+partyName(o, *f.Party))
	}
	if f.Item != nil {
		lines = append(lines, "About item "+itemName(o, *f.Item))
	}
	lines = append(lines, f.Text)
	if len(f.Dates) > 0 {
		lines = append(lines, "Stands for: "+words(strings.Join(f.Dates, ", ")))
	}
	if f.Entry != "" {
		score := ""
		if f.Score != nil {
			score = fmt.Sprintf(", score %v", *f.Score)
		}
		lines = append(lines, "List entry: "+f.Entry+score)
	}
	if len(f.Missing) > 0 {
		lines = append(lines, "Not known: "+strings.Join(f.Missing, ", "))
	}
	for _, t := range f.Tried {
		says := "does not apply"
		if t.Applies {
			says = "applies"
		}
		lines = append(lines, fmt.Sprintf("%s %s: %s", t.Code, says, t.Why))
	}
	if a := f.AnsweredBy; a != nil {
		lines = append(lines, fmt.Sprintf("Answered by %s %s%s: %s", a.Kind, a.ID, suffixed(", ", a.By), a.Why))
	}
	return strings.Join(lines, "\n")
}

// ledger shows what each decision read beside the order: licenses, totals, dispositions.
func (p *paper) ledger() {
	p.d.Heading("5  Licenses, running totals, dispositions that were read")
	none := true
	for i := range slices.Backward(p.cases) {
		o := &p.cases[i]
		if !o.decided() || o.judgement.Read.Empty() {
			continue
		}
		none = false
		p.d.Sub(fmt.Sprintf("By the decision of leaf %d", o.Index))
		p.d.Table([]pdf.Column{{Name: "What", Share: 26}, {Name: "As it stood then", Share: 84}, {Name: "Left; amount", Share: 36}}, readings(o.judgement.Read))
	}
	if none {
		p.d.Paragraph(pdf.Body, "No decision read any.")
	}
}

func readings(r *event.Read) (rows []pdf.Row) {
	for _, h := range r.Licenses {
		rows = append(rows, pdf.Row{"License " + h.Number, licensed(h.License), strings.TrimPrefix(suffixed("; pieces left ", string(h.Quantity))+suffixed("; value left ", string(h.Value)), "; ")})
	}
	for _, s := range r.Dispositions {
		rows = append(rows, pdf.Row{"Disposition", disposed(&s.Disposed), "event " + s.Event})
	}
	for _, t := range r.Totals {
		rows = append(rows, pdf.Row{"Total " + words(t.ID), fmt.Sprintf("of %s from %s, read for %s", t.Key, or(string(t.Since), "the first order"), t.Date), fmt.Sprintf("%s in %d orders", t.Sum, t.Orders)})
	}
	for _, s := range r.Stopped {
		rows = append(rows, pdf.Row{"Stopped before", fmt.Sprintf("party %d looks like %s of order %s (%s), by the same %s", s.Party+1, s.Name, s.OrderID, s.Source, s.By), fmt.Sprintf("%s for %s, %s", s.Outcome, s.Date, s.Rule)})
	}
	if b := r.Decided; b != nil {
		rows = append(rows, pdf.Row{"Decision before", "event " + b.Event + suffixed(", held until ", string(b.ValidUntil)), string(b.Outcome)})
	}
	return rows
}

// licensed says what a license is for.
func licensed(l *event.Licensed) string {
	if l == nil {
		return "the register has no license of this number"
	}
	says := []string{fmt.Sprintf("%s of %s, %s to %s", l.Kind, l.Issuer, or(string(l.From), "…"), or(string(l.Until), "…"))}
	for _, part := range []struct{ name, value string }{
		{"parties", strings.Join(l.Parties, ", ")},
		{"countries", strings.Join(l.Countries, ", ")},
		{"ECCNs", strings.Join(l.ECCNs, ", ")},
		{"parts", strings.Join(l.Parts, ", ")},
		{"pieces in all", string(l.Quantity)},
		{"value in all", suffixed("", string(l.Value), " "+l.Currency)},
		{"rules", strings.Join(l.Rules, ", ")},
		{"conditions", strings.Join(l.Conditions, "; ")},
	} {
		if part.value != "" {
			says = append(says, part.name+": "+part.value)
		}
	}
	if l.Revoked {
		says = append(says, "REVOKED")
	}
	return strings.Join(says, "; ")
}

// rules shows what was judged with.
func (p *paper) rules() {
	p.d.Heading("6  Rules and lists that were used")
	f, j := p.last.facts, p.last.judgement
	p.d.Pairs([][2]string{
		{"Rule pack", packed(j.Pack)}, {"Snapshot of lists", f.Snapshot}, {"Matcher", f.Matcher}, {"Company's own masters", f.Masters},
	})
	var rows []pdf.Row
	for _, l := range f.Lists {
		rows = append(rows, pdf.Row{l.List, l.Feed, string(l.Version), strconv.Itoa(l.Rows), strings.Join(l.Gaps, "; ")})
	}
	if len(rows) > 0 {
		p.d.Sub("Imported lists that were consulted")
		p.d.Table([]pdf.Column{{Name: "List", Share: 1}, {Name: "From", Share: 2}, {Name: "Published", Share: 2}, {Name: "Rows", Share: 1}, {Name: "Lacks", Share: 5}}, rows)
	}
	for _, o := range p.in.Objects {
		if o.What == "snapshot" && len(o.Text) > 0 {
			p.d.Sub("Rows of the snapshot that are cited")
			p.d.Codes(string(o.Text))
		}
	}
	p.d.Paragraph(pdf.Small, "The rules cited stand in the pack below rules/, in the form in which they were judged, and the whole rule pack beside them under the digest that the records carry.")
}

// title and status are what the pack says of a rule, taken out of its text.
func (p *paper) title(rule string) string { return p.member(rule, "title") }

func (p *paper) status(rule string) string {
	for _, o := range p.in.Objects {
		var out []string
		found, in := false, false
		for line := range strings.Lines(string(o.Text)) {
			switch {
			case strings.HasPrefix(line, "- id: "):
				found, in = strings.TrimSpace(line[6:]) == rule, false
			case found && strings.TrimSpace(line) == "status:":
				in = true
			case in && strings.HasPrefix(strings.TrimSpace(line), "- {"):
				out = append(out, strings.ReplaceAll(strings.Trim(strings.TrimSpace(line), "- {}"), ": ", " "))
			default:
				in = false
			}
		}
		if o.What == "pack" && len(out) > 0 {
			return strings.Join(out, "; ")
		}
	}
	return ""
}

func (p *paper) member(rule, name string) string {
	for _, o := range p.in.Objects {
		_, after, ok := strings.Cut("\n"+string(o.Text), "\n- id: "+rule+"\n")
		if o.What != "pack" || !ok {
			continue
		}
		after, _, _ = strings.Cut(after, "\n- id: ")
		for line := range strings.Lines(after) {
			if v, ok := strings.CutPrefix(line, "  "+name+": "); ok {
				return strings.Trim(strings.TrimSpace(v), `"'`)
			}
		}
	}
	return ""
}

// refusals shows why inputs were not accepted.
func (p *paper) refusals() {
	for _, o := range p.cases {
		if o.refusal == nil {
			continue
		}
		p.d.Heading(fmt.Sprintf("Input refused, leaf %d", o.Index))
		r := o.refusal
		p.d.Pairs([][2]string{{"Received", instant(r.At)}, {"Brought by", r.Actor}, {"Format", r.Format}, {"SHA-256", r.Received.SHA256}, {"Bytes", strconv.Itoa(r.Received.Size)}})
		rows := make([]pdf.Row, 0, len(r.Faults))
		for _, f := range r.Faults {
			rows = append(rows, pdf.Row{or(f.Pointer, "the whole input"), f.Code, f.Detail})
		}
		p.d.Table([]pdf.Column{{Name: "Where", Share: 3}, {Name: "What", Share: 2}, {Name: "Why", Share: 8}}, rows)
	}
}
