package format_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/accept"
	"github.com/tidegate/tidegate/shared/codec"
)

// mutations of the good documents, all together; 100,000 where TIDEGATE_SOAK is set.
func mutations() int {
	if os.Getenv("TIDEGATE_SOAK") != "" {
		return 100_000
	}
	return 2_000
}

// part is an order of a document, as it was read before anything was changed.
type part struct {
	id         string
	order      event.Order
	start, end int   // bytes of it in the document
	parties    []int // where they begin in the document
	edges      []int // where anything begins
}

func parts(t *testing.T, name string, doc []byte) []part {
	t.Helper()
	inputs, all := entries(t, name, doc)
	var out []part
	for i, e := range all {
		if e.Refused() {
			t.Fatalf("%s is no good document: %v", name, e.Faults)
		}
		out = append(out, partOf(t, inputs[i], e, doc))
	}
	return out
}

func partOf(t *testing.T, in accept.Input, e accept.Entry, doc []byte) part {
	t.Helper()
	body := in.Order
	if body == nil {
		body = in.Bytes
	}
	p := part{id: e.OrderID, end: len(doc)}
	if err := codec.Decode(body, &p.order); err != nil {
		t.Fatal(err)
	}
	if in.Place != nil {
		p.start = in.Place("")
		for i := range p.order.Parties {
			p.parties = append(p.parties, in.Place(fmt.Sprintf("/parties/%d", i)))
		}
		p.edges = append(p.edges, p.parties...)
		for i := range p.order.Items {
			p.edges = append(p.edges, in.Place(fmt.Sprintf("/items/%d", i)))
		}
	} else if at := bytes.Index(doc, in.Bytes); at >= 0 {
		p.start, p.end = at, at+len(in.Bytes)
		for range p.order.Parties {
			p.parties = append(p.parties, at)
		}
	}
	return p
}

// regionEnd is where what begins at an offset ends: at the next thing that was read.
func (p part) regionEnd(start int) int {
	end := p.end
	for _, e := range p.edges {
		if e > start && e < end {
			end = e
		}
	}
	return end
}

// change is a mutation: the bytes between from and until of the good document became others.
type change struct {
	what        string
	from, until int
	doc         []byte
}

// mutate changes a document in one place.
func mutate(r *rand.Rand, doc []byte) change {
	at := r.IntN(len(doc))
	n := min(1+r.IntN(4), len(doc)-at)
	switch r.IntN(9) {
	case 0:
		b := bytes.Clone(doc)
		b[at] ^= 1 << r.IntN(8)
		return change{"a bit turned", at, at + 1, b}
	case 1:
		b := bytes.Clone(doc)
		b[at] = byte(r.IntN(256))
		return change{"a byte replaced", at, at + 1, b}
	case 2:
		return change{"bytes taken out", at, at + n, append(bytes.Clone(doc[:at]), doc[at+n:]...)}
	case 3:
		return change{"bytes doubled", at, at + n, append(append(bytes.Clone(doc[:at+n]), doc[at:at+n]...), doc[at+n:]...)}
	case 4:
		odd := []string{"<", ">", "&", "\"", "'", "+", ":", "~", "*", "\n", "\x00", "\xff", "?", ",", ";", "{", "}", "]", "\\", "é", "999999999999999999", "-1", "null", "]]>", "<!--", "<!DOCTYPE x>"}
		return change{"something put in", at, at, append(append(bytes.Clone(doc[:at]), odd[r.IntN(len(odd))]...), doc[at:]...)}
	case 5:
		return change{"the end cut off", at, len(doc), bytes.Clone(doc[:at])}
	case 6, 7, 8:
		return lines(r, doc)
	}
	panic("no such mutation")
}

