package rule

import (
	"slices"

	"cel.dev/cel-go/common/types"
)

// Lists is a set of lists.
type Lists uint32

func listBit(list string) Lists {
	i := slices.Index(allLists, list)
	if i < 0 {
		return 0
	}
	return 1 << i
}

// OnLists is the lists that the rule is about; 0 for a rule of no list.
func (r *Rule) OnLists() Lists {
	var out Lists
	for _, l := range r.Lists {
		out |= listBit(l)
	}
	return out
}

// keyWords are the words by which clauses are kept apart, the most telling first, each with the values that it can have
// in an order whatever item, destination or party is asked about; open when one is not known.
var keyWords = []struct {
	name   string
	values func(s *Scene, out []string) (values []string, open bool)
}{
	{"destination.code", func(s *Scene, out []string) ([]string, bool) {
		for i := range s.places {
			out = append(out, string(s.code(s.places[i])))
		}
		return out, len(s.places) == 0
	}},
	{"party.country", func(s *Scene, out []string) ([]string, bool) {
		for i := range s.facts.Parties {
			out = append(out, string(s.facts.Parties[i].Country))
		}
		return out, false
	}},
	{"party.customer", func(s *Scene, out []string) ([]string, bool) {
		for i := range s.order.Parties {
			out = append(out, s.order.Parties[i].Customer)
		}
		return out, false
	}},
	{"order.ship_from", func(s *Scene, out []string) ([]string, bool) {
		from, ok := s.shipFrom().(types.String)
		return append(out, string(from)), !ok
	}},
	{"order.transaction", func(s *Scene, out []string) ([]string, bool) { return append(out, string(s.transaction())), false }},
}

// Key gives a word of keyWords that must have one of some values for the clause to be anything but false.
func (c *Compiled) Key() (word int, values []string, ok bool) {
	for i, k := range keyWords {
		for _, part := range c.when.parts.conj {
			if part.word >= 0 && vocabulary[part.word].name == k.name {
				return i, part.texts, true
			}
		}
	}
	return 0, nil, false
}

// Values lists what a word of keyWords can be in the order; open when that is not known.
func (s *Scene) Values(word int) (values []string, open bool) {
	if s.facts.Failed != "" {
		return nil, true
	}
	s.texts, open = keyWords[word].values(s, s.texts[:0])
	return s.texts, open
}

// Has says whether the order has what rules need, and a party that may be on one of the lists.
func (s *Scene) Has(needs Need, lists Lists) bool {
	return needs&^s.needs == 0 && (lists == 0 || lists&s.lists != 0)
}

// Room is an empty list for places of clauses; KeepRoom gives it back.
func (s *Scene) Room() []int { return s.room[:0] }

// KeepRoom gives the list of Room back when it has grown.
func (s *Scene) KeepRoom(room []int) { s.room = room }
