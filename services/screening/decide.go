package screening

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening/internal/pack"
	"github.com/tidegate/tidegate/services/screening/internal/rule"
	"github.com/tidegate/tidegate/services/screening/internal/verdict"
)

//go:embed packs/us packs/jp packs/example
var packs embed.FS

// Shipped names the rule packs that the product ships, the one for the United States first. example is a company's own
// pack to start from.
var Shipped = []string{"us", "jp", "example"}

// FactsFailed is the rule id of an order that could not be judged on its facts.
const FactsFailed = verdict.FactsFailed

// ErrPack says that a folder is not a usable rule pack. It is wrapped with every fault.
var ErrPack = pack.ErrPack

// Pack is a rule pack ready to judge, with its parameters set. It is never changed and safe for concurrent use.
type Pack struct {
	p *pack.Pack
}

// USPack is the pack for United States export controls that the product ships, with its default parameters.
func USPack() (*Pack, error) { return ShippedPack("us") }

// ShippedPack is a pack that the product ships, by name. The error wraps ErrPack where there is none of that name.
func ShippedPack(name string) (*Pack, error) {
	if !slices.Contains(Shipped, name) {
		return nil, fmt.Errorf("%w: no shipped pack %q; there are %s", ErrPack, name, strings.Join(Shipped, ", "))
	}
	files, err := fs.Sub(packs, "packs/"+name)
	if err != nil {
		return nil, fmt.Errorf("shipped rule pack %s: %w", name, err)
	}
	return LoadPack(files)
}

// Compose makes one pack of several. All their rules are asked; the strictest outcome wins; findings name their pack.
// The error lists every fault and wraps ErrPack.
func Compose(packs ...*Pack) (*Pack, error) {
	inner := make([]*pack.Pack, len(packs))
	for i, p := range packs {
		inner[i] = p.p
	}
	p, err := pack.Compose(inner...)
	if err != nil {
		return nil, err
	}
	return &Pack{p}, nil
}

// standing puts a pack behind the shipped ones that it stands on.
func standing(p *pack.Pack) (*Pack, error) {
	var all []*Pack
	for _, name := range p.Manifest.With {
		if slices.ContainsFunc(p.Members, func(m *pack.Pack) bool { return m.Manifest.ID == name }) {
			continue
		}
		below, err := ShippedPack(name)
		if err != nil {
			return nil, fmt.Errorf("pack %s stands on another: %w", p.Manifest.ID, err)
		}
		all = append(all, below)
	}
	return Compose(append(all, &Pack{p})...)
}

// LoadPack reads a pack from a folder: pack.yaml, rules/*.yaml, cases/*.yaml. The error lists every fault with file
// and line and wraps ErrPack. A pack that stands on shipped ones (with) is given together with these.
func LoadPack(fsys fs.FS) (*Pack, error) {
	p, err := pack.Load(fsys)
	if err != nil {
		return nil, err
	}
	return standing(p)
}

// Object is what the pack's digest is the SHA-256 of, and what OpenPack reads.
func (p *Pack) Object() []byte { return p.p.Object() }

// Activation is the object by which the pack is put in force: with its parameters, where they are not the pack's own.
func (p *Pack) Activation() []byte { return p.p.Activation() }

// AtDefaults is the pack with its own values of every parameter, which its cases are written for.
func (p *Pack) AtDefaults() *Pack {
	if p.p.Members != nil {
		q, err := pack.Compose(p.p.Members...)
		if err != nil {
			panic(err) // it was composed before
		}
		return &Pack{q}
	}
	params := map[string]string{}
	for _, d := range p.Parameters() {
		params[d.Name] = d.Default
	}
	q, err := p.With(params)
	if err != nil {
		panic(err) // a pack that was loaded takes its own defaults
	}
	return q
}

// OpenPack loads the pack of an object. The error of a pack with faults wraps ErrPack.
func OpenPack(object []byte) (*Pack, error) {
	p, err := pack.FromObject(object)
	if err != nil {
		return nil, err
	}
	return &Pack{p}, nil
}

// With gives the pack with other values of its parameters. Names and values that it does not declare are refused.
func (p *Pack) With(params map[string]string) (*Pack, error) {
	q, err := p.p.With(params)
	if err != nil {
		return nil, err
	}
	return &Pack{q}, nil
}

