package exhibit

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/services/audit/internal/exhibit/pdf"
)

// maxPrinted is the size up to which a record is printed in full: more is in the pack and says so.
const maxPrinted = 96 << 10

// proof says where the records stand, who signed, and which file is what.
func (p *paper) proof() {
	p.d.Heading("7  Proof, and where everything lies in the pack")
	for i, l := range p.in.Logs {
		m := p.c.Manifest.Logs[i]
		p.d.Sub("Log " + l.Point.Origin)
		pairs := [][2]string{
			{"Checkpoint", fmt.Sprintf("%s/checkpoint, size %d", m.Dir, m.Size)},
			{"Root over all records", m.Root},
			{"Key that verifies it", strings.TrimSpace(l.Key)},
			{"Witnesses", witnesses(l)},
		}
		for n, s := range l.Stamps {
			pairs = append(pairs, [2]string{"Timestamp (RFC 3161)", fmt.Sprintf("%s%s, on %s", instant(event.Instant(s.At)), suffixed(", by ", s.Authority), m.Stamps[n].Checkpoint)})
		}
		if len(l.Stamps) == 0 {
			pairs = append(pairs, [2]string{"Timestamp (RFC 3161)", "none in this pack"})
		}
		p.d.Pairs(pairs)
		var rows []pdf.Row
		for _, o := range p.cases {
			if o.Log != i {
				continue
			}
			under := "-"
			if o.Stamp >= 0 {
				under = strconv.FormatUint(l.Stamps[o.Stamp].Point.Size, 10)
			}
			rows = append(rows, pdf.Row{
				strconv.FormatUint(o.Index, 10), o.Head.Kind + ", block " + strconv.FormatUint(o.Head.Sequence, 10) + ", case " + strconv.Itoa(o.Head.Place+1) + " of " + strconv.Itoa(o.Head.Cases) + "\nlogged " + instant(o.Head.At),
				o.m.Event, hex.EncodeToString(rfc6962.DefaultHasher.HashLeaf(o.Leaf)), under,
			})
		}
		p.d.Table([]pdf.Column{{Name: "Leaf", Share: 8}, {Name: "Record", Share: 38}, {Name: "Event", Share: 30}, {Name: "Leaf hash (RFC 6962, SHA-256)", Share: 48}, {Name: "Under stamp", Share: 15}}, rows)
	}
	p.d.Sub("Received bytes (15 CFR 762.4)")
	var rows []pdf.Row
	for _, o := range p.cases {
		got, whole, err := auditverify.Received(o.Case)
		if err != nil {
			continue // it was composed from the same bytes before
		}
		size := strconv.Itoa(len(got))
		if !whole {
			size = "the first " + size
		}
		rows = append(rows, pdf.Row{o.m.Received, size, event.Digest(got)})
	}
	p.d.Table([]pdf.Column{{Name: "File in the pack", Share: 44}, {Name: "Bytes", Share: 16}, {Name: "SHA-256", Share: 80}}, rows)
	if len(p.c.Manifest.LeftOut) > 0 {
		p.d.Sub("Not in the pack")
		rows = nil
		for _, l := range p.c.Manifest.LeftOut {
			rows = append(rows, pdf.Row{l.What, l.Why})
		}
		p.d.Table([]pdf.Column{{Name: "What", Share: 1}, {Name: "Why", Share: 1}}, rows)
	}
	p.d.Sub("What this proves, and what not")
	p.d.Paragraph(pdf.Body, "Proven is that these records stand in the log, at these places, unchanged since its checkpoint was signed; that whoever holds the log's key signed that checkpoint; "+
		"and, where witnesses or an authority are named above, that they saw it at the time they state. Not proven is that what was recorded is true or right, that the log has no other record of this order "+
		"(that is checked on the whole log), or who stands behind the names of persons: they are the names under which the system knew them.")
}

// annex prints every record in full.
func (p *paper) annex() {
	p.d.Break()
	p.d.Heading("Annex  The records in full")
	p.d.Paragraph(pdf.Small, "Each record as it stands in the log: its header, then one JSON object a line, each with the SHA-256 of the line before it. Lines are broken here to fit the page; the exact bytes are in the files named.")
	for _, o := range p.cases {
		p.d.Sub(fmt.Sprintf("Leaf %d: %s", o.Index, o.m.Leaf))
		head, _, _ := strings.Cut(string(o.Leaf), "\n")
		body := strings.TrimRight(string(o.Case.Append(nil)), "\n")
		if len(body) > maxPrinted {
			p.d.Codes(head)
			p.d.Paragraph(pdf.Body, fmt.Sprintf("The record has %d bytes and is not printed here: see %s.", len(body), or(o.m.Case, o.m.Leaf)))
			continue
		}
		p.d.Codes(head + "\n" + body)
	}
}
