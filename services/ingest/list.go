package ingest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/ingest/internal/accept"
	"github.com/tidegate/tidegate/shared/codec"
)

// Limits of one page.
const (
	defaultPage = 100
	maxPage     = 1000
	maxLooked   = 20_000 // cases of the log that are looked at for one page
	maxPoll     = time.Minute
)

// outcomes are the last words of the subjects of decisions and receipts.
var outcomes = []string{"release", "hold", "license", "block", "refused", "control", "note", "gap", "accept", "restore"}

// page is which part of a list is asked for.
type page struct {
	limit int
	after string        // cursor: the list goes on behind it; empty for the beginning
	wait  time.Duration // how long to wait for the first element
	q     url.Values
}

func readPage(r *http.Request) (p page, bad *Problem) {
	q := r.URL.Query()
	no := func(format string, v ...any) (page, *Problem) { b := probRequest.because(format, v...); return p, &b }
	p = page{limit: defaultPage, after: q.Get("after"), q: q}
	var err error
	if t := q.Get("limit"); t != "" {
		if p.limit, err = strconv.Atoi(t); err != nil || p.limit < 1 || p.limit > maxPage {
			return no("limit=%s; want 1 to %d", t, maxPage)
		}
	}
	if t := q.Get("wait"); t != "" {
		if p.wait, err = time.ParseDuration(t); err != nil || p.wait < 0 || p.wait > maxPoll {
			return no("wait=%s; want a time such as 30s, at most %s", t, maxPoll)
		}
	}
	if o := q.Get("outcome"); o != "" && !slices.Contains(outcomes, o) {
		return no("outcome=%s; want one of %s", o, strings.Join(outcomes, ", "))
	}
	return p, nil
}

// sequence reads a cursor of a public stream.
func (p page) sequence() (seq uint64, bad *Problem) {
	if p.after == "" {
		return 0, nil
	}
	seq, err := strconv.ParseUint(p.after, 10, 64)
	if err != nil {
		b := probRequest.because("after=%s is no cursor of this list", p.after)
		return 0, &b
	}
	return seq, nil
}

// getDecisions lists decisions as they were published, oldest first.
func (s *Service) getDecisions(w http.ResponseWriter, r *http.Request) {
	s.getPublished(w, r, "decisions", "decision", subject.PublicDecisionStream, subject.PublicDecisionPrefix)
}

// getReceipts lists receipts as they were published, oldest first: what lets goods move.
func (s *Service) getReceipts(w http.ResponseWriter, r *http.Request) {
	s.getPublished(w, r, "receipts", "record", subject.PublicRecordStream, subject.PublicRecordPrefix)
}

func (s *Service) getPublished(w http.ResponseWriter, r *http.Request, list, one, stream, prefix string) {
	p, bad := readPage(r)
	if bad == nil {
		_, bad = p.sequence()
	}
	if bad != nil {
		bad.write(w, r)
		return
	}
	msgs, next, err := s.published(r.Context(), stream, prefix, p)
	if err != nil {
		probLookup.because("%v", err).write(w, r)
		return
	}
	b, n := fmt.Appendf(nil, `{%q:[`, list), 0
	for _, m := range msgs {
		b = appendText(append(b, comma(n)+`{"event":`...), m.event)
		b = appendText(append(b, `,"source":`...), m.source)
		b = appendText(append(b, `,"order_id":`...), m.order)
		b = fmt.Appendf(b, `,"block":%d,"place":%d,%q:`, m.block, m.place, one)
		b = append(append(b, m.data...), '}')
		n++
	}
	sayPage(w, b, next)
}

// sayPage ends a list with the cursor behind what was looked at: asking for what comes after it goes on there.
func sayPage(w http.ResponseWriter, b []byte, next string) {
	b = appendText(append(b, `],"next":`...), next)
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(b, "}\n"...))
}

func appendText(b []byte, text string) []byte {
	b, err := codec.Append(b, text)
	if err != nil {
		panic(err) // texts always encode
	}
	return b
}

// plainText undoes subject.HeaderText.
func plainText(header string) string {
	text, err := url.PathUnescape(header)
	if err != nil {
		return header
	}
	return text
}

// told is a public message: a decision or a receipt of an order.
type told struct {
	event, tenant, source, order string
	block                        uint64
	place                        int
	data                         []byte
}

