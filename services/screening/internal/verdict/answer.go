package verdict

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening/internal/ledger"
	"github.com/tidegate/tidegate/services/screening/internal/pack"
	"github.com/tidegate/tidegate/services/screening/internal/rule"
)

// answers says of each finding what answers it on the scene's date: a license exception or a license that the order
// relies on, then what a person found. An answer covers findings, never the order. Licenses that do not cover what they
// are named for become findings themselves.
func answers(p *pack.Pack, s *rule.Scene, c *event.Cause, f *event.Facts, read *event.Read, all []found) []found {
	o := f.Judged(c)
	if len(o.Declared) == 0 && (read == nil || len(read.Dispositions) == 0) {
		return all
	}
	for i := range all {
		byException(o, s.Date(), &all[i])
	}
	if read == nil {
		return all
	}
	var faulty []rule.Faulty
	for i := range read.Licenses {
		faulty = append(faulty, byLicense(o, f, &read.Licenses[i], s, all)...)
	}
	dispose(p, read, s.Date(), all)
	if faulty = stillWanted(faulty, all); faulty == nil {
		return all
	}
	s.SetFaulty(faulty)
	says := askOnly(licenseRules(p), s)
	more := settle(says, s, c)
	s.SetFaulty(nil)
	dispose(p, read, s.Date(), more)
	return append(all, more...)
}

// byException answers a finding by a license exception that the order declares and that applies.
func byException(o *event.Order, d event.Date, f *found) {
	for _, t := range f.Tried {
		if f.answered != nil || !t.Applies {
			continue
		}
		declared := slices.ContainsFunc(o.Declared, func(a event.Authority) bool {
			return a.Kind == "exception" && strings.EqualFold(a.Code, t.Code) && a.Holds(d)
		})
		if declared {
			f.answered = &event.AnsweredBy{Kind: "exception", ID: t.Code, Why: "declared, and it applies: " + t.Why}
		}
	}
}

// meantFor says whether a license is there to answer the finding: of the rules it names, else of every rule that asks for
// a license, open questions included.
func meantFor(l *event.Licensed, f *found) bool {
	if f.outcome == event.Release || f.answered != nil {
		return false
	}
	if l == nil || l.Rules == nil {
		return f.Rule.Outcome == string(event.NeedsLic)
	}
	return slices.Contains(l.Rules, f.Rule.ID)
}

// byLicense answers what a license covers, and says why it does not cover the rest that it is meant for.
func byLicense(o *event.Order, f *event.Facts, h *event.Held, s *rule.Scene, all []found) []rule.Faulty {
	code := "license " + h.Number
	var meant []int
	for i := range all {
		if meantFor(h.License, &all[i]) {
			meant = append(meant, i)
		}
	}
	var faults []rule.Faulty
	fail := func(fault rule.LicenseFault, why string, which ...int) {
		faults = append(faults, rule.Faulty{Number: h.Number, Fault: fault, Why: why})
		for _, i := range which {
			all[i].Tried = append(slices.Clip(all[i].Tried), event.Tried{Code: code, Why: why})
		}
	}
	if len(meant) == 0 {
		return nil
	}
	if fault, why := general(o, h, s); why != "" {
		fail(fault, why, meant...)
		return faults
	}
	var covered []int
	items := make([]bool, len(o.Items))
	for _, i := range meant {
		if why := uncovered(o, f, h.License, all[i].Item); why != "" {
			fail(rule.LicenseItem, why, i)
			continue
		}
		covered = append(covered, i)
		for k := range items {
			items[k] = items[k] || all[i].Item < 0 || all[i].Item == k
		}
	}
	if len(covered) == 0 {
		return faults
	}
	why, over := left(o, h, items)
	if over {
		fail(rule.LicenseOverdraw, why, covered...)
		return faults
	}
	for _, i := range covered {
		all[i].answered = &event.AnsweredBy{Kind: "license", ID: h.Number, Why: why}
	}
	return faults
}

