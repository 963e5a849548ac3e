package ingest

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/ingest/source"
	"github.com/tidegate/tidegate/shared/bus"
)

// meter counts what goes through. Labels are words of ours, never anything a sender wrote: no party, item or order is
// named in a metric.
type meter struct {
	registry *prometheus.Registry

	orders    *prometheus.CounterVec   // door, format, status
	faults    *prometheus.CounterVec   // code
	decisions *prometheus.CounterVec   // outcome, rule
	alarms    *prometheus.CounterVec   // alarm
	receipts  *prometheus.CounterVec   // outcome
	inquiries *prometheus.CounterVec   // outcome
	decided   prometheus.Histogram     // seconds from the door to the decision
	receipted prometheus.Histogram     // seconds from the door to the receipt
	requests  *prometheus.CounterVec   // method, path, status
	took      *prometheus.HistogramVec // path
}

var (
	toDecision = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10, 60}
	toReceipt  = []float64{.05, .1, .2, .3, .5, .75, 1, 1.5, 2, 3, 5, 10, 60}
)

func newMeter() *meter {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "tidegate", Name: name, Help: help}, labels)
	}
	m := &meter{
		registry:  prometheus.NewRegistry(),
		orders:    counter("orders_total", "Orders and acts that came in, by door, format and what became of them.", "door", "format", "status"),
		faults:    counter("refusal_faults_total", "Faults of refused orders, by code.", "code"),
		decisions: counter("decisions_total", "Decisions published, by outcome and deciding rule.", "outcome", "rule"),
		alarms:    counter("alarms_total", "Alarms published, by rule: an order left that was not released.", "alarm"),
		receipts:  counter("receipts_total", "Receipts published, by outcome.", "outcome"),
		inquiries: counter("inquiries_total", "Orders judged ad hoc, by outcome.", "outcome"),
		decided: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "tidegate", Name: "decision_seconds", Help: "Time from the door to the public decision, of orders through this door.", Buckets: toDecision,
		}),
		receipted: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "tidegate", Name: "receipt_seconds", Help: "Time from the door to the receipt, of orders through this door.", Buckets: toReceipt,
		}),
		requests: counter("http_requests_total", "HTTP requests.", "method", "path", "status"),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "tidegate", Name: "http_request_seconds", Help: "Time an HTTP request took, waits and all.", Buckets: toDecision,
		}, []string{"path"}),
	}
	m.alarms.WithLabelValues("shipped-unreleased") // there from the start: what is watched must not be missing
	m.registry.MustRegister(m.orders, m.faults, m.decisions, m.alarms, m.receipts, m.inquiries, m.decided, m.receipted, m.requests, m.took)
	return m
}

// handler serves the metrics with the state of the streams, which is looked at for each scrape.
func (m *meter) handler(state prometheus.Collector) http.Handler {
	all := prometheus.NewRegistry()
	all.MustRegister(state)
	return promhttp.HandlerFor(prometheus.Gatherers{m.registry, all}, promhttp.HandlerOpts{})
}

// taken counts what became of an order or act.
func (m *meter) taken(door, format string, v verdict) {
	status := statusAccepted
	switch {
	case v.err != nil:
		status = statusUnavailable
	case v.reused:
		status = statusReused
	case v.entry.Refused():
		status = statusRefused
	case v.duplicate:
		status = "duplicate"
	}
	m.orders.WithLabelValues(door, format, status).Inc()
	if status == statusRefused {
		for _, f := range v.entry.Faults {
			m.faults.WithLabelValues(f.Code).Inc()
		}
	}
}

// ShowSources has the metrics tell of running sources.
func (s *Service) ShowSources(states func() []source.State) {
	s.meter.registry.MustRegister(sources{states})
}

// ShowOrders has the metrics tell how many orders are in each state, and how many left without a release.
func (s *Service) ShowOrders(counts func() (byState map[string]int, unreleased int, ok bool)) {
	s.meter.registry.MustRegister(orders{counts})
}

// orders tells of the index of orders.
type orders struct {
	counts func() (map[string]int, int, bool)
}

var (
	ordersByState    = prometheus.NewDesc("tidegate_orders", "Orders by state: open, shipped, cancelled.", []string{"state"}, nil)
	ordersUnreleased = prometheus.NewDesc("tidegate_orders_left_unreleased", "Orders that left without a release, or after it ran out.", nil, nil)
)

// Describe names the metrics.
func (orders) Describe(out chan<- *prometheus.Desc) {
	out <- ordersByState
	out <- ordersUnreleased
}

// Collect asks the index; it says nothing while that is being opened.
func (c orders) Collect(out chan<- prometheus.Metric) {
	by, unreleased, ok := c.counts()
	if !ok {
		return
	}
	for state, n := range by {
		out <- prometheus.MustNewConstMetric(ordersByState, prometheus.GaugeValue, float64(n), state)
	}
	out <- prometheus.MustNewConstMetric(ordersUnreleased, prometheus.GaugeValue, float64(unreleased))
}

// sources tells of running sources.
type sources struct{ states func() []source.State }

var (
	sourceOrders = prometheus.NewDesc("tidegate_source_orders_total", "Orders that a running source brought, by what became of them.", []string{"source", "kind", "status"}, nil)
	sourceLag    = prometheus.NewDesc("tidegate_source_lag", "Documents that are there and not read yet; -1 where the source does not know.", []string{"source", "kind"}, nil)
	sourceError  = prometheus.NewDesc("tidegate_source_last_error_timestamp_seconds", "When a running source failed last; 0 for never.", []string{"source", "kind"}, nil)
)

