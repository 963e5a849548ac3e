package ledger

import (
	"slices"

	"github.com/tidegate/tidegate/schemas/event"
)

// Touches says whether the order may need to be judged with what the ledger holds: it has items that totals count, names
// a license, is no new order, or has a party that was stopped. Most orders do none of this and are judged without.
func (l *Ledger) Touches(c *event.Cause, f *event.Facts, contacts []Contact) bool {
	return Stateful(c, f) || slices.ContainsFunc(contacts, func(at Contact) bool { return l.stops.get(at.hash) != nil })
}

// Stateful is the part of Touches that the order alone tells.
func Stateful(c *event.Cause, f *event.Facts) bool {
	if c.Kind != event.Placed && c.Kind != event.Revised || c.Order == nil {
		return true
	}
	return TPP(f) > 0 || slices.ContainsFunc(f.Judged(c).Declared, func(a event.Authority) bool { return a.Kind == "license" && a.Number != "" })
}

// Read gives what a judgement of the cause on these dates reads. What the order itself gave before is left out of it.
func (l *Ledger) Read(c *event.Cause, f *event.Facts, contacts []Contact, dates []event.Date) *event.Read {
	if c.Order == nil {
		return nil
	}
	key := Key(c)
	own := l.orders.get(key)
	r := &event.Read{Totals: l.totals(key, own, c, f, dates), Stopped: l.stopped(key, c, f.Judged(c), contacts, dates)}
	for _, a := range f.Judged(c).Declared {
		known := slices.ContainsFunc(r.Licenses, func(h event.Held) bool { return h.Number == a.Number })
		if a.Kind == "license" && a.Number != "" && !known {
			r.Licenses = append(r.Licenses, l.held(a.Number, own))
		}
	}
	if own != nil && own.Revision == c.Revision {
		r.Dispositions = slices.Clone(own.Dispositions)
	}
	if c.Kind == event.Disposition && c.Disposition != nil && len(r.Dispositions) < maxFound {
		r.Dispositions = append(r.Dispositions, event.Standing{Event: c.Event, Disposed: *c.Disposition})
	}
	if own != nil && c.Kind == event.Shipped {
		r.Decided = &event.Decided{Event: own.Event, Outcome: own.Outcome, ValidUntil: own.ValidUntil, Cancelled: own.Cancelled}
	}
	if r.Empty() {
		return nil
	}
	return r
}

func (l *Ledger) totals(key string, own *order, c *event.Cause, f *event.Facts, dates []event.Date) []event.Total {
	if TPP(f) == 0 {
		return nil
	}
	keys := Keys(f.Judged(c), f)
	var out []event.Total
	for i, d := range dates {
		if slices.Contains(dates[:i], d) {
			continue
		}
		for _, id := range []string{event.TPPMost, event.TPPWindow, event.TPPYear} {
			best := event.Total{Sum: "0"}
			var most Amount
			for _, k := range keys {
				a := l.accounts.get(k)
				if a == nil {
					continue
				}
				if t, sum := a.total(id, key, own, slices.Contains(keysOf(own), k), d); t.Orders > 0 && (best.Orders == 0 || sum > most) {
					best, most = t, sum
					best.Key = k
				}
			}
			if best.Orders > 0 {
				best.ID, best.Date = id, d
				out = append(out, best)
			}
		}
	}
	return out
}

func keysOf(o *order) []string {
	if o == nil {
		return nil
	}
	return o.Keys
}

// total adds up without what the order itself gave.
func (a *account) total(id, key string, own *order, counted bool, d event.Date) (t event.Total, sum Amount) {
	add := func(tpp Amount) { sum, t.Orders = sum.plus(tpp), t.Orders+1 }
	switch id {
	case event.TPPYear:
		y := a.Years[year(d)]
		sum, t.Orders, t.Since = y.Sum, y.Orders, event.Date(year(d)+"-01-01")
		if counted && own.released() && year(own.Date) == year(d) {
			sum, t.Orders = sum-own.TPP, t.Orders-1
		}
	case event.TPPWindow:
		t.Since = d.AddDays(-window)
		for _, e := range a.Recent {
			if e.Order != key && e.Date >= t.Since && e.Date <= d.AddDays(window) {
				add(e.TPP)
			}
		}
	case event.TPPMost:
		sum, t.Orders = a.Most, a.Before
		for _, e := range a.Recent {
			if e.Order != key && e.Released && e.Date <= d {
				sum, t.Orders = max(sum, e.TPP), t.Orders+1
			}
		}
	}
	t.Sum = sum.decimal()
	return t, sum
}

// stopped lists the parties that share something with one that was stopped under another name. The same party under the
// same name is what the rules see anyway.
func (l *Ledger) stopped(key string, c *event.Cause, o *event.Order, contacts []Contact, dates []event.Date) []event.Stopped {
	var out []event.Stopped
	for _, at := range contacts {
		s := l.stops.get(at.hash)
		if s == nil || s.Order == key && s.Revision == c.Revision || len(out) == 16 {
			continue
		}
		name := o.Parties[at.party].Name
		if Fold(name) == Fold(s.Name) || !s.Listed && !recent(s.Date, dates) {
			continue
		}
		told := slices.ContainsFunc(out, func(o event.Stopped) bool { return o.Party == at.party && (o.Listed || !s.Listed) })
		if told {
			continue
		}
		out = append(out, event.Stopped{
			Party: at.party, By: at.by, Name: s.Name, Source: s.Source, OrderID: s.OrderID, Date: s.Date, Outcome: s.Outcome, Rule: s.Rule, Listed: s.Listed,
		})
	}
	return out
}

// recent says whether a date lies within the ledger's memory of the latest date judged for.
func recent(d event.Date, dates []event.Date) bool {
	last := slices.Max(dates)
	return d >= last.AddDays(-memory) && d <= last.AddDays(memory)
}
