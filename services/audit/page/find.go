package page

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/services/audit/search"
)

// shown is how many records a page of an answer has.
const shown = 25

// questions are the members of a query as the form names them.
var questions = []string{"order", "party", "from", "until", "outcome", "rule", "entry", "actor", "source", "kind", "cause", "received_from", "received_until"}

// form is the search form as it was filled in.
type form struct {
	Order, Party, From, Until, Outcome, Rule, Entry, Actor, Source, Kind, Cause, ReceivedFrom, ReceivedUntil string
}

func formOf(q url.Values) form {
	get := func(name string) string { return strings.TrimSpace(q.Get(name)) }
	return form{get("order"), get("party"), get("from"), get("until"), get("outcome"), get("rule"), get("entry"), get("actor"), get("source"), get("kind"), get("cause"), get("received_from"), get("received_until")}
}

// query is what the form asks for, as far as the viewer may see.
func (f form) query(who viewer) search.Query {
	return search.Query{
		Order: f.Order, Party: f.Party, From: event.Date(f.From), Until: event.Date(f.Until), Outcome: event.Outcome(f.Outcome), Rule: f.Rule, Entry: f.Entry,
		Actor: f.Actor, Source: f.Source, Kind: f.Kind, Cause: event.Kind(f.Cause), ReceivedFrom: event.Date(f.ReceivedFrom), ReceivedUntil: event.Date(f.ReceivedUntil), Limit: shown, Within: who.Reach(),
	}
}

// values is the form as a query string, with a cursor.
func (f form) values(behind *search.Place) url.Values {
	v := url.Values{}
	for i, text := range []string{f.Order, f.Party, f.From, f.Until, f.Outcome, f.Rule, f.Entry, f.Actor, f.Source, f.Kind, f.Cause, f.ReceivedFrom, f.ReceivedUntil} {
		if text != "" {
			v.Set(questions[i], text)
		}
	}
	if behind != nil {
		v.Set("behind", cursor(*behind))
	}
	return v
}

// cursor is a place as text.
func cursor(p search.Place) string { return fmt.Sprintf("%d.%d", p.Log, p.Leaf) }

// placeOf reads a cursor; none where there is none.
func placeOf(text string) (*search.Place, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // from the newest
	}
	log, leaf, _ := strings.Cut(text, ".")
	n, err := strconv.Atoi(log)
	at, lerr := strconv.ParseUint(leaf, 10, 62)
	if err := errors.Join(err, lerr); err != nil || n < 1 || n > 1<<16 || at > 1<<43 {
		return nil, fault{http.StatusBadRequest, "This is not a place in the log: " + text}
	}
	return &search.Place{Log: n, Leaf: at}, nil
}

// found is a page of an answer.
type found struct {
	Form     form
	More     bool   // a field that stands behind the others is filled in
	Problem  string // what is wrong with the question
	Hits     []search.Hit
	Next     string // query string of the next page
	Asked    string // query string of the question
	Later    bool   // this is not the first page
	Size     uint64 // of the checkpoint that the records were proven under
	Open     uint64 // leaves that the index does not have yet
	Causes   []event.Kind
	Reach    string // what the viewer sees, where that is not everything
	Outcomes []event.Outcome
	Kinds    []string
}

