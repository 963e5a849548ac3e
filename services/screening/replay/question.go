package replay

import (
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening"
)

// Question is what a replay is asked: a slice of history, judged on two sides. The same question about the same history
// has the same report, byte for byte.
type Question struct {
	A     Side  `json:"a"` // the old answer
	B     Side  `json:"b"` // the new one
	Slice Slice `json:"slice"`
	State State `json:"state"`
}

// Side is under what one side is judged. The zero value is each decision's own: its pack, its facts, its dates.
type Side struct {
	Recorded  bool              `json:"recorded,omitempty"`  // side A only: the judgement as recorded; nothing is judged again
	Pack      *event.PackRef    `json:"pack,omitempty"`      // each decision's own when nil
	Set       map[string]string `json:"set,omitempty"`       // parameters that are other than in each decision's own pack; only without Pack
	Reference *Reference        `json:"reference,omitempty"` // lists, catalog and masters the orders are enriched under; each decision's own facts when nil
	AsOf      screening.AsOf    `json:"as_of,omitzero"`      // dates judged for
	KnownAt   event.Instant     `json:"known_at,omitempty"`  // Pack and Reference are what was in force at this moment, by activation
}

// Reference names what orders are enriched under. Facts that were stated under the same are taken as they are.
type Reference struct {
	Snapshot string `json:"snapshot"`          // digest of lists, places and catalog; each decision's own when empty
	Masters  string `json:"masters,omitempty"` // digest of the company's own masters; each decision's own when empty, "none" for none
	Matcher  string `json:"matcher"`           // version of the matcher of this program
}

// State says where running totals, licenses, dispositions and who was stopped before come from.
type State string

// The states.
const (
	Recorded   State = "recorded"   // as they were read then
	Recomputed State = "recomputed" // from the answers of each side, from the first order on
)

// Slice says which decisions are judged again. What is empty selects nothing out; all that is given must hold.
type Slice struct {
	From          event.Date      `json:"from,omitempty"`           // first order date, else received date
	Until         event.Date      `json:"until,omitempty"`          // last one, inclusive
	ReceivedFrom  event.Instant   `json:"received_from,omitempty"`  // first moment of receipt
	ReceivedUntil event.Instant   `json:"received_until,omitempty"` // last one, inclusive
	Sources       []string        `json:"sources,omitempty"`
	Party         string          `json:"party,omitempty"`     // a name in any spelling: one of the order's parties has all its words, as the matcher normalizes them
	Countries     []event.Country `json:"countries,omitempty"` // where the goods go, or where a party is
	Item          string          `json:"item,omitempty"`      // ECCN, part number, SKU, catalog id, class, or words of the description
	Rules         []string        `json:"rules,omitempty"`     // the recorded judgement has a finding of one of them
	Outcomes      []event.Outcome `json:"outcomes,omitempty"`  // recorded
	Stands        []Stand         `json:"stands,omitempty"`    // how the order stands at the end of what is read
	Orders        []string        `json:"orders,omitempty"`    // order ids
}

// Stand is how an order stands at the end of the history read.
type Stand string

// The stands.
const (
	Open      Stand = "open"      // neither shipped nor cancelled, and this is its newest revision
	Shipped   Stand = "shipped"   // it left, all of it
	Cancelled Stand = "cancelled" // it will not leave
	Revised   Stand = "revised"   // another revision came after this one
)

// Plan is how a question is answered: what was chosen because of what differs.
type Plan struct {
	EnrichA bool   `json:"enrich_a,omitempty"` // side A is enriched again where its facts were stated under something else
	EnrichB bool   `json:"enrich_b,omitempty"` // the same of side B; else only judging is needed: the facts are in the decisions
	Why     string `json:"why"`                // in a sentence
	Source  string `json:"source"`             // log: the audit log, proven as it was read; stream: the decisions that the bus still holds
	Through uint64 `json:"through,omitempty"`  // of the stream: the last block read
	Leaves  uint64 `json:"leaves,omitempty"`   // leaves of the published log under which the history was verified
	Root    string `json:"root,omitempty"`     // root of that log, base64 as in the checkpoint
}

// NoMasters as a reference's masters asks for facts without the company's own masters.
const NoMasters = "none"

// Needs says what it takes to answer: judging alone, or enriching first, and why.
func (q Question) Needs() string {
	var why []string
	for _, s := range []struct {
		name string
		Side
	}{{"the new side", q.B}, {"the old side", q.A}} {
		if s.Reference == nil {
			continue
		}
		var what []string
		if s.Reference.Snapshot != "" {
			what = append(what, "lists, places and catalog "+short(s.Reference.Snapshot))
		}
		if s.Reference.Masters != "" {
			what = append(what, "masters "+short(s.Reference.Masters))
		}
		what = append(what, "matcher "+s.Reference.Matcher)
		why = append(why, s.name+" asks for "+strings.Join(what, ", "))
	}
	if why == nil {
		return "only judging is needed: rules, parameters or dates differ at most, and the facts are in the decisions"
	}
	return strings.Join(why, "; ") + ": orders whose facts were stated under others are enriched first"
}

// short is enough of a digest to tell it from others.
func short(digest string) string { return digest[:min(12, len(digest))] }
