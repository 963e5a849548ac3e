package ingest

import (
	"context"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/tidegate/tidegate/services/ingest/internal/accept"
	"github.com/tidegate/tidegate/shared/clock"
)

// maxOnTheWay is how many orders are followed at once; beyond it, orders are neither timed nor traced.
const maxOnTheWay = 100_000

// way follows the orders of this door to their receipts: how long each took, and, where traces are wanted, its spans. An
// order is known by its event id, so that nothing of a trace is in the lines.
type way struct {
	meter  *meter
	tracer trace.Tracer // nil without traces
	clock  clock.Clock

	mu sync.Mutex
	on map[string]*passing
}

// passing is an order between the door and its receipt.
type passing struct {
	since   time.Time
	ctx     context.Context //nolint:containedctx // holds the order's span, for the spans below it
	span    trace.Span      // nil when it is not traced
	step    trace.Span      // the span of the step it is in
	decided bool
}

func newWay(m *meter, t trace.TracerProvider, c clock.Clock) *way {
	w := &way{meter: m, clock: c, on: map[string]*passing{}}
	if t != nil {
		w.tracer = t.Tracer("github.com/tidegate/tidegate/services/ingest")
	}
	return w
}

// begin follows an order from now on. ctx may hold the span of who sent it.
func (w *way) begin(ctx context.Context, e accept.Entry, door string) {
	p := &passing{since: w.clock()}
	if w.tracer != nil {
		pctx, span := w.tracer.Start(trace.ContextWithSpanContext(context.WithoutCancel(ctx), trace.SpanContextFromContext(ctx)), "order",
			trace.WithTimestamp(p.since), trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(
				attribute.String("tidegate.event", e.Event), attribute.String("tidegate.source", e.Source), attribute.String("tidegate.order_id", e.OrderID),
				attribute.String("tidegate.door", door)))
		if span.IsRecording() {
			p.ctx, p.span = pctx, span
			w.enter(p, "accept", p.since)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, known := w.on[e.Event]; !known && len(w.on) < maxOnTheWay {
		w.on[e.Event] = p
	}
}

// enter ends a traced order's step and begins the next.
func (w *way) enter(p *passing, step string, at time.Time) {
	if p.span == nil {
		return
	}
	if p.step != nil {
		p.step.End(trace.WithTimestamp(at))
	}
	if p.step = nil; step != "" {
		_, p.step = w.tracer.Start(p.ctx, step, trace.WithTimestamp(at))
	}
}

// stored says what the writer made of an event: only a new one is followed further.
func (w *way) stored(id string, v verdict) {
	at := w.clock()
	w.mu.Lock()
	defer w.mu.Unlock()
	p, ok := w.on[id]
	switch {
	case !ok:
	case v.err != nil || v.reused || v.duplicate || v.entry.Event != id:
		w.end(id, p, at)
	case !p.decided && v.entry.Refused():
		w.enter(p, "log", at)
		p.decided = true
	case !p.decided:
		w.enter(p, "decide", at)
	}
}

func (w *way) end(id string, p *passing, at time.Time) {
	w.enter(p, "", at)
	if p.span != nil {
		p.span.End(trace.WithTimestamp(at))
	}
	delete(w.on, id)
}

func (w *way) decided(id, outcome, rule string) {
	at := w.clock()
	w.mu.Lock()
	defer w.mu.Unlock()
	p, ok := w.on[id]
	if !ok || p.decided {
		return
	}
	p.decided = true
	w.meter.decided.Observe(at.Sub(p.since).Seconds())
	if p.span != nil {
		p.span.SetAttributes(attribute.String("tidegate.outcome", outcome), attribute.String("tidegate.rule", rule))
		w.enter(p, "log", at)
	}
}

func (w *way) receipted(id string) {
	at := w.clock()
	w.mu.Lock()
	defer w.mu.Unlock()
	if p, ok := w.on[id]; ok {
		w.meter.receipted.Observe(at.Sub(p.since).Seconds())
		w.end(id, p, at)
	}
}

// doorOf is the door that whoever brought an order came through.
func doorOf(actor string) string {
	switch kind, _, _ := strings.Cut(actor, ":"); kind {
	case "http", "token":
		return "http"
	case "webhook", "stream", "nats", "operator":
		return kind
	default:
		return "process"
	}
}
