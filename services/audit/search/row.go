package search

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/shared/codec"
)

// head is what a row needs of a cause or refusal.
type head struct {
	Event   string        `json:"event"`
	Key     string        `json:"key"`
	Tenant  string        `json:"tenant"`
	Source  string        `json:"source"`
	OrderID string        `json:"order_id"`
	Actor   string        `json:"actor"`
	At      event.Instant `json:"received_at"`
	Kind    event.Kind    `json:"kind"`
	Control *Activated    `json:"control"`
	Order   *order        `json:"order"`
}

// order is what a row needs of an order.
type order struct {
	Date    event.Date `json:"order_date"`
	Parties []struct {
		Name    string   `json:"name"`
		Aliases []string `json:"aliases"`
		Parent  struct {
			Name string `json:"name"`
		} `json:"ultimate_parent"`
		Owners []struct {
			Name string `json:"name"`
		} `json:"owners"`
	} `json:"parties"`
	Payment struct {
		Payer string `json:"payer"`
	} `json:"payment"`
}

// named are the names of an order's parties, of those who own and pay for them.
func (o *order) named() (named [][]string) {
	for _, p := range o.Parties {
		named = append(named, append([]string{p.Name}, p.Aliases...), []string{p.Parent.Name})
		for _, w := range p.Owners {
			named = append(named, []string{w.Name})
		}
	}
	return append(named, []string{o.Payment.Payer})
}

// facts is what a row needs of facts.
type facts struct {
	Filled *struct {
		Order order `json:"order"`
	} `json:"filled"`
	Snapshot string           `json:"snapshot"`
	Lists    []event.ListSeen `json:"lists"`
	Parties  []struct {
		Matches []match `json:"matches"`
		Shared  []match `json:"shared_address"`
		Owners  []struct {
			Match match `json:"match"`
		} `json:"listed_owners"`
	} `json:"parties"`
}

type match struct {
	Entry   string `json:"entry"`
	Name    string `json:"name"`
	Matched string `json:"matched"`
}

// judgement is what a row needs of a judgement.
type judgement struct {
	Outcome  event.Outcome `json:"outcome"`
	Rule     string        `json:"rule"`
	Pack     packs         `json:"pack"`
	Findings []struct {
		Rule  string `json:"rule"`
		Entry string `json:"entry"`
	} `json:"findings"`
}

// packs is what a row needs of the packs judged under.
type packs struct {
	Rules
	Packs []Rules `json:"packs"`
}

// each gives the packs of a set, or the one.
func (p packs) each() []Rules {
	if len(p.Packs) > 0 {
		return p.Packs
	}
	return []Rules{p.Rules}
}

// RowOf is the row of a leaf, of its bytes and nothing else.
func RowOf(l audit.Logged) (Row, error) {
	r := Row{
		Log: l.Number, Leaf: l.Index, Kind: l.Leaf.Kind, Date: l.Leaf.At.Date(), Logged: l.Leaf.At,
		Block: Block{l.Leaf.Sequence, l.Leaf.To, l.Leaf.Place, l.Leaf.Cases},
	}
	if !l.Leaf.HasCase() {
		return r, nil
	}
	var h head
	if err := codec.Decode(l.Case.Line(0), &h); err != nil {
		return r, fmt.Errorf("leaf %d: %w", l.Index, err)
	}
	r.Event, r.OrderID, r.Source, r.Actor, r.Received = h.Event, h.OrderID, h.Source, h.Actor, h.At
	r.Cause, r.Activated = h.Kind, h.Control
	r.Tenant, r.Date = tenantOf(h), h.At.Date()
	if h.Order != nil {
		if h.Order.Date != "" {
			r.Date = h.Order.Date
		}
		r.Named = h.Order.named()
		for _, p := range h.Order.Parties {
			r.Parties = append(r.Parties, p.Name)
		}
	}
	if l.Case.Passes() || l.Case.Len() < 3 {
		r.sort()
		return r, nil
	}
	var f facts
	var j judgement
	if err := errors.Join(codec.Decode(l.Case.Line(1), &f), codec.Decode(l.Case.Line(2), &j)); err != nil {
		return r, fmt.Errorf("leaf %d: %w", l.Index, err)
	}
	r.Outcome, r.Rule, r.Judged, r.Packs, r.Snapshot, r.Lists = j.Outcome, j.Rule, true, j.Pack.each(), f.Snapshot, f.Lists
	if f.Filled != nil {
		r.Named = append(r.Named, f.Filled.Order.named()...)
	}
	for _, p := range f.Parties {
		for _, m := range append(slices.Clip(p.Matches), p.Shared...) {
			r.Entries, r.Named = append(r.Entries, m.Entry), append(r.Named, []string{m.Name, m.Matched})
		}
		for _, o := range p.Owners {
			r.Entries, r.Named = append(r.Entries, o.Match.Entry), append(r.Named, []string{o.Match.Name, o.Match.Matched})
		}
	}
	for _, s := range j.Findings {
		r.Rules, r.Entries = append(r.Rules, s.Rule), append(r.Entries, s.Entry)
	}
	r.sort()
	return r, nil
}

// tenantOf is whose record it is. A refusal says it in its key only, where the input had one.
func tenantOf(h head) string {
	tenant, _, _ := strings.Cut(h.Key, "/")
	if name, err := url.PathUnescape(tenant); err == nil {
		tenant = name
	}
	return cmp.Or(h.Tenant, tenant, "default")
}

// sort puts the row's lists into the order that makes equal rows equal, each value once and none empty.
func (r *Row) sort() {
	r.Rules, r.Entries = sorted(r.Rules), sorted(r.Entries)
	for i := range r.Named {
		r.Named[i] = sorted(r.Named[i])
	}
	slices.SortFunc(r.Named, slices.Compare[[]string])
	r.Named = slices.DeleteFunc(slices.CompactFunc(r.Named, slices.Equal[[]string]), func(names []string) bool { return len(names) == 0 })
}

func sorted(list []string) []string {
	slices.Sort(list)
	return slices.DeleteFunc(slices.Compact(list), func(s string) bool { return s == "" })
}
