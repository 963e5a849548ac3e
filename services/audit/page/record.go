package page

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/services/audit/search"
	"github.com/tidegate/tidegate/shared/codec"
)

// record is one record as it is shown: what happened, what was found, what was decided, and where it stands in the log.
type record struct {
	search.Hit
	N       int // of the order's events, from 1
	Repeats int // the event whose order this one repeats; 0 where it has an order of its own or none

	Cause     *event.Cause
	Refusal   *event.Refusal
	Facts     *event.Facts
	Judgement *event.Judgement
	Declared  string // of a leaf that is no case: what it says
	Order     *event.Order
	Parties   []party
	Items     []item
	Findings  []finding
	Lines     []string // the case's lines as they were logged
	Proof     proof
}

// party is a party of the order with what is known of it.
type party struct {
	event.Party
	N       int
	Known   *event.PartyFacts
	Matches []event.Match // of its names and its address, and of its owners
}

// item is an item of the order with what is known of it.
type item struct {
	event.Item
	N     int
	Known *event.ItemFacts
}

// finding is a rule's say with the names of what it is about.
type finding struct {
	event.Finding
	About string // party or item, in words
}

// recordOf opens a record.
func recordOf(h search.Hit) (record, error) {
	v := record{Hit: h}
	c := h.Case
	for i := range c.Len() {
		v.Lines = append(v.Lines, string(c.Line(i)))
	}
	switch {
	case !h.Logged.Leaf.HasCase():
		v.Declared = declared(h)
		return v, nil
	case c.Refused():
		v.Refusal = &event.Refusal{}
		return v, codec.Decode(c.Line(0), v.Refusal)
	case c.Orderless() || c.Len() < 3:
		v.Cause = &event.Cause{}
		return v, codec.Decode(c.Line(0), v.Cause)
	}
	v.Cause, v.Facts, v.Judgement = &event.Cause{}, &event.Facts{}, &event.Judgement{}
	if err := errors.Join(codec.Decode(c.Line(0), v.Cause), codec.Decode(c.Line(1), v.Facts), codec.Decode(c.Last(), v.Judgement)); err != nil {
		return v, fmt.Errorf("leaf %d: %w", h.Index, err)
	}
	v.Order = v.Facts.Judged(v.Cause)
	v.tell()
	return v, nil
}

func declared(h search.Hit) string {
	l := h.Logged.Leaf
	switch l.Kind {
	case event.LeafGap:
		return fmt.Sprintf("Blocks %d to %d were lost before they were logged.", l.Sequence, l.To)
	case event.LeafAccept:
		return "An operator declared the log to be trusted as it is."
	case event.LeafRestore:
		return "An operator declared a loss; this log goes on from the one before."
	default:
		return l.Kind
	}
}

// tell puts order, facts and findings together.
func (v *record) tell() {
	if v.Order != nil {
		for i, p := range v.Order.Parties {
			one := party{Party: p, N: i}
			if i < len(v.Facts.Parties) {
				one.Known = &v.Facts.Parties[i]
				one.Matches = append(append(one.Matches, one.Known.Matches...), one.Known.SharedWith...)
				for _, o := range one.Known.Owners {
					one.Matches = append(one.Matches, o.Match)
				}
			}
			v.Parties = append(v.Parties, one)
		}
		for i, it := range v.Order.Items {
			one := item{Item: it, N: i}
			if i < len(v.Facts.Items) {
				one.Known = &v.Facts.Items[i]
			}
			v.Items = append(v.Items, one)
		}
	}
	for _, f := range v.Judgement.Findings {
		v.Findings = append(v.Findings, finding{f, v.about(f)})
	}
}

func (v *record) about(f event.Finding) string {
	var about []string
	if f.Party != nil && *f.Party < len(v.Parties) {
		about = append(about, fmt.Sprintf("%s %s", words(string(v.Parties[*f.Party].Role)), v.Parties[*f.Party].Name))
	}
	if f.Item != nil && *f.Item < len(v.Items) {
		about = append(about, "item "+v.Items[*f.Item].Name())
	}
	return strings.Join(about, ", ")
}

// Name is the item in words.
func (i item) Name() string {
	if name := strings.Join(strings.Fields(i.Manufacturer+" "+i.PartNumber+" "+i.Description), " "); name != "" {
		return name
	}
	return strconv.Itoa(i.N + 1)
}

// Place is the party's address on one line.
func (p party) Place() string { return addressOf(p.Address) }

func addressOf(a *event.Address) string {
	if a == nil {
		return ""
	}
	var parts []string
	for _, s := range append(append([]string{}, a.Lines...), strings.TrimSpace(a.Postcode+" "+a.City), a.Region, string(a.Country)) {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, ", ")
}

// Path is where the record alone is shown.
func (v record) Path() string { return pathOf(v.Hit) }

func pathOf(h search.Hit) string { return fmt.Sprintf("/records/%d/%d", h.Number, h.Index) }

