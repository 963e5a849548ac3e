package rule

import (
	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/tidegate/tidegate/schemas/event"
)

// Thresholds make a name score a hit or a possible match.
type Thresholds struct {
	Hit    event.Milli
	Review event.Milli
}

// Sound says whether 0 < review <= hit <= 1.
func (t Thresholds) Sound() bool { return t.Review > 0 && t.Review <= t.Hit && t.Hit <= 1000 }

// Scene is one order with its facts on one date, as conditions see it. It is used by one goroutine at a time; Load
// makes it ready for another order.
type Scene struct {
	cause      *event.Cause
	order      *event.Order
	facts      *event.Facts
	date       event.Date
	thresholds Thresholds
	needs      Need
	state      *event.Read // what was read from the ledger; nil when nothing was
	faulty     []Faulty    // licenses that do not answer what they should

	places   []event.Country // where the order's items go
	item     int
	place    int
	party    int
	match    int // index in Matches, then in SharedWith
	values   []ref.Val
	d5mOf    []ref.Val // by party: partyD5M on this date
	lastUnkn int64
	lists    Lists // that parties may be on
	reckoned []reckoned
	says     []Say    // room for what clauses say
	room     []int    // room for places of clauses
	texts    []string // room for values of a word
}

// Load readies the scene for an order on a date. The facts must have one entry per party and item unless they failed.
func (s *Scene) Load(c *event.Cause, f *event.Facts, d event.Date, t Thresholds) {
	if s.values == nil {
		s.values = make([]ref.Val, len(vocabulary))
	}
	s.cause, s.order, s.facts, s.date, s.thresholds = c, f.Judged(c), f, d, t
	s.lastUnkn, s.state, s.faulty = 0, nil, nil
	clear(s.values)
	s.reckoned = s.reckoned[:0]
	s.d5mOf = append(s.d5mOf[:0], make([]ref.Val, len(f.Parties))...)
	s.places, s.lists = s.places[:0], 0
	if f.Failed != "" {
		s.needs = NeedFailed
		return
	}
	s.findPlaces()
	s.needs = s.found()
}

// Clear lets go of the order, so that a kept scene keeps no message alive.
func (s *Scene) Clear() {
	s.cause, s.order, s.facts, s.state, s.faulty = nil, nil, nil, nil, nil
	clear(s.values)
	clear(s.d5mOf)
	s.reckoned = s.reckoned[:0]
	clear(s.says)
	clear(s.reckoned[:cap(s.reckoned)])
}

// At moves the scene to another date.
func (s *Scene) At(d event.Date) {
	s.date = d
	clear(s.values)
	clear(s.d5mOf)
	s.reckoned = s.reckoned[:0]
}

// Says is an empty list with room for what clauses say; its contents last until it is asked for again.
func (s *Scene) Says() []Say { return s.says[:0] }

// KeepSays gives the list back when it has grown.
func (s *Scene) KeepSays(says []Say) { s.says = says }

// Needs is what the order has.
func (s *Scene) Needs() Need { return s.needs }

// Parent is nil: a scene answers for every name.
func (s *Scene) Parent() cel.Activation { return nil }

// ResolveName gives a variable's value for the current item, destination, party and match, worked out once.
func (s *Scene) ResolveName(name string) (any, bool) {
	i, ok := variables[name]
	if !ok {
		return nil, false
	}
	return s.value(i), true
}

// value is that of the word at a place of the vocabulary.
func (s *Scene) value(word int) ref.Val {
	if s.values[word] == nil {
		s.values[word] = getters[word](s)
	}
	return s.values[word]
}

func (s *Scene) setItem(i int) {
	s.item = i
	clear(s.values[firstOf[perItem]:endOf[perItem]])
}

func (s *Scene) setPlace(i int) {
	s.place = i
	clear(s.values[firstOf[perDestination]:endOf[perDestination]])
}

func (s *Scene) setParty(i int) {
	s.party = i
	clear(s.values[firstOf[perParty]:endOf[perParty]])
}

func (s *Scene) setMatch(i int) {
	s.match = i
	clear(s.values[firstOf[perMatch|perParty]:endOf[perMatch|perParty]])
}

// unknown is the value of a fact that is missing, by its name: "parties[1].headquarters".
func (s *Scene) unknown(fact string) ref.Val {
	s.lastUnkn++
	return types.NewUnknown(s.lastUnkn, types.NewAttributeTrail(fact))
}

// any is the three-valued or of n values.
func anyOf(n int, value func(int) ref.Val) ref.Val {
	var unknown *types.Unknown
	for i := range n {
		switch v := value(i).(type) {
		case *types.Unknown:
			unknown = types.MergeUnknowns(unknown, v)
		case types.Bool:
			if v {
				return types.True
			}
		}
	}
	if unknown != nil {
		return unknown
	}
	return types.False
}

// matchesOf counts the list entries that a party's name or address resembles.
func (s *Scene) matchesOf(p int) int {
	f := &s.facts.Parties[p]
	return len(f.Matches) + len(f.SharedWith)
}

func (s *Scene) currentMatch() *event.Match {
	f := &s.facts.Parties[s.party]
	if s.match < len(f.Matches) {
		return &f.Matches[s.match]
	}
	return &f.SharedWith[s.match-len(f.Matches)]
}

// listed says whether the entry is in force on the scene's date.
func (s *Scene) listed(m *event.Match) bool {
	for _, span := range m.Listed {
		if span.Holds(s.date) {
			return true
		}
	}
	return len(m.Listed) == 0
}

// Date is the scene's date.
func (s *Scene) Date() event.Date { return s.date }
