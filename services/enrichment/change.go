package enrichment

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/entity"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

// Rows are the listed entries of a snapshot without an index: what a change is found with.
type Rows struct {
	Digest  string // of the snapshot
	entries []snapshot.Entry
}

// Rows gives the entries of a loaded set.
func (r *Reference) Rows() *Rows { return &Rows{r.digest, r.entries} }

// OpenRows reads the entries of a snapshot from the objects its digest names; see OpenReference.
func OpenRows(digest string, get func(digest string) ([]byte, error)) (*Rows, error) {
	b, err := get(digest)
	if err != nil {
		return nil, err
	}
	parts := event.Parts(b)
	if len(parts) != 2 {
		ref, err := fromRows(b)
		if err != nil {
			return nil, fmt.Errorf("snapshot %s: %w", digest, err)
		}
		return ref.Rows(), nil
	}
	base, berr := get(parts[0])
	object, oerr := get(parts[1])
	if err := errors.Join(berr, oerr); err != nil {
		return nil, err
	}
	ref, err := fromRows(base)
	if err != nil {
		return nil, fmt.Errorf("snapshot %s: %w", digest, err)
	}
	return ref.RowsWithLists(snapshot.File(object))
}

// RowsWithLists gives the entries of the curated set and of the lists in a compiled file, whatever lists the reference has.
func (r *Reference) RowsWithLists(file []byte) (*Rows, error) {
	set, digest, err := snapshot.Decode(file)
	if err != nil {
		return nil, fmt.Errorf("lists: %w", err)
	}
	return &Rows{event.Digest([]byte(r.curated.digest + "\n" + digest + "\n")), snapshot.Beside(r.curated.entries, set.Entries)}, nil
}

// RowsWithListsObject is RowsWithLists of the object that the lists are distributed as.
func (r *Reference) RowsWithListsObject(object []byte) (*Rows, error) {
	return r.RowsWithLists(snapshot.File(object))
}

// What became of an entry.
const (
	EntryNew     = "new"
	EntryChanged = "changed"
	EntryGone    = "gone"
)

// Change is what differs between the entries of two snapshots, with a matcher over those entries alone. Weights are fixed and
// no row changes another row's score: so what it says of a party is the difference that matching it against either whole
// snapshot would make. It is immutable and safe for concurrent use.
//
// Two bounds of facts are not the change's: a party's facts keep its 24 best matches, of all entries, and its parent's country may
// come from a better match than those that changed. There the change says more than the facts show, never less.
type Change struct {
	From, To string         // digests of the snapshots
	Entries  []ChangedEntry // by id
	before   *matcher
	after    *matcher
}

// ChangedEntry is an entry that is not the same in both snapshots.
type ChangedEntry struct {
	ID     string       `json:"id"`
	List   string       `json:"list"`
	Name   string       `json:"name"`
	What   string       `json:"what"` // new, changed, gone
	Listed []event.Span `json:"listed,omitempty"`
}

// matcher is a directory with the registers that owners are followed in.
type matcher struct {
	directory *entity.Directory
	known     entity.Register
}

func newMatcher(entries []snapshot.Entry, with *Reference) *matcher {
	if len(entries) == 0 {
		return nil
	}
	out := &matcher{directory: entity.NewDirectory(entries)}
	if with != nil && with.masters != nil {
		out.known = newRegisters(with.masters)
	}
	return out
}

// NewChange compares two snapshots. Owners are followed in the masters of a reference; it may be nil.
func NewChange(from, to *Rows, with *Reference) *Change {
	c := &Change{From: from.Digest, To: to.Digest}
	var before, after []snapshot.Entry
	a, b := from.entries, to.entries // sorted by id
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(a) == 0 || len(b) > 0 && b[0].ID < a[0].ID:
			c.add(&b[0], EntryNew)
			after, b = append(after, b[0]), b[1:]
		case len(b) == 0 || a[0].ID < b[0].ID:
			c.add(&a[0], EntryGone)
			before, a = append(before, a[0]), a[1:]
		default:
			if !reflect.DeepEqual(a[0], b[0]) {
				c.add(&b[0], EntryChanged)
				before, after = append(before, a[0]), append(after, b[0])
			}
			a, b = a[1:], b[1:]
		}
	}
	c.before, c.after = newMatcher(before, with), newMatcher(after, with)
	return c
}