// general is what is wrong with a license whatever the finding: it is not there, not valid, or for others.
func general(o *event.Order, h *event.Held, s *rule.Scene) (rule.LicenseFault, string) {
	l := h.License
	switch {
	case l == nil:
		return rule.LicenseUnknown, "is not in the register"
	case l.Revoked:
		return rule.LicenseExpired, "was revoked"
	case !l.Holds(s.Date()):
		return rule.LicenseExpired, fmt.Sprintf("is valid %s, not on %s", spanText(l.Span), s.Date())
	}
	for _, p := range o.Parties {
		if len(l.Parties) > 0 && slices.Contains(consignees, p.Role) && !named(l.Parties, &p) {
			return rule.LicenseParty, fmt.Sprintf("is for %s; %s (%s) is none of them", strings.Join(l.Parties, ", "), p.Name, strings.ReplaceAll(string(p.Role), "_", " "))
		}
	}
	for _, d := range s.Destinations() {
		if len(l.Countries) > 0 && !slices.Contains(l.Countries, string(d)) {
			return rule.LicenseItem, fmt.Sprintf("is for %s, not for %s", strings.Join(l.Countries, ", "), d)
		}
	}
	return "", ""
}

// consignees are the roles that a license names (15 CFR 748.5 (c) to (f)).
var consignees = []event.Role{event.Purchaser, event.IntermediateConsignee, event.UltimateConsignee, event.EndUser}

func named(parties []string, p *event.Party) bool {
	return slices.ContainsFunc(parties, func(name string) bool {
		return ledger.Fold(name) == ledger.Fold(p.Name) || p.LEI != "" && strings.EqualFold(name, p.LEI)
	})
}

func spanText(s event.Span) string {
	switch {
	case s.From == "" && s.Until == "":
		return "always"
	case s.Until == "":
		return "from " + string(s.From)
	case s.From == "":
		return "until " + string(s.Until)
	}
	return fmt.Sprintf("from %s to %s", s.From, s.Until)
}

// uncovered says why the license is not for an item, or for one of all where item is negative; empty when it is.
func uncovered(o *event.Order, f *event.Facts, l *event.Licensed, item int) string {
	if len(l.ECCNs) == 0 && len(l.Parts) == 0 {
		return ""
	}
	for k := range o.Items {
		it, eccn := &o.Items[k], f.Items[k].ECCN
		byECCN := eccn != "" && slices.ContainsFunc(l.ECCNs, func(e string) bool { return strings.EqualFold(e, eccn) })
		byPart := slices.ContainsFunc(l.Parts, func(p string) bool {
			return p != "" && (ledger.Fold(p) == ledger.Fold(it.PartNumber) || ledger.Fold(p) == ledger.Fold(it.SKU) || p == f.Items[k].Catalog)
		})
		if (item < 0 || item == k) && !byECCN && !byPart {
			return fmt.Sprintf("is for %s, not for item %d (%s)", strings.Join(append(slices.Clone(l.ECCNs), l.Parts...), ", "), k+1, itemName(it, eccn))
		}
	}
	return ""
}

func itemName(it *event.Item, eccn string) string {
	name := it.PartNumber
	if name == "" {
		name = it.Description
	}
	if eccn != "" {
		name += ", " + eccn
	}
	return name
}

