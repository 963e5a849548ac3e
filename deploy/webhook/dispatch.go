package webhook

import (
	"container/heap"
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/semaphore"

	"github.com/tidegate/tidegate/shared/clock"
)

// dispatch decides what is sent next. One goroutine, run, owns everything below poster; attempts run beside it and report.
type dispatch struct {
	e      Endpoint
	book   *book
	js     jetstream.JetStream
	log    *slog.Logger
	now    clock.Clock
	window *semaphore.Weighted
	poster *poster

	lanes   map[string]*lane
	ready   []*lane
	waiting dues
	flying  int
	allowed int // attempts at once: fewer while the endpoint fails, up to Parallel again while it takes
	settled uint64
	results chan result
}

// lane is the messages of one order, in their order. Only the first is ever sent.
type lane struct {
	name  string
	queue []*message
	due   time.Time
}

type result struct {
	lane *lane
	got  answer
}

func newDispatch(e Endpoint, b *book, js jetstream.JetStream, log *slog.Logger, now clock.Clock) *dispatch {
	return &dispatch{
		e: e, book: b, js: js, log: log, now: now, window: semaphore.NewWeighted(window),
		lanes: map[string]*lane{}, allowed: e.Parallel, results: make(chan result, e.Parallel),
	}
}

// run sends until ctx ends or a dead letter cannot be kept.
func (d *dispatch) run(ctx context.Context, in <-chan *message) (err error) {
	if d.poster, err = newPoster(d.e, d.now); err != nil {
		return err
	}
	defer d.poster.client.CloseIdleConnections()
	wake := time.NewTimer(time.Hour)
	defer wake.Stop()
	for err == nil {
		d.launch(ctx)
		wake.Reset(d.untilDue())
		select {
		case m := <-in:
			d.add(m)
		case r := <-d.results:
			err = d.after(ctx, r)
		case <-wake.C:
			d.wakeDue()
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	for d.flying > 0 { // they end with ctx, or within their timeout
		<-d.results
		d.flying--
	}
	return err
}

func (d *dispatch) add(m *message) {
	l := d.lanes[m.lane]
	if l == nil {
		l = &lane{name: m.lane}
		d.lanes[m.lane] = l
		d.ready = append(d.ready, l)
	}
	l.queue = append(l.queue, m)
}

// launch starts attempts while there is something to send.
func (d *dispatch) launch(ctx context.Context) {
	for d.flying < d.allowed && len(d.ready) > 0 {
		l := d.ready[0]
		d.ready = d.ready[1:]
		d.flying++
		first := l.queue[0] // the lane is run's alone
		go func() { d.results <- result{l, d.poster.post(ctx, first)} }()
	}
}

// after settles or delays what was attempted.
func (d *dispatch) after(ctx context.Context, r result) error {
	d.flying--
	m := r.lane.queue[0]
	if r.got.ok {
		d.settled++
		d.allowed = min(d.allowed+1, d.e.Parallel)
		d.next(r.lane, true)
		return nil
	}
	if ctx.Err() != nil { // the attempt was cut short, the message stays open
		return ctx.Err()
	}
	d.allowed = max(d.allowed/2, 1)
	d.book.failed(r.got.why)
	m.fails++
	if r.got.refused() || d.settled > m.settled {
		m.tries++ // an endpoint that takes nothing at all is not the message's fault
	}
	m.settled = d.settled
	if m.tries >= d.e.Tries || r.got.gone() || d.now().Sub(m.stored) > d.e.GiveUp {
		return d.bury(ctx, r.lane, r.got)
	}
	d.log.InfoContext(ctx, "webhook not taken, trying again", slog.String("endpoint", d.e.Name), slog.String("id", m.id), slog.Int("attempt", m.fails),
		slog.Int("status", r.got.status), slog.String("reason", r.got.why))
	r.lane.due = d.now().Add(d.delay(m.fails, r.got.wait))
	heap.Push(&d.waiting, r.lane)
	return nil
}

// delay doubles from First to Most, with up to half of it more or less by chance, and is no shorter than what the endpoint
// asks for, up to Most.
func (d *dispatch) delay(fails int, asked time.Duration) time.Duration {
	wait := d.e.First << min(fails-1, 30)
	if wait <= 0 || wait > d.e.Most {
		wait = d.e.Most
	}
	wait = wait/2 + rand.N(wait+1) //nolint:gosec // chance spreads load here and keeps no secret
	return min(max(wait, asked), d.e.Most)
}

// bury keeps the message as a dead letter and goes on in its lane.
func (d *dispatch) bury(ctx context.Context, l *lane, got answer) error {
	m := l.queue[0]
	if err := keepDead(ctx, d.js, d.e.Name, m, got); err != nil {
		return err
	}
	d.log.ErrorContext(ctx, "webhook given up; see tidegate webhook dead", slog.String("endpoint", d.e.Name), slog.String("id", m.id), slog.String("reason", got.why))
	d.next(l, false)
	return nil
}

// next settles the first message of a lane and makes the one behind it ready.
func (d *dispatch) next(l *lane, taken bool) {
	d.book.settle(l.queue[0], taken)
	d.window.Release(1)
	l.queue[0] = nil
	if l.queue = l.queue[1:]; len(l.queue) == 0 {
		delete(d.lanes, l.name)
		return
	}
	d.ready = append(d.ready, l)
}

func (d *dispatch) untilDue() time.Duration {
	if len(d.waiting) == 0 {
		return time.Hour
	}
	return max(d.waiting[0].due.Sub(d.now()), 0)
}

func (d *dispatch) wakeDue() {
	for len(d.waiting) > 0 && !d.waiting[0].due.After(d.now()) {
		l, _ := heap.Pop(&d.waiting).(*lane)
		d.ready = append(d.ready, l)
	}
}

// dues are delayed lanes, the first due first (container/heap).
type dues []*lane

func (q dues) Len() int           { return len(q) }
func (q dues) Less(i, j int) bool { return q[i].due.Before(q[j].due) }
func (q dues) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }

// Push adds a lane.
func (q *dues) Push(x any) {
	if l, ok := x.(*lane); ok {
		*q = append(*q, l)
	}
}

// Pop removes the last lane.
func (q *dues) Pop() any {
	old := *q
	l := old[len(old)-1]
	*q = old[:len(old)-1]
	return l
}
