// Package ledger keeps what decisions add up to: running totals, who was stopped before, licenses with what is left of
// them, and what persons found on open orders. It is a function of the decisions taken in, one after the other: the
// ledger that judged them and one rebuilt from them are the same.
//
// What counts, what gives it back, and for which year:
//
//	tpp_year    counts the TPP of items of class a (3A090.a, 4A090.a) of an order whose newest decision is release, in the
//	            calendar year of the date that decision governs: expected ship date, else order date; once shipped, the
//	            day it left. A new decision on the order (revision, rejudgement, disposition) replaces what the last one
//	            counted, so a cancelled order, a superseded revision and one that is no longer released give all of it
//	            back. A held order that is never released never counted.
//	tpp_window  counts the same TPP of every order that was neither blocked nor cancelled, whatever was decided, by its
//	            date: who splits an order does not wait for the answer. Cancelling gives back; a revision replaces.
//	tpp_most    is the largest of the orders that tpp_year counts, of all years up to the date judged for; given back
//	            likewise.
//	licenses    a released order draws the pieces and the value of the items on which the license answered a finding.
//	            Given back as tpp_year is. What shipped stays drawn for ever. A license registered again under its
//	            number keeps what was drawn.
//	stopped     remembers the parties of orders that were blocked or need a license that nothing answers. Cancelling or
//	            revising the order does not take that back; judging the same revision again as something milder does.
//
// Totals are kept per consignee key and per parent key (see Keys); what is read is the greatest over an order's keys.
// Memory is bounded: of each kind a fixed number is kept, and what was not touched for longest goes. An order that went
// no longer gives anything back: the error is on the strict side.
package ledger

import (
	"net/url"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
)

// Bounds of memory.
const (
	maxOrders   = 1 << 18 // orders that may still change something
	maxAccounts = 1 << 18 // consignee and parent keys
	maxStops    = 1 << 18 // contacts of stopped parties
	maxRecent   = 256     // orders an account knows one by one
	maxFound    = 64      // dispositions on one revision
	window      = 30      // days
	memory      = 365     // days for which a party stopped for what it ordered is remembered
)

// Ledger is used by one goroutine at a time.
type Ledger struct {
	orders   *shelf[string, order]
	accounts *shelf[string, account]
	stops    *shelf[uint64, stop]
	licenses map[string]*license
	changes  uint64
}

// Changes counts what was entered that may change what is read.
func (l *Ledger) Changes() uint64 { return l.changes }

// order is what the ledger knows of an order that may still change something.
type order struct {
	Revision     int              `json:"revision"`
	Event        string           `json:"event"` // of the cause decided last
	Outcome      event.Outcome    `json:"outcome"`
	ValidUntil   event.Date       `json:"valid_until,omitempty"`
	Cancelled    bool             `json:"cancelled,omitempty"`
	Shipped      bool             `json:"shipped,omitempty"`
	Keys         []string         `json:"keys,omitempty"` // accounts it counts in
	Date         event.Date       `json:"date,omitempty"`
	TPP          Amount           `json:"tpp,omitempty"`
	Draws        []draw           `json:"draws,omitempty"`
	Stops        []uint64         `json:"stops,omitempty"`
	Dispositions []event.Standing `json:"dispositions,omitempty"`
}

// account is what one consignee or group key adds up to.
type account struct {
	Years  map[string]yearly `json:"years,omitempty"` // by year, "2026"
	Recent []entry           `json:"recent,omitempty"`
	Most   Amount            `json:"most,omitempty"`   // of orders no longer in Recent
	Before int               `json:"before,omitempty"` // how many released ones these are
}

type yearly struct {
	Sum    Amount `json:"sum"`
	Orders int    `json:"orders"`
}

type entry struct {
	Order    string     `json:"order"`
	Date     event.Date `json:"date"`
	TPP      Amount     `json:"tpp"`
	Released bool       `json:"released,omitempty"`
}

// stop is a party of an order that was stopped.
type stop struct {
	Order    string        `json:"order"` // key
	Revision int           `json:"revision"`
	Source   string        `json:"source"`
	OrderID  string        `json:"order_id"`
	Name     string        `json:"name"`
	Date     event.Date    `json:"date"`
	Outcome  event.Outcome `json:"outcome"`
	Rule     string        `json:"rule"`
	Listed   bool          `json:"listed,omitempty"`
}

