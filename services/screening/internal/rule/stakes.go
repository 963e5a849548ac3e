package rule

import (
	"math"
	"math/big"
	"slices"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/tidegate/tidegate/schemas/event"
	own "github.com/tidegate/tidegate/services/screening/internal/stake"
)

// counting is a way of counting indirect ownership.
type counting int

const (
	multiplied counting = iota // shares multiplied along every way and summed: the Affiliates Rule
	chained                    // who is owned half counts as an owner in full: OFAC's 50 percent rule
)

var (
	half    = big.NewRat(1, 2)
	hundred = big.NewRat(100, 1)
	whole   = event.Decimal("100")
)

// isHolder says whether an owner stands as a holder in the party's stakes: then what it holds follows from them.
func (s *Scene) isHolder(owner string) bool {
	return slices.ContainsFunc(s.partyFacts().Stakes, func(t event.Stake) bool { return t.Holder == owner })
}

// gone says whether the owner of a hold stands in the party's stakes, but holds nothing of it on the scene's date.
func (s *Scene) gone(o *event.ListedHold) bool {
	return s.isHolder(o.Owner) && !own.Reaches(s.edges(own.Most), s.root(), o.Owner)
}

// held is what these hold for certain, as a part of the whole.
func (s *Scene) held(stakes []stake, count counting) *big.Rat {
	return s.total(stakes, count, own.Least, func(one stake) bool { return one.hit })
}

// mayHold is the most that these may hold: owners who only resemble a listed one are, and shares are as large as they may be.
func (s *Scene) mayHold(stakes []stake, count counting) *big.Rat {
	return s.total(stakes, count, own.Most, func(stake) bool { return true })
}

// reckoned is a total that was worked out on the scene's date.
type reckoned struct {
	party, owners int
	count         counting
	side          own.Side
	first, last   *event.ListedHold
	total         *big.Rat
}

// total is what these stakes make together. On one date it is worked out once for the same owners.
func (s *Scene) total(stakes []stake, count counting, side own.Side, is func(stake) bool) *big.Rat {
	key := reckoned{party: s.party, count: count, side: side}
	for _, one := range stakes {
		if is(one) {
			key.owners++
			key.last = one.ListedHold
			if key.first == nil {
				key.first = one.ListedHold
			}
		}
	}
	if key.owners > 2 || len(stakes) > key.owners { // the key would not tell them apart
		return s.reckon(stakes, count, side, is)
	}
	for _, r := range s.reckoned {
		if key.total = r.total; key == r {
			return r.total
		}
	}
	key.total = s.reckon(stakes, count, side, is)
	s.reckoned = append(s.reckoned, key)
	return key.total
}

func (s *Scene) reckon(stakes []stake, count counting, side own.Side, is func(stake) bool) *big.Rat {
	owner := map[string]bool{}
	edges := s.edges(side)
	for _, one := range stakes {
		if !s.isHolder(one.Owner) {
			edges = append(edges, s.direct(one, is(one), owner, side))
		} else if is(one) {
			owner[one.Owner] = true
		}
	}
	if len(owner) == 0 {
		return new(big.Rat)
	}
	if count == chained {
		return own.Chained(edges, s.root(), owner)
	}
	return own.Multiplied(edges, s.root(), owner, side)
}

// direct is a stake that the order states and no other leads to. The same owner may hold several.
func (s *Scene) direct(one stake, counts bool, owner map[string]bool, side own.Side) own.Edge {
	name := "\x00" + one.Owner // beside those of the stakes
	if counts {
		owner[name] = true
	}
	return own.Edge{Holder: name, Of: s.root(), Share: share(one.Percent, one.Percent, side)}
}

// root is the party as its stakes name it: as the order does.
func (s *Scene) root() string { return s.orderParty().Name }

// edges are the stakes on the scene's date. Where several sources speak of the same two parties the narrowest share that
// all agree on counts; where they contradict each other, anything from the least to the most that one of them says.
func (s *Scene) edges(side own.Side) []own.Edge {
	var out []own.Edge
	for _, t := range s.merged() {
		out = append(out, own.Edge{Holder: t.Holder, Of: t.Held, Share: share(t.AtLeast, t.AtMost, side)})
	}
	return out
}

func (s *Scene) merged() []event.Stake {
	var bySource, out []event.Stake
	for _, t := range s.partyFacts().Stakes {
		if t.Holds(s.date) {
			bySource = put(bySource, t, func(o, t event.Stake) bool { return o.Source == t.Source }, together)
		}
	}
	for _, t := range bySource {
		out = put(out, t, func(event.Stake, event.Stake) bool { return true }, agreed)
	}
	return out
}

// put adds a stake, or makes one of it and another between the same two parties.
func put(stakes []event.Stake, t event.Stake, also func(o, t event.Stake) bool, one func(a, b event.Stake) event.Stake) []event.Stake {
	at := slices.IndexFunc(stakes, func(o event.Stake) bool { return o.Holder == t.Holder && o.Held == t.Held && also(o, t) })
	if at < 0 {
		return append(stakes, t)
	}
	stakes[at] = one(stakes[at], t)
	return stakes
}

// together adds two blocks of shares that one source states beside each other.
func together(a, b event.Stake) event.Stake {
	a.AtLeast, a.AtMost = sumOf(a.AtLeast, b.AtLeast), sumOf(a.AtMost, b.AtMost)
	return a
}

