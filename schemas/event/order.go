package event

// Order is what a seller asks to ship, in the one normal form: everything the EAR's questions need (15 CFR 732.3 to
// 732.5, 30.6, 758.1; Supplement 3 to part 732). Only Parties and Items must be given, and
// of one that was cancelled or shipped only its ID. What is not given stays unknown; it is never read as "no".
type Order struct {
	Tenant    string `json:"tenant,omitempty"`     // whose order stream; "default" when not given
	Source    string `json:"source,omitempty"`     // the system the order comes from; "default" when not given
	ID        string `json:"id,omitempty"`         // the source's own order number; from the content's digest when not given
	Revision  int    `json:"revision,omitempty"`   // 0 for the first; a higher revision replaces the one before
	Event     Kind   `json:"event,omitempty"`      // what happened: placed (or revised, with a revision) when not given, cancelled, shipped
	OrderDate Date   `json:"order_date,omitempty"` // civil date; the received date when not given
	ShipDate  Date   `json:"expected_ship_date,omitempty"`

	Shipment *Shipment `json:"shipment,omitempty"` // of one that shipped: when it left; on expected_ship_date when not given

	Parties []Party `json:"parties,omitempty"`
	Items   []Item  `json:"items,omitempty"`

	Transaction Transaction `json:"transaction,omitempty"`
	ShipFrom    Country     `json:"ship_from,omitempty"`        // country of shipment start
	ShipTo      Country     `json:"ship_to,omitempty"`          // country of ultimate destination; the ultimate consignee's when not given
	ReleaseTo   Country     `json:"release_to,omitempty"`       // where technology, software or compute time is released or used
	Route       []Country   `json:"route,omitempty"`            // countries passed on the way, in order
	RouteLate   *bool       `json:"route_changed,omitempty"`    // route, consignee or address changed late
	Incoterm    string      `json:"incoterm,omitempty"`         // ICC Incoterms code
	Payment     *Payment    `json:"payment,omitempty"`          // who pays, from where
	EndUse      *EndUse     `json:"end_use,omitempty"`          // what for, where
	Certs       []Cert      `json:"certifications,omitempty"`   // statements and certificates with their dates
	Answers     []Answer    `json:"red_flag_answers,omitempty"` // what was asked and answered about red flags
	Declared    []Authority `json:"declared,omitempty"`         // licenses and license exceptions the sender relies on
}

// Country is an ISO 3166-1 alpha-2 code in capitals, or XK. Hong Kong is HK and Macau MO on an order; what law makes
// of them is a fact.
type Country string

// Transaction is the kind of transaction (15 CFR 734.13, 734.14, 734.16 and the industry's two).
type Transaction string

// The kinds of transaction.
const (
	Export    Transaction = "export"     // out of the United States; the default
	Reexport  Transaction = "reexport"   // from one foreign country to another
	InCountry Transaction = "in_country" // transfer within a foreign country
	Cloud     Transaction = "cloud"      // compute time, infrastructure as a service
	Foundry   Transaction = "foundry"    // wafer starts, packaging: the seller makes what the buyer designed
	Servicing Transaction = "servicing"  // repair, installation, support of an item delivered before
)

// Role is the part a party plays (15 CFR 748.5 and Supplement 3 to part 732).
type Role string

// The EAR's roles, and those that red flags ask about.
const (
	Purchaser             Role = "purchaser"
	IntermediateConsignee Role = "intermediate_consignee"
	UltimateConsignee     Role = "ultimate_consignee"
	EndUser               Role = "end_user"
	Forwarder             Role = "forwarder"
	Exporter              Role = "exporter"
	Payer                 Role = "payer"
	Manufacturer          Role = "manufacturer"
)

