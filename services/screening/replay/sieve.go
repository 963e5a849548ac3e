package replay

import (
	"bytes"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/shared/codec"
	"github.com/tidegate/tidegate/shared/spelling"
)

// sieve keeps the cases of a slice. What costs least is asked first.
type sieve struct {
	Slice
	stands stands // nil where stands are not asked for
	rules  [][]byte
}

func newSieve(s Slice, stands stands) *sieve {
	out := &sieve{Slice: s, stands: stands}
	for _, r := range s.Rules {
		out.rules = append(out.rules, []byte(`{"rule":"`+r+`",`))
	}
	return out
}

// sift reads a case as far as it takes to say whether it is in the slice.
func (s *sieve) sift(p Past, r *Result) (bool, error) {
	if p.Case.Passes() || p.Case.Len() < 3 {
		r.Skipped++
		return false, nil
	}
	in := pool.Get().(*input) //nolint:forcetypeassert // the pool holds nothing else
	defer in.release()
	in.past = p
	if err := codec.Decode(p.Case.Line(0), &in.head); err != nil {
		return false, err
	}
	if one, ok := in.standing(); ok {
		r.stands = append(r.stands, one)
	}
	holds, err := s.holds(in)
	if err == nil && !holds {
		r.Skipped++
	}
	return holds, err
}

func (s *sieve) holds(in *input) (bool, error) {
	h := &in.head
	switch {
	case !(event.Span{From: s.From, Until: s.Until}).Holds(h.date()),
		s.ReceivedFrom != "" && h.At < s.ReceivedFrom,
		s.ReceivedUntil != "" && h.At > s.ReceivedUntil,
		len(s.Sources) > 0 && !slices.Contains(s.Sources, h.Source),
		len(s.Orders) > 0 && !slices.Contains(s.Orders, h.OrderID),
		len(s.Outcomes) > 0 && !slices.Contains(s.Outcomes, in.outcome()),
		s.rules != nil && !in.ruled(s.rules),
		len(s.Stands) > 0 && s.stands != nil && !slices.Contains(s.Stands, s.stands.of(h.Tenant, h.Source, h.OrderID, h.Revision)):
		return false, nil
	}
	if len(s.Countries) == 0 && s.Party == "" && s.Item == "" {
		return true, nil
	}
	if err := in.decode(); err != nil {
		return false, err
	}
	return s.inCountry(in) && s.ofParty(in) && s.ofItem(in), nil
}

// ruled says whether the recorded judgement has a finding of a rule. What was read stands behind the findings.
func (in *input) ruled(rules [][]byte) bool {
	_, findings, _ := bytes.Cut(in.past.Case.Line(2), findingsMember)
	if at := bytes.LastIndex(findings, readMember); at >= 0 {
		findings = findings[:at]
	}
	return slices.ContainsFunc(rules, func(r []byte) bool { return bytes.Contains(findings, r) })
}

func (s *sieve) inCountry(in *input) bool {
	if len(s.Countries) == 0 {
		return true
	}
	o := in.facts.Judged(&in.cause)
	if o == nil {
		return false
	}
	if slices.Contains(s.Countries, o.ShipTo) {
		return true
	}
	return slices.ContainsFunc(in.facts.Parties, func(p event.PartyFacts) bool { return slices.Contains(s.Countries, p.Country) })
}

// ofParty asks every name: as the order gives it, and as a list that it matches writes it.
func (s *sieve) ofParty(in *input) bool {
	if s.Party == "" {
		return true
	}
	o := in.facts.Judged(&in.cause)
	if o == nil {
		return false
	}
	is := func(name string) bool { return name != "" && SameName(s.Party, name) }
	for i := range o.Parties {
		if is(o.Parties[i].Name) || slices.ContainsFunc(o.Parties[i].Aliases, is) {
			return true
		}
	}
	for i := range in.facts.Parties {
		for _, m := range in.facts.Parties[i].Matches {
			if is(m.Name) || is(m.Matched) {
				return true
			}
		}
	}
	return false
}

// classes are what a fact calls an item's class.
var classes = []string{"a", "b", "c", "none", "unknown"}

func (s *sieve) ofItem(in *input) bool {
	if s.Item == "" {
		return true
	}
	o := in.facts.Judged(&in.cause)
	if o == nil {
		return false
	}
	if slices.Contains(classes, s.Item) { // no word: it would be in nearly every description
		return slices.ContainsFunc(in.facts.Items, func(f event.ItemFacts) bool { return f.Class == s.Item })
	}
	words := strings.Fields(strings.ToLower(s.Item))
	for i := range o.Items {
		it := &o.Items[i]
		for _, exact := range []string{it.ECCN, it.PartNumber, it.SKU} {
			if strings.EqualFold(exact, s.Item) {
				return true
			}
		}
		text := strings.ToLower(it.Description + " " + it.PartNumber)
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) }) {
			return true
		}
	}
	return slices.ContainsFunc(in.facts.Items, func(f event.ItemFacts) bool {
		return strings.EqualFold(f.ECCN, s.Item) || strings.EqualFold(f.Catalog, s.Item)
	})
}

// SameName says whether a name has all the words asked for: in any case, with or without marks and legal forms, in one
// spelling of trade words, in Latin letters where one of both is written in others.
func SameName(asked, name string) bool {
	want, words := nameWords(asked), nameWords(name)
	return len(want) > 0 && !slices.ContainsFunc(want, func(w string) bool { return !slices.Contains(words, w) })
}

// nameWords are a name's words, and what they are in Latin letters.
func nameWords(name string) []string {
	raw := spelling.AppendWords(nil, name)
	if len(raw) == 0 {
		return nil
	}
	from, to := spelling.WithoutForms(raw)
	var out []string
	for _, w := range raw[from:to] {
		if spelling.IsASCII(w) {
			out = append(out, spelling.OneSpelling(w))
			continue
		}
		out = append(out, spelling.Latin(w)...)
	}
	return out
}
