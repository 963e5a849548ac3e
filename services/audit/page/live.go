package page

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/search"
	"github.com/tidegate/tidegate/shared/clock"
)

// liveShown is how many records the live list has, and how many it is told at once: of a flood the newest, and how many were passed over.
const liveShown = 50

// tail wakes who watches when the log grew.
type tail struct {
	mu      sync.Mutex
	watched int
	reader  *audit.Reader
	grown   chan struct{} // closed when there is a newer one
}

func newTail() *tail { return &tail{grown: make(chan struct{})} }

// update says how far the log is.
func (t *tail) update(r *audit.Reader) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.reader != nil && end(t.reader) == end(r) {
		return
	}
	t.reader = r
	close(t.grown)
	t.grown = make(chan struct{})
}

// now gives the newest state and what tells of the next.
func (t *tail) now() (*audit.Reader, <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.reader, t.grown
}

// watch takes a place among who watches.
func (t *tail) watch() (leave func(), ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.watched == watchers {
		return nil, false
	}
	t.watched++
	return func() { t.mu.Lock(); t.watched--; t.mu.Unlock() }, true
}

// end is the place behind the newest leaf.
func end(r *audit.Reader) search.Place {
	if r == nil || len(r.Parts()) == 0 {
		return search.Place{Log: 1}
	}
	last := r.Parts()[len(r.Parts())-1]
	return search.Place{Log: last.Number, Leaf: last.Point.Size}
}

// own gives those of a viewer who sees a part: the newest of them from a place on, whatever others did meanwhile; more says that there were further ones.
func (s *Service) own(ctx context.Context, r *audit.Reader, from search.Place, who viewer) (hits []search.Hit, more bool, err error) {
	behind := end(r)
	got, err := s.archive.Ask(ctx, search.Query{Within: who.Reach(), Limit: liveShown + 1}, &behind)
	if err != nil {
		return nil, false, err
	}
	hits = slices.DeleteFunc(got.Hits, func(h search.Hit) bool {
		return h.Row.Log < from.Log || h.Row.Log == from.Log && h.Row.Leaf < from.Leaf
	})
	if more = len(hits) > liveShown; more {
		hits = hits[:liveShown]
	}
	return hits, more, nil
}

// since gives the records from a place on, newest first, at most so many, each proven; passed says how many were left out. Of an older log
// there is nothing more to come.
func since(ctx context.Context, r *audit.Reader, from search.Place) (hits []search.Hit, passed uint64, err error) {
	to := end(r)
	if from.Log != to.Log {
		from = search.Place{Log: to.Log}
	}
	first := from.Leaf
	if to.Leaf > first+liveShown {
		first = to.Leaf - liveShown
		passed = first - from.Leaf
	}
	for at := to.Leaf; at > first && ctx.Err() == nil; at-- {
		h, err := search.Record(r, search.Place{Log: to.Log, Leaf: at - 1})
		if err != nil {
			return hits, passed, err
		}
		hits = append(hits, h)
	}
	return hits, passed, ctx.Err()
}

// livePage is the live list.
type livePage struct {
	Hits  []search.Hit
	Until string // the place behind the newest shown
	Every int    // seconds after which the page is asked for again; 0 never
	Reach string
}

func (s *Service) getLive(w http.ResponseWriter, r *http.Request, who viewer) error {
	v := livePage{Reach: reach(who)}
	if n, err := strconv.Atoi(r.URL.Query().Get("every")); err == nil && n >= 5 && n <= 3600 {
		v.Every = n
		w.Header().Set("Refresh", strconv.Itoa(n))
	}
	reader, _ := s.tail.now()
	v.Until = cursor(end(reader))
	got, err := s.ask(r.Context(), search.Query{Within: who.Reach(), Limit: liveShown}, nil)
	if err != nil {
		return err
	}
	v.Hits = got.Hits
	s.asked.add(who, deed{what: query, count: "live", text: "the live list"})
	s.asked.addSome(who, query, "records", len(v.Hits))
	return s.render(w, r, who, http.StatusOK, "live", "Live", v)
}

// told is a record as the live list's script is told it. The script makes text of it, never HTML.
type told struct {
	Path    string        `json:"path"`
	Leaf    uint64        `json:"leaf"`
	When    string        `json:"when"`
	What    string        `json:"what"`
	Outcome event.Outcome `json:"outcome,omitempty"`
	Order   string        `json:"order"`
	Parties string        `json:"parties"`
	Rule    string        `json:"rule"`
	Source  string        `json:"source"`
}

// news is what one message of the live list says.
type news struct {
	Records []told `json:"records"` // oldest first
	Passed  uint64 `json:"passed,omitempty"`
	More    bool   `json:"more,omitempty"` // some were passed over, of who sees a part
}

// pulse is how often a line is sent that says nothing, so that both sides know that the other is there.
const pulse = 20 * time.Second

// getEvents sends what is logged as it is logged, as server-sent events. A message's id is the place behind it, from which a browser that
// comes back goes on.
func (s *Service) getEvents(w http.ResponseWriter, r *http.Request, who viewer) error {
	from, err := placeOf(or(r.Header.Get("Last-Event-ID"), r.URL.Query().Get("after")))
	if err != nil {
		return err
	}
	leave, ok := s.tail.watch()
	if !ok {
		return fault{http.StatusServiceUnavailable, "Too many watch already. The list can be loaded again instead."}
	}
	defer leave()
	if from == nil {
		reader, _ := s.tail.now()
		at := end(reader)
		from = &at
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	out := stream{w, http.NewResponseController(w)}
	if err := out.say(": here it begins\nretry: 3000\n\n"); err != nil {
		return nil // whoever asked is gone
	}
	tick := time.NewTicker(pulse)
	defer tick.Stop()
	for {
		reader, grown := s.tail.now()
		if to := end(reader); reader != nil && to != *from {
			if err := s.tellNews(r, out, reader, *from, who); err != nil {
				return nil // the browser comes back and is told then
			}
			from = &to
		}
		select {
		case <-grown:
		case <-tick.C:
			if out.say(": \n\n") != nil {
				return nil
			}
			if _, err := s.whoIs(r); err != nil { // signed out or revoked meanwhile
				return nil // the browser comes back and is told then
			}
		case <-r.Context().Done():
			return nil
		}
	}
}

func (s *Service) tellNews(r *http.Request, out stream, reader *audit.Reader, from search.Place, who viewer) error {
	var hits []search.Hit
	var n news
	var err error
	if who.Reach().Whole() {
		hits, n.Passed, err = since(r.Context(), reader, from)
	} else {
		hits, n.More, err = s.own(r.Context(), reader, from, who)
	}
	if err != nil {
		return err
	}
	for _, h := range slices.Backward(hits) {
		n.Records = append(n.Records, told{
			linkOf(h), h.Index, clockTime(h.Logged.Leaf.At), kindWords(h), h.Outcome, h.OrderID, someNames(h), h.Rule, h.Source,
		})
	}
	if len(n.Records) == 0 && n.Passed == 0 {
		return nil
	}
	b, err := json.Marshal(n)
	if err != nil {
		return err
	}
	s.asked.addSome(who, query, "records", len(hits))
	return out.say(fmt.Sprintf("id: %s\ndata: %s\n\n", cursor(end(reader)), b))
}

// stream writes to a browser that must take what it is sent.
type stream struct {
	http.ResponseWriter
	*http.ResponseController
}

func (o stream) say(text string) error {
	_ = o.SetWriteDeadline(clock.System().Add(takeWithin))
	if _, err := o.Write([]byte(text)); err != nil {
		return err
	}
	return o.Flush()
}