// read takes a public message apart. A receipt says in its body what a decision says in its headers.
func read(m jetstream.Msg) (t told, err error) {
	h := m.Headers()
	t = told{
		event: h.Get(subject.HeaderCEID), tenant: or(plainText(h.Get(subject.HeaderTenant)), accept.Unnamed),
		source: plainText(h.Get(subject.HeaderCESource)), order: plainText(h.Get(subject.HeaderCESubject)), data: m.Data(),
	}
	var berr, perr, rerr error
	t.block, berr = strconv.ParseUint(h.Get(subject.HeaderSequence), 10, 64)
	t.place, perr = strconv.Atoi(h.Get(subject.HeaderPlace))
	if h.Get(subject.HeaderCEType) == subject.TypeRecord {
		var r event.Record
		rerr = codec.Decode(t.data, &r)
		tenant, _, _ := strings.Cut(r.Key, "/")
		t.tenant, t.source = or(plainText(tenant), accept.Unnamed), r.Source
	}
	if err := errors.Join(berr, perr, rerr); err != nil {
		return t, fmt.Errorf("public message %s: %w", t.event, err)
	}
	return t, nil
}

// published reads one page of a public stream, of the sources and tenants that who asks may see. Of control messages and
// the like, which are of no order, there is nothing to show.
func (s *Service) published(ctx context.Context, stream, prefix string, p page) (page []told, next string, err error) {
	after, _ := p.sequence()
	who, sources := callerOf(ctx), callerOf(ctx).Sources
	if one := p.q.Get("source"); one != "" {
		sources = []string{one}
	}
	filters := []string{prefix + "*." + or(p.q.Get("outcome"), "*")}
	if len(sources) > 0 {
		filters = nil
	}
	for _, one := range sources {
		filters = append(filters, prefix+subject.Token(one)+"."+or(p.q.Get("outcome"), "*"))
	}
	got, err := s.fetch(ctx, stream, slices.Compact(slices.Sorted(slices.Values(filters))), after+1, p)
	if err != nil {
		return nil, "", err
	}
	next = p.after
	for _, m := range got {
		meta, err := m.Metadata()
		if err != nil {
			return nil, "", err
		}
		next = strconv.FormatUint(meta.Sequence.Stream, 10)
		t, err := read(m)
		if err != nil {
			return nil, "", err
		}
		if t.source != "" && (p.q.Get("source") == "" || p.q.Get("source") == t.source) && who.ActsFor(t.tenant, t.source) { // two sources may share a subject
			page = append(page, t)
		}
	}
	return page, next, nil
}

// fetch reads up to a page of messages from a sequence on, waiting for the first one if it was asked for.
func (s *Service) fetch(ctx context.Context, stream string, filters []string, from uint64, p page) (got []jetstream.Msg, err error) {
	cons, err := s.js.CreateConsumer(ctx, stream, jetstream.ConsumerConfig{
		FilterSubjects: filters, DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: from, AckPolicy: jetstream.AckNonePolicy,
		MemoryStorage: true, InactiveThreshold: maxPoll + 10*time.Second, Replicas: 1,
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", stream, err)
	}
	defer func() { // it ends by itself where this fails
		_ = s.js.DeleteConsumer(context.WithoutCancel(ctx), stream, cons.CachedInfo().Name)
	}()
	if p.wait > 0 {
		ctx, cancel := context.WithTimeout(ctx, p.wait)
		defer cancel()
		batch, err := cons.Fetch(1, jetstream.FetchContext(ctx))
		if got, err = drain(got, batch, err); err != nil || len(got) == 0 {
			return got, err
		}
	}
	if len(got) == p.limit {
		return got, nil
	}
	batch, err := cons.FetchNoWait(p.limit - len(got))
	return drain(got, batch, err)
}

func drain(got []jetstream.Msg, batch jetstream.MessageBatch, err error) ([]jetstream.Msg, error) {
	if err != nil {
		return got, fmt.Errorf("read a page: %w", err)
	}
	for m := range batch.Messages() {
		got = append(got, m)
	}
	if err := batch.Error(); err != nil && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, nats.ErrTimeout) {
		return got, fmt.Errorf("read a page: %w", err)
	}
	return got, nil
}

// getOrders lists what came in and was logged, oldest first: orders and what happened to them, without refusals.
func (s *Service) getOrders(w http.ResponseWriter, r *http.Request) {
	p, bad := readPage(r)
	var block uint64
	var place int
	if bad == nil && p.after != "" {
		if n, err := fmt.Sscanf(p.after, "%d.%d", &block, &place); n != 2 || err != nil || block == 0 || place < 0 {
			b := probRequest.because("after=%s is no cursor of this list", p.after)
			bad = &b
		}
	}
	switch {
	case bad != nil:
		bad.write(w, r)
	case s.cfg.History == nil:
		probNotHere.because("this door was started without the audit log").write(w, r)
	default:
		b, next, err := s.orders(r.Context(), p, block, place)
		if err != nil {
			probLookup.because("%v", err).write(w, r)
			return
		}
		sayPage(w, b, next)
	}
}