func (s *Service) getSearch(w http.ResponseWriter, r *http.Request, who viewer) error {
	f := formOf(r.URL.Query())
	v := found{
		Form: f, Asked: f.values(nil).Encode(), More: f.Rule+f.Entry+f.Actor+f.Source+f.Kind+f.Cause+f.ReceivedFrom+f.ReceivedUntil != "", Reach: reach(who), Outcomes: []event.Outcome{event.Release, event.Hold, event.NeedsLic, event.Block},
		Kinds: []string{event.LeafDecision, event.LeafRefusal, event.LeafLicense, event.LeafControl, event.LeafNote, event.LeafGap, event.LeafAccept, event.LeafRestore},
	}
	for _, k := range event.Kinds {
		v.Causes = append(v.Causes, k.Kind)
	}
	behind, err := placeOf(r.URL.Query().Get("behind"))
	if err != nil {
		return err
	}
	q, status := f.query(who), http.StatusOK
	if _, err := q.Normal(); err != nil {
		v.Problem, status = err.Error(), http.StatusBadRequest
		return s.render(w, r, who, status, "search", "Search", v)
	}
	got, err := s.ask(r.Context(), q, behind)
	if err == nil && len(got.Hits) == 0 && f.Order != "" { // or is it an event's id?
		q.Order, q.Event = "", f.Order
		got, err = s.ask(r.Context(), q, behind)
	}
	if err != nil {
		return err
	}
	v.Hits, v.Later, v.Size, v.Open = got.Hits, behind != nil, sizeOf(got.Reader), got.Open
	if got.Behind != nil {
		v.Next = f.values(got.Behind).Encode()
	}
	s.asked.add(who, deed{what: query, count: "searches", text: asText(f)})
	s.asked.addSome(who, query, "records", len(v.Hits))
	return s.render(w, r, who, status, "search", "Search", v)
}

// ask asks the archive; before anything was logged nothing is found.
func (s *Service) ask(ctx context.Context, q search.Query, behind *search.Place) (search.Answer, error) {
	got, err := s.archive.Ask(ctx, q, behind)
	if err != nil && len(got.Hits) == 0 && s.empty() {
		return search.Answer{}, nil
	}
	return got, err
}

// empty says that nothing was ever logged.
func (s *Service) empty() bool {
	_, err := audit.Published(s.cfg.Dir)
	return errors.Is(err, auditverify.ErrUnusable)
}

func sizeOf(r *audit.Reader) uint64 {
	if r == nil || len(r.Parts()) == 0 {
		return 0
	}
	return r.Parts()[len(r.Parts())-1].Point.Size
}

