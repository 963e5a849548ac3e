package master

import (
	"cmp"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/owner"
)

// IDs are what registers may know a party by, the surest first. Its name is none of them.
func (s *Set) IDs(p *event.Party) []string {
	out := make([]string, 0, 4)
	if p.LEI != "" {
		out = append(out, "lei:"+p.LEI)
	}
	if p.GLN != "" {
		out = append(out, "gln:"+p.GLN)
	}
	if p.Customer != "" {
		out = append(out, "customer:"+strings.ToUpper(strings.TrimSpace(p.Customer)))
	}
	if p.Registration != "" && p.Address != nil && p.Address.Country != "" {
		out = append(out, RegistrationID(p.Address.Country, p.Registration))
	}
	return out
}

// OwnersOf gives the stakes in a firm, as package owner asks for them.
func (s *Set) OwnersOf(id string) []owner.Stake {
	f, ok := s.Firm(id)
	if !ok {
		return nil
	}
	out := make([]owner.Stake, 0, len(f.Held))
	for _, h := range f.Held {
		n := owner.Node{ID: h.By}
		if by, ok := s.Firm(h.By); ok {
			n = owner.Node{ID: by.ID, Name: by.Name, Also: by.Also, Country: by.Country, Person: by.Person}
		}
		out = append(out, owner.Stake{Holder: n, AtLeast: h.Least, AtMost: h.Most, Span: h.Span, Source: h.Source})
	}
	return out
}

// ByName finds a firm by its name and country, as package owner asks for it.
func (s *Set) ByName(name string, c event.Country) (string, bool) { return s.FirmOf(name, c) }

// Seat is what a register says of where a party and its ultimate parent have their headquarters. Only identifiers lead
// to it: what a name alone suggests must not release anything.
func (s *Set) Seat(p *event.Party) (hq, parent event.Known) {
	for _, id := range s.IDs(p) {
		f, ok := s.Firm(id)
		if !ok {
			continue
		}
		if hq.Country == "" && f.HQ != "" {
			hq = event.Known{Country: f.HQ, How: "registry", Evidence: f.Source + ": " + id}
		}
		if parent.How == "" {
			parent = s.parentOf(&f, id)
		}
	}
	return hq, parent
}

// parentOf goes up to the last ultimate parent that the register knows.
func (s *Set) parentOf(f *Firm, id string) event.Known {
	at := *f
	for range 16 { // a circle ends here
		if at.Parent == "" {
			break
		}
		up, ok := s.Firm(at.Parent)
		if !ok {
			return event.Known{}
		}
		at = up
	}
	switch {
	case at.Parent != "":
		return event.Known{}
	case at.ID != f.ID && at.HQ != "":
		return event.Known{Country: at.HQ, How: "registry", Evidence: f.Source + ": " + cmp.Or(at.Name, at.ID) + " (" + at.ID + ")"}
	case at.ID == f.ID && f.Alone != "" && f.HQ != "":
		return event.Known{Country: f.HQ, How: "registry_none", Evidence: f.Source + ": " + id + " reports " + f.Alone}
	}
	return event.Known{}
}