// Party is a named person or firm in a role. One with several roles stands once per role or with the weightiest.
type Party struct {
	Role          Role     `json:"role"`
	Name          string   `json:"name,omitempty"`
	Aliases       []string `json:"aliases,omitempty"` // other names and spellings
	Person        *bool    `json:"person,omitempty"`  // a natural person
	Address       *Address `json:"address,omitempty"`
	Headquarters  Country  `json:"headquarters,omitempty"`
	Parent        *Parent  `json:"ultimate_parent,omitempty"`
	Independent   *bool    `json:"no_parent,omitempty"` // stated to have no parent: its own ultimate parent
	Owners        []Owner  `json:"owners,omitempty"`    // its owners, and theirs
	Directors     []string `json:"directors,omitempty"`
	Contacts      []string `json:"contacts,omitempty"` // persons to talk to
	LEI           string   `json:"lei,omitempty"`      // ISO 17442
	Registration  string   `json:"registration_number,omitempty"`
	Identifiers   []string `json:"identifiers,omitempty"` // other official numbers, each with its kind: IMO 9074729, passport X1234567 (Cuba)
	Born          string   `json:"born,omitempty"`        // a person's date of birth, or the year or month alone
	GLN           string   `json:"gln,omitempty"`         // GS1
	Customer      string   `json:"customer_number,omitempty"`
	Email         string   `json:"email,omitempty"`
	Phone         string   `json:"phone,omitempty"`
	Website       string   `json:"website,omitempty"`
	NoWebsite     *bool    `json:"no_web_presence,omitempty"` // looked for and not found
	Incorporated  Date     `json:"incorporated,omitempty"`
	Business      string   `json:"line_of_business,omitempty"`
	ConsigneeType string   `json:"consignee_type,omitempty"` // 15 CFR 30.6(a)(28): direct_consumer, government, reseller, other
}

// Address is a postal address; Lines as on a label.
type Address struct {
	Lines    []string `json:"lines,omitempty"`
	City     string   `json:"city,omitempty"`
	Region   string   `json:"region,omitempty"`
	Postcode string   `json:"postcode,omitempty"`
	Country  Country  `json:"country,omitempty"`
	Kind     string   `json:"kind,omitempty"` // office, datacenter, warehouse, residential, mail_drop
}

// Parent is the ultimate parent as the sender knows it.
type Parent struct {
	Name    string  `json:"name,omitempty"`
	Country Country `json:"country,omitempty"` // where it is headquartered
}

// Owner is a stake in a party, or in one of its owners. A percent that is not given is unknown, not zero.
type Owner struct {
	Name    string  `json:"name"`
	Of      string  `json:"of,omitempty"` // the owner whose owner it is, by name; the party itself when not given
	Country Country `json:"country,omitempty"`
	Percent Decimal `json:"percent,omitempty"` // 0 to 100
	Span            // when the stake was held; always, when empty
}

// Item is one position of an order: a chip, a card, a server, hours of compute time, wafers.
type Item struct {
	Position     string  `json:"position,omitempty"` // its number in the order, as the buyer counts: a change names it by that
	Description  string  `json:"description,omitempty"`
	Manufacturer string  `json:"manufacturer,omitempty"`
	PartNumber   string  `json:"part_number,omitempty"`
	SKU          string  `json:"sku,omitempty"`
	Quantity     Decimal `json:"quantity,omitempty"`
	Unit         string  `json:"unit,omitempty"`  // piece when not given; gpu_hour, wafer
	Value        Decimal `json:"value,omitempty"` // of the whole position, in Currency
	Currency     string  `json:"currency,omitempty"`
	ECCN         string  `json:"eccn,omitempty"` // as the vendor classifies it; EAR99 where that is the answer
	HTS          string  `json:"hts,omitempty"`  // HTS or Schedule B
	Origin       Country `json:"origin,omitempty"`

	USOrigin        *bool   `json:"us_origin,omitempty"`          // 15 CFR 734.3(a)(2)
	USContent       Decimal `json:"us_content_percent,omitempty"` // de minimis, 15 CFR 734.4
	USDirectProduct *bool   `json:"us_direct_product,omitempty"`  // 15 CFR 734.9

	Designer        string  `json:"designer,omitempty"`
	DesignerHQ      Country `json:"designer_headquarters,omitempty"`
	DesignerStatus  string  `json:"designer_status,omitempty"` // approved, authorized (Supplement 6 to part 740; 15 CFR 740 note)
	Foundry         string  `json:"foundry,omitempty"`
	Packager        string  `json:"packager,omitempty"`
	PackagerCountry Country `json:"packager_country,omitempty"`
	PackagerStatus  string  `json:"packager_status,omitempty"` // approved OSAT (Supplement 7 to part 740)

	Contains []Part    `json:"contains,omitempty"` // chips in a system
	Compute  []Compute `json:"compute,omitempty"`  // figures of the data sheet that the TPP follows from
	Dies     []Die     `json:"dies,omitempty"`     // dies that the applicable die area follows from

	TPP         Decimal `json:"tpp,omitempty"`                   // total processing performance of the item's IC or package, 3A090 note 2
	Density     Decimal `json:"performance_density,omitempty"`   // TPP per mm² of applicable die area
	DieArea     Decimal `json:"die_area_mm2,omitempty"`          // applicable die area: dies on a non-planar node
	Bandwidth   Decimal `json:"memory_bandwidth_gbps,omitempty"` // total DRAM bandwidth, GB/s
	IOBandwidth Decimal `json:"io_bandwidth_gbps,omitempty"`     // aggregate bidirectional transfer rate, GB/s (2022 form of 3A090)
	HBMArea     Decimal `json:"hbm_package_area_mm2,omitempty"`  // HBM package or stack area
	HBM         *bool   `json:"hbm,omitempty"`                   // holds high-bandwidth memory
	NodeNM      Decimal `json:"node_nm,omitempty"`               // logic node, nm
	NonPlanar   *bool   `json:"non_planar,omitempty"`
	Transistors Decimal `json:"transistors_billion,omitempty"`
	Datacenter  *bool   `json:"datacenter,omitempty"`            // designed or marketed for data centers
	SoldInUS    *bool   `json:"sold_in_us_2026_01_15,omitempty"` // commercially available in the US on 2026-01-15 (91 FR 1684)
}

