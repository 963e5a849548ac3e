// Package search finds records in an audit directory's logs: by order, party, date, list entry, rule, outcome, actor; takes them away, draws
// samples of them and accounts for them by day.
//
// The index says only where to look: every record found is proven to be in the log and compared with what was asked before it is shown, so an
// index that somebody changed shows nothing false. What it leaves out is found by Check, which adds up what log and index hold under a key drawn anew
// each time. What must not depend on an index at all (samples, reports by the command line) is counted in the log itself.
//
// Everything that can be asked for is a term of one full-text index: a value, a day with its month, year and decade, a word of a name in each of
// its forms. A question is a tree of terms. So the worst question, two terms of millions of records with none in common, costs one pass over two
// lists; and another store needs no more than terms to pass the suite in searchtest.
//
// The index is made from the log and follows its published checkpoint; it knows the root of what it covers, and of another log is made anew. It
// lies beside the log only while a process works there: a copy that somebody was given is never written to.
package search

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/shared/spelling"
	"github.com/tidegate/tidegate/shared/token"
)

// Row is what the index knows of a leaf.
type Row struct {
	Log      int    // which of the directory's logs, from 1
	Leaf     uint64 // index of the leaf in it
	Kind     string // of the leaf
	Event    string // id of the cause or refusal
	OrderID  string
	Tenant   string
	Source   string
	Actor    string // who brought it
	Received event.Instant
	Date     event.Date    // of the order; of what has none, the day it was received or logged
	Outcome  event.Outcome // of the decision; empty where nothing was decided
	Rule     string        // the deciding one
	Rules    []string      // of every finding, sorted
	Entries  []string      // list entries of findings and matches, sorted
	Parties  []string      // names of parties as given, in the order's order
	Named    [][]string    // names, those of one bearer together: of a party as given and filled in, of a list's entry that one matches; sorted

	Cause     event.Kind       // what happened: placed, shipped, disposition …; empty where it is no cause
	Judged    bool             // it has a judgement
	Logged    event.Instant    // when audit read it
	Block     Block            // where it stands in the stream
	Snapshot  string           // digest of the reference data that its facts come from
	Lists     []event.ListSeen // imported lists that were consulted
	Packs     []Rules          // judged under
	Activated *Activated       // what took effect with it
}

// Block is a leaf's place in the stream.
type Block struct {
	Sequence uint64 // of the block
	To       uint64 // of a gap: its last block
	Place    int    // of the case in the block, from 0
	Cases    int    // cases in the block
}

// Rules names a rule pack.
type Rules struct {
	ID      string `json:"id"`
	Version string `json:"version"`
	Digest  string `json:"digest"`
}

// Activated says what took effect, and because of whom.
type Activated struct {
	What    string `json:"what"` // lists, masters, pack
	Digest  string `json:"digest"`
	Version string `json:"version,omitempty"`
	By      string `json:"by"`
	Why     string `json:"why"`
}

// Query says what to find. What is empty asks for nothing; everything given must hold.
type Query struct {
	Order   string        // order id
	Event   string        // event id
	Party   string        // words of one party's name, given or matched, in any order and spelling: each must begin a word of it or be near to one
	From    event.Date    // first day of the record's date
	Until   event.Date    // last day, inclusive
	Outcome event.Outcome // of the decision
	Rule    string        // of any finding
	Entry   string        // list entry of any finding or match
	Actor   string        // who brought it
	Source  string        // system it came from
	Kind    string        // of the leaf
	Cause   event.Kind    // what happened: placed, revised, shipped, cancelled, rejudge, disposition …
	Limit   int           // records at most; 100 when 0

	ReceivedFrom  event.Date // first day on which it was received, UTC
	ReceivedUntil event.Date // last day, inclusive

	Within token.Reach `json:",omitzero"` // what who asks may see
}

// MaxLimit bounds what one query gives.
const MaxLimit = 10000

// MaxText is how many bytes a text of a query may have.
const MaxText = spelling.MaxName

// texts are the query's members that anybody may have written.
func (q Query) texts() []string {
	return []string{q.Order, q.Event, q.Party, string(q.Outcome), q.Rule, q.Entry, q.Actor, q.Source, q.Kind, string(q.Cause)}
}

// errQuery says that a query asks for nothing that can be found.
var errQuery = errors.New("query")

