package ledger

import (
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
)

// license is a register entry with what was drawn from it.
type license struct {
	Event    string         `json:"event,omitempty"`
	Terms    event.Licensed `json:"terms"`
	Quantity Amount         `json:"quantity_drawn,omitempty"`
	Value    Amount         `json:"value_drawn,omitempty"`
}

// draw is what an order takes from a license.
type draw struct {
	License  string `json:"license"`
	Quantity Amount `json:"quantity,omitempty"`
	Value    Amount `json:"value,omitempty"`
}

// register enters a license. One with the same number replaces the one before; what was drawn stays drawn.
func (l *Ledger) register(c *event.Cause) {
	number := strings.Clone(c.License.Number)
	lic := l.licenses[number]
	if lic == nil {
		lic = new(license)
		l.licenses[number] = lic
	}
	lic.Event, lic.Terms = strings.Clone(c.Event), cloneLicense(*c.License)
}

// draws is what the order takes from the licenses that answer its findings: of each item that a finding of the license
// is about, once.
func draws(o *event.Order, j *event.Judgement) []draw {
	var out []draw
	drawn := map[string][]bool{}
	for i := range j.Findings {
		f := &j.Findings[i]
		if f.AnsweredBy == nil || f.AnsweredBy.Kind != "license" {
			continue
		}
		items := drawn[f.AnsweredBy.ID]
		if items == nil {
			items = make([]bool, len(o.Items))
			drawn[f.AnsweredBy.ID] = items
			out = append(out, draw{License: strings.Clone(f.AnsweredBy.ID)})
		}
		d := &out[slices.IndexFunc(out, func(d draw) bool { return d.License == f.AnsweredBy.ID })]
		for k := range o.Items {
			if items[k] || f.Item != nil && *f.Item != k {
				continue
			}
			items[k] = true
			d.Quantity, d.Value = d.Quantity.plus(exact(o.Items[k].Quantity)), d.Value.plus(exact(o.Items[k].Value))
		}
	}
	return out
}

// held is a license as a judgement reads it: what is left is what this order may take, its own earlier draw included.
func (l *Ledger) held(number string, own *order) event.Held {
	h := event.Held{Number: strings.Clone(number)}
	lic := l.licenses[number]
	if lic == nil || lic.Event == "" {
		return h
	}
	terms := lic.Terms
	h.Event, h.License = lic.Event, &terms
	quantity, value := lic.Quantity, lic.Value
	if own != nil {
		for _, d := range own.Draws {
			if d.License == number {
				quantity, value = quantity-d.Quantity, value-d.Value
			}
		}
	}
	if terms.Quantity != "" {
		h.Quantity = max(exact(terms.Quantity)-quantity, 0).decimal()
	}
	if terms.Value != "" {
		h.Value = max(exact(terms.Value)-value, 0).decimal()
	}
	return h
}

// Registered is a license of the register with what was drawn.
type Registered struct {
	Event    string         `json:"event"`
	License  event.Licensed `json:"license"`
	Quantity event.Decimal  `json:"quantity_drawn"`
	Value    event.Decimal  `json:"value_drawn"`
}

// Licenses lists the register, by number.
func (l *Ledger) Licenses() []Registered {
	var out []Registered
	for _, lic := range l.licenses {
		if lic.Event != "" {
			out = append(out, Registered{lic.Event, lic.Terms, lic.Quantity.decimal(), lic.Value.decimal()})
		}
	}
	slices.SortFunc(out, func(a, b Registered) int { return strings.Compare(a.License.Number, b.License.Number) })
	return out
}

func cloneLicense(t event.Licensed) event.Licensed {
	each := func(s []string) []string {
		out := slices.Clone(s)
		for i := range out {
			out[i] = strings.Clone(out[i])
		}
		return out
	}
	t.Number, t.Kind, t.Issuer, t.Currency = strings.Clone(t.Number), strings.Clone(t.Kind), strings.Clone(t.Issuer), strings.Clone(t.Currency)
	t.Parties, t.Countries, t.ECCNs, t.Parts = each(t.Parties), each(t.Countries), each(t.ECCNs), each(t.Parts)
	t.Rules, t.Conditions = each(t.Rules), each(t.Conditions)
	t.Quantity, t.Value = event.Decimal(strings.Clone(string(t.Quantity))), event.Decimal(strings.Clone(string(t.Value)))
	t.From, t.Until = event.Date(strings.Clone(string(t.From))), event.Date(strings.Clone(string(t.Until)))
	return t
}

func clone(d event.Disposed) event.Disposed {
	d.By, d.Role, d.Second, d.Reason, d.Decision = strings.Clone(d.By), strings.Clone(d.Role), strings.Clone(d.Second), strings.Clone(d.Reason), strings.Clone(d.Decision)
	d.Outcome, d.Until = event.Outcome(strings.Clone(string(d.Outcome))), event.Date(strings.Clone(string(d.Until)))
	d.Findings = slices.Clone(d.Findings)
	for i := range d.Findings {
		f := &d.Findings[i]
		f.Rule, f.Entry = strings.Clone(f.Rule), strings.Clone(f.Entry)
		f.Party, f.Item = copied(f.Party), copied(f.Item)
	}
	return d
}

func copied(i *int) *int {
	if i == nil {
		return nil
	}
	n := *i
	return &n
}
