package replay

import (
	"bytes"
	"cmp"
	"context"
	"strings"
	"sync"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/shared/codec"
)

// causeHead is what choosing needs of a cause line: decoding it costs a fraction of the whole.
type causeHead struct {
	Kind    event.Kind    `json:"kind"`
	At      event.Instant `json:"received_at"`
	Source  string        `json:"source"`
	OrderID string        `json:"order_id"`
	Of      string        `json:"of"`

	Tenant   string `json:"tenant"`
	Revision int    `json:"revision"`
	Shipment *struct {
		Partial *bool `json:"partial"`
	} `json:"shipment"`
	Order struct {
		OrderDate event.Date    `json:"order_date"`
		ShipTo    event.Country `json:"ship_to"`
	} `json:"order"`
}

// date is the order's, else that of its receipt.
func (h *causeHead) date() event.Date { return cmp.Or(h.Order.OrderDate, h.At.Date()) }

// judgementHead is what comparing needs of a judgement line.
type judgementHead struct {
	Outcome event.Outcome
	read    *event.Read
}

// input is a case on its way through a judge, read only as far as needed. It is used again for the next one.
type input struct {
	past   Past
	head   causeHead
	head3  judgementHead
	cause  event.Cause
	facts  event.Facts // as recorded
	full   bool        // cause and facts are decoded
	broken string      // why they could not be
	read   bool        // head3.read is decoded
	line   []byte      // room

	factsA, factsB stated
}

// stated is the facts of a side.
type stated struct {
	value *event.Facts // nil before they are decoded
	again bool         // stated again, not those recorded
	prev  string       // digest of their line
}

var pool = sync.Pool{New: func() any { return new(input) }}

func (in *input) release() {
	in.cause.Reset()
	in.facts.Reset()
	in.past, in.head, in.head3, in.full, in.read, in.broken = Past{}, causeHead{}, judgementHead{}, false, false, ""
	in.factsA, in.factsB = stated{}, stated{}
	pool.Put(in)
}

var (
	outcomeMember = []byte(`,"outcome":"`)
	readMember    = []byte(`,"read":{`)
)

// outcome reads the recorded outcome.
func (in *input) outcome() event.Outcome {
	if in.head3.Outcome != "" {
		return in.head3.Outcome
	}
	_, rest, _ := bytes.Cut(in.past.Case.Line(2), outcomeMember)
	word, _, _ := bytes.Cut(rest, []byte{'"'})
	for _, o := range []event.Outcome{event.Release, event.Hold, event.NeedsLic, event.Block} {
		if string(word) == string(o) {
			in.head3.Outcome = o
		}
	}
	return in.head3.Outcome
}

// ledger reads what the judgement read; nil where that is nothing.
func (in *input) ledger() (*event.Read, error) {
	if in.read {
		return in.head3.read, nil
	}
	in.read = true
	if !bytes.Contains(in.past.Case.Line(2), readMember) {
		return nil, nil //nolint:nilnil // nothing was read
	}
	var j struct {
		Read *event.Read `json:"read"`
	}
	err := codec.Decode(in.past.Case.Line(2), &j)
	in.head3.read = j.Read
	return j.Read, err
}

// decode reads cause and facts whole. A case that does not decode was held when it came; its lines are that far wrong.
func (in *input) decode() error {
	if in.full {
		return nil
	}
	if err := codec.Decode(in.past.Case.Line(0), &in.cause); err != nil {
		return err
	}
	if err := codec.Decode(in.past.Case.Line(1), &in.facts); err != nil {
		return err
	}
	in.full = true
	in.cause.Order = in.cause.Carried()
	if in.factsA.value == nil {
		in.factsA.value = &in.facts
	}
	if in.factsB.value == nil {
		in.factsB.value = &in.facts
	}
	return nil
}

// stated states facts again for the sides that ask for another set than the recorded facts were stated under. It says
// whether it did.
func (in *input) stated(ctx context.Context, known Known, how *choice) (bool, error) {
	any := false
	for _, s := range []struct {
		way    way
		into   *stated
		before []byte
	}{{how.a, &in.factsA, in.past.factsA}, {how.b, &in.factsB, in.past.factsB}} {
		if s.way.side.Recorded || s.way.side.Reference == nil {
			continue
		}
		again, err := in.enrich(ctx, known, *s.way.side.Reference, s.before, s.into)
		if err != nil {
			return false, err
		}
		any = any || again
	}
	return any, nil
}

