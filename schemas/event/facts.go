package event

// Facts is the second line of a case: what enrichment found, a function of the order and the snapshot alone. No
// judgement, and nothing that depends on the date the order is judged for: what is dated carries its span, so
// that screening can judge for any date from the same facts.
type Facts struct {
	Line     string       `json:"line"` // "facts"
	V        int          `json:"v"`    // 1
	Prev     string       `json:"prev"` // SHA-256 of the order line, lower-case hex
	Snapshot string       `json:"snapshot"`
	Lists    []ListSeen   `json:"lists,omitempty"`  // the imported lists that were consulted beside the curated set, sorted; none where only that was
	Matcher  string       `json:"matcher"`          // version of the matcher and its weights
	Parties  []PartyFacts `json:"parties"`          // one per party of the order, in its order
	Items    []ItemFacts  `json:"items"`            // one per item of the order, in its order
	Places   []Place      `json:"places"`           // every country named by the order or a fact, sorted by code
	Failed   string       `json:"failed,omitempty"` // why enrichment could not state facts (a poison order); screening holds it

	Masters   string         `json:"masters,omitempty"`   // digest of the company's own masters and ownership data that were consulted; none where there are none
	Filled    *Filled        `json:"filled,omitempty"`    // where the masters filled something: what the other facts are about and screening judges
	Disagrees []Disagreement `json:"disagrees,omitempty"` // where order and masters say different things; the order's own word counts
}

// Filled is the order with what it does not say and the masters know.
type Filled struct {
	Order Order        `json:"order"` // the order as filled; its parties and items stand in the order's own order
	From  []FilledFrom `json:"from"`  // every member that was filled, sorted by pointer
}

// FilledFrom names a member that was filled and where its value comes from.
type FilledFrom struct {
	Pointer string `json:"pointer"` // JSON pointer (RFC 6901) into the order as filled
	Source  string `json:"source"`  // "partner master: customer C-1007", "item master: SKU 4711"
}

// Disagreement is a member that the order states otherwise than the masters.
type Disagreement struct {
	Pointer string `json:"pointer"` // JSON pointer into the order
	Stated  string `json:"stated"`
	Master  string `json:"master"`
	Source  string `json:"source"`
}

// Judged is the order that the facts are about: as filled, else as the cause carries it.
func (f *Facts) Judged(c *Cause) *Order {
	if f.Filled != nil {
		return &f.Filled.Order
	}
	return c.Order
}

// ListSeen is an imported list that was consulted, with the day it was published and what it lacks.
type ListSeen struct {
	List    string   `json:"list"`
	Feed    string   `json:"feed"` // where the editions come from: csl, ofac, bis …
	Version Date     `json:"version"`
	Rows    int      `json:"rows"`
	Gaps    []string `json:"gaps,omitempty"`
}

// PartyFacts is what is known of one party.
type PartyFacts struct {
	Country      Country      `json:"country,omitempty"` // where it is located: its address, else the name's own evidence
	Headquarters Known        `json:"headquarters"`      // country of its headquarters
	Parent       Known        `json:"ultimate_parent"`   // country where its ultimate parent is headquartered
	Matches      []Match      `json:"matches,omitempty"` // listed parties it may be, best first; scores at or above the matcher's floor
	Owners       []ListedHold `json:"listed_owners,omitempty"`
	Stakes       []Stake      `json:"stakes,omitempty"`         // the ownership between listed owners and the party, where it is more than direct stakes that the order states
	StakesCut    bool         `json:"stakes_cut,omitempty"`     // there are more owners than were followed: more may be held
	SharedWith   []Match      `json:"shared_address,omitempty"` // listed parties at the same address (Method address_room or address_building)
	Considered   int          `json:"considered"`               // entries compared before the floor
}

// Known is a country with the evidence for it. An empty Country is unknown.
type Known struct {
	Country  Country `json:"country,omitempty"`
	How      string  `json:"how,omitempty"`      // stated, stated_none, listed_entry, master, registry, registry_none, person
	Evidence string  `json:"evidence,omitempty"` // the string it rests on
}

// Match is a listed entry that a name or address of the order resembles. A score is a fact; what counts as a hit is
// the pack's threshold.
type Match struct {
	List      string     `json:"list"`                      // EL, MEU, MIEU, UVL, DPL, SDN, CMIC, 1260H
	Entry     string     `json:"entry"`                     // stable id of the entry in the snapshot
	Name      string     `json:"name"`                      // the entry's primary name
	Country   Country    `json:"country,omitempty"`         // the entry's country
	Queried   string     `json:"queried"`                   // the order's string
	Matched   string     `json:"matched"`                   // the list's string it was compared with
	Field     string     `json:"field"`                     // name, alias, identifier, director, contact, parent, owner, payer, address
	Method    string     `json:"method"`                    // exact, normalized, reordered, one_edit, alike, identifier, address_room, address_building
	Alias     bool       `json:"alias,omitempty"`           // Matched is an alias of the entry, not its primary name
	Weak      bool       `json:"weak_alias,omitempty"`      // the list itself calls the alias weak
	Confirmed []string   `json:"confirmed_by,omitempty"`    // identifiers and dates of birth of the order that stand in the row, too
	Contrary  []string   `json:"contradicted_by,omitempty"` // those that the row has otherwise
	Score     Milli      `json:"score"`                     // 0.000 to 1.000
	Countries string     `json:"countries,omitempty"`       // same, different, unknown: the party's country against the entry's
	Footnotes []Footnote `json:"footnotes,omitempty"`       // Entity List footnotes, each with the dates it binds, by number
	Policy    string     `json:"policy,omitempty"`          // license review policy as the row states it: PoD, denial, CBC …
	Scope     string     `json:"scope,omitempty"`           // what items the row covers: all, ccl (address-only rows)
	Citation  string     `json:"citation"`
	Certainty string     `json:"certainty"` // C, R, D, M, ? as in the sources' confidence tags
	Listed    []Span     `json:"listed"`    // when the entry is in force
	Notes     []string   `json:"notes,omitempty"`
}