// Describe names the metrics.
func (sources) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{sourceOrders, sourceLag, sourceError} {
		out <- d
	}
}

// Collect asks every source.
func (c sources) Collect(out chan<- prometheus.Metric) {
	for _, s := range c.states() {
		out <- prometheus.MustNewConstMetric(sourceOrders, prometheus.CounterValue, float64(s.Accepted), s.Name, s.Kind, statusAccepted)
		out <- prometheus.MustNewConstMetric(sourceOrders, prometheus.CounterValue, float64(s.Refused), s.Name, s.Kind, statusRefused)
		out <- prometheus.MustNewConstMetric(sourceLag, prometheus.GaugeValue, float64(s.Lag), s.Name, s.Kind)
		failed := 0.0
		if at, err := time.Parse(time.RFC3339, s.ErrorAt); err == nil {
			failed = float64(at.Unix())
		}
		out <- prometheus.MustNewConstMetric(sourceError, prometheus.GaugeValue, failed, s.Name, s.Kind)
	}
}

// state reads the gauges.
type state struct {
	s *Service

	bytes, messages, last, lag, log, guard, ready *prometheus.Desc
}

func newState(s *Service) *state {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("tidegate_"+name, help, labels, nil)
	}
	return &state{
		s:        s,
		bytes:    desc("stream_bytes", "Bytes a stream holds.", "stream"),
		messages: desc("stream_messages", "Messages a stream holds.", "stream"),
		last:     desc("stream_last_sequence", "Sequence of a stream's last message; of internal streams the last block.", "stream"),
		lag:      desc("stage_lag_blocks", "Blocks a stage is behind the one before it.", "stage"),
		log:      desc("log_leaves", "Leaves of the log that have their receipts."),
		guard:    desc("guard_checkpoint_age_seconds", "Time since the guard verified a new checkpoint; it stands still while nothing comes in."),
		ready:    desc("ready", "1 while orders are taken."),
	}
}

// Describe says nothing: the gauges are there when the broker answers.
func (c *state) Describe(chan<- *prometheus.Desc) {}

// scrapeWithin bounds one look at the broker.
const scrapeWithin = 5 * time.Second

// Collect looks at the streams. What cannot be read is left out.
func (c *state) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeWithin)
	defer cancel()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	ready := 0.0
	if c.s.isReady() {
		ready = 1
	}
	gauge(c.ready, ready)
	last := map[string]uint64{}
	for _, cfg := range bus.Streams(bus.Limits{}) {
		s, err := c.s.js.Stream(ctx, cfg.Name)
		if err != nil {
			continue
		}
		st := s.CachedInfo().State
		last[cfg.Name] = st.LastSeq
		gauge(c.bytes, float64(st.Bytes), cfg.Name)
		gauge(c.messages, float64(st.Msgs), cfg.Name)
		gauge(c.last, float64(st.LastSeq), cfg.Name)
		if cfg.Name != subject.PublicRecordStream || st.Msgs == 0 {
			continue
		}
		if m, err := s.GetMsg(ctx, st.LastSeq); err == nil {
			last["audit"], _ = strconv.ParseUint(m.Header.Get(subject.HeaderSequence), 10, 64)
			leaf, _ := strconv.ParseUint(m.Header.Get(subject.HeaderLeaf), 10, 64)
			gauge(c.log, float64(leaf+1))
		}
	}
	behind := func(stage string, in, out uint64) { gauge(c.lag, float64(in-min(in, out)), stage) }
	behind("enrichment", last[subject.OrderStream], last[subject.EnrichedStream])
	behind("screening", last[subject.EnrichedStream], last[subject.DecisionStream])
	behind("audit", last[subject.DecisionStream], last["audit"])
	if kv, err := c.s.js.KeyValue(ctx, subject.GuardBucket); err == nil {
		if e, err := kv.Get(ctx, subject.GuardKey); err == nil {
			gauge(c.guard, c.s.cfg.Clock().Sub(e.Created()).Seconds())
		}
	}
}

// observe counts what publishers tell of until ctx ends. It begins with what is new: counters start at zero with the process.
func (s *Service) observe(ctx context.Context) error {
	for subj, note := range map[string]func(bus.Told){subject.ToldDecision: s.noteDecision, subject.ToldRecord: s.noteReceipt} {
		sub, err := bus.Hear(s.nc, subj, note)
		if err != nil {
			return fmt.Errorf("ingest: %w", err)
		}
		defer func() { _ = sub.Unsubscribe() }() // fails only when the connection is gone, and the subscription with it
	}
	<-ctx.Done()
	return nil
}

func (s *Service) noteDecision(t bus.Told) {
	if t.Alarm != "" {
		s.meter.alarms.WithLabelValues(t.Alarm).Inc()
	}
	s.meter.decisions.WithLabelValues(t.Outcome, t.Rule).Inc()
	s.way.decided(t.Event, t.Outcome, t.Rule)
}

func (s *Service) noteReceipt(t bus.Told) {
	s.meter.receipts.WithLabelValues(t.Outcome).Inc()
	s.way.receipted(t.Event)
}
