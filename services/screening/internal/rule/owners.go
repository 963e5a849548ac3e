package rule

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/tidegate/tidegate/schemas/event"
)

var (
	listedOwners  = []string{"EL", "MEU", "SDN"} // 90 FR 47201; 15 CFR 744.8(a)(1)
	blockedOwners = []string{"SDN"}              // OFAC 50 percent rule
)

// stake is what one owner holds in a party, with the list entry that the owner resembles most.
type stake struct {
	*event.ListedHold
	hit bool // the owner is the listed party; else it may be
}

// stakes lists what owners on these lists hold in the party on the date, in the order's order. A stake stands once,
// however many entries its owner resembles.
func (s *Scene) stakes(lists []string) []stake {
	var out []stake
	owners := s.partyFacts().Owners
	for i := range owners {
		o := &owners[i]
		if !o.Held.Holds(s.date) || !slices.Contains(lists, o.Match.List) || !s.listed(&o.Match) || o.Match.Score < s.thresholds.Review || s.gone(o) {
			continue
		}
		one := stake{o, s.isHit(&o.Match)}
		at := slices.IndexFunc(out, func(p stake) bool { return sameStake(p.ListedHold, o) })
		switch {
		case at < 0:
			out = append(out, one)
		case better(one, out[at]):
			out[at] = one
		}
	}
	return out
}

func sameStake(a, b *event.ListedHold) bool {
	return a.Owner == b.Owner && a.Percent == b.Percent && a.Held == b.Held
}

// better says whether the first entry tells more of the owner than the second: a hit, the higher score, the stricter
// review policy.
func better(a, b stake) bool {
	if a.hit != b.hit {
		return a.hit
	}
	return cmp.Or(cmp.Compare(b.Match.Score, a.Match.Score), cmp.Compare(Leniency(a.policy()), Leniency(b.policy()))) < 0
}

// policy is the review policy of the owner's entry; a presumption of denial for military end users (15 CFR 744.21(e)).
func (s stake) policy() string {
	if s.Match.Policy == "" && s.Match.List == "MEU" {
		return "PoD"
	}
	return s.Match.Policy
}

// counts says whether the stake adds to what is held for certain.
func (s *Scene) counts(one stake) bool {
	return one.hit && (one.Percent != "" || s.isHolder(one.Owner))
}

// Leniency ranks review policies: where several apply the strictest counts.
func Leniency(policy string) int {
	switch policy {
	case "prohibited":
		return 0
	case "PoD", "denial":
		return 1
	case "PoA":
		return 3
	case "":
		return 4
	default:
		return 2
	}
}

// open names the facts that would settle whether more is held: a percent that is not stated, an owner who only
// resembles a listed one, a listed parent.
func (s *Scene) open(stakes []stake, lists []string) []string {
	var out []string
	for _, one := range stakes {
		switch {
		case !one.hit:
			out = append(out, s.partyFact("owners["+one.Owner+"].identity"))
		case one.Percent == "" && !s.isHolder(one.Owner):
			out = append(out, s.partyFact("owners["+one.Owner+"].percent"))
		}
	}
	out = append(out, s.openShares(stakes)...)
	if s.partyFacts().StakesCut {
		out = append(out, s.partyFact("owners"))
	}
	if parents := s.openParents(lists); parents != nil {
		out = append(out, s.partyFact(parents[0].Field+"_share"))
	}
	return out
}

// openParents lists listed parents and owners whose share nobody stated.
func (s *Scene) openParents(lists []string) []*event.Match {
	var out []*event.Match
	f := s.partyFacts()
	for i := range f.Matches {
		m := &f.Matches[i]
		same := func(o event.ListedHold) bool { // a stake that counts, or is asked about
			return o.Match.Entry == m.Entry && o.Match.Score >= s.thresholds.Review && o.Held.Holds(s.date)
		}
		if (m.Field == "parent" || m.Field == "owner") && slices.Contains(lists, m.List) && m.Score >= s.thresholds.Review &&
			s.listed(m) && !slices.ContainsFunc(f.Owners, same) {
			out = append(out, m)
		}
	}
	return out
}

// heldBy is what these hold for certain, shares multiplied along every way and summed (15 CFR part 744, Supplement 8).
func heldBy(lists ...string) func(*Scene) ref.Val {
	return func(s *Scene) ref.Val { return inPercent(s.held(s.stakes(lists), multiplied)) }
}

// ownedBy is what these hold for certain where who is owned half counts as one of them (OFAC's way).
func ownedBy(lists ...string) func(*Scene) ref.Val {
	return func(s *Scene) ref.Val { return inPercent(s.held(s.stakes(lists), chained)) }
}

// totalOwnedBy is unknown when a share is open and what may be held could be half, by the facts that would settle it.
func totalOwnedBy(lists ...string) func(*Scene) ref.Val {
	return func(s *Scene) ref.Val {
		stakes := s.stakes(lists)
		open := s.open(stakes, lists)
		if len(open) == 0 || len(s.openParents(lists)) == 0 && !s.partyFacts().StakesCut && s.mayHold(stakes, chained).Cmp(half) < 0 {
			return inPercent(s.held(stakes, chained))
		}
		var u *types.Unknown
		for _, fact := range open {
			u = types.MergeUnknowns(u, s.unknown(fact).(*types.Unknown))
		}
		return u
	}
}

func (s *Scene) shareOpen() ref.Val {
	return types.Bool(len(s.open(s.stakes(listedOwners), listedOwners)) > 0)
}

// ownersText tells each stake once, with the entry that its owner resembles most, and what they make together.
func (s *Scene) ownersText(lists []string, count counting) string {
	var out []string
	stakes := s.stakes(lists)
	for _, one := range stakes {
		out = append(out, one.text(s.ways(one)))
	}
	if held := s.held(stakes, count); held.Sign() > 0 {
		out = append(out, printed(held)+" % in all"+s.upTo(stakes, count, held))
	}
	if out == nil {
		for _, m := range s.openParents(lists) {
			out = append(out, fmt.Sprintf("%s %s resembles %s: %s (%s) and holds an unstated share", m.Field, m.Queried, listName(m.List), m.Matched, m.Citation))
		}
	}
	if out == nil && s.partyFacts().StakesCut {
		out = append(out, "there are more owners than were followed")
	}
	return strings.Join(out, "; ")
}

// text says what the owner holds: directly, or by these ways.
func (s stake) text(ways string) string {
	share, is, review := "an unstated share", "", ""
	switch {
	case ways != "":
		share = ways
	case s.Percent != "":
		share = string(s.Percent) + " %"
	}
	if !s.hit {
		is = "may be on the "
	}
	if p := s.policy(); p != "" {
		review = ", review policy " + p
	}
	return fmt.Sprintf("%s holds %s (%s%s: %s, %s%s)", s.Owner, share, is, listName(s.Match.List), s.Match.Matched, s.Match.Citation, review)
}

// ownersPolicy is the strictest review policy among the entries of the listed owners; empty when none states one.
func (s *Scene) ownersPolicy() string {
	strictest := ""
	for _, one := range s.stakes(listedOwners) {
		if p := one.policy(); s.counts(one) && Leniency(p) < Leniency(strictest) {
			strictest = p
		}
	}
	return strictest
}
