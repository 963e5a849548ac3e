package rule

import (
	"slices"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/tidegate/tidegate/schemas/event"
)

func (s *Scene) orderItem() *event.Item      { return &s.order.Items[s.item] }
func (s *Scene) itemFacts() *event.ItemFacts { return &s.facts.Items[s.item] }

func (s *Scene) itemFact(name string) ref.Val {
	return s.unknown("items[" + itoa(s.item) + "]." + name)
}

// class says whether the current item's class is one of these; unknown by the facts that would settle it.
func class(of string) func(*Scene) ref.Val {
	return func(s *Scene) ref.Val {
		return s.classIn(s.item, s.facts.Items[s.item].Class, of)
	}
}

func (s *Scene) classIn(item int, class, of string) ref.Val {
	switch class {
	case "a", "b", "c":
		return types.Bool(contains(of, class[0]))
	case "none":
		return types.False
	}
	return s.classUnknown(item)
}

func contains(set string, c byte) bool {
	for i := range len(set) {
		if set[i] == c {
			return true
		}
	}
	return false
}

func (s *Scene) classUnknown(item int) ref.Val {
	prefix := "items[" + itoa(item) + "]."
	if len(s.facts.Items[item].Missing) == 0 {
		return s.unknown(prefix + "eccn")
	}
	var u *types.Unknown
	for _, fact := range s.facts.Items[item].Missing {
		u = types.MergeUnknowns(u, s.unknown(prefix+fact).(*types.Unknown))
	}
	return u
}

func (s *Scene) controlled2022() ref.Val {
	switch s.itemFacts().Class2022 {
	case "controlled":
		return types.True
	case "none":
		return types.False
	}
	return s.classUnknown(s.item)
}

// anyClass asks of every item whether its class is one of these. An item known to be outside the EAR is of none.
func anyClass(of string) func(*Scene) ref.Val {
	return func(s *Scene) ref.Val {
		return anyOf(len(s.facts.Items), func(i int) ref.Val {
			if s.facts.Items[i].Subject == "no" {
				return types.False
			}
			return s.classIn(i, s.facts.Items[i].Class, of)
		})
	}
}

// ccl says whether the current item is on the Commerce Control List. EAR99 is not; an item without a stated ECCN is
// open unless its class puts it there. An item known to be outside the EAR is not on it.
func (s *Scene) ccl() ref.Val { return s.cclOf(s.item) }

func (s *Scene) cclOf(i int) ref.Val {
	f := &s.facts.Items[i]
	switch {
	case f.Subject == "no":
		return types.False
	case f.Class == "a" || f.Class == "b" || f.Class == "c":
		return types.True
	case f.ECCN != "":
		return types.Bool(f.ECCN != "EAR99")
	}
	return s.unknown("items[" + itoa(i) + "].eccn")
}

func (s *Scene) anyCCL() ref.Val { return anyOf(len(s.facts.Items), s.cclOf) }

// subject is false only when every item is known to be outside the EAR (15 CFR 734.3).
func (s *Scene) subject() ref.Val {
	for i := range s.facts.Items {
		if s.facts.Items[i].Subject != "no" {
			return types.True
		}
	}
	return types.Bool(len(s.facts.Items) == 0)
}

// number is a figure of the item, from the facts, else as stated; unknown when neither has it.
func (s *Scene) number(name string, values ...event.Decimal) ref.Val {
	for _, v := range values {
		if v != "" {
			return types.Double(v.Float())
		}
	}
	return s.itemFact(name)
}

// yesNo is a stated answer; unknown when none was given.
func (s *Scene) yesNo(name string, v *bool) ref.Val {
	if v == nil {
		return s.itemFact(name)
	}
	return types.Bool(*v)
}

// nonPlanar says whether the item's logic is made with non-planar transistors. Nodes of 22 nm are made either way;
// those of 28 nm and more are planar.
func (s *Scene) nonPlanar() ref.Val {
	it := s.orderItem()
	if it.NonPlanar == nil && it.NodeNM != "" && it.NodeNM.Float() >= 28 {
		return types.False
	}
	return s.yesNo("non_planar", it.NonPlanar)
}

func (s *Scene) datacenter() ref.Val {
	switch s.itemFacts().DC {
	case "yes":
		return types.True
	case "no":
		return types.False
	}
	return s.itemFact("datacenter")
}

// accelerators counts the order's controlled chips: total TPP over the TPP of one.
func (s *Scene) accelerators() ref.Val {
	var n float64
	for i := range s.facts.Items {
		if f := &s.facts.Items[i]; f.TPP.Float() > 0 && f.Subject != "no" {
			n += f.TotalTPP.Float() / f.TPP.Float()
		}
	}
	return types.Double(n)
}

// totalTPP adds up the items of class a.
func (s *Scene) totalTPP() ref.Val {
	var sum float64
	for i := range s.facts.Items {
		f := &s.facts.Items[i]
		if f.Class != "a" || f.Subject == "no" {
			continue
		}
		if f.TotalTPP == "" {
			return s.unknown("items[" + itoa(i) + "].total_tpp")
		}
		sum += f.TotalTPP.Float()
	}
	return types.Double(sum)
}

// Disagreements tells of each missing ECCN that was stated, but contradicted by what else is known of the item; rest is
// what else is missing.
func (s *Scene) Disagreements(missing []string) (sentences, rest []string) {
	rest = slices.Clone(missing)
	for i := range s.facts.Items {
		at := -1
		if s.facts.Items[i].Disagrees != "" {
			at = slices.Index(rest, "items["+itoa(i)+"].eccn")
		}
		if at >= 0 {
			sentences = append(sentences, "Item "+itoa(i+1)+": "+s.facts.Items[i].Disagrees)
			rest = slices.Delete(rest, at, at+1)
		}
	}
	return sentences, rest
}
