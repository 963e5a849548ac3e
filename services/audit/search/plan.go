package search

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/shared/spelling"
)

// Cond is a question in terms: all of some, any of some, or one term.
type Cond struct {
	All  []Cond
	Any  []Cond
	Term string
}

// Vocabulary is what an index knows of words.
type Vocabulary interface {
	// Beginning gives the known words (see Known) that begin with some letters.
	Beginning(ctx context.Context, letters string) ([]string, error)
	// Near gives the known words that share a key (see NearKeys) with a word.
	Near(ctx context.Context, keys []string) ([]string, error)
}

// MostWords is how many words one word of a question may stand for. More is no question.
const MostWords = 2000

// Plan puts a question in terms.
func (q Query) Plan(ctx context.Context, v Vocabulary) (Cond, error) {
	var all []Cond
	for _, x := range [...]struct{ what, value string }{
		{"order", q.Order},
		{"event", q.Event},
		{"rule", q.Rule},
		{"entry", q.Entry},
		{"outcome", string(q.Outcome)},
		{"actor", q.Actor},
		{"source", q.Source},
		{"kind", q.Kind},
		{"cause", string(q.Cause)},
	} {
		if x.value != "" {
			all = append(all, Cond{Term: value(x.what, x.value)})
		}
	}
	all = append(all, q.within()...)
	all = append(all, days('d', q.From, q.Until)...)
	all = append(all, days('r', q.ReceivedFrom, q.ReceivedUntil)...)
	if q.Party != "" {
		c, err := party(ctx, q.Party, v)
		if err != nil {
			return Cond{}, err
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return Cond{Term: everything}, nil
	}
	return Cond{All: all}, nil
}

// within are the conditions that who asks may see it.
func (q Query) within() (all []Cond) {
	if q.Within.Whole() {
		return nil
	}
	all = append(all, Cond{Term: sourced})
	for _, x := range []struct {
		what string
		list []string
	}{{"tenant", q.Within.Tenants}, {"source", q.Within.Sources}} {
		var one Cond
		for _, s := range x.list {
			one.Any = append(one.Any, Cond{Term: value(x.what, s)})
		}
		if len(x.list) > 0 {
			all = append(all, one)
		}
	}
	return append(all, days('d', q.Within.From, q.Within.Until)...)
}

// days is the condition that a day lies between two, both inclusive; none where neither is given.
func days(of byte, from, until event.Date) []Cond {
	if from == "" && until == "" {
		return nil
	}
	if until == "" {
		until = "2999-12-31"
	}
	var c Cond
	for century := 19; century < 30; century++ {
		c.Any = cover(c.Any, of, strconv.Itoa(century), from, until)
	}
	if len(c.Any) == 0 {
		c.Any = []Cond{{Term: nothing}}
	}
	return []Cond{c}
}

// cover appends the fewest terms for the days of a century, decade, year, month or day (by its digits) that lie between two.
func cover(to []Cond, of byte, digits string, from, until event.Date) []Cond {
	const lowest, highest = "00000101", "99991231"
	first, last := date(digits+lowest[len(digits):]), date(digits+highest[len(digits):])
	if len(digits) == 6 {
		last = date(digits + "31")
	}
	if last < from || first > until {
		return to
	}
	if first >= from && last <= until || len(digits) == 8 {
		return append(to, Cond{Term: string(of) + map[int]string{2: "c", 3: "e", 4: "y", 6: "m", 8: "d"}[len(digits)] + digits})
	}
	switch len(digits) {
	case 2, 3:
		for i := range 10 {
			to = cover(to, of, digits+strconv.Itoa(i), from, until)
		}
	case 4:
		for i := 1; i <= 12; i++ {
			to = cover(to, of, digits+fmt.Sprintf("%02d", i), from, until)
		}
	case 6:
		for i := 1; i <= 31; i++ {
			to = cover(to, of, digits+fmt.Sprintf("%02d", i), from, until)
		}
	}
	return to
}

func date(digits string) event.Date {
	return event.Date(digits[:4] + "-" + digits[4:6] + "-" + digits[6:])
}

// party is the condition that names have the words asked for.
func party(ctx context.Context, text string, v Vocabulary) (Cond, error) {
	parts, whole := want(text)
	var all Cond
	for _, p := range parts {
		one := Cond{}
		for _, form := range p.forms {
			words, err := words(ctx, form, v)
			if err != nil {
				return Cond{}, err
			}
			one.Any = append(one.Any, words...)
		}
		if len(p.signs) > 0 {
			signs := Cond{}
			for _, s := range p.signs {
				signs.All = append(signs.All, Cond{Term: word(s)})
			}
			one.Any = append(one.Any, signs)
		}
		all.All = append(all.All, one)
	}
	if whole == "" {
		return all, nil
	}
	words, err := words(ctx, whole, v)
	return Cond{Any: append(words, all)}, err
}

// words are the terms that one form of a word may stand for.
func words(ctx context.Context, form string, v Vocabulary) ([]Cond, error) {
	out := []Cond{{Term: word(form)}}
	if spelling.IsASCII(form) {
		out = append(out, Cond{Term: "j" + form})
		if len(form) >= shortest && len(form) <= indexed {
			return append(out, Cond{Term: "p" + form}), nil
		}
	}
	if !begins(form) {
		return out, nil
	}
	found, err := v.Beginning(ctx, form)
	if err != nil {
		return nil, err
	}
	alike, err := v.Near(ctx, NearKeys(form))
	if err != nil {
		return nil, err
	}
	for _, w := range alike {
		if near(form, w) && !strings.HasPrefix(w, form) {
			found = append(found, w)
		}
	}
	if len(found) > MostWords {
		return nil, fmt.Errorf("%w: %d words begin with %q: say more of it", errQuery, len(found), form)
	}
	for _, w := range found {
		if w != form {
			out = append(out, Cond{Term: word(w)})
		}
	}
	return out, nil
}
