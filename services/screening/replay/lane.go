package replay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/clock"
)

// A lane is a running instance of screening that judges batches of replays beside live orders, through the same functions. Instances share
// the batches as a queue group; each works on one at a time, however many replays ask.
//
// It yields: while a block of live orders is being judged it waits, and for a while after one it rests longer than it works, so that what comes
// next finds a processor.

// laneRequest is the first line of a request; the cases follow as a block. Facts that were stated again stand behind a case's own lines.
type laneRequest struct {
	Question Question   `json:"question"`
	Places   []laneCase `json:"places"`
}

type laneCase struct {
	Sequence uint64 `json:"s"`
	Place    int    `json:"p"`
	FactsA   bool   `json:"a,omitempty"` // a line with facts for side A follows the case's own
	FactsB   bool   `json:"b,omitempty"` // the same for side B, behind it
}

// Shares of a lane beside live orders.
const (
	laneSome  = 16                     // cases between two looks at live work
	laneQuiet = 250 * time.Millisecond // after this long without a live block a lane works without rest
	laneRest  = 3                      // parts of rest to one of work, while there are live orders
)

// lackingPrefix begins the answer of a lane that lacks a pack: who asked judges itself.
const lackingPrefix = "lacking: "

// Offer has a running instance of screening judge batches of replays, until stop. Packs come from the reference store.
func Offer(ctx context.Context, nc *nats.Conn, live func() (working bool, last time.Time)) (stop func(), err error) {
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	l := &lane{known: stored{js: js, packs: map[string]*screening.Pack{}}, live: live, judges: map[string]*Judge{}}
	return bus.Serve(ctx, nc, "replay", "judgement of past decisions under other rules, beside live orders", bus.Endpoint{
		Name: "judge", Subject: subject.ReplayJudge, Says: "judges a batch of past decisions again and says what differs", Answer: l.answer,
	})
}

type lane struct {
	known  stored
	live   func() (working bool, last time.Time)
	mu     sync.Mutex
	judges map[string]*Judge // by question
}

func (l *lane) answer(ctx context.Context, body []byte, _ nats.Header) ([]byte, error) {
	head, rest, _ := bytes.Cut(body, []byte{'\n'})
	var r laneRequest
	if err := json.Unmarshal(head, &r); err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	part, err := r.unpack(rest)
	if err != nil {
		return nil, err
	}
	sum := Result{}
	judge := l.judge(r.Question)
	for len(part) > 0 {
		n := min(laneSome, len(part))
		start := clock.System()
		res, err := judge.Cases(ctx, part[:n])
		if err != nil {
			return nil, err
		}
		for name := range res.Lacking {
			return nil, errors.New(lackingPrefix + name)
		}
		sum.add(&res)
		sum.Changes = append(sum.Changes, res.Changes...)
		part = part[n:]
		if err := l.yield(ctx, clock.System().Sub(start)); err != nil {
			return nil, err
		}
	}
	return json.Marshal(sum)
}

// yield makes room for live orders.
func (l *lane) yield(ctx context.Context, worked time.Duration) error {
	for range 50 { // no more than a moment: a replay beside a full pipeline goes on, too
		working, last := l.live()
		if !working {
			if clock.System().Sub(last) > laneQuiet {
				return nil
			}
			break
		}
		if err := clock.Sleep(ctx, time.Millisecond); err != nil {
			return err
		}
	}
	return clock.Sleep(ctx, laneRest*worked)
}

// judge is the judge of a question; few are kept.
func (l *lane) judge(q Question) *Judge {
	l.mu.Lock()
	defer l.mu.Unlock()
	id := q.ID()
	j, ok := l.judges[id]
	if !ok {
		if len(l.judges) == 8 {
			clear(l.judges)
		}
		j = NewJudge(q, &l.known)
		l.judges[id] = j
	}
	return j
}

// unpack reads the cases.
func (r *laneRequest) unpack(block []byte) ([]Past, error) {
	cases, err := event.ParseBlock(block)
	if err != nil || len(cases) != len(r.Places) {
		return nil, fmt.Errorf("replay: %d cases for %d places: %w", len(cases), len(r.Places), errors.Join(err, event.ErrBlock))
	}
	part := make([]Past, len(cases))
	for i, c := range cases {
		at := r.Places[i]
		p := Past{Sequence: at.Sequence, Place: at.Place, Case: event.NewCase(c.Line(0)).With(c.Line(1)).With(c.Line(2))}
		next := 3
		if at.FactsA {
			p.factsA, next = c.Line(next), next+1
		}
		if at.FactsB {
			p.factsB = c.Line(next)
		}
		part[i] = p
	}
	return part, nil
}

// pack writes the cases.
func (r *laneRequest) pack(part []Past) ([]byte, error) {
	cases := make([]event.Case, len(part))
	r.Places = r.Places[:0]
	for i, p := range part {
		c := p.Case
		if p.factsA != nil {
			c = c.With(p.factsA)
		}
		if p.factsB != nil {
			c = c.With(p.factsB)
		}
		cases[i] = c
		r.Places = append(r.Places, laneCase{p.Sequence, p.Place, p.factsA != nil, p.factsB != nil})
	}
	head, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	return event.AppendBlock(append(head, '\n'), cases), nil
}

// stored is what the reference store holds.
type stored struct {
	js    jetstream.JetStream
	mu    sync.Mutex
	packs map[string]*screening.Pack // by digest
}