func (s *Service) orders(ctx context.Context, p page, block uint64, place int) (b []byte, next string, err error) {
	who := callerOf(ctx)
	b, next = []byte(`{"orders":[`), p.after
	from, at, seq := block, -1, uint64(0)
	n, looked := 0, 0
	for past, err := range s.cfg.History(ctx, max(from, 1)) {
		if err != nil {
			return nil, "", err
		}
		if past.Sequence != seq {
			at, seq = -1, past.Sequence
		}
		at++
		if past.Case.Len() == 0 || past.Sequence == block && at <= place {
			continue
		}
		next = fmt.Sprintf("%d.%d", past.Sequence, at)
		looked++
		if !past.Case.Refused() {
			a, err := aboutOf(past.Case)
			if err != nil {
				return nil, "", err
			}
			if who.sees(a) && fits(p.q, a) && !past.Case.Orderless() {
				b = appendOrder(append(b, comma(n)...), a, past, at)
				n++
			}
		}
		if n == p.limit || looked == maxLooked {
			break
		}
	}
	return b, next, nil
}

func appendOrder(b []byte, a about, past Past, place int) []byte {
	var j struct {
		Outcome event.Outcome `json:"outcome"`
		Rule    string        `json:"rule"`
	}
	_ = codec.Decode(past.Case.Line(2), &j) // a case without judgement has no outcome to show
	b = appendText(append(b, `{"event":`...), a.Event)
	b = appendText(append(b, `,"kind":`...), string(a.Kind))
	b = appendText(append(b, `,"tenant":`...), a.Tenant)
	b = appendText(append(b, `,"source":`...), a.Source)
	b = appendText(append(b, `,"order_id":`...), a.OrderID)
	b = fmt.Appendf(b, `,"revision":%d`, a.Revision)
	b = appendText(append(b, `,"received_at":`...), string(a.At))
	b = fmt.Appendf(b, `,"block":%d,"place":%d`, past.Sequence, place)
	if j.Outcome != "" {
		b = appendText(append(b, `,"outcome":`...), string(j.Outcome))
		b = appendText(append(b, `,"rule":`...), j.Rule)
	}
	return append(b, '}')
}

// getRefusals lists refusals, oldest first, by their receipts: what is logged.
func (s *Service) getRefusals(w http.ResponseWriter, r *http.Request) {
	p, bad := readPage(r)
	if bad == nil {
		_, bad = p.sequence()
	}
	if bad != nil {
		bad.write(w, r)
		return
	}
	p.q.Set("outcome", "refused")
	msgs, next, err := s.published(r.Context(), subject.PublicRecordStream, subject.PublicRecordPrefix, p)
	if err != nil {
		probLookup.because("%v", err).write(w, r)
		return
	}
	b, n := []byte(`{"refusals":[`), 0
	by := map[string]string{}
	for _, m := range msgs {
		c, ok := s.refusal(r.Context(), m.event, m.block)
		if !ok {
			continue
		}
		b = append(append(b, comma(n)...), withoutBytes(c.Line(0))...)
		if id := s.write.correctedBy(m.event); id != "" {
			by[m.event] = id
		}
		n++
	}
	sayPage(w, appendCorrected(b, by), next)
}

// appendCorrected ends the list of refusals and begins another, without its end: which of them were corrected, by which event.
func appendCorrected(b []byte, by map[string]string) []byte {
	b, n := append(b, `],"corrected":[`...), 0
	for _, refusal := range slices.Sorted(maps.Keys(by)) {
		b = fmt.Appendf(b, `%s{"event":%q,"by":%q}`, comma(n), refusal, by[refusal])
		n++
	}
	return b
}

// withoutBytes is a refusal line without the bytes that were received, which are its end.
func withoutBytes(line []byte) []byte {
	text := string(line)
	if i := strings.LastIndex(text, `,"bytes":"`); i >= 0 {
		return append([]byte(text[:i]), "}}"...)
	}
	return line
}

// refusal finds a refusal's case: in its block while the stream holds it, then in the log.
func (s *Service) refusal(ctx context.Context, id string, seq uint64) (c event.Case, ok bool) {
	for _, stream := range []string{subject.DecisionStream, subject.OrderStream} {
		if c, ok := s.caseIn(ctx, stream, seq, id); ok && seq > 0 {
			return c, true
		}
	}
	if s.cfg.Lookup == nil {
		return c, false
	}
	logged, _, err := s.cfg.Lookup(ctx, id)
	if err != nil {
		return c, false
	}
	for _, l := range logged {
		if a, err := aboutOf(l.Case); err == nil && a.Event == id && l.Case.Refused() {
			return l.Case, true
		}
	}
	return c, false
}

// getRefusal gives one refusal's line, with the bytes that were received as far as they are kept.
func (s *Service) getRefusal(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("event")
	seq := uint64(0)
	if found, err := s.write.find(accept.RefusalKey(id)); err == nil && found != nil {
		seq = found.Sequence
	}
	c, ok := s.refusal(r.Context(), id, seq)
	a, err := aboutOf(c)
	if !ok || err != nil || !callerOf(r.Context()).sees(a) {
		probRefusal.because("no refusal %s", id).write(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(append([]byte{}, c.Line(0)...), '\n'))
}
