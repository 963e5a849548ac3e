package snapshot

import (
	"fmt"
	"slices"

	"github.com/tidegate/tidegate/schemas/event"
)

// Lists are the official lists an entry may stand on: Entity List (Supplement 4 to part 744), Military End User List
// (Supplement 7), the military-intelligence end users that 744.22(f)(2) names (MIEU), Unverified List (Supplement 6), Denied Persons List (part 764), OFAC's SDN and NS-CMIC lists, and
// the Department of Defense's section 1260H list.
var Lists = []string{"EL", "MEU", "MIEU", "UVL", "DPL", "SDN", "CMIC", "1260H"}

// Others are lists that can be imported and that the shipped rule pack has no rule for: OFAC's sectoral, menu-based,
// CAPTA, Palestinian Legislative Council and evaders lists; the State Department's nonproliferation sanctions and ITAR
// debarments; the UN, EU and UK lists; Japan's Foreign End User List; and a company's own list.
var Others = []string{"SSI", "MBS", "CAP", "PLC", "FSE", "ISN", "DTC", "UN", "EU", "UK", "METI", "OWN"}

// Entry is one row of an official list, as the law prints it, with the dates it is in force.
type Entry struct {
	ID          string           `json:"id"`
	List        string           `json:"list"`
	Name        string           `json:"name"`
	Aliases     []string         `json:"aliases,omitempty"`      // as the row has them
	Also        []string         `json:"also,omitempty"`         // spellings the row does not have: brands, Chinese characters
	Person      bool             `json:"person,omitempty"`       // a natural person
	AddressOnly bool             `json:"address_only,omitempty"` // the row lists an address, whoever sits there
	Country     event.Country    `json:"country"`
	Countries   []event.Country  `json:"countries,omitempty"` // further countries the row has addresses in
	Parent      event.Country    `json:"parent,omitempty"`    // headquarters of its ultimate parent, where known and elsewhere
	Addresses   []string         `json:"addresses,omitempty"`
	Footnotes   []event.Footnote `json:"footnotes,omitempty"`
	Policy      string           `json:"policy,omitempty"` // PoD, denial, CBC, 744.23(d), prohibited …
	Scope       string           `json:"scope"`            // all, ccl, 744-supp2, securities
	Citation    string           `json:"citation"`
	Certainty   string           `json:"certainty"`
	Listed      []event.Span     `json:"listed"`
	Notes       []string         `json:"notes,omitempty"`

	Kind        string   `json:"kind,omitempty"`         // vessel or aircraft; persons have Person, everything else is an entity
	Weak        []string `json:"weak_aliases,omitempty"` // aliases the list itself calls weak or of low quality
	Requirement string   `json:"requirement,omitempty"`  // the row's license requirement, as printed
	PolicyText  string   `json:"policy_text,omitempty"`  // the row's license review policy, as printed
	Programs    []string `json:"programs,omitempty"`
	Born        []string `json:"born,omitempty"` // dates of birth as printed
	IDs         []string `json:"ids,omitempty"`  // passports, registrations, ship numbers, as printed
}

// LocatedIn says whether the row puts the entry in c. Hong Kong counts as China (85 FR 83765).
func (e *Entry) LocatedIn(c event.Country) bool {
	if Mainland(e.Country) == Mainland(c) {
		return true
	}
	return slices.ContainsFunc(e.Countries, func(o event.Country) bool { return Mainland(o) == Mainland(c) })
}

// Mainland gives CN for HK and every other country unchanged.
func Mainland(c event.Country) event.Country {
	if c == "HK" {
		return "CN"
	}
	return c
}

func (e *Entry) check() []string {
	var f []string
	switch {
	case e.ID == "":
		f = append(f, "id is missing")
	case !slices.Contains(Lists, e.List):
		f = append(f, fmt.Sprintf("list %q does not exist", e.List))
	case e.Name == "":
		f = append(f, "name is missing")
	case e.Scope == "":
		f = append(f, "scope is missing")
	case e.Citation == "":
		f = append(f, "citation is missing")
	case len(e.Listed) == 0:
		f = append(f, "listed is missing")
	case e.AddressOnly && len(e.Addresses) == 0:
		f = append(f, "an address-only entry needs addresses")
	}
	f = append(f, checkCountry("country", e.Country)...)
	for _, c := range e.Countries {
		f = append(f, checkCountry("countries", c)...)
	}
	if e.Parent != "" {
		f = append(f, checkCountry("parent", e.Parent)...)
	}
	for _, s := range e.Listed {
		f = append(f, checkSpan("listed", s)...)
	}
	for _, n := range e.Footnotes {
		f = append(f, checkFootnote(n)...)
	}
	return append(f, checkCertainty(e.Certainty)...)
}

func checkFootnote(n event.Footnote) []string {
	if n.Number < 1 || n.Number > 5 {
		return []string{fmt.Sprintf("footnote %d does not exist", n.Number)}
	}
	if n.From == "" {
		return []string{"a footnote needs the date it came from"}
	}
	return checkSpan("footnote", n.Span)
}