// Part is a chip inside a system.
type Part struct {
	PartNumber string  `json:"part_number"`
	Count      Decimal `json:"count"`
}

// Compute is one figure of a data sheet: how many operations a second at one bit length. TPP is figure times bit length, the most of
// each unit's bit lengths, summed over the units of the package (3A090 technical note 2); a multiply-accumulate counts as two.
type Compute struct {
	Unit      string  `json:"unit,omitempty"`   // which processing unit, where the package has several kinds
	Count     Decimal `json:"count,omitempty"`  // how many of the unit; the figure is of all of them when not given
	BitLength Decimal `json:"bit_length"`       // 4, 8, 16, 32 …
	TOPS      Decimal `json:"tops"`             // 10^12 operations a second
	Sparse    *bool   `json:"sparse,omitempty"` // with sparsity: says nothing of the dense figure that counts
}

// Die is a die of an IC or package.
type Die struct {
	Area      Decimal `json:"area_mm2"`
	Count     Decimal `json:"count,omitempty"`      // 1 when not given
	NonPlanar *bool   `json:"non_planar,omitempty"` // logic made on a non-planar transistor node: only its area is applicable
}

// Payment says who pays and from where.
type Payment struct {
	Payer   string  `json:"payer,omitempty"`
	Country Country `json:"country,omitempty"`
	Method  string  `json:"method,omitempty"` // wire, letter_of_credit, card, cash
}

// EndUse says what the items are for and where they will stand.
type EndUse struct {
	Text         string   `json:"text,omitempty"`
	Uses         []string `json:"uses,omitempty"` // ai_training, ai_inference, supercomputer, military, military_intelligence, wmd, semiconductor_manufacturing, technical_analysis, civil
	Site         *Address `json:"site,omitempty"`
	PowerMW      Decimal  `json:"datacenter_power_mw,omitempty"`
	Withheld     *bool    `json:"withheld,omitempty"`      // the buyer would not say
	TrainingFor  Country  `json:"training_for,omitempty"`  // where the party that models are trained for is headquartered
	ServicesOnly *bool    `json:"services_only,omitempty"` // the buyer gives others access to the compute
}

// Cert is a statement or certificate somebody signed.
type Cert struct {
	Kind   string `json:"kind"`           // end_user_statement, uvl_statement, security_and_kyc, us_supply, volume_share, us_lab_test, no_military_end_use
	By     string `json:"by,omitempty"`   // who signed
	Date   Date   `json:"date,omitempty"` // when
	Number string `json:"number,omitempty"`
}

// Answer is what was found out about a red flag, by whom and when.
type Answer struct {
	Flag string `json:"flag"`
	Text string `json:"text"`
	By   string `json:"by,omitempty"`
	Date Date   `json:"date,omitempty"`
}

// Authority is a license or license exception the sender relies on.
type Authority struct {
	Kind    string `json:"kind"`             // license, exception
	Code    string `json:"code,omitempty"`   // NAC, ACA, AIA, ACM, LPP, HBM, RFF …
	Number  string `json:"number,omitempty"` // license number or notification number
	Span           // validity
	Country string `json:"country,omitempty"`
}
