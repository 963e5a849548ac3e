package event

// Outcome is what a decision says. The order of severity is release < hold < license < block.
type Outcome string

// The outcomes.
const (
	Release   Outcome = "release" // nothing stands against it under the rules judged
	Hold      Outcome = "hold"    // a person must resolve something
	NeedsLic  Outcome = "license" // a license is required
	Block     Outcome = "block"   // prohibited
	NoOutcome Outcome = ""
)

// Severity ranks outcomes: 0 release, 1 hold, 2 license, 3 block; -1 for anything else.
func (o Outcome) Severity() int {
	switch o {
	case Release:
		return 0
	case Hold:
		return 1
	case NeedsLic:
		return 2
	case Block:
		return 3
	default:
		return -1
	}
}

// Judgement is the third line of a case: what screening decided, a function of the two lines before it and the pack.
type Judgement struct {
	Line       string    `json:"line"` // "judgement"
	V          int       `json:"v"`    // 1
	Prev       string    `json:"prev"` // SHA-256 of the facts line, lower-case hex
	Outcome    Outcome   `json:"outcome"`
	Rule       string    `json:"rule,omitempty"` // the deciding rule: the first finding of the outcome's severity
	Dates      []DateSay `json:"dates"`          // what each date it was judged for says, order date first
	Differs    bool      `json:"differs,omitempty"`
	ValidUntil Date      `json:"valid_until,omitempty"` // last day this answer holds by what is known now; open-ended when empty
	Findings   []Finding `json:"findings"`              // every one, most severe first, then by rule, party, item
	Read       *Read     `json:"read,omitempty"`        // what was read from the ledger; nil when nothing was
	Pack       PackRef   `json:"pack"`
	Failed     string    `json:"failed,omitempty"` // why the order could not be judged (poison); the outcome is hold
}

// DateSay is the outcome for one date.
type DateSay struct {
	AsOf    string  `json:"as_of"` // order_date, expected_ship_date, received_date, shipped_date, or fixed (a replay's)
	Date    Date    `json:"date"`
	Outcome Outcome `json:"outcome"`
}

// PackRef names the rules judged under.
type PackRef struct {
	ID         string            `json:"id"`
	Version    string            `json:"version"`
	Digest     string            `json:"digest"` // SHA-256 of the pack's files, lower-case hex
	Semantics  int               `json:"semantics"`
	Parameters map[string]string `json:"parameters,omitempty"` // keys sorted when written
	Packs      []PackRef         `json:"packs,omitempty"`      // of a set of packs, each of them in order; the digest is then over theirs
}

// Finding is one rule's say with its evidence.
type Finding struct {
	Rule      string   `json:"rule"`
	Outcome   Outcome  `json:"outcome"`           // release for a note
	State     string   `json:"state"`             // fires, indeterminate
	Missing   []string `json:"missing,omitempty"` // facts that would settle it: "parties[1].headquarters"
	Party     *int     `json:"party,omitempty"`   // index in the order's parties
	Item      *int     `json:"item,omitempty"`    // index in the order's items
	Dates     []string `json:"dates"`             // the as_of dates it stands on
	Policy    string   `json:"policy,omitempty"`  // license review policy: PoD, PoA, CBC, denial
	Text      string   `json:"text"`              // in plain words, with both strings of a match
	Citation  string   `json:"citation"`
	Certainty string   `json:"certainty"`       // C, R, D, M, ?
	Entry     string   `json:"entry,omitempty"` // list entry
	Score     *Milli   `json:"score,omitempty"`
	Tried     []Tried  `json:"exceptions_tried,omitempty"`

	Pack       string      `json:"pack,omitempty"`        // the rule's pack, where several were judged under
	AnsweredBy *AnsweredBy `json:"answered_by,omitempty"` // nil while it stands
}

// Tried is a license exception, a license or a disposition looked at, with why it answers the finding or not.
type Tried struct {
	Code    string `json:"code"` // NAC, LPP …; license or disposition with its number or event
	Applies bool   `json:"applies"`
	Why     string `json:"why"`
}

// Record is the receipt: the case is now a leaf under a published checkpoint. Written by audit.
type Record struct {
	Line       string  `json:"line"` // "record"
	V          int     `json:"v"`    // 1
	Prev       string  `json:"prev"` // SHA-256 of the case's last line, lower-case hex
	Event      string  `json:"event"`
	Key        string  `json:"key"`
	OrderID    string  `json:"order_id"`
	Source     string  `json:"source"`
	Outcome    Outcome `json:"outcome,omitempty"` // of the decision; empty for a refusal
	Kind       string  `json:"kind,omitempty"`    // of a leaf that is of no order: control, license, note; gap, accept, restore, whose event and key are empty, too
	Log        string  `json:"log,omitempty"`     // name of the log, where it is not the first: after a declared restore
	Leaf       uint64  `json:"leaf"`              // index in the log, from 0
	LeafHash   string  `json:"leaf_hash"`         // RFC 6962 leaf hash, lower-case hex
	Sequence   uint64  `json:"sequence"`          // of the block in the decision stream
	Place      int     `json:"place"`             // of the case in the block, from 0
	LogSize    uint64  `json:"log_size"`          // of the checkpoint that covers it
	Checkpoint string  `json:"checkpoint"`        // root hash of that checkpoint, base64 as in the checkpoint
}
