package orders

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment"
	"github.com/tidegate/tidegate/shared/codec"
)

// taken is what a decided case says: a decision on an order, or an activation of lists.
type taken struct {
	order    Order
	partial  bool
	found    bool     // screening itself found that it left without a release
	parties  [][]byte // what the lists are asked about each, as JSON
	snapshot string
	control  *event.Activation
	answers  string // event of the change whose answer this notes
}

// cause is what is read of a case's first line. Items are most of it and are passed over.
type cause struct {
	Kind      event.Kind        `json:"kind"`
	Event     string            `json:"event"`
	Key       string            `json:"key"`
	Tenant    string            `json:"tenant"`
	Source    string            `json:"source"`
	OrderID   string            `json:"order_id"`
	Revision  int               `json:"revision"`
	Of        string            `json:"of"`
	At        event.Instant     `json:"received_at"`
	Shipment  *event.Shipment   `json:"shipment"`
	Rejudging *event.Rejudging  `json:"rejudging"`
	Control   *event.Activation `json:"control"`
	Order     asked             `json:"order"`
}

// asked is what the lists are asked about of an order.
type asked struct {
	Parties []event.Party  `json:"parties"`
	Payment *event.Payment `json:"payment"`
}

// judgement is what is read of a case's last line.
type judgement struct {
	Outcome    event.Outcome   `json:"outcome"`
	Rule       string          `json:"rule"`
	Dates      []event.DateSay `json:"dates"`
	ValidUntil event.Date      `json:"valid_until"`
}

// KeyOf names an order whatever its revision.
func KeyOf(tenant, source, id string) string {
	return url.PathEscape(tenant) + "/" + url.PathEscape(source) + "/" + url.PathEscape(id)
}

// read reads a decided case; ok is false for what is neither about an order nor an activation.
func read(c event.Case) (t taken, ok bool, err error) {
	control, note := bytes.HasPrefix(c.Line(0), controlCause), bytes.HasPrefix(c.Line(0), noteCause)
	if c.Refused() || c.Orderless() && !control && !note || !c.Orderless() && c.Len() < 3 {
		return t, false, nil
	}
	var of cause
	line := c.Line(0)
	if c.Orderless() {
		line = bytes.Clone(line) // what is decoded shares its bytes
	}
	if err := codec.Decode(line, &of); err != nil {
		return t, false, fmt.Errorf("order line: %w", err)
	}
	t.control, t.order.Event = of.Control, of.Event
	if c.Orderless() {
		_, t.answers, _ = strings.Cut(of.Key, "/"+noteID(""))
		return t, t.control != nil || t.answers != "", nil
	}
	var j judgement
	if err := codec.Decode(c.Line(2), &j); err != nil {
		return t, false, fmt.Errorf("judgement line: %w", err)
	}
	t.order = Order{
		Tenant: of.Tenant, Source: of.Source, ID: of.OrderID, Revision: of.Revision, Event: of.Event, Kind: of.Kind, At: of.At,
		Outcome: j.Outcome, Rule: j.Rule, ValidUntil: j.ValidUntil,
	}
	for i := range j.Dates {
		t.order.Date = max(t.order.Date, j.Dates[i].Date)
	}
	if of.Rejudging != nil {
		t.order.Why = of.Rejudging.Why
	}
	if of.Kind == event.Shipped {
		if t.found, err = foundUnreleased(c.Line(2)); err != nil {
			return t, false, err
		}
	}
	if of.Shipment != nil {
		t.order.Left, t.partial = of.Shipment.Date, of.Shipment.Partial != nil && *of.Shipment.Partial
	}
	if err := t.order.own(); err != nil {
		return t, false, err
	}
	t.snapshot = snapshotOf(c.Line(1))
	if of.Of != "" && (of.Kind == event.Shipped || of.Kind == event.Cancelled) {
		return t, true, nil // the revision that it is about was asked about
	}
	return t, true, t.ask(c, &of)
}