// Pack finds a pack with its parameters.
func (s *stored) Pack(ctx context.Context, ref event.PackRef) (*screening.Pack, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.packs[ref.Digest]
	if !ok {
		object, err := bus.GetObject(ctx, s.js, ref.Digest)
		if errors.Is(err, bus.ErrNoObject) || errors.Is(err, bus.ErrDamaged) {
			return nil, fmt.Errorf("%w: pack %s %s", ErrLacking, ref.ID, ref.Digest)
		}
		if err != nil {
			return nil, err
		}
		if p, err = screening.OpenPack(object); err != nil {
			return nil, fmt.Errorf("%w: pack %s %s: %w", ErrLacking, ref.ID, ref.Digest, err)
		}
		s.packs[ref.Digest] = p
	}
	return p.With(ref.Parameters)
}

// Enrich has no lists: facts come stated.
func (s *stored) Enrich(context.Context, string, string, event.Case) (event.Case, error) {
	return event.Case{}, fmt.Errorf("%w: lists", ErrLacking)
}

// Lanes has running instances judge.
type Lanes struct {
	nc     *nats.Conn
	local  *Judge
	asked  Question      // without the slice: what is sent is in it
	within time.Duration // that a request may take
}

// NewLanes asks the instances behind a connection; what they lack the local judge does.
func NewLanes(nc *nats.Conn, local *Judge) *Lanes {
	q := local.q
	q.Slice = Slice{}
	return &Lanes{nc, local, q, laneWithin}
}

// laneBytes bounds a request, below what a server takes.
const laneBytes = 512 << 10

// Judge has some cases judged by the instances.
func (l *Lanes) Judge(ctx context.Context, part []Past) (Result, error) {
	kept, sum, err := l.local.Sift(part)
	if err != nil {
		return sum, err
	}
	if err := l.local.state(ctx, kept); err != nil {
		return sum, err
	}
	for len(kept) > 0 {
		n, size := 0, 0
		for n < len(kept) && n < event.MaxCases/4 && (n == 0 || size+kept[n].Case.Size() < laneBytes) {
			size += kept[n].Case.Size()
			n++
		}
		res, err := l.ask(ctx, kept[:n])
		if err != nil {
			return sum, err
		}
		sum.add(&res)
		sum.Changes = append(sum.Changes, res.Changes...)
		kept = kept[n:]
	}
	return sum, nil
}

// state states facts again, all of one set at once, where that can be done elsewhere.
func (j *Judge) state(ctx context.Context, part []Past) error {
	all, ok := j.known.(Batcher)
	if !ok {
		return nil
	}
	for _, s := range []struct {
		side Side
		line func(*Past) *[]byte
	}{{j.q.A, func(p *Past) *[]byte { return &p.factsA }}, {j.q.B, func(p *Past) *[]byte { return &p.factsB }}} {
		if s.side.Recorded || s.side.Reference == nil {
			continue
		}
		if err := s.side.Reference.state(ctx, all, part, s.line); err != nil && !errors.Is(err, ErrLacking) { // what is lacking is told case by case
			return err
		}
	}
	return nil
}

type set struct{ snapshot, masters string }

func (ref *Reference) state(ctx context.Context, all Batcher, part []Past, line func(*Past) *[]byte) error {
	which := map[set][]int{}
	var order []set
	for i := range part {
		snapshot, masters, other, err := ref.other(part[i].Case.Line(1))
		if err != nil {
			return err
		}
		if other {
			s := set{snapshot, masters}
			if which[s] == nil {
				order = append(order, s)
			}
			which[s] = append(which[s], i)
		}
	}
	for _, s := range order {
		cases := make([]event.Case, 0, len(which[s]))
		for _, i := range which[s] {
			cases = append(cases, event.NewCase(part[i].Case.Line(0)))
		}
		stated, err := all.EnrichAll(ctx, s.snapshot, s.masters, cases)
		if err != nil {
			return err
		}
		for k, i := range which[s] {
			*line(&part[i]) = stated[k].Line(1)
		}
	}
	return nil
}

// Times of a request: an instance that died in between never answers, and another one does.
const (
	laneWithin = 20 * time.Second
	laneTries  = 3
)

func (l *Lanes) ask(ctx context.Context, part []Past) (Result, error) {
	body, err := (&laneRequest{Question: l.asked}).pack(part)
	if err != nil {
		return Result{}, err
	}
	for range laneTries {
		if !l.nc.IsConnected() { // nobody would hear it, and each try would take its time
			break
		}
		within, cancel := context.WithTimeout(ctx, l.within)
		b, err := bus.Request(within, l.nc, subject.ReplayJudge, body)
		cancel()
		var r Result
		switch {
		case err == nil:
			if err := json.Unmarshal(b, &r); err != nil {
				return r, fmt.Errorf("replay: a lane's answer: %w", err)
			}
			return r, nil
		case ctx.Err() != nil:
			return r, ctx.Err()
		case errors.Is(err, bus.ErrNobody), strings.Contains(err.Error(), lackingPrefix):
			return l.local.sent(ctx, part)
		}
	}
	return l.local.sent(ctx, part)
}

// sent judges cases that were sifted before.
func (j *Judge) sent(ctx context.Context, part []Past) (Result, error) {
	r := Result{Months: map[string]int{}}
	none := newSieve(Slice{}, nil)
	for _, p := range part {
		if err := j.one(ctx, p, none, &r); err != nil {
			return r, fmt.Errorf("replay: block %d, case %d: %w", p.Sequence, p.Place, err)
		}
	}
	r.stands = nil // they were noted when it was sifted
	return r, ctx.Err()
}