// left says whether more is ordered of the items than the license has left, or what it has.
func left(o *event.Order, h *event.Held, items []bool) (why string, over bool) {
	var pieces, value ledger.Amount
	for k, in := range items {
		if !in {
			continue
		}
		it := &o.Items[k]
		switch {
		case h.Quantity != "" && it.Quantity == "":
			return fmt.Sprintf("has %s pieces left; item %d does not say how many it takes", h.Quantity, k+1), true
		case h.Value != "" && it.Value == "":
			return fmt.Sprintf("has %s %s left; item %d does not say what it is worth", h.Value, h.License.Currency, k+1), true
		case h.Value != "" && it.Currency != h.License.Currency:
			return fmt.Sprintf("has %s %s left; item %d is in %s", h.Value, h.License.Currency, k+1, it.Currency), true
		}
		pieces, value = pieces.Plus(it.Quantity), value.Plus(it.Value)
	}
	switch {
	case h.Quantity != "" && pieces.Exceeds(h.Quantity):
		return fmt.Sprintf("has %s pieces left; the order takes %s", h.Quantity, pieces), true
	case h.Value != "" && value.Exceeds(h.Value):
		return fmt.Sprintf("has %s %s left; the order takes %s", h.Value, h.License.Currency, value), true
	}
	why = "valid " + spanText(h.License.Span)
	if h.Quantity != "" {
		why += fmt.Sprintf("; %s of the %s pieces left", pieces, h.Quantity)
	}
	if h.Value != "" {
		why += fmt.Sprintf("; %s of the %s %s left", value, h.Value, h.License.Currency)
	}
	return why, false
}

// stillWanted keeps the faults of licenses while a finding that they were named for stands.
func stillWanted(faulty []rule.Faulty, all []found) []rule.Faulty {
	return slices.DeleteFunc(faulty, func(f rule.Faulty) bool {
		return !slices.ContainsFunc(all, func(one found) bool {
			return one.answered == nil && slices.ContainsFunc(one.Tried, func(t event.Tried) bool {
				return t.Code == "license "+f.Number && t.Why == f.Why
			})
		})
	})
}

// licenseRules lists the pack's rules about licenses that do not cover what they are named for.
func licenseRules(p *pack.Pack) []*rule.Rule {
	var out []*rule.Rule
	for _, r := range p.Rules {
		if r.Need()&rule.NeedLicenseFault != 0 && r.Applies(p.Parameters) {
			out = append(out, r)
		}
	}
	return out
}

// dispose applies what persons found. The newest disposition that names a finding, is in force and suffices by the pack
// decides about it.
func dispose(p *pack.Pack, read *event.Read, d event.Date, all []found) {
	for i := range all {
		f := &all[i]
		if f.outcome == event.Release || f.answered != nil {
			continue
		}
		for k := len(read.Dispositions) - 1; k >= 0; k-- {
			by := &read.Dispositions[k]
			if !names(by, f) {
				continue
			}
			if why := insufficient(p, by, f, d); why != "" {
				f.Tried = append(slices.Clip(f.Tried), event.Tried{Code: "disposition " + by.Event, Why: why})
				continue
			}
			if by.Outcome == event.Block {
				f.outcome = event.Block
				f.Text += fmt.Sprintf(" Confirmed by %s: %s", persons(by), by.Reason)
			} else {
				f.answered = &event.AnsweredBy{Kind: "disposition", ID: by.Event, By: persons(by), Why: by.Reason}
			}
			break
		}
	}
}

func insufficient(p *pack.Pack, by *event.Standing, f *found, d event.Date) string {
	if by.Until != "" && d > by.Until {
		return fmt.Sprintf("it counted until %s", by.Until)
	}
	if by.Outcome == event.Block {
		return ""
	}
	return p.Disposing(f.Rule.ID, f.outcome).Refuses(&by.Disposed)
}

// names says whether a disposition names the finding.
func names(by *event.Standing, f *found) bool {
	return slices.ContainsFunc(by.Findings, func(a event.Answered) bool {
		return a.Rule == f.Rule.ID && (a.Party == nil || *a.Party == f.Party) && (a.Item == nil || *a.Item == f.Item) && (a.Entry == "" || a.Entry == f.Entry)
	})
}

func persons(by *event.Standing) string {
	if by.Second == "" {
		return fmt.Sprintf("%s (%s)", by.By, by.Role)
	}
	return fmt.Sprintf("%s (%s) and %s", by.By, by.Role, by.Second)
}