// lines takes out, doubles or exchanges whole lines or segments.
func lines(r *rand.Rand, doc []byte) change {
	sep := byte('\n')
	if bytes.Count(doc, []byte{'\n'}) < 4 {
		for _, c := range []byte("~',>") {
			if bytes.Count(doc, []byte{c}) >= 4 {
				sep = c
				break
			}
		}
	}
	var starts []int
	for i := range doc {
		if i == 0 || doc[i-1] == sep {
			starts = append(starts, i)
		}
	}
	starts = append(starts, len(doc))
	k := r.IntN(len(starts) - 1)
	from, until := starts[k], starts[k+1]
	switch {
	case r.IntN(3) == 0:
		return change{"a line taken out", from, until, append(bytes.Clone(doc[:from]), doc[until:]...)}
	case r.IntN(2) == 0 || k+2 >= len(starts):
		return change{"a line doubled", from, until, append(append(bytes.Clone(doc[:until]), doc[from:until]...), doc[until:]...)}
	}
	end := starts[k+2]
	b := append(bytes.Clone(doc[:from]), doc[until:end]...)
	b = append(append(b, doc[from:until]...), doc[end:]...)
	return change{"two lines exchanged", from, end, b}
}

// TestMutations changes good documents in one place: what comes of it is a refusal that says where and why, or an order
// whose parties differ only where the document was changed; orders beside the place are as they were.
func TestMutations(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/good/*")
	if err != nil {
		t.Fatal(err)
	}
	docs := map[string][]byte{}
	var names []string
	for _, file := range files {
		if strings.HasSuffix(file, ".want") {
			continue
		}
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		docs[filepath.Base(file)] = b
		names = append(names, filepath.Base(file))
	}
	each := (mutations() + len(names) - 1) / len(names)
	for n, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(9, uint64(n)))
			good := parts(t, name, docs[name])
			taken := 0
			for i := range each {
				c := mutate(r, docs[name])
				if bytes.Equal(c.doc, docs[name]) {
					continue
				}
				if held(t, name, fmt.Sprintf("%s #%d, %s at %d to %d", name, i, c.what, c.from, c.until), docs[name], good, c) {
					taken++
				}
				if t.Failed() {
					t.Logf("%q", c.doc[max(0, c.from-40):min(len(c.doc), c.from+60)])
					return
				}
			}
			t.Logf("%d mutations, %d of them still had an order in them", each, taken)
		})
	}
}

// held holds the law for one mutation. It says whether there was an order.
func held(t *testing.T, name, what string, doc []byte, good []part, c change) bool {
	t.Helper()
	inputs, all := entries(t, name, c.doc)
	left := map[string]bool{} // untouched orders that must be there
	for _, g := range good {
		if neighbor(name, doc, g, c) {
			left[g.id] = true
		}
	}
	taken := false
	for i, e := range all {
		if e.Refused() {
			for _, f := range e.Faults {
				if f.Code == "" || f.Detail == "" || f.Offset < 0 || f.Offset > len(c.doc) {
					t.Errorf("%s: fault %+v", what, f)
				}
			}
			continue
		}
		taken = true
		got := partOf(t, inputs[i], e, c.doc)
		g, ok := origin(good, got, i, len(c.doc)-len(doc))
		if !ok {
			continue
		}
		if left[got.id] && same(g.order, got.order) {
			delete(left, got.id)
		}
		parties(t, what, name, g, got, c)
	}
	if len(left) > 0 {
		t.Errorf("%s: lost beside the change: %v", what, left)
	}
	if len(all) == 0 && len(bytes.TrimSpace(c.doc)) > 0 && !strings.HasSuffix(name, ".ndjson") && !onlyHead(name, c.doc) {
		t.Errorf("%s: neither order nor refusal", what)
	}
	return taken
}

// onlyHead says whether of a CSV file no row is left.
func onlyHead(name string, doc []byte) bool {
	return strings.HasSuffix(name, ".csv") && bytes.Count(bytes.TrimSpace(doc), []byte{'\n'}) <= 1
}

// origin finds the good order that one was.
func origin(good []part, got part, i, grown int) (part, bool) {
	for _, g := range good {
		if g.id == got.id && g.order.Event == got.order.Event && (got.start == g.start || got.start == g.start+grown) {
			return g, true
		}
	}
	if i < len(good) && len(good) == 1 {
		return good[i], true
	}
	return part{}, false
}

func same(a, b event.Order) bool {
	x, err := codec.Append(nil, a)
	y, err2 := codec.Append(nil, b)
	return err == nil && err2 == nil && bytes.Equal(x, y)
}

// neighbor says whether an order lies wholly beside the change, in a format where orders stand by themselves.
func neighbor(name string, doc []byte, g part, c change) bool {
	if strings.HasSuffix(name, ".xml") || strings.HasSuffix(name, ".json") || c.what == "the end cut off" {
		return false
	}
	end := len(doc)
	for _, mark := range []string{"\nSE*", "~SE*", "'\nUNT+", "\nSE|"} {
		if strings.HasSuffix(name, ".edi") {
			if at := bytes.Index(doc[g.start:], []byte(mark)); at >= 0 {
				if at += g.start + 20; at < end {
					end = at
				}
			}
		}
	}
	if strings.HasSuffix(name, ".ndjson") {
		end = g.end
	}
	if strings.HasSuffix(name, ".csv") {
		last := g.start
		for _, e := range g.edges {
			last = max(last, e)
		}
		if nl := bytes.IndexByte(doc[last:], '\n'); nl >= 0 {
			end = last + nl + 1
		}
		// What stands in one line may open a quote that the next one closes; the header is every order's.
		if c.from <= bytes.IndexByte(doc, '\n')+1 || bytes.Count(c.doc, []byte{'"'})%2 == 1 {
			return false
		}
	}
	const boundary = 3 // terminators are the envelope's too
	lost := c.until <= g.start-boundary && strings.HasSuffix(name, ".edi") && touchesEnvelope(doc, c)
	return (c.until <= g.start-boundary || c.from >= end+boundary) && !lost && !touchesEnvelope(doc, c)
}

// touchesEnvelope says whether what was changed is of the interchange, group or the ends of sets, on which several orders hang.
func touchesEnvelope(doc []byte, c change) bool {
	from, until := max(0, c.from-12), min(len(doc), c.until+12)
	around := string(doc[from:until])
	for _, tag := range []string{"ISA", "GS*", "GS|", "ST*", "ST|", "SE*", "SE|", "GE", "IEA", "UNA", "UNB", "UNH", "UNT", "UNZ"} {
		if strings.Contains(around, tag) {
			return true
		}
	}
	return c.from < 170
}

// parties holds that nobody is there who was not there before, and nobody is lost, but where the document was changed.
func parties(t *testing.T, what, name string, g, got part, c change) {
	t.Helper()
	who := func(p event.Party) string { return string(p.Role) + " " + p.Name + " " + p.GLN + " " + p.Customer }
	before, after := map[string]int{}, map[string]int{}
	for i, p := range g.order.Parties {
		before[who(p)] = i
	}
	for i, p := range got.order.Parties {
		after[who(p)] = i
	}
	for k, i := range before {
		if _, ok := after[k]; ok {
			continue
		}
		if touched(name, g, i, c) {
			continue
		}
		t.Errorf("%s: lost party %s", what, k)
	}
	for k := range after {
		if _, ok := before[k]; ok {
			continue
		}
		any := false
		for i := range g.order.Parties {
			any = any || touched(name, g, i, c)
		}
		if !any && len(g.parties) > 0 {
			t.Errorf("%s: new party %s", what, k)
		}
	}
}

// touched says whether a change lies where a party was read. A buyer who receives the goods at another address stands in two
// places; JSON and CSV say no more than where the object or row begins.
func touched(name string, g part, i int, c change) bool {
	if strings.HasSuffix(name, ".json") || strings.HasSuffix(name, ".ndjson") || strings.HasSuffix(name, ".csv") {
		return c.from <= g.end
	}
	start := g.parties[i]
	if c.until >= start && c.from <= g.regionEnd(start) {
		return true
	}
	for j, p := range g.order.Parties {
		if j != i && p.Name == g.order.Parties[i].Name && c.until >= g.parties[j] && c.from <= g.regionEnd(g.parties[j]) {
			return true
		}
	}
	return false
}
