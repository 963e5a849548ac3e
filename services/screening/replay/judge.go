package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/shared/codec"
)

// Past is a decided case with its place in the history.
type Past struct {
	Sequence uint64 // of the block of its decision
	Place    int    // in the block, from 0
	Case     event.Case

	factsA, factsB []byte // lines stated again for a side, where that was done before
}

// Result is what came of some cases, one after the other: plain data, so that a lane may run elsewhere.
type Result struct {
	Judged   int            `json:"judged,omitempty"`
	Shifted  int            `json:"shifted,omitempty"`
	Differs  int            `json:"differs,omitempty"`
	Skipped  int            `json:"skipped,omitempty"`
	Enriched int            `json:"enriched,omitempty"`
	Lacking  map[string]int `json:"lacking,omitempty"` // not judged, by what is not at hand
	Months   map[string]int `json:"months,omitempty"`  // judged, by month
	Changes  []Change       `json:"changes,omitempty"`

	stands []standing
}

// Batcher is a Known that states the facts of many orders at once, elsewhere.
type Batcher interface {
	// EnrichAll is Enrich of cases that have their cause lines alone.
	EnrichAll(ctx context.Context, snapshot, masters string, cases []event.Case) ([]event.Case, error)
}

// Known is what decisions were made with: packs and reference sets, by digest. It is safe for concurrent use. What is not
// at hand is an error that wraps ErrLacking.
type Known interface {
	// Pack finds a pack with its parameters.
	Pack(ctx context.Context, ref event.PackRef) (*screening.Pack, error)
	// Enrich states an order's facts under a set; the case has its cause line alone.
	Enrich(ctx context.Context, snapshot, masters string, c event.Case) (event.Case, error)
}

// ErrLacking says that a pack or a reference set is not at hand. The text behind it names it.
var ErrLacking = errors.New("not at hand")

// Judge answers a question about single cases: a function of case and question. It is safe for concurrent use.
type Judge struct {
	q      Question
	known  Known
	stands stands // where the slice asks for them

	mu     sync.Mutex
	chosen map[string]*choice // by the bytes that name a judgement's pack
	packs  map[string]*screening.Pack
}

// NewJudge readies a judge.
func NewJudge(q Question, known Known) *Judge {
	return &Judge{q: q, known: known, chosen: map[string]*choice{}, packs: map[string]*screening.Pack{}}
}

// choice is what a question makes of decisions under one pack.
type choice struct {
	own  *screening.Pack
	a, b way
	err  error
}

// way is how one side is judged.
type way struct {
	side  Side
	pack  *screening.Pack
	same  bool             // the decision's own pack and dates: the line itself must come out again
	delta *screening.Delta // from its own; nil where only judging tells
}

// Cases judges some cases, with what was read then.
func (j *Judge) Cases(ctx context.Context, part []Past) (Result, error) {
	r := Result{Months: map[string]int{}}
	slice := newSieve(j.q.Slice, j.stands)
	for _, p := range part {
		if err := j.one(ctx, p, slice, &r); err != nil {
			return r, fmt.Errorf("replay: block %d, case %d: %w", p.Sequence, p.Place, err)
		}
	}
	return r, ctx.Err()
}

// Sift keeps the cases of the slice, for lanes that judge elsewhere; what it leaves out is in the result.
func (j *Judge) Sift(part []Past) (kept []Past, r Result, err error) {
	slice := newSieve(j.q.Slice, j.stands)
	for _, p := range part {
		holds, err := slice.sift(p, &r)
		if err != nil {
			return nil, r, fmt.Errorf("replay: block %d, case %d: %w", p.Sequence, p.Place, err)
		}
		if holds {
			kept = append(kept, p)
		}
	}
	return kept, r, nil
}