// Footnote is an Entity List footnote (Supplement 4 to part 744) that a row carries, and when: one may come years after
// the listing, as footnote 4 did on 2022-10-21 and footnote 5 on 2024-12-02.
type Footnote struct {
	Number int `json:"footnote"` // 1 to 5
	Span
}

// ListedHold is a listed party that holds a stake in the party. One that stands as a holder in the party's Stakes holds
// what follows from them, by every way they make; any other holds Percent directly.
type ListedHold struct {
	Owner   string  `json:"owner"`
	Percent Decimal `json:"percent,omitempty"` // of a direct stake that the order states; unknown when empty
	Held    Span    `json:"held"`
	Match   Match   `json:"match"`
}

// Stake is what one party holds of another, as one source says, in percent of the whole. Where the source gives no number
// it is 0 to what others leave.
type Stake struct {
	Holder  string  `json:"holder"`
	Held    string  `json:"of"` // whose owner it is: a holder of another stake, or the party by the name the order gives it
	AtLeast Decimal `json:"at_least"`
	AtMost  Decimal `json:"at_most"`
	Span
	Source string `json:"source"` // order, "GLEIF 2026-11-20", "BODS share-register.json" …
}

// ItemFacts is what is known of one item.
type ItemFacts struct {
	Class      string   `json:"class"`               // 2023-11-17 form of 3A090 and 4A090, with .z: a, b, c, none, unknown
	Class2022  string   `json:"class_2022"`          // 2022-10-21 form: controlled, none, unknown
	How        string   `json:"how"`                 // eccn, catalog, numbers, contains, goods (ordinary goods by HTS or description), unknown
	Missing    []string `json:"missing,omitempty"`   // facts that would settle an unknown class: "tpp", "die_area_mm2", "datacenter", "eccn"
	ECCN       string   `json:"eccn,omitempty"`      // normalized: upper case, no spaces; stated or from the catalog
	ECCNHow    string   `json:"eccn_how,omitempty"`  // stated, catalog
	Disagrees  string   `json:"disagrees,omitempty"` // where stated ECCN and numbers part: a sentence
	Catalog    string   `json:"catalog,omitempty"`   // catalog id of the chip or system recognized: "nvidia-h100-sxm"
	Matched    string   `json:"matched,omitempty"`   // the order's string it was recognized by
	TPP        Decimal  `json:"tpp,omitempty"`       // of one IC or package
	Density    Decimal  `json:"performance_density,omitempty"`
	Bandwidth  Decimal  `json:"memory_bandwidth_gbps,omitempty"`
	HBMDens    Decimal  `json:"hbm_bandwidth_density,omitempty"` // GB/s per mm²
	TotalTPP   Decimal  `json:"total_tpp,omitempty"`             // TPP × chips × quantity
	DC         string   `json:"datacenter"`                      // yes, no, unknown: designed or marketed for data centers
	Subject    string   `json:"subject_to_ear"`                  // yes, no, unknown (15 CFR 734.3)
	SubjectHow string   `json:"subject_how,omitempty"`           // why it is subject: from_us, us_origin, us_content, direct_product (that alone), us_design, us_vendor; why it is not: de_minimis
	DesignHQ   Country  `json:"designer_headquarters,omitempty"`
	PRCChip    string   `json:"prc_chip,omitempty"`  // advanced chip designed by a firm in D:5, by name: "Ascend 910B"
	Letter     string   `json:"letter,omitempty"`    // named in an is-informed letter: A100, H100, MI250, H20, MI308
	Certainty  string   `json:"certainty,omitempty"` // of the catalog row
	Source     string   `json:"source,omitempty"`    // of the catalog row
}

// Place is a country with its dated membership in the EAR's Country Groups (Supplement 1 to part 740) and the AI
// Diffusion tier (Supplement 5). Hong Kong is listed under its own code with China's groups from 2020-12-23.
type Place struct {
	Country Country `json:"country"`
	Groups  []Group `json:"groups,omitempty"` // sorted by group, then by date
}

// Group is one dated membership.
type Group struct {
	Group string `json:"group"` // A:1 A:5 A:6 D:1 D:4 D:5 E:1 E:2 S5A (Supplement 5(a) to part 740)
	Span
}