// New is an empty ledger.
func New() *Ledger {
	return &Ledger{
		orders: newShelf[string, order](maxOrders), accounts: newShelf[string, account](maxAccounts),
		stops: newShelf[uint64, stop](maxStops), licenses: map[string]*license{},
	}
}

// Forgotten counts what went because the ledger was full.
func (l *Ledger) Forgotten() int { return l.orders.lost + l.accounts.lost + l.stops.lost }

// Key names the order that a cause is about, whatever its revision.
func Key(c *event.Cause) string {
	return url.PathEscape(c.Tenant) + "/" + url.PathEscape(c.Source) + "/" + url.PathEscape(c.OrderID)
}

// TPP adds up an order's items of class a that are not known to be outside the EAR; an item without a known total adds
// nothing.
func TPP(f *event.Facts) Amount {
	var sum Amount
	for i := range f.Items {
		if it := &f.Items[i]; it.Class == "a" && it.Subject != "no" {
			sum = sum.plus(exact(it.TotalTPP))
		}
	}
	return sum
}

// Take enters what was decided on a cause. It is the only way in, for what is decided now and for what is read again.
// Causes of no order have neither facts nor judgement.
func (l *Ledger) Take(c *event.Cause, f *event.Facts, j *event.Judgement) {
	switch {
	case c.Kind == event.License && c.License != nil:
		l.changes++
		l.register(c)
		return
	case c.Order == nil || f == nil || j == nil:
		return
	}
	key := Key(c)
	o := l.orders.get(key)
	if o != nil && c.Revision < o.Revision {
		return // about a revision that a later one replaced
	}
	next := l.next(c, f, j, o)
	if o == nil && next.idle() {
		return // as most orders: nothing was known of it, and nothing will be
	}
	l.changes++
	l.giveBack(key, o)
	if o != nil && c.Kind != event.Revised && c.Kind != event.Placed {
		l.forgetStops(key, o, &next)
	}
	if next.idle() {
		l.orders.remove(key)
		return
	}
	l.count(key, &next)
	l.stop(key, c, f, j, &next)
	*l.orders.put(key) = next
}

// next is what the ledger knows of the order after the decision.
func (l *Ledger) next(c *event.Cause, f *event.Facts, j *event.Judgement, was *order) order {
	next := order{
		Revision: c.Revision, Event: strings.Clone(c.Event), Outcome: event.Outcome(strings.Clone(string(j.Outcome))),
		ValidUntil: event.Date(strings.Clone(string(j.ValidUntil))), Cancelled: c.Kind == event.Cancelled,
	}
	if was != nil {
		next.Shipped = was.Shipped && c.Kind != event.Revised
		next.Cancelled = next.Cancelled || was.Cancelled && c.Kind != event.Revised && c.Kind != event.Placed
		if was.Revision == c.Revision {
			next.Dispositions = was.Dispositions
		}
		if c.Kind == event.Cancelled && was.Shipped { // what left is not given back
			kept := *was
			kept.Event, kept.Cancelled = next.Event, true
			return kept
		}
	}
	next.Shipped = next.Shipped || c.Kind == event.Shipped
	if c.Kind == event.Disposition && c.Disposition != nil && len(next.Dispositions) < maxFound {
		next.Dispositions = append(slices.Clip(next.Dispositions), event.Standing{Event: next.Event, Disposed: clone(*c.Disposition)})
	}
	if next.Cancelled && !next.Shipped {
		return next
	}
	next.Date = governing(j)
	if next.TPP = TPP(f); next.TPP > 0 {
		next.Keys = Keys(f.Judged(c), f)
	}
	if next.released() {
		next.Draws = draws(f.Judged(c), j)
	}
	return next
}

// released says whether the order counts as released. What left counts, whatever is found of it then.
func (o *order) released() bool { return o.Outcome == event.Release || o.Shipped }

// idle says that nothing about the order may matter again: it was released for good and counts nowhere.
func (o *order) idle() bool {
	return o.Outcome == event.Release && !o.Cancelled && o.ValidUntil == "" && len(o.Keys)+len(o.Draws)+len(o.Dispositions) == 0
}

