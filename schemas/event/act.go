package event

import "bytes"

// Act is what a person, another system or Tidegate itself brings in beside orders: one JSON object through the operator's
// door of ingest, which makes a cause of it. Exactly the member of its kind is given.
type Act struct {
	Kind    Kind   `json:"kind"` // cancelled, shipped, rejudge, disposition, license, control, note
	ID      string `json:"id"`   // chosen by the sender; the same act sent again has the same, other content under it is refused
	Actor   string `json:"actor,omitempty"`
	Tenant  string `json:"tenant,omitempty"`   // "default" when not given
	Source  string `json:"source,omitempty"`   // of the order it is about
	OrderID string `json:"order_id,omitempty"` // empty for license, control and note

	Particulars
}

// Particulars are the members of a cause, one for each kind that is more than an order.
type Particulars struct {
	Shipment    *Shipment   `json:"shipment,omitempty"`    // of shipped
	Rejudging   *Rejudging  `json:"rejudging,omitempty"`   // of rejudge
	Disposition *Disposed   `json:"disposition,omitempty"` // of disposition
	License     *Licensed   `json:"license,omitempty"`     // of license
	Control     *Activation `json:"control,omitempty"`     // of control
	Note        *Note       `json:"note,omitempty"`        // of note
}

// Shipment says that an order, or a part of it, left.
type Shipment struct {
	Date     Date   `json:"date"`               // the civil date on which it left: what it is judged as of
	Document string `json:"document,omitempty"` // number of the despatch advice or ship notice
	Partial  *bool  `json:"partial,omitempty"`  // something is still to come: the order stays open
}

// Rejudging says why an open order is judged again.
type Rejudging struct {
	Why    string `json:"why"`              // valid_until, replay, listing, activation, person
	Replay string `json:"replay,omitempty"` // digest of the replay's report that it applies
}

// Disposed is a disposition: a person's finding on findings. It answers those it names and no other.
type Disposed struct {
	By       string     `json:"by"`               // who
	Role     string     `json:"role"`             // as the pack names roles: officer, counsel …
	Second   string     `json:"second,omitempty"` // who agreed, where the pack asks for two
	Outcome  Outcome    `json:"outcome"`          // release: answered, stands no longer in the way; block: confirmed, must not ship
	Reason   string     `json:"reason"`
	Decision string     `json:"decision,omitempty"` // SHA-256 of the judgement line that was looked at
	Findings []Answered `json:"findings"`
	Until    Date       `json:"until,omitempty"` // last day it counts; open-ended when empty
}

// Answered names a finding: the rule, and what it stands on. A party, item or entry that is not given is any.
type Answered struct {
	Rule  string `json:"rule"`
	Party *int   `json:"party,omitempty"` // index in the order's parties
	Item  *int   `json:"item,omitempty"`  // index in the order's items
	Entry string `json:"entry,omitempty"` // list entry
}

// Licensed is a license, certification or authorization as the register keeps it. One with the same number replaces the one
// before; what was drawn stays drawn.
type Licensed struct {
	Number     string   `json:"number"`
	Kind       string   `json:"kind"`   // license, certification, agency_letter
	Issuer     string   `json:"issuer"` // BIS, OFAC …
	Parties    []string `json:"parties,omitempty"`
	Countries  []string `json:"countries,omitempty"` // destinations it is for; any when none is given
	ECCNs      []string `json:"eccns,omitempty"`     // items it is for, by ECCN; any when neither is given
	Parts      []string `json:"parts,omitempty"`     // items it is for, by part number
	Quantity   Decimal  `json:"quantity,omitempty"`  // pieces in all; unlimited when empty
	Value      Decimal  `json:"value,omitempty"`     // in Currency in all; unlimited when empty
	Currency   string   `json:"currency,omitempty"`
	Span                // validity
	Rules      []string `json:"rules,omitempty"`      // rule ids it answers; every rule with outcome license when none is given
	Conditions []string `json:"conditions,omitempty"` // in words; shown, not judged
	Revoked    bool     `json:"revoked,omitempty"`
}

// Activation says that a snapshot or pack takes effect at this place of the order stream: every stage switches exactly there.
type Activation struct {
	What    string `json:"what"`   // lists, masters, pack
	Digest  string `json:"digest"` // SHA-256 of what takes effect, lower-case hex
	Version string `json:"version,omitempty"`
	By      string `json:"by"`
	Why     string `json:"why"`
}

// Note is something that was done with the history and must be in it: it judges nothing.
type Note struct {
	What   string  `json:"what"` // replay, apply, export, query, reproduce, witness …
	By     string  `json:"by"`
	Text   string  `json:"text"`             // one sentence
	SHA256 string  `json:"sha256,omitempty"` // of the report it speaks of, lower-case hex
	Counts []Tally `json:"counts,omitempty"`
}

// Tally is a number with its name.
type Tally struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
}

// orderless are the beginnings of causes that are of no order, and the kind of their leaf.
var orderless = []struct {
	begin []byte
	leaf  string
}{
	{[]byte(`{"line":"order","v":1,"kind":"` + License + `"`), LeafLicense},
	{[]byte(`{"line":"order","v":1,"kind":"` + Control + `"`), LeafControl},
	{[]byte(`{"line":"order","v":1,"kind":"` + Remark + `"`), LeafNote},
}

// Orderless says whether the case is a cause of no order: a license, control or note. Nothing is enriched or judged; every
// stage takes note of it and passes it on as it is.
func (c Case) Orderless() bool {
	for _, o := range orderless {
		if bytes.HasPrefix(c.Line(0), o.begin) {
			return true
		}
	}
	return false
}

// Passes says whether every stage passes the case on as it is: a refusal, or of no order.
func (c Case) Passes() bool { return c.Refused() || c.Orderless() }