func (j *Judge) one(ctx context.Context, p Past, slice *sieve, r *Result) error {
	c := p.Case
	if c.Passes() || c.Len() < 3 {
		r.Skipped++
		return nil
	}
	in := pool.Get().(*input) //nolint:forcetypeassert // the pool holds nothing else
	defer in.release()
	in.past = p
	if err := codec.Decode(c.Line(0), &in.head); err != nil {
		return err
	}
	if s, ok := in.standing(); ok {
		r.stands = append(r.stands, s)
	}
	if holds, err := slice.holds(in); err != nil || !holds {
		r.Skipped++
		return err
	}
	how, err := j.choose(ctx, c.Line(2))
	if err == nil {
		err = j.compare(ctx, in, how, r)
	}
	if errors.Is(err, ErrLacking) {
		if r.Lacking == nil {
			r.Lacking = map[string]int{}
		}
		r.Lacking[err.Error()]++
		return nil
	}
	if err != nil {
		return err
	}
	r.Judged++
	r.Months[month(in.head.date())]++
	return nil
}

// choose finds what the question makes of decisions under the judgement's pack.
func (j *Judge) choose(ctx context.Context, line []byte) (*choice, error) {
	at := bytes.LastIndex(line, packMember)
	if at < 0 {
		return nil, errors.New("the judgement names no pack")
	}
	name := line[at+len(packMember)-1:]
	name = name[:codec.ValueLen(name)]
	j.mu.Lock()
	defer j.mu.Unlock()
	if c, ok := j.chosen[string(name)]; ok {
		return c, c.err
	}
	c := &choice{}
	c.err = j.fill(ctx, c, name)
	if ctx.Err() == nil && (c.err == nil || errors.Is(c.err, ErrLacking)) {
		j.chosen[string(name)] = c
	}
	return c, c.err
}

var packMember = []byte(`,"pack":{`)

func (j *Judge) fill(ctx context.Context, c *choice, name []byte) error {
	var ref event.PackRef
	if err := codec.Decode(name, &ref); err != nil {
		return err
	}
	ref = cloned(ref)
	own, err := j.known.Pack(ctx, ref)
	if err != nil && !errors.Is(err, ErrLacking) {
		return err
	}
	c.own = own
	c.a, err = j.way(ctx, j.q.A, own, err)
	if err != nil {
		return err
	}
	c.b, err = j.way(ctx, j.q.B, own, err)
	return err
}

// way says how a side is judged where decisions were made under own, nil with a reason where that is not at hand.
func (j *Judge) way(ctx context.Context, s Side, own *screening.Pack, lacks error) (w way, err error) {
	w.side = s
	if s.Recorded {
		return w, nil
	}
	switch {
	case s.Pack != nil:
		if w.pack, err = j.pack(ctx, *s.Pack); err != nil {
			return w, err
		}
	case own == nil && lacks != nil:
		return w, lacks
	case own == nil:
		return w, fmt.Errorf("%w: a pack", ErrLacking)
	default:
		w.pack = own
		if len(s.Set) > 0 {
			if w.pack, err = own.With(s.Set); err != nil {
				return w, err
			}
		}
	}
	if own == nil || s.AsOf != (screening.AsOf{}) || j.q.State == Recomputed {
		return w, nil
	}
	delta := screening.DeltaOf(own, w.pack)
	if w.same = s.Reference == nil && delta.None(); w.same || delta.Whole() {
		return w, nil
	}
	w.delta = delta
	return w, nil
}

// pack finds one of the question's packs, once.
func (j *Judge) pack(ctx context.Context, ref event.PackRef) (*screening.Pack, error) {
	key := fmt.Sprintf("%s %q", ref.Digest, ref.Parameters) // fmt prints maps sorted by key
	if p, ok := j.packs[key]; ok {
		return p, nil
	}
	p, err := j.known.Pack(ctx, ref)
	if err == nil {
		j.packs[key] = p
	}
	return p, err
}

// compare judges both sides as far as needed, and notes what differs.
func (j *Judge) compare(ctx context.Context, in *input, how *choice, r *Result) error {
	again, err := in.stated(ctx, j.known, how)
	if err != nil {
		return err
	}
	if again {
		r.Enriched++
	}
	a, err := in.answer(how.a, in.factsA)
	if err != nil {
		return err
	}
	b, err := in.answer(how.b, in.factsB)
	if err != nil || a == nil && b == nil {
		return err
	}
	if a == nil && how.b.same {
		return in.held(b, r)
	}
	return in.note(a, b, r)
}

