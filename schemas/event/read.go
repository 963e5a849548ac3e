package event

// Read is what a judgement read beside order, facts and pack: the state of screening's ledger before it. With it, a
// record alone can be judged again. What the order has no use for is not read.
type Read struct {
	Totals       []Total    `json:"totals,omitempty"`       // running totals, by date, then id
	Stopped      []Stopped  `json:"stopped,omitempty"`      // parties of the order that were stopped before under another name, by party
	Licenses     []Held     `json:"licenses,omitempty"`     // the licenses that the order names, in its order
	Dispositions []Standing `json:"dispositions,omitempty"` // what persons found on this revision, oldest first
	Decided      *Decided   `json:"decided,omitempty"`      // of what is about an order placed before: its newest decision
}

// Empty says that nothing was read.
func (r *Read) Empty() bool {
	return r == nil || len(r.Totals)+len(r.Stopped)+len(r.Licenses)+len(r.Dispositions) == 0 && r.Decided == nil
}

// Total is a running total as it stood before the order, without what earlier revisions of the same order gave to it.
type Total struct {
	ID     string  `json:"id"`     // tpp_year, tpp_window, tpp_most
	Date   Date    `json:"date"`   // the date judged for that it was read for
	Key    string  `json:"key"`    // whose: name:…, lei:… or entry:…, of the ultimate consignee or its group
	Since  Date    `json:"since"`  // first day of orders counted
	Sum    Decimal `json:"sum"`    // TPP; of tpp_most that of the largest order
	Orders int     `json:"orders"` // how many orders are in it
}

// The running totals.
const (
	TPPYear   = "tpp_year"   // TPP released to the consignee or its group in the calendar year
	TPPWindow = "tpp_window" // TPP ordered for it within 30 days, whatever was decided
	TPPMost   = "tpp_most"   // TPP of its largest order so far, of all years
)

// Stopped is a party of the order that looks like one of an earlier order that was blocked or needed a license.
type Stopped struct {
	Party   int     `json:"party"`  // index in the order's parties
	By      string  `json:"by"`     // what both share: email, phone, address, lei, registration, customer, sound
	Name    string  `json:"name"`   // of the party then
	Source  string  `json:"source"` // the order then
	OrderID string  `json:"order_id"`
	Date    Date    `json:"date"` // it was judged for
	Outcome Outcome `json:"outcome"`
	Rule    string  `json:"rule"`
	Listed  bool    `json:"listed,omitempty"` // stopped for who it is, not for what was ordered
}

// Held is a license as the register has it, with what is left of it for this order.
type Held struct {
	Number   string    `json:"number"`
	Event    string    `json:"event,omitempty"`         // the cause that registered it; empty where no license has this number
	License  *Licensed `json:"license,omitempty"`       // not there either then
	Quantity Decimal   `json:"quantity_left,omitempty"` // pieces; unlimited when empty
	Value    Decimal   `json:"value_left,omitempty"`    // in the license's currency; unlimited when empty
}

// Standing is a disposition on this revision of the order, with where it came in.
type Standing struct {
	Event string `json:"event"` // the cause's event id
	Disposed
}

// Decided is an order's newest decision before this one.
type Decided struct {
	Event      string  `json:"event"` // of the cause that was judged
	Outcome    Outcome `json:"outcome"`
	ValidUntil Date    `json:"valid_until,omitempty"`
	Cancelled  bool    `json:"cancelled,omitempty"`
}

// AnsweredBy says what answers a finding: it is kept, but no longer counts for the outcome.
type AnsweredBy struct {
	Kind string `json:"kind"`         // license, exception, disposition
	ID   string `json:"id"`           // license number, exception code, event of the disposition
	By   string `json:"by,omitempty"` // persons who made the disposition
	Why  string `json:"why"`
}
