package rule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/parser"

	"github.com/tidegate/tidegate/schemas/event"
)

// Near is a clause that would fire, or might, but for one part of its condition.
type Near struct {
	Rule   *Rule
	Party  int           // -1 where the rule does not ask per party
	Item   int           // -1 where it does not ask per item
	Place  event.Country // destination asked about; empty where it does not ask per destination
	Part   string        // the part of the condition that is false, as the pack has it
	Values []Value       // the words in it
}

// Value is a word of a condition with what it is for this order.
type Value struct {
	Name  string `json:"name"`
	Means string `json:"means"`
	Value string `json:"value"`
}

// NearMisses asks the clause of everything it is evaluated per and lists where one part alone is false. A clause whose
// condition is one part, and one that needs what the order does not have, is never near.
func (c *Compiled) NearMisses(s *Scene) []Near {
	if c.Rule.needs&^s.needs != 0 || len(c.when.parts.conj) < 2 {
		return nil
	}
	var out []Near
	c.everywhere(s, func() {
		if n, ok := c.near(s); ok {
			out = append(out, n)
		}
	})
	return out
}

// everywhere calls do with the scene set to each item, destination, party and match that the clause asks about.
func (c *Compiled) everywhere(s *Scene, do func()) {
	each := func(in Scope, n int, set func(int), next func()) {
		if c.scope&in == 0 {
			next()
			return
		}
		for i := range n {
			set(i)
			next()
		}
	}
	s.item, s.party = -1, -1
	each(perItem, len(s.facts.Items), s.setItem, func() {
		each(perDestination, len(s.places), s.setPlace, func() {
			each(perParty, len(s.facts.Parties), s.setParty, func() {
				if c.scope&perParty != 0 && c.roles != nil && !slices.Contains(c.roles, s.order.Parties[s.party].Role) {
					return
				}
				if c.scope&perMatch == 0 {
					do()
					return
				}
				for m := range s.matchesOf(s.party) {
					if s.setMatch(m); c.Rule.Lists == nil || slices.Contains(c.Rule.Lists, s.currentMatch().List) {
						do()
					}
				}
			})
		})
	})
}

func (c *Compiled) near(s *Scene) (Near, bool) {
	only := -1
	for i := range c.when.parts.conj {
		switch c.when.parts.conj[i].ask(s) {
		case types.False:
			if only >= 0 {
				return Near{}, false
			}
			only = i
		}
	}
	if only < 0 {
		return Near{}, false
	}
	out := Near{Rule: c.Rule, Party: s.party, Item: s.item}
	if c.scope&perDestination != 0 {
		out.Place = s.destination()
	}
	if c.scope&perItem == 0 {
		out.Item = -1
	}
	if c.scope&perParty == 0 {
		out.Party = -1
	}
	out.Part, out.Values = c.when.parts.told(s, only)
	return out, true
}

// told is a part of the condition as text, with the values of its words.
func (n *native) told(s *Scene, part int) (string, []Value) {
	exprs := conjuncts(n.ast.Expr())
	if part >= len(exprs) {
		return "", nil
	}
	e := exprs[part]
	text, err := parser.Unparse(e, n.ast.SourceInfo())
	if err != nil {
		text = "its condition"
	}
	var out []Value
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(at ast.Expr) {
		i, ok := n.word(at)
		if !ok || slices.ContainsFunc(out, func(v Value) bool { return v.Name == vocabulary[i].name }) {
			return
		}
		out = append(out, Value{vocabulary[i].name, vocabulary[i].means, valueText(s.value(i))})
	}))
	return text, out
}

// conjuncts lists the parts of the outermost "and", as split has them.
func conjuncts(e ast.Expr) []ast.Expr {
	if e.Kind() != ast.CallKind || e.AsCall().FunctionName() != operators.LogicalAnd {
		return []ast.Expr{e}
	}
	var out []ast.Expr
	for _, part := range e.AsCall().Args() {
		out = append(out, conjuncts(part)...)
	}
	return out
}

func valueText(v ref.Val) string {
	switch v := v.(type) {
	case types.Bool:
		if v {
			return "true"
		}
		return "false"
	case types.String:
		return fmt.Sprintf("%q", string(v))
	case types.Double:
		return strconv.FormatFloat(float64(v), 'f', -1, 64)
	case *types.Unknown:
		return "not known (" + strings.Join(names(v), ", ") + ")"
	default:
		return "not to be worked out"
	}
}