// Ref names the pack as judgements do.
func (p *Pack) Ref() event.PackRef { return p.p.Ref() }

// Thresholds are the scores from which a match is a hit, and from which a person looks at it.
func (p *Pack) Thresholds() (hit, review event.Milli) {
	return p.p.Thresholds.Hit, p.p.Thresholds.Review
}

// Title is the pack's title.
func (p *Pack) Title() string { return p.p.Manifest.Title }

// Parameters lists the choices that the pack leaves to a company.
func (p *Pack) Parameters() []Parameter { return p.p.Manifest.Parameters }

// Parameter is a choice that a pack leaves to a company, with the values it may have.
type Parameter = pack.Parameter

// Rule is one provision as the pack states it.
type Rule = rule.Rule

// Rules lists the rules in pack order.
func (p *Pack) Rules() []*Rule { return p.p.Rules }

// AsOf says which dates an order is judged for. The zero value means the dates the order gives.
type AsOf struct {
	Fixed event.Date `json:"fixed,omitempty"` // this date only, where set: a replay's
	By    AsOfBy     `json:"by,omitempty"`    // one date of the order only; all that it gives when empty
}

// AsOfBy names the one date of an order that it is judged for.
type AsOfBy string

// The dates of an order, each with the next where it is not given.
const (
	ByShipDate  AsOfBy = "ship_date"  // the day it left, else the expected ship date, else the order date
	ByOrderDate AsOfBy = "order_date" // the order date, else the date it was received
)

// Decide judges an order on its facts: a pure function of its arguments, the same bytes on any machine. prev is the
// digest of the facts line, for the chain.
//
// The order is judged for its order date, else the date it was received, and for its expected ship date where that is
// given and another. The later one governs, for nothing ships before it is ordered: its outcome is the judgement's;
// Differs says that the other disagrees. What left is judged for the day it left, and for no other; what is judged again
// because time went by, for the day on which that was asked for, too.
//
// Decide knows no history: it judges as if this were the first order. DecideWith judges with what a ledger held.
func (p *Pack) Decide(c *event.Cause, f *event.Facts, prev string, asOf AsOf) event.Judgement {
	return p.DecideWith(c, f, nil, prev, asOf)
}

// DecideWith is Decide with what was read from the ledger: a function of its arguments, too. The judgement repeats read,
// so that a record alone can be judged again. nil is a ledger in which nothing is.
func (p *Pack) DecideWith(c *event.Cause, f *event.Facts, read *event.Read, prev string, asOf AsOf) event.Judgement {
	return verdict.Judge(p.p, c, f, read, prev, asOf.dates(c))
}

// days lists the dates judged for.
func (a AsOf) days(c *event.Cause) []event.Date {
	var out []event.Date
	for _, d := range a.dates(c) {
		out = append(out, d.Date)
	}
	return out
}

func (a AsOf) dates(c *event.Cause) []verdict.Date {
	if a.Fixed != "" {
		return []verdict.Date{{AsOf: "fixed", Date: a.Fixed}}
	}
	dates := []verdict.Date{{AsOf: "received_date", Date: c.At.Date()}}
	switch {
	case c.Shipment != nil && a.By != ByOrderDate:
		return []verdict.Date{{AsOf: "shipped_date", Date: c.Shipment.Date}}
	case c.Order == nil:
		return dates
	}
	if c.Order.OrderDate != "" {
		dates[0] = verdict.Date{AsOf: "order_date", Date: c.Order.OrderDate}
	}
	if a.By == ByOrderDate {
		return dates
	}
	if a.By == ByShipDate && c.Order.ShipDate != "" {
		return []verdict.Date{{AsOf: "expected_ship_date", Date: c.Order.ShipDate}}
	}
	if ship := c.Order.ShipDate; ship != "" && ship != dates[0].Date {
		dates = append(dates, verdict.Date{AsOf: "expected_ship_date", Date: ship})
	}
	if today := c.At.Date(); a.By == "" && c.Kind == event.Rejudge && !slices.ContainsFunc(dates, func(d verdict.Date) bool { return d.Date >= today }) {
		dates = append(dates, verdict.Date{AsOf: "received_date", Date: today})
	}
	return dates
}