// governing is the date whose outcome is the order's: the latest.
func governing(j *event.Judgement) event.Date {
	var d event.Date
	for i := range j.Dates {
		d = max(d, j.Dates[i].Date)
	}
	return event.Date(strings.Clone(string(d)))
}

// giveBack takes out what the order's decision before counted.
func (l *Ledger) giveBack(key string, o *order) {
	if o == nil {
		return
	}
	for _, k := range o.Keys {
		if a := l.accounts.get(k); a != nil && a.remove(key, o) {
			l.accounts.remove(k)
		}
	}
	for _, d := range o.Draws {
		if lic := l.licenses[d.License]; lic != nil {
			lic.Quantity -= d.Quantity
			lic.Value -= d.Value
		}
	}
}

// forgetStops takes back that the parties of a revision were stopped, where it is judged again. Shipped and cancelled
// judge nothing of what was ordered.
func (l *Ledger) forgetStops(key string, was, next *order) {
	if next.Shipped || next.Cancelled {
		next.Stops = was.Stops
		return
	}
	for _, h := range was.Stops {
		if s := l.stops.get(h); s != nil && s.Order == key && s.Revision == was.Revision {
			l.stops.remove(h)
		}
	}
}

// count enters what the order counts.
func (l *Ledger) count(key string, o *order) {
	if o.Outcome != event.Block || o.Shipped {
		for _, k := range o.Keys {
			l.accounts.put(k).add(key, o)
		}
	} else {
		o.Keys = nil
	}
	for _, d := range o.Draws {
		lic := l.licenses[d.License]
		if lic == nil { // drawn by a decision of a ledger that had it: kept until it is registered again
			lic = new(license)
			l.licenses[d.License] = lic
		}
		lic.Quantity = lic.Quantity.plus(d.Quantity)
		lic.Value = lic.Value.plus(d.Value)
	}
}

func (a *account) add(key string, o *order) {
	if len(a.Recent) == maxRecent {
		if first := a.Recent[0]; first.Released {
			a.Most, a.Before = max(a.Most, first.TPP), a.Before+1
		}
		a.Recent = slices.Delete(a.Recent, 0, 1)
	}
	a.Recent = append(a.Recent, entry{key, o.Date, o.TPP, o.released()})
	if !o.released() {
		return
	}
	if a.Years == nil {
		a.Years = map[string]yearly{}
	}
	y := a.Years[year(o.Date)]
	a.Years[year(o.Date)] = yearly{y.Sum.plus(o.TPP), y.Orders + 1}
}

// remove says whether nothing is left.
func (a *account) remove(key string, o *order) bool {
	a.Recent = slices.DeleteFunc(a.Recent, func(e entry) bool { return e.Order == key })
	if o.released() {
		y := a.Years[year(o.Date)]
		if y = (yearly{y.Sum - o.TPP, y.Orders - 1}); y.Orders > 0 {
			a.Years[year(o.Date)] = y
		} else {
			delete(a.Years, year(o.Date))
		}
	}
	return len(a.Recent)+len(a.Years)+a.Before == 0
}

func year(d event.Date) string {
	if len(d) < 4 {
		return ""
	}
	return string(d[:4])
}

// stop remembers the parties of an order that must not go.
func (l *Ledger) stop(key string, c *event.Cause, f *event.Facts, j *event.Judgement, o *order) {
	if o.Outcome.Severity() < event.NeedsLic.Severity() || c.Kind == event.Cancelled || c.Kind == event.Shipped {
		return
	}
	parties := f.Judged(c).Parties
	for _, at := range Contacts(c.Source, f.Judged(c)) {
		*l.stops.put(at.hash) = stop{
			Order: key, Revision: c.Revision, Source: strings.Clone(c.Source), OrderID: strings.Clone(c.OrderID), Name: strings.Clone(parties[at.party].Name),
			Date: o.Date, Outcome: o.Outcome, Rule: strings.Clone(j.Rule), Listed: listed(j, at.party),
		}
		o.Stops = append(o.Stops, at.hash)
	}
}

// listed says whether a party was stopped for who it is: a finding that stops the order names it and a list entry.
func listed(j *event.Judgement, party int) bool {
	return slices.ContainsFunc(j.Findings, func(f event.Finding) bool {
		return f.Party != nil && *f.Party == party && f.Entry != "" && f.AnsweredBy == nil && f.Outcome.Severity() >= event.NeedsLic.Severity()
	})
}