// foundUnreleased says whether a judgement has the finding that the order left without a release.
func foundUnreleased(line []byte) (bool, error) {
	var j struct {
		Findings []struct {
			Rule string `json:"rule"`
		} `json:"findings"`
	}
	if err := codec.Decode(line, &j); err != nil {
		return false, fmt.Errorf("judgement line: %w", err)
	}
	for i := range j.Findings {
		if j.Findings[i].Rule == shippedUnreleased {
			return true, nil
		}
	}
	return false, nil
}

// shippedUnreleased is the rule of an order that left without a release.
const shippedUnreleased = "shipped-unreleased"

var (
	controlCause = []byte(`{"line":"order","v":1,"kind":"` + event.Control + `"`)
	noteCause    = []byte(`{"line":"order","v":1,"kind":"` + event.Remark + `"`)
)

// ask gathers what the lists are asked about the order as it was judged.
func (t *taken) ask(c event.Case, of *cause) error {
	facts := c.Line(1)
	o, masters := &of.Order, false
	if bytes.Contains(facts, []byte(`,"masters":"`)) {
		masters = true
		var f struct {
			Filled *struct {
				Order asked `json:"order"`
			} `json:"filled"`
		}
		if err := codec.Decode(facts, &f); err != nil {
			return fmt.Errorf("facts line: %w", err)
		}
		if f.Filled != nil {
			o = &f.Filled.Order
		}
	}
	all := enrichment.Ask(&event.Order{Parties: o.Parties, Payment: o.Payment}, masters)
	room := make([]byte, 0, 192*len(all))
	t.parties = make([][]byte, 0, len(all))
	for i := range all {
		from := len(room)
		var err error
		if room, err = codec.Append(room, &all[i]); err != nil {
			return fmt.Errorf("party: %w", err)
		}
		t.parties = append(t.parties, room[from:len(room):len(room)])
	}
	return nil
}

// snapshotOf is the digest of the snapshot that a facts line names.
func snapshotOf(facts []byte) string {
	const digest = 64
	_, rest, ok := bytes.Cut(facts[:min(len(facts), 256)], []byte(`,"snapshot":"`))
	if !ok || len(rest) < digest {
		return ""
	}
	return string(rest[:digest])
}

// after is what is known of the order behind the decision; was is what was known before, nil where nothing. It is a
// function of the decisions alone, in their order. ok is false where the decision is on a revision that a later one replaced.
//
// A shipped or cancelled event closes an order, a revision opens it again: something is to ship once more. What left in part
// stays open. What left stays shipped, whatever is found of it later; cancelling does not bring it back, and an order that is sent in when it
// had left has left.
func (t *taken) after(was *Order) (next Order, ok bool) {
	next = t.order
	next.State = Open
	if was != nil {
		if t.order.Revision < was.Revision {
			return next, false
		}
		if next.Kind != event.Revised {
			next.Left, next.Unreleased = firstOf(was.Left, next.Left), was.Unreleased
		}
		if next.Kind != event.Revised && (next.Kind != event.Placed || was.State == Shipped) {
			next.State = was.State
		}
	}
	switch {
	case next.Kind == event.Shipped:
		if next.Unreleased = t.unreleased(was); next.State != Shipped && !t.partial {
			next.State = Shipped
		}
		if next.Unreleased == "" && was != nil {
			next.Unreleased = was.Unreleased
		}
	case next.Kind == event.Cancelled && next.State != Shipped:
		next.State = Cancelled
	}
	return next, true
}

func firstOf(a, b event.Date) event.Date {
	if a == "" || b != "" && b < a {
		return b
	}
	return a
}

// unreleased says why the order should not have left on its day by the decision before; empty where it might.
func (t *taken) unreleased(was *Order) string {
	switch {
	case was == nil:
		return "no order with this number was ever screened"
	case was.State == Cancelled:
		return "the order was cancelled"
	case was.Outcome != event.Release:
		return fmt.Sprintf("its newest decision was %s", was.Outcome)
	case was.ValidUntil != "" && t.order.Left > was.ValidUntil:
		return fmt.Sprintf("its release was valid until %s", was.ValidUntil)
	}
	return ""
}
