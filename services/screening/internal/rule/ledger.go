package rule

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/tidegate/tidegate/schemas/event"
)

// LicenseFault is what is wrong with a license that an order names, for findings that it should answer.
type LicenseFault string

// The faults.
const (
	LicenseUnknown  LicenseFault = "unknown"  // no license with this number is registered
	LicenseExpired  LicenseFault = "expired"  // not valid on the date, or revoked
	LicenseParty    LicenseFault = "party"    // a party is not one of its parties
	LicenseItem     LicenseFault = "item"     // an item or a destination is none of its own
	LicenseOverdraw LicenseFault = "overdraw" // more is ordered than is left of it
)

// Faulty is a license with its fault, in words.
type Faulty struct {
	Number string
	Fault  LicenseFault
	Why    string
}

// SetFaulty tells the scene which licenses do not answer what they should; nil before that was looked at. Only then are
// rules asked that need license_fault.
func (s *Scene) SetFaulty(faulty []Faulty) {
	s.faulty = faulty
	clear(s.values)
	if s.needs &^= NeedLicenseFault; len(faulty) > 0 {
		s.needs |= NeedLicenseFault
	}
}

// State is what was read from the ledger; nil when nothing was.
func (s *Scene) State() *event.Read { return s.state }

// Totals lists the running totals that were read.
func (s *Scene) Totals() []event.Total {
	if s.state == nil {
		return nil
	}
	return s.state.Totals
}

// Destinations lists where the order's items go.
func (s *Scene) Destinations() []event.Country { return s.places }

// Read gives the scene what was read from the ledger.
func (s *Scene) Read(r *event.Read) {
	if s.state = r; r != nil && len(r.Stopped) > 0 {
		s.needs |= NeedStopped
	}
}

var ledgerWords = []variable{
	{"ledger.year_tpp", cel.DoubleType, 0, "TPP of class a released to the ultimate consignee or its group in the calendar year, with this order", total(event.TPPYear)},
	{"ledger.window_tpp", cel.DoubleType, 0, "TPP of class a ordered for it within 30 days, with this order", total(event.TPPWindow)},
	{"ledger.window_orders", cel.DoubleType, 0, "how many other orders that is", orders(event.TPPWindow)},
	{"ledger.most_tpp", cel.DoubleType, 0, "TPP of class a of its largest order released before; 0 when none was", func(s *Scene) ref.Val { return types.Double(s.totalOf(event.TPPMost).Sum.Float()) }},
	{"ledger.orders", cel.DoubleType, 0, "how many orders with items of class a were released to it before", orders(event.TPPMost)},
	{"order.shipped", cel.BoolType, 0, "the order, or a part of it, left", truth(func(s *Scene) bool { return s.cause.Kind == event.Shipped })},
	{"order.shipped_unreleased", cel.BoolType, 0, "it left while its newest decision was not release, or after the last day that was valid", truth((*Scene).unreleased)},
	{"license.unknown", cel.BoolType, 0, "a license that should answer a finding is not in the register", faulty(LicenseUnknown)},
	{"license.expired", cel.BoolType, 0, "one is not valid on the date, or revoked", faulty(LicenseExpired)},
	{"license.wrong_party", cel.BoolType, 0, "one is for other parties", faulty(LicenseParty)},
	{"license.wrong_item", cel.BoolType, 0, "one is for other items or destinations", faulty(LicenseItem)},
	{"license.overdrawn", cel.BoolType, 0, "of one, less is left than is ordered", faulty(LicenseOverdraw)},
}

var stoppedWords = []variable{
	{"party.stopped", cel.BoolType, perParty, "shares a contact or the sound of its name with a party that was stopped within a year under another name", truth(func(s *Scene) bool { _, ok := s.stoppedParty(); return ok })},
	{"party.stopped_listed", cel.BoolType, perParty, "the same, and that one was stopped as a listed party", truth(func(s *Scene) bool { p, ok := s.stoppedParty(); return ok && p.Listed })},
}