// asText is a question in few words, for the note.
func asText(f form) string {
	var parts []string
	for name, v := range f.values(nil) {
		parts = append(parts, name+" "+strconv.Quote(v[0]))
	}
	if len(parts) == 0 {
		return "the newest records"
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

// reach says what a viewer sees, where that is not everything.
func reach(who viewer) string {
	if who.Reach().Whole() {
		return ""
	}
	var parts []string
	add := func(what string, list []string) {
		if len(list) > 0 {
			parts = append(parts, what+" "+strings.Join(list, ", "))
		}
	}
	add("sources", who.Sources)
	add("tenants", who.Tenants)
	if who.Spans() {
		parts = append(parts, "days from "+or(string(who.From), "the first")+" to "+or(string(who.Until), "the last"))
	}
	return strings.Join(parts, "; ")
}

// casePage is an order with all that happened to it.
type casePage struct {
	ID       string
	Records  []record // oldest first
	Last     *record  // the newest decision; nil where nothing was decided
	Older    string   // query string of the events before these
	Sources  []string // where orders of several sources have this id
	Evidence string   // where the pack is
	Printed  event.Instant
	Size     uint64
	Open     uint64 // leaves that the index does not have yet
}

// eventsShown is how many events of an order one page has.
const eventsShown = 100

// getOrder shows an order by its id, or by the id of one of its events.
func (s *Service) getOrder(w http.ResponseWriter, r *http.Request, who viewer) error {
	id, source := r.URL.Query().Get("id"), r.URL.Query().Get("source")
	behind, err := placeOf(r.URL.Query().Get("behind"))
	if err != nil {
		return err
	}
	if id == "" {
		return fault{http.StatusBadRequest, "Which order? Its id is missing."}
	}
	q := search.Query{Order: id, Source: source, Within: who.Reach(), Limit: eventsShown}
	got, err := s.ask(r.Context(), q, behind)
	if err == nil && len(got.Hits) == 0 {
		q.Order, q.Event = "", id
		got, err = s.ask(r.Context(), q, behind)
	}
	if err != nil {
		return err
	}
	s.asked.add(who, deed{what: query, count: "cases", text: "order " + strconv.Quote(id)})
	if len(got.Hits) == 0 {
		return errNothing
	}
	v, err := s.caseOf(r.Context(), id, got)
	if err != nil {
		return err
	}
	if got.Behind != nil {
		v.Older = url.Values{"id": {id}, "source": {source}, "behind": {cursor(*got.Behind)}}.Encode()
	}
	return s.render(w, r, who, http.StatusOK, "case", "Order "+id, v)
}

func (s *Service) caseOf(ctx context.Context, id string, got search.Answer) (casePage, error) {
	v := casePage{ID: id, Size: sizeOf(got.Reader), Open: got.Open, Printed: event.At(s.cfg.Clock())}
	orders := map[string]int{}
	for i, h := range slices.Backward(got.Hits) {
		one, err := recordOf(h)
		if err != nil {
			return v, err
		}
		one.N = len(got.Hits) - i
		one.Proof = s.proof(ctx, h, got.Reader)
		if one.Order != nil {
			key, err := json.Marshal(one.Order)
			if err != nil {
				return v, err
			}
			if one.Repeats = orders[string(key)]; one.Repeats == 0 {
				orders[string(key)] = one.N
			}
		}
		v.ID = or(h.OrderID, v.ID)
		if !slices.Contains(v.Sources, h.Source) {
			v.Sources = append(v.Sources, h.Source)
		}
		v.Records = append(v.Records, one)
	}
	for i := range v.Records {
		if v.Records[i].Judgement != nil {
			v.Last = &v.Records[i]
		}
	}
	v.Evidence = "/evidence?" + url.Values{"id": {v.ID}, "source": {v.Sources[0]}}.Encode()
	if len(v.Sources) > 1 || v.Last == nil {
		v.Evidence = ""
	}
	return v, nil
}

// proof says where a hit stands. What was timestamped is read again each time: there is more of it as time goes on. A timestamp that is not of
// this log's checkpoints is said to be bad; the record's own proof stands without it.
func (s *Service) proof(ctx context.Context, h search.Hit, r *audit.Reader) proof {
	p := proofOf(*h.Under, s.policy)
	size, at, found, err := r.Stamped(h.Number, h.Index, s.cfg.CheckpointDir)
	if err != nil {
		s.cfg.Log.ErrorContext(ctx, "a timestamp was not read", slog.Any("error", err))
		p.StampBad = true
	}
	if found {
		p.Stamp = &stamp{size, at}
	}
	return p
}

// recordAt reads the record that a request's path names, if the viewer may see it.
func (s *Service) recordAt(r *http.Request, who viewer) (search.Hit, *audit.Reader, error) {
	at, err := placeOf(r.PathValue("log") + "." + r.PathValue("leaf"))
	if err != nil {
		return search.Hit{}, nil, errNothing
	}
	reader, err := audit.NewReader(s.cfg.Dir)
	if err != nil {
		return search.Hit{}, nil, err
	}
	i := slices.IndexFunc(reader.Parts(), func(p audit.Part) bool { return p.Number == at.Log && at.Leaf < p.Point.Size })
	if i < 0 {
		return search.Hit{}, nil, errNothing
	}
	h, err := search.Record(reader, *at)
	if err != nil {
		return h, nil, err
	}
	if !who.Reach().Sees(h.Tenant, h.Source, h.Date) {
		return h, nil, errNothing
	}
	return h, reader, nil
}

func (s *Service) getRecord(w http.ResponseWriter, r *http.Request, who viewer) error {
	h, reader, err := s.recordAt(r, who)
	if err != nil {
		return err
	}
	v, err := recordOf(h)
	if err != nil {
		return err
	}
	v.N, v.Proof = 1, s.proof(r.Context(), h, reader)
	s.asked.add(who, deed{what: query, count: "cases", text: "leaf " + cursor(search.Place{Log: h.Number, Leaf: h.Index})})
	return s.render(w, r, who, http.StatusOK, "record", fmt.Sprintf("Record %d", h.Index), v)
}