// Normal fills in and checks a query, naming every fault.
func (q Query) Normal() (Query, error) {
	var faults []error
	for name, d := range map[string]event.Date{"from": q.From, "until": q.Until, "received from": q.ReceivedFrom, "received until": q.ReceivedUntil} {
		if _, err := event.ParseDate(string(d)); d != "" && err != nil {
			faults = append(faults, fmt.Errorf("%w: %s: %w", errQuery, name, err))
		}
	}
	slices.SortFunc(faults, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	if q.From != "" && q.Until != "" && q.From > q.Until {
		faults = append(faults, fmt.Errorf("%w: from %s is later than until %s", errQuery, q.From, q.Until))
	}
	for _, v := range q.texts() {
		if len(v) > MaxText {
			faults = append(faults, fmt.Errorf("%w: want texts of %d bytes at most", errQuery, MaxText))
			break
		}
	}
	if len(q.Party) <= MaxText && q.Party != "" && len(Words(q.Party)) == 0 {
		faults = append(faults, fmt.Errorf("%w: party %q has no letter or digit", errQuery, q.Party))
	}
	if q.Limit = cmp.Or(q.Limit, 100); q.Limit < 1 || q.Limit > MaxLimit {
		faults = append(faults, fmt.Errorf("%w: limit: want 1 to %d", errQuery, MaxLimit))
	}
	return q, errors.Join(faults...)
}

// Names are all names of a row, sorted.
func (r Row) Names() []string {
	names := slices.Concat(r.Named...)
	slices.Sort(names)
	return slices.Compact(names)
}

// Holds says whether a row is what the query asks for. It is what every answer is checked with, whatever the index said. The words of a party's name must
// all be of one bearer: what two parties of an order have between them is neither's name.
func (q Query) Holds(r Row) bool {
	return q.mayHold(r) && (q.Party == "" || slices.ContainsFunc(r.Named, func(names []string) bool { return spell(names).holds(q.Party) }))
}

// mayHold says whether an index that is what the log makes it finds a row: it knows which words a row's names have, and not whose they are.
func (q Query) mayHold(r Row) bool {
	is := func(want, got string) bool { return want == "" || want == got }
	has := func(want string, in []string) bool { return want == "" || slices.Contains(in, want) }
	in := func(from, until, d event.Date) bool { return d >= from && (until == "" || d != "" && d <= until) }
	return is(q.Order, r.OrderID) && is(q.Event, r.Event) && is(string(q.Outcome), string(r.Outcome)) && is(q.Actor, r.Actor) &&
		is(q.Source, r.Source) && is(q.Kind, r.Kind) && has(q.Rule, r.Rules) && has(q.Entry, r.Entries) &&
		in(q.From, q.Until, r.Date) && q.Within.Sees(r.Tenant, r.Source, r.Date) &&
		is(string(q.Cause), string(r.Cause)) && in(q.ReceivedFrom, q.ReceivedUntil, r.Received.Date()) && (q.Party == "" || spell(r.Names()).holds(q.Party))
}

// Place is a leaf.
type Place struct {
	Log  int
	Leaf uint64
}

// Covered is how much of a log an index holds: its leaves up to a size. It is never ahead of the log's published checkpoint.
type Covered struct {
	Log  int
	Size uint64
	Root string // hash of the log's tree of that size, base64: of which log it is an index
}

// Index finds places of rows by their terms. What it holds can be made again from the log; it is used by one writer at a time, which it sees to
// itself, and by many readers. Package searchtest says what every index does.
type Index interface {
	Vocabulary
	// Covered gives how far the index is, by log; a log of which it holds nothing is left out.
	Covered(ctx context.Context) ([]Covered, error)
	// Apply adds rows of one log, all behind those it has, and moves its mark to where to says, both or neither. from must be where its
	// mark stands: what somebody else applied meanwhile is ErrMoved.
	Apply(ctx context.Context, from uint64, to Covered, rows []Row) error
	// Find gives the places of rows with the terms asked for, newest first, at most limit behind a place (nil: from the newest).
	Find(ctx context.Context, c Cond, behind *Place, limit int) ([]Place, error)
	// Tally gives the count of every row applied.
	Tally(ctx context.Context) (Tally, error)
	// Look shows everything it holds, as it stands at one moment.
	Look(ctx context.Context, v View) error
	// Clear forgets everything.
	Clear(ctx context.Context) error
	Close() error
}

// View is shown what an index holds.
type View struct {
	Covered func([]Covered)
	Term    func(term string, p Place) // each term of each row, in any order
	Near    func(key, word string)     // each known word under each of its keys, in any order
	Known   func(word string)          // each known word
	Tally   func(Tally)
}

// ErrMoved says that somebody else applied rows meanwhile.
var ErrMoved = errors.New("the index was moved by somebody else")
