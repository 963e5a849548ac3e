package rule

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/common/types"

	"github.com/tidegate/tidegate/schemas/event"
)

type policy struct {
	when *program
	text template
}

type try struct {
	Exception
	when *program
}

// Say is what one rule says of one item, destination, party or match. Indexes are -1 where the rule does not ask per
// that thing.
type Say struct {
	Rule      *Rule
	Unknown   bool     // a missing fact could make it fire
	Missing   []string // which
	Party     int
	Item      int
	Policy    string
	Text      string
	Citation  string
	Certainty string
	Entry     string
	Score     *event.Milli
	Tried     []event.Tried
}

// Evaluate asks a clause of everything it is evaluated per and appends what it says.
func (c *Compiled) Evaluate(s *Scene, out []Say) []Say {
	if c.Rule.needs&^s.needs != 0 {
		return out
	}
	if s.needs&NeedFailed != 0 && c.Rule.needs&NeedFailed == 0 {
		return out
	}
	if c.when.refuted(s, 0, 0) {
		return out
	}
	return c.perItem(s, out)
}

func (c *Compiled) perItem(s *Scene, out []Say) []Say {
	if c.scope&perItem == 0 {
		s.item = -1
		return c.perPlace(s, out)
	}
	for i := range s.facts.Items {
		if item := itemNeeds(&s.facts.Items[i]); c.Rule.needs&itemBits&^item != 0 {
			continue
		}
		if s.setItem(i); !c.when.refuted(s, perItem, perItem) {
			out = c.perPlace(s, out)
		}
	}
	return out
}

const itemBits = NeedAdvanced | NeedHBM | Need2022 | NeedLetter | NeedPRCChip

func (c *Compiled) perPlace(s *Scene, out []Say) []Say {
	if c.scope&perDestination == 0 {
		return c.perParty(s, out)
	}
	for i := range max(1, len(s.places)) {
		if s.setPlace(i); !c.when.refuted(s, c.scope&(perItem|perDestination), perDestination) {
			out = c.perParty(s, out)
		}
	}
	return out
}

func (c *Compiled) perParty(s *Scene, out []Say) []Say {
	if c.scope&perParty == 0 {
		s.party = -1
		return c.ask(s, out)
	}
	for i := range s.facts.Parties {
		if c.roles != nil && !slices.Contains(c.roles, s.order.Parties[i].Role) {
			continue
		}
		if s.setParty(i); c.when.refuted(s, c.scope&^perMatch, perParty) {
			continue
		}
		if c.scope&perMatch == 0 {
			out = c.ask(s, out)
			continue
		}
		for m := range s.matchesOf(i) {
			if s.setMatch(m); c.Rule.Lists != nil && !slices.Contains(c.Rule.Lists, s.currentMatch().List) {
				continue
			}
			out = c.ask(s, out)
		}
	}
	return out
}

func (c *Compiled) ask(s *Scene, out []Say) []Say {
	truth, missing := c.when.eval(s)
	switch truth {
	case No:
		return out
	case Yes:
		return append(out, c.fires(s))
	case Broken:
		missing = []string{"rule:" + c.Rule.ID}
	case Unknown:
	}
	if c.Rule.severity == 0 {
		return out // a note that may apply changes no answer
	}
	say := c.say(s)
	say.Unknown, say.Missing = true, missing
	return append(out, say)
}

func (c *Compiled) say(s *Scene) Say {
	r := c.Rule
	say := Say{Rule: r, Party: s.party, Item: s.item, Citation: r.Citation, Certainty: r.Certainty}
	if st, ok := statusOn(c.dates, s.date); ok && st.Certainty != "" {
		say.Certainty = st.Certainty
	}
	if c.scope&perMatch == perMatch {
		m := s.currentMatch()
		score := m.Score
		say.Entry, say.Score = m.Entry, &score
		say.Citation = r.Citation + "; " + m.Citation
	}
	return say
}

func (c *Compiled) fires(s *Scene) Say {
	say := c.say(s)
	say.Text = c.Rule.explain.render(s)
	for _, p := range c.Rule.policies {
		if p.when == nil || p.holds(s) {
			say.Policy = strings.TrimSuffix(p.text.render(s), "not stated")
			break
		}
	}
	for _, t := range c.Rule.tries {
		say.Tried = append(say.Tried, t.tried(s))
	}
	return say
}

func (p policy) holds(s *Scene) bool { return p.when.parts.ask(s) == types.True }

func (t try) tried(s *Scene) event.Tried {
	out := event.Tried{Code: t.Code, Why: fmt.Sprintf("%s (%s)", t.Fails, t.Cite)}
	if span := (event.Span{From: t.From, Until: t.Until}); !span.Holds(s.date) {
		out.Why = fmt.Sprintf("not on this date: from %s to %s (%s)", cmp.Or(string(t.From), "the first day on"), cmp.Or(string(t.Until), "now"), t.Cite)
		return out
	}
	if t.when == nil {
		return out
	}
	switch truth, missing := t.when.eval(s); truth {
	case Yes:
		out.Applies, out.Why = true, fmt.Sprintf("%s (%s)", t.Applies, t.Cite)
	case Unknown:
		out.Why = fmt.Sprintf("open until %s is known (%s)", strings.Join(missing, ", "), t.Cite)
	case No, Broken:
	}
	return out
}