// What is the record in a word or two.
func (v record) What() string {
	switch {
	case v.Refusal != nil:
		return "Refused"
	case v.Cause == nil:
		return words(v.Kind)
	case v.Cause.Kind == event.Revised:
		return fmt.Sprintf("Revision %d", v.Cause.Revision)
	default:
		return words(string(v.Cause.Kind))
	}
}

// Who is who did it: the person a disposition, activation or note names, else who brought it.
func (v record) Who() string {
	switch c := v.Cause; {
	case v.Refusal != nil:
		return v.Refusal.Actor
	case c == nil:
		return ""
	case c.Disposition != nil && c.Disposition.Second != "":
		return c.Disposition.By + " and " + c.Disposition.Second
	case c.Disposition != nil:
		return c.Disposition.By
	case c.Control != nil:
		return c.Control.By
	case c.Note != nil:
		return c.Note.By
	default:
		return c.Actor
	}
}

// Brought is who brought it in, where that is somebody else than who did it.
func (v record) Brought() string {
	if v.Cause == nil || v.Cause.Actor == v.Who() {
		return ""
	}
	return v.Cause.Actor
}

// When is when it was received, or logged where it came from nobody.
func (v record) When() event.Instant {
	if v.Received != "" {
		return v.Received
	}
	return v.Logged.Leaf.At
}

// Did says in a sentence what was done.
func (v record) Did() string {
	c := v.Cause
	switch {
	case v.Refusal != nil:
		return "The input was not accepted: " + count(len(v.Refusal.Faults), "fault", "faults") + "."
	case c == nil:
		return v.Declared
	case c.Shipment != nil:
		return "It left on " + string(c.Shipment.Date) + prefixed(", document ", c.Shipment.Document) + "."
	case c.Rejudging != nil:
		return "It was judged again: " + words(c.Rejudging.Why) + "."
	case c.Disposition != nil:
		return fmt.Sprintf("%s answered %s (%s) with %s: %s", or(words(c.Disposition.Role), "A person"), count(len(c.Disposition.Findings), "finding", "findings"), rulesOf(c.Disposition.Findings), c.Disposition.Outcome, c.Disposition.Reason)
	case c.License != nil:
		return fmt.Sprintf("%s %s of %s was registered%s%s.", words(c.License.Kind), c.License.Number, c.License.Issuer, prefixed(", from ", string(c.License.From)), prefixed(", until ", string(c.License.Until)))
	case c.Control != nil:
		return fmt.Sprintf("%s %s took effect here: %s", words(c.Control.What), c.Control.Version, c.Control.Why)
	case c.Note != nil:
		return c.Note.Text
	case c.Kind == event.Placed:
		return "The order came in."
	case c.Kind == event.Revised:
		return "It was replaced by a new revision."
	case c.Kind == event.Cancelled:
		return "It will not ship."
	default:
		return ""
	}
}

func rulesOf(all []event.Answered) string {
	ids := make([]string, len(all))
	for i, a := range all {
		ids[i] = a.Rule
	}
	return strings.Join(ids, ", ")
}

// Received bytes of a refusal, where they are text.
func (v record) Sent() string {
	b, err := base64.StdEncoding.DecodeString(v.Refusal.Received.Bytes)
	if err != nil || !utf8.Valid(b) {
		return ""
	}
	return string(b)
}

// proof says where a record stands in the log. It was checked before it was shown.
type proof struct {
	Origin    string
	Size      uint64
	Root      string
	Witnesses []signature
	Checked   bool   // the signatures were checked under a policy
	Quorum    bool   // and are as many as it wants
	Stamp     *stamp // the first timestamp that covers the record; nil where none does
	StampBad  bool   // what should cover it is not what it says
}

// signature is a witness's.
type signature struct {
	Witness string
	At      time.Time // zero where it is not known
}

// stamp is a timestamped checkpoint that covers the record.
type stamp struct {
	Size uint64
	At   time.Time
}

// proofOf reads what a checkpoint says of who signed it.
func proofOf(point auditverify.Checkpoint, policy *auditverify.Policy) proof {
	p := proof{Origin: point.Origin, Size: point.Size, Root: point.Root.String()}
	if policy == nil {
		for _, name := range signers(point) {
			p.Witnesses = append(p.Witnesses, signature{Witness: name})
		}
		return p
	}
	p.Checked = true
	var signed []auditverify.Cosignature
	signed, p.Quorum = policy.Check(point.Raw)
	for _, c := range signed {
		p.Witnesses = append(p.Witnesses, signature{c.Witness, c.At})
	}
	return p
}

// signers are the names on a checkpoint that are not the log's own. Nothing says that they are theirs.
func signers(point auditverify.Checkpoint) (names []string) {
	n, err := note.Open(point.Raw, note.VerifierList())
	if unverified, ok := errors.AsType[*note.UnverifiedNoteError](err); ok {
		n = unverified.Note
	}
	if n == nil {
		return nil
	}
	for _, s := range n.UnverifiedSigs {
		if s.Name != point.Origin {
			names = append(names, s.Name)
		}
	}
	return names
}