func sumOf(a, b event.Decimal) event.Decimal {
	sum := new(big.Rat).Add(rat(a), rat(b))
	if sum.Cmp(hundred) > 0 {
		return whole
	}
	_, x, _ := strings.Cut(string(a), ".")
	_, y, _ := strings.Cut(string(b), ".")
	return event.Decimal(sum.FloatString(max(len(x), len(y))))
}

// agreed is what two sources leave of a share.
func agreed(a, b event.Stake) event.Stake {
	least, most := larger(a.AtLeast, b.AtLeast), smaller(a.AtMost, b.AtMost)
	if rat(least).Cmp(rat(most)) > 0 {
		least, most = smaller(a.AtLeast, b.AtLeast), larger(a.AtMost, b.AtMost)
	}
	a.AtLeast, a.AtMost = least, most
	return a
}

func larger(a, b event.Decimal) event.Decimal {
	if rat(a).Cmp(rat(b)) < 0 {
		return b
	}
	return a
}

func smaller(a, b event.Decimal) event.Decimal {
	if rat(a).Cmp(rat(b)) > 0 {
		return b
	}
	return a
}

func rat(d event.Decimal) *big.Rat {
	r, ok := new(big.Rat).SetString(string(d))
	if !ok || r.Sign() < 0 {
		return new(big.Rat)
	}
	return r
}

// share is the bound of a share as a part of the whole; what nobody states is nothing to all.
func share(least, most event.Decimal, side own.Side) *big.Rat {
	d := least
	if side == own.Most {
		if d = most; d == "" {
			d = whole
		}
	}
	return new(big.Rat).Quo(rat(d), hundred)
}

// openShares names the shares that are not known on the ways from certain owners to the party.
func (s *Scene) openShares(stakes []stake) []string {
	var out []string
	merged := s.merged()
	for i, t := range merged {
		if rat(t.AtLeast).Cmp(rat(t.AtMost)) == 0 || !leads(merged, i, stakes) {
			continue
		}
		fact := "owners[" + t.Holder + "].percent"
		if t.Held != s.root() {
			fact = "owners[" + t.Holder + " of " + t.Held + "].percent"
		}
		out = append(out, s.partyFact(fact))
	}
	return out
}

// leads says whether a stake is on a way down from one of the owners.
func leads(edges []event.Stake, at int, owners []stake) bool {
	above := map[string]bool{edges[at].Holder: true}
	for grown := true; grown; {
		grown = false
		for _, e := range edges {
			if above[e.Held] && !above[e.Holder] {
				above[e.Holder], grown = true, true
			}
		}
	}
	return slices.ContainsFunc(owners, func(o stake) bool { return above[o.Owner] })
}

// inPercent is a part of the whole as conditions compare it, never rounded up to a limit it does not reach.
func inPercent(part *big.Rat) ref.Val {
	p := new(big.Rat).Mul(part, hundred)
	f, exact := p.Float64()
	if !exact && new(big.Rat).SetFloat64(f).Cmp(p) > 0 {
		f = math.Nextafter(f, 0)
	}
	return types.Double(f)
}

// printed is a part of the whole in percent, cut off at six decimals.
func printed(part *big.Rat) string {
	million := big.NewInt(1_000_000)
	p := new(big.Rat).Mul(part, hundred)
	n := new(big.Int).Mul(p.Num(), million)
	text := new(big.Rat).SetFrac(n.Quo(n, p.Denom()), million).FloatString(6)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// upTo says that more may be held than is certain.
func (s *Scene) upTo(stakes []stake, count counting, held *big.Rat) string {
	if most := s.mayHold(stakes, count); most.Cmp(held) > 0 {
		return " for certain, " + printed(most) + " % at most"
	}
	return ""
}

// ways tells how an owner holds through others: "80 % of Harbor Holdings, which holds 70 %". Empty for a direct stake that
// the order states.
func (s *Scene) ways(one stake) string {
	if !s.isHolder(one.Owner) {
		return ""
	}
	const most = 4
	found, more := own.Ways(s.edges(own.Most), s.root(), one.Owner, most)
	var out []string
	for _, way := range found {
		out = append(out, s.way(way))
	}
	if more {
		out = append(out, "more in other ways")
	}
	return strings.Join(out, " and ")
}

func (s *Scene) way(way []own.Edge) string {
	var b strings.Builder
	merged := s.merged()
	for i, e := range way {
		if i > 0 {
			b.WriteString(", which holds ")
		}
		at := slices.IndexFunc(merged, func(t event.Stake) bool { return t.Holder == e.Holder && t.Held == e.Of })
		b.WriteString(between(merged[at]))
		if e.Of != s.root() {
			b.WriteString(" of " + e.Of)
		}
		if merged[at].Source != "order" {
			b.WriteString(" (" + merged[at].Source + ")")
		}
	}
	return b.String()
}

// between prints a share as its source has it.
func between(t event.Stake) string {
	switch least, most := rat(t.AtLeast), rat(t.AtMost); {
	case least.Cmp(most) == 0:
		return string(t.AtLeast) + " %"
	case least.Sign() == 0 && t.AtMost == whole:
		return "an unstated share"
	case least.Sign() == 0:
		return "up to " + string(t.AtMost) + " %"
	default:
		return string(t.AtLeast) + " to " + string(t.AtMost) + " %"
	}
}