var ledgerTexts = map[string]word{
	"ledger.year_tpp":      {0, func(s *Scene) string { return s.sumText(event.TPPYear) }},
	"ledger.window_tpp":    {0, func(s *Scene) string { return s.sumText(event.TPPWindow) }},
	"ledger.window_orders": {0, func(s *Scene) string { return itoa(s.totalOf(event.TPPWindow).Orders) }},
	"ledger.most_tpp":      {0, func(s *Scene) string { return string(s.totalOf(event.TPPMost).Sum) }},
	"order.total_tpp":      {0, func(s *Scene) string { return s.sumText("") }},
	"order.consignee":      {0, (*Scene).consigneeName},
	"order.unreleased_why": {0, (*Scene).unreleasedWhy},
	"license.unknown_why":  faultsText(LicenseUnknown),
	"license.expired_why":  faultsText(LicenseExpired),
	"license.party_why":    faultsText(LicenseParty),
	"license.item_why":     faultsText(LicenseItem),
	"license.overdraw_why": faultsText(LicenseOverdraw),
	"party.stopped_by":     {perParty, func(s *Scene) string { p, _ := s.stoppedParty(); return sharedWords[p.By] }},
	"party.stopped_name":   {perParty, func(s *Scene) string { p, _ := s.stoppedParty(); return p.Name }},
	"party.stopped_order":  {perParty, func(s *Scene) string { p, _ := s.stoppedParty(); return p.Source + "/" + p.OrderID }},
	"party.stopped_date":   {perParty, func(s *Scene) string { p, _ := s.stoppedParty(); return string(p.Date) }},
	"party.stopped_rule":   {perParty, func(s *Scene) string { p, _ := s.stoppedParty(); return p.Rule }},
}

var sharedWords = map[string]string{
	"lei": "the LEI", "email": "the e-mail address", "phone": "the telephone number", "registration": "the registration number",
	"customer": "the customer number", "address": "the street address", "sound": "the sound of the name",
}

func init() { maps.Copy(texts, ledgerTexts) }

func faultsText(f LicenseFault) word {
	return word{0, func(s *Scene) string { return s.faultText(f) }}
}

// totalOf is the running total read for the scene's date; on another date, what was read for the latest: nobody knows what
// a later year brings. Nothing was counted where nothing was read.
func (s *Scene) totalOf(id string) event.Total {
	t := event.Total{Sum: "0"}
	if s.state == nil {
		return t
	}
	for _, o := range s.state.Totals {
		if o.ID != id {
			continue
		}
		if t = o; o.Date == s.date {
			break
		}
	}
	return t
}

func total(id string) func(*Scene) ref.Val {
	return func(s *Scene) ref.Val {
		own, ok := s.totalTPP().(types.Double)
		if !ok {
			return s.totalTPP()
		}
		return own + types.Double(s.totalOf(id).Sum.Float())
	}
}

func orders(id string) func(*Scene) ref.Val {
	return func(s *Scene) ref.Val { return types.Double(float64(s.totalOf(id).Orders)) }
}

func (s *Scene) sumText(id string) string {
	own, ok := s.totalTPP().(types.Double)
	if !ok {
		return ""
	}
	if id != "" {
		own += types.Double(s.totalOf(id).Sum.Float())
	}
	return strconv.FormatFloat(float64(own), 'f', -1, 64)
}

func (s *Scene) consigneeName() string {
	for _, role := range []event.Role{event.UltimateConsignee, event.EndUser, event.Purchaser} {
		if i := slices.IndexFunc(s.order.Parties, func(p event.Party) bool { return p.Role == role }); i >= 0 {
			return s.order.Parties[i].Name
		}
	}
	return ""
}

func (s *Scene) stoppedParty() (event.Stopped, bool) {
	if s.state == nil {
		return event.Stopped{}, false
	}
	var found event.Stopped
	ok := false
	for _, p := range s.state.Stopped {
		if p.Party == s.party && (!ok || p.Listed) {
			found, ok = p, true
		}
	}
	return found, ok
}

// unreleased says whether the order left while its newest decision forbade it. An order that the ledger has no decision
// of was released for good, or ingest knows no such order.
func (s *Scene) unreleased() bool { return s.unreleasedWhy() != "" }

func (s *Scene) unreleasedWhy() string {
	if s.cause.Kind != event.Shipped {
		return ""
	}
	var d *event.Decided
	if s.state != nil {
		d = s.state.Decided
	}
	switch {
	case d == nil && s.cause.Of == "":
		return "no order with this number was ever screened"
	case d == nil:
		return ""
	case d.Cancelled:
		return "the order was cancelled"
	case d.Outcome != event.Release:
		return fmt.Sprintf("its newest decision was %s", d.Outcome)
	case d.ValidUntil != "" && s.date > d.ValidUntil:
		return fmt.Sprintf("its release was valid until %s", d.ValidUntil)
	}
	return ""
}

func faulty(f LicenseFault) func(*Scene) ref.Val {
	return truth(func(s *Scene) bool { return s.faultText(f) != "" })
}

func (s *Scene) faultText(f LicenseFault) string {
	var text string
	for _, one := range s.faulty {
		if one.Fault != f {
			continue
		}
		if text != "" {
			text += "; "
		}
		text += "license " + one.Number + " " + one.Why
	}
	return text
}
