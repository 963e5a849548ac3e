package standalone

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/shared/codec"
)

// MastersCommands are the verbs of masters that read the log.
func MastersCommands() []*cli.Command {
	return []*cli.Command{{
		Name: "missing", Usage: "print whose data would release the most held orders: partners and SKUs, by what they lack",
		Description: "Read are the newest decisions of the log. An order that is held only because facts are not known counts for every partner and item that lacks one.",
		Flags: []cli.Flag{
			dataFlag(), &cli.IntFlag{Name: "last", Usage: "newest decisions to read, `N`", Value: 10_000},
			&cli.IntFlag{Name: "most", Usage: "rows to print of each kind, `N`", Value: 20}, &cli.BoolFlag{Name: "json", Usage: "print JSON"},
		},
		Action: func(ctx context.Context, c *cli.Command) error {
			m, err := readMissing(ctx, AuditDir(c.String("data")), c.Int("last"))
			if err != nil {
				return err
			}
			if c.Bool("json") {
				return printJSON(c.Root().Writer, m)
			}
			return sayMissing(c, m)
		},
	}}
}

// Lacking says whose data would release held orders.
type Lacking struct {
	Decisions int    `json:"decisions"` // orders read, each in its newest decision
	Holds     int    `json:"holds"`     // of them held
	ByFacts   int    `json:"by_facts"`  // held for nothing but facts that are not known
	Partners  []Lack `json:"partners"`
	Items     []Lack `json:"items"`
}

// Lack is a partner or an item with what is not known of it.
type Lack struct {
	Key    string   `json:"key"`   // customer number, GLN, LEI or name; SKU, part number or description
	Facts  []string `json:"facts"` // sorted
	Alone  int      `json:"alone"` // orders that lack nothing else: its data releases them
	Orders int      `json:"orders"`
}

// readMissing gathers what the newest decision of each of the last orders lacks.
func readMissing(ctx context.Context, auditDir string, last int) (Lacking, error) {
	var ring []event.Case
	at := 0
	for l, err := range audit.ReadCases(ctx, auditDir, 1) {
		switch {
		case err != nil:
			return Lacking{}, err
		case l.Case.Passes():
		case len(ring) < max(last, 1):
			ring = append(ring, l.Case)
		default:
			ring[at] = l.Case
			at = (at + 1) % len(ring)
		}
	}
	t := tally{seen: map[string]bool{}, partners: map[string]*Lack{}, items: map[string]*Lack{}}
	for i := range ring {
		if err := t.take(ring[(at+len(ring)-1-i)%len(ring)]); err != nil { // the newest first
			return Lacking{}, err
		}
	}
	t.out.Partners, t.out.Items = ranked(t.partners), ranked(t.items)
	return t.out, nil
}

type tally struct {
	out             Lacking
	seen            map[string]bool // orders, by source and number
	partners, items map[string]*Lack
}

func (t *tally) take(c event.Case) error {
	var cause event.Cause
	var facts event.Facts
	var judgement event.Judgement
	for i, v := range []any{&cause, &facts, &judgement} {
		if err := codec.Decode(c.Line(i), v); err != nil {
			return err
		}
	}
	key := cause.Source + "\x00" + cause.OrderID
	if t.seen[key] {
		return nil // an older decision of the order
	}
	t.seen[key] = true
	t.out.Decisions++
	if judgement.Outcome != event.Hold {
		return nil
	}
	t.out.Holds++
	lacks := missingOf(facts.Judged(&cause), &judgement)
	if lacks == nil {
		return nil
	}
	t.out.ByFacts++
	for who, facts := range lacks {
		rows := t.items
		if who.party {
			rows = t.partners
		}
		l := rows[who.key]
		if l == nil {
			l = &Lack{Key: who.key}
			rows[who.key] = l
		}
		l.Orders++
		if len(lacks) == 1 {
			l.Alone++
		}
		for _, f := range facts {
			if !slices.Contains(l.Facts, f) {
				l.Facts = append(l.Facts, f)
			}
		}
	}
	return nil
}

// lacking is a partner or an item.
type lacking struct {
	party bool
	key   string
}

var missingFact = regexp.MustCompile(`^(parties|items)\[(\d+)\]\.(.+)$`)

// missingOf gives what a hold lacks, by partner and item; nil for a hold that stands on anything else than missing facts
// of partners and items.
func missingOf(o *event.Order, j *event.Judgement) map[lacking][]string {
	out := map[lacking][]string{}
	for i := range j.Findings {
		f := &j.Findings[i]
		if f.Outcome != event.Hold {
			continue
		}
		if f.State != "indeterminate" || len(f.Missing) == 0 {
			return nil
		}
		for _, fact := range f.Missing {
			who, what, ok := whose(o, fact)
			if !ok {
				return nil
			}
			if !slices.Contains(out[who], what) {
				out[who] = append(out[who], what)
			}
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// whose reads a fact's name: "parties[1].headquarters".
func whose(o *event.Order, fact string) (lacking, string, bool) {
	m := missingFact.FindStringSubmatch(fact)
	if m == nil {
		return lacking{}, "", false
	}
	i, err := strconv.Atoi(m[2])
	switch {
	case err != nil:
		return lacking{}, "", false
	case m[1] == "parties" && i < len(o.Parties):
		p := &o.Parties[i]
		return lacking{true, cmp.Or(prefixed("customer ", p.Customer), prefixed("GLN ", p.GLN), prefixed("LEI ", p.LEI), p.Name)}, m[3], true
	case m[1] == "items" && i < len(o.Items):
		it := &o.Items[i]
		return lacking{false, cmp.Or(prefixed("SKU ", it.SKU), prefixed("part ", it.PartNumber), it.Description)}, m[3], true
	}
	return lacking{}, "", false
}

func prefixed(what, value string) string {
	if value == "" {
		return ""
	}
	return what + value
}

// ranked puts those first whose data alone releases the most orders, then those that hold up the most.
func ranked(rows map[string]*Lack) []Lack {
	out := make([]Lack, 0, len(rows))
	for _, l := range rows {
		slices.Sort(l.Facts)
		out = append(out, *l)
	}
	slices.SortFunc(out, func(a, b Lack) int {
		return cmp.Or(-cmp.Compare(a.Alone, b.Alone), -cmp.Compare(a.Orders, b.Orders), cmp.Compare(a.Key, b.Key))
	})
	return out
}

func sayMissing(c *cli.Command, m Lacking) error {
	w := c.Root().Writer
	fmt.Fprintf(w, "%d orders, %d held, %d of them for facts that masters can have\n", m.Decisions, m.Holds, m.ByFacts)
	for _, kind := range []struct {
		name string
		rows []Lack
	}{{"partners", m.Partners}, {"items", m.Items}} {
		if len(kind.rows) == 0 {
			continue
		}
		fmt.Fprintf(w, "%s:  released alone / held up\n", kind.name)
		for _, l := range kind.rows[:min(len(kind.rows), c.Int("most"))] {
			fmt.Fprintf(w, "  %6d / %-6d %-32s %s\n", l.Alone, l.Orders, l.Key, strings.Join(l.Facts, ", "))
		}
		if more := len(kind.rows) - c.Int("most"); more > 0 {
			fmt.Fprintf(w, "  and %d more\n", more)
		}
	}
	return nil
}