// held compares a judgement under the case's own pack with its line, byte for byte.
func (in *input) held(b *event.Judgement, r *Result) error {
	line, err := codec.Append(in.line[:0], b)
	in.line = line
	if err != nil {
		return err
	}
	if bytes.Equal(line, in.past.Case.Line(2)) {
		return nil
	}
	r.Differs++
	return in.note(nil, b, r)
}

// note compares two answers; nil is the recorded one.
func (in *input) note(a, b *event.Judgement, r *Result) error {
	recorded := in.past.Case.Line(2)
	was, is := in.head3.Outcome, in.head3.Outcome
	if a != nil {
		was = a.Outcome
	}
	if b != nil {
		is = b.Outcome
	}
	if was == is {
		same, err := in.sameFindings(a, b, recorded)
		if err == nil && !same {
			r.Shifted++
		}
		return err
	}
	var full event.Judgement
	if a == nil || b == nil {
		if err := codec.Decode(recorded, &full); err != nil {
			return err
		}
	}
	if a == nil {
		a = &full
	}
	if b == nil {
		b = &full
	}
	if err := in.decode(); err != nil {
		return err
	}
	r.Changes = append(r.Changes, in.change(a, b))
	return nil
}

var findingsMember = []byte(`,"findings":`)

// sameFindings says whether two answers have the same findings, byte for byte.
func (in *input) sameFindings(a, b *event.Judgement, recorded []byte) (bool, error) {
	var says [2][]byte
	for i, one := range []*event.Judgement{a, b} {
		if one == nil {
			_, rest, ok := bytes.Cut(recorded, findingsMember)
			if !ok {
				return false, errors.New("the judgement has no findings")
			}
			says[i] = rest[:codec.ValueLen(rest)]
			continue
		}
		line, err := codec.Append(nil, one.Findings)
		if err != nil {
			return false, err
		}
		says[i] = line
	}
	return bytes.Equal(says[0], says[1]), nil
}

func (in *input) change(a, b *event.Judgement) Change {
	c, f := &in.cause, in.factsB.value
	rule, why := because(a, b)
	ch := Change{
		Sequence: in.past.Sequence, Place: in.past.Place, Tenant: c.Tenant, Source: c.Source, OrderID: c.OrderID, Revision: c.Revision,
		Kind: c.Kind, Event: c.Event, Received: c.At, Date: in.head.date(), From: a.Outcome, To: b.Outcome, Rule: rule, Why: why,
		Found: others(b, a), Gone: others(a, b),
	}
	if f == nil {
		f = in.factsA.value
	}
	if o := c.Order; o != nil {
		o = f.Judged(c)
		ch.Country = o.ShipTo
		for i := range o.Parties {
			ch.Parties = append(ch.Parties, o.Parties[i].Name)
		}
	}
	for i := range f.Items {
		ch.Classes = append(ch.Classes, f.Items[i].Class)
	}
	slices.Sort(ch.Classes)
	ch.Classes = slices.Compact(ch.Classes)
	return ch.cloned()
}

// others lists the rules that one judgement has a finding of and the other has none of, sorted.
func others(of, not *event.Judgement) []string {
	var out []string
	for i := range of.Findings {
		id := of.Findings[i].Rule
		if !slices.ContainsFunc(not.Findings, func(f event.Finding) bool { return f.Rule == id }) {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// because names the rule of the change: what decides now where the outcome got stricter, what decided before where it
// got milder, because it fires no longer or with another outcome.
func because(a, b *event.Judgement) (rule, why string) {
	if b.Outcome.Severity() > a.Outcome.Severity() {
		return b.Rule, textOf(b, b.Rule, b.Outcome)
	}
	if i := slices.IndexFunc(b.Findings, func(f event.Finding) bool { return f.Rule == a.Rule }); i >= 0 {
		return a.Rule, fmt.Sprintf("now %s instead of %s: %s", b.Findings[i].Outcome, a.Outcome, b.Findings[i].Text)
	}
	return a.Rule, "no longer: " + textOf(a, a.Rule, a.Outcome)
}

func textOf(j *event.Judgement, rule string, outcome event.Outcome) string {
	i := slices.IndexFunc(j.Findings, func(f event.Finding) bool { return f.Rule == rule && f.Outcome == outcome })
	if i < 0 {
		return j.Failed
	}
	return j.Findings[i].Text
}