func (in *input) enrich(ctx context.Context, known Known, ref Reference, before []byte, into *stated) (bool, error) {
	if before == nil {
		snapshot, masters, other, err := ref.other(in.past.Case.Line(1))
		if err != nil || !other {
			return false, err
		}
		c, err := known.Enrich(ctx, snapshot, masters, event.NewCase(in.past.Case.Line(0)))
		if err != nil {
			return false, err
		}
		before = c.Line(1)
	}
	into.value, into.again, into.prev = new(event.Facts), true, event.Digest(before)
	return true, codec.Decode(before, into.value)
}

// other says under what facts are stated again; that they are not where they were stated under it.
func (ref *Reference) other(facts []byte) (snapshot, masters string, other bool, err error) {
	var was struct {
		Snapshot string `json:"snapshot"`
		Masters  string `json:"masters"`
		Matcher  string `json:"matcher"`
	}
	if err := codec.Decode(facts, &was); err != nil {
		return "", "", false, err
	}
	snapshot, masters = cmp.Or(ref.Snapshot, was.Snapshot), cmp.Or(ref.Masters, was.Masters)
	if masters == NoMasters {
		masters = ""
	}
	return strings.Clone(snapshot), strings.Clone(masters), snapshot != was.Snapshot || masters != was.Masters || ref.Matcher != was.Matcher, nil
}

// answer judges a side; nil where it is the recorded judgement, or surely has its outcome and findings.
func (in *input) answer(w way, f stated) (*event.Judgement, error) {
	in.outcome()
	if w.side.Recorded {
		return nil, nil //nolint:nilnil // as recorded
	}
	line := in.past.Case.Line(2)
	if !f.again && w.delta != nil && !w.delta.Named(line) {
		if !w.delta.Possible(in.past.Case.Line(1)) {
			return nil, nil //nolint:nilnil // as recorded
		}
		speaks, err := in.speaks(w)
		if err != nil || !speaks {
			return nil, err
		}
	}
	if (w.same || w.delta != nil) && !f.again && bytes.Contains(line, noRoom) {
		return nil, nil //nolint:nilnil // it was held because of its neighbors
	}
	return in.judge(w, f)
}

var noRoom = []byte(`,"failed":"` + screening.NoRoom + `"`)

// speaks says whether a rule that differs says anything of the order.
func (in *input) speaks(w way) (bool, error) {
	if err := in.decode(); err != nil {
		return false, err
	}
	read, err := in.ledger()
	if err != nil {
		return false, err
	}
	return w.delta.Speaks(&in.cause, &in.facts, read, w.side.AsOf), nil
}

// judge judges a side in full.
func (in *input) judge(w way, f stated) (*event.Judgement, error) {
	if err := in.decode(); err != nil {
		return nil, err
	}
	read, err := in.ledger()
	if err != nil {
		return nil, err
	}
	facts, prev := &in.facts, f.prev
	if f.again {
		facts = f.value
	} else {
		prev = event.Digest(in.past.Case.Line(1))
	}
	j := w.pack.Redecide(&in.cause, facts, read, prev, w.side.AsOf)
	return &j, nil
}

func cloned(r event.PackRef) event.PackRef {
	r.ID, r.Version, r.Digest = strings.Clone(r.ID), strings.Clone(r.Version), strings.Clone(r.Digest)
	set := map[string]string{}
	for k, v := range r.Parameters {
		set[strings.Clone(k)] = strings.Clone(v)
	}
	if r.Parameters != nil {
		r.Parameters = set
	}
	packs := r.Packs
	r.Packs = nil
	for _, p := range packs {
		r.Packs = append(r.Packs, cloned(p))
	}
	return r
}

// cloned lets go of the message that the texts were read from.
func (c Change) cloned() Change {
	for _, s := range []*string{&c.Tenant, &c.Source, &c.OrderID, &c.Event, (*string)(&c.Received), (*string)(&c.Date), (*string)(&c.Country), (*string)(&c.Kind), &c.Why, &c.Rule} {
		*s = strings.Clone(*s)
	}
	for _, list := range [][]string{c.Parties, c.Classes, c.Found, c.Gone} {
		for i := range list {
			list[i] = strings.Clone(list[i])
		}
	}
	c.From, c.To = event.Outcome(strings.Clone(string(c.From))), event.Outcome(strings.Clone(string(c.To)))
	return c
}