func (c *Change) add(e *snapshot.Entry, what string) {
	c.Entries = append(c.Entries, ChangedEntry{e.ID, e.List, e.Name, what, e.Listed})
}

// Touch is a changed entry that is stated of a party otherwise than before.
type Touch struct {
	Entry   string       `json:"entry"`
	List    string       `json:"list"`
	Name    string       `json:"name"`    // of the entry
	What    string       `json:"what"`    // new, changed or gone: the entry
	Field   string       `json:"field"`   // of the party; owner for one of its owners
	Queried string       `json:"queried"` // the party's string
	Matched string       `json:"matched"` // the list's
	Method  string       `json:"method"`
	Score   event.Milli  `json:"score"`
	Before  *event.Milli `json:"score_before,omitempty"` // of the entry as it was, in the same field
	Still   bool         `json:"still,omitempty"`        // the entry as it is matches: false where only the entry before did
	Listed  []event.Span `json:"listed,omitempty"`
}

// Touches lists what the change does to a party, best first; nil where it does nothing: the party's matches, those of its owners and
// those at its address are the same before and after.
func (c *Change) Touches(s *Sought) []Touch {
	before, after := c.before.statements(s), c.after.statements(s)
	if len(before)+len(after) == 0 {
		return nil
	}
	before, after = unlike(before, after)
	var out []Touch
	for i := range after {
		t := c.touch(&after[i])
		t.Still = true
		if at := slices.IndexFunc(before, after[i].sameAs); at >= 0 {
			score := before[at].match.Score
			t.Before = &score
			before = slices.Delete(before, at, at+1)
		}
		out = append(out, t)
	}
	for i := range before {
		t := c.touch(&before[i])
		t.Before, t.Score = &before[i].match.Score, 0
		out = append(out, t)
	}
	slices.SortStableFunc(out, func(a, b Touch) int {
		if a.Score != b.Score {
			return int(b.Score - a.Score)
		}
		return strings.Compare(a.Entry+"/"+a.Field+"/"+a.Queried, b.Entry+"/"+b.Field+"/"+b.Queried)
	})
	return out
}

// statement is a match as facts state it, with the stake where it is of an owner.
type statement struct {
	match event.Match
	held  stake // of an owner
}

// stake is what a listed owner holds.
type stake struct {
	owner   string
	percent event.Decimal
	held    event.Span
}

func (m *matcher) statements(s *Sought) (out []statement) {
	if m == nil {
		return nil
	}
	f := m.directory.Party(&s.Party, s.Payer, m.known)
	for _, ms := range [][]event.Match{f.Matches, f.SharedWith} {
		for i := range ms {
			out = append(out, statement{match: ms[i]})
		}
	}
	for i := range f.Owners {
		o := &f.Owners[i]
		out = append(out, statement{o.Match, stake{o.Owner, o.Percent, o.Held}})
	}
	return out
}

// unlike leaves what stands on one side only.
func unlike(a, b []statement) (onlyA, onlyB []statement) {
	onlyA = slices.Clone(a)
	for i := range b {
		at := slices.IndexFunc(onlyA, func(o statement) bool { return reflect.DeepEqual(o, b[i]) })
		if at < 0 {
			onlyB = append(onlyB, b[i])
		} else {
			onlyA = slices.Delete(onlyA, at, at+1)
		}
	}
	return onlyA, onlyB
}

// sameAs says whether two statements are about the same entry and the same string of the party.
func (s statement) sameAs(o statement) bool {
	return o.match.Entry == s.match.Entry && o.match.Field == s.match.Field && o.match.Queried == s.match.Queried && o.held == s.held
}

func (c *Change) touch(s *statement) Touch {
	m := &s.match
	t := Touch{Entry: m.Entry, List: m.List, Name: m.Name, Field: m.Field, Queried: m.Queried, Matched: m.Matched, Method: m.Method, Score: m.Score, Listed: m.Listed}
	if i, ok := slices.BinarySearchFunc(c.Entries, m.Entry, func(e ChangedEntry, id string) int { return strings.Compare(e.ID, id) }); ok {
		t.What = c.Entries[i].What
	}
	return t
}
