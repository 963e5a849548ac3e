package search

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"iter"
	"strconv"
	"strings"

	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/shared/codec"
)

// Exported is a record as it is exported: one row.
type Exported struct {
	Log      int               `json:"log" parquet:"log"`                           // which of the directory's logs, from 1
	Leaf     uint64            `json:"leaf" parquet:"leaf"`                         // index in it
	LeafHash string            `json:"leaf_hash" parquet:"leaf_hash"`               // RFC 6962, lower-case hex
	Kind     string            `json:"kind" parquet:"kind,dict"`                    // of the leaf
	Cause    string            `json:"cause,omitempty" parquet:"cause,dict"`        // what happened
	Event    string            `json:"event,omitempty" parquet:"event"`             // id of the cause or refusal
	OrderID  string            `json:"order_id,omitempty" parquet:"order_id"`       //
	Tenant   string            `json:"tenant,omitempty" parquet:"tenant,dict"`      //
	Source   string            `json:"source,omitempty" parquet:"source,dict"`      //
	Actor    string            `json:"actor,omitempty" parquet:"actor,dict"`        // who brought it
	Received string            `json:"received_at,omitempty" parquet:"received_at"` // RFC 3339, UTC
	Logged   string            `json:"logged_at" parquet:"logged_at"`               // when audit read it
	Date     string            `json:"date,omitempty" parquet:"date"`               // of the order, else of receipt
	Outcome  string            `json:"outcome,omitempty" parquet:"outcome,dict"`    // of the decision
	Rule     string            `json:"rule,omitempty" parquet:"rule,dict"`          // that decided
	Rules    []string          `json:"rules,omitempty" parquet:"rules,list"`        // of every finding
	Entries  []string          `json:"entries,omitempty" parquet:"entries,list"`    // list entries
	Names    []string          `json:"names,omitempty" parquet:"names,list"`        // of parties, and of what they match
	Block    uint64            `json:"block" parquet:"block"`                       // of the stream
	Place    int               `json:"place" parquet:"place"`                       // in the block, from 0
	Lines    []json.RawMessage `json:"lines,omitempty" parquet:"-"`                 // the case's exact lines
	Case     string            `json:"-" parquet:"case,optional"`                   // the same, each with its newline; of JSONL Lines has them
}

// record makes a row of a hit.
func (h Hit) record() Exported {
	r := Exported{
		h.Row.Log, h.Row.Leaf, hex.EncodeToString(h.LeafHash()), h.Kind, string(h.Cause), h.Event, h.OrderID, h.Tenant, h.Source, h.Actor, string(h.Received), string(h.Row.Logged), string(h.Date),
		string(h.Outcome), h.Rule, h.Rules, h.Entries, h.Names(), h.Block.Sequence, h.Block.Place, nil, "",
	}
	if h.Logged.Leaf.HasCase() {
		for i := range h.Case.Len() {
			r.Lines = append(r.Lines, h.Case.Line(i))
		}
		r.Case = string(h.Case.Append(nil))
	}
	return r
}

// Trailer says what an export is: how many rows, of what, and under which roots each of them was proven.
type Trailer struct {
	Line   string            `json:"line"` // "trailer"
	V      int               `json:"v"`    // 1
	Rows   uint64            `json:"rows"`
	Query  Asked             `json:"query"`
	Under  []CheckpointState `json:"checkpoints"`
	Sample *Drawn            `json:"sample,omitempty"` // how the rows were drawn, where not all are there
	SHA256 string            `json:"sha256,omitempty"` // of the bytes before the trailer; in a file of its own of the whole other file
}

// Asked is a query as it is written down: only what was asked for.
type Asked map[string]string

// Asked is the query in words.
func (q Query) Asked() Asked {
	a := Asked{}
	for _, x := range [...]struct{ name, value string }{
		{"order", q.Order},
		{"event", q.Event},
		{"party", q.Party},
		{"from", string(q.From)},
		{"until", string(q.Until)},
		{"received_from", string(q.ReceivedFrom)},
		{"received_until", string(q.ReceivedUntil)},
		{"outcome", string(q.Outcome)},
		{"rule", q.Rule},
		{"entry", q.Entry},
		{"actor", q.Actor},
		{"source", q.Source},
		{"kind", q.Kind},
		{"cause", string(q.Cause)},
	} {
		if x.value != "" {
			a[x.name] = x.value
		}
	}
	return a
}

// Format writes rows to a file; Close ends it.
type Format interface {
	Write(r Exported) error
	Close(t Trailer) error
}

// All gives every record that a query asks for, newest first, each proven and compared with it, under the checkpoints of the reader it
// gives; the limit does not count. However many there are, memory is bounded. An error ends it.
func (a *Archive) All(ctx context.Context, q Query) (*audit.Reader, iter.Seq2[Hit, error], error) {
	q.Limit = 0
	q, err := q.Normal()
	if err != nil {
		return nil, nil, err
	}
	r, err := a.Update(ctx, nil)
	if err != nil {
		return nil, nil, err
	}
	c, err := q.Plan(ctx, a.index)
	if err != nil {
		return nil, nil, err
	}
	return r, func(yield func(Hit, error) bool) {
		behind := end(r)
		for {
			places, err := a.index.Find(ctx, c, behind, pageOf)
			if err != nil {
				yield(Hit{}, err)
				return
			}
			for _, p := range places {
				hit, is, err := a.check(r, q, p)
				if err == nil {
					err = ctx.Err()
				}
				if err == nil && !is {
					continue
				}
				if !yield(hit, err) || err != nil {
					return
				}
			}
			if len(places) < pageOf {
				return
			}
			behind = &places[len(places)-1]
		}
	}, nil
}

// pageOf is how many places are asked for at a time.
const pageOf = 4096

// end is the place behind the last leaf that a reader sees: what is logged meanwhile is not part of it.
func end(r *audit.Reader) *Place {
	parts := r.Parts()
	if len(parts) == 0 {
		return &Place{}
	}
	last := parts[len(parts)-1]
	return &Place{last.Number, last.Point.Size}
}

// Export writes every record that a query asks for. progress may be nil; it is told rows written.
func (a *Archive) Export(ctx context.Context, q Query, to Format, progress func(rows uint64)) (Trailer, error) {
	t := Trailer{Line: "trailer", V: 1, Query: q.Asked()}
	r, hits, err := a.All(ctx, q)
	if err != nil {
		return t, err
	}
	t.Under = states(r)
	for hit, err := range hits {
		if err != nil {
			return t, err
		}
		if err := to.Write(hit.record()); err != nil {
			return t, fmt.Errorf("export: %w", err)
		}
		if t.Rows++; progress != nil && t.Rows%1000 == 0 {
			progress(t.Rows)
		}
	}
	return t, to.Close(t)
}

// summed is a writer that knows the digest of what was written.
type summed struct {
	*bufio.Writer
	sum hash.Hash
}

func newSummed(w io.Writer) summed {
	sum := sha256.New()
	return summed{bufio.NewWriterSize(io.MultiWriter(w, sum), 1<<16), sum}
}

// digest is of what was written so far.
func (s summed) digest() (string, error) {
	err := s.Flush()
	return hex.EncodeToString(s.sum.Sum(nil)), err
}

// JSONL is one JSON object a line; the last one is the trailer.
type JSONL struct{ to summed }

// NewJSONL writes to w.
func NewJSONL(w io.Writer) *JSONL { return &JSONL{newSummed(w)} }

// Write implements Format. A case's lines are copied as they stand, byte for byte.
func (f *JSONL) Write(r Exported) error {
	lines := r.Lines
	r.Lines = nil
	b, err := codec.Append(nil, r)
	if err != nil {
		return err
	}
	if len(lines) > 0 {
		b = append(b[:len(b)-1], `,"lines":[`...)
		for i, l := range lines {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, l...)
		}
		b = append(b, "]}"...)
	}
	_, err = f.to.Write(append(b, '\n'))
	return err
}

// Close implements Format.
func (f *JSONL) Close(t Trailer) (err error) {
	if t.SHA256, err = f.to.digest(); err != nil {
		return err
	}
	b, err := codec.Append(nil, t)
	if err != nil {
		return err
	}
	if _, err := f.to.Write(append(b, '\n')); err != nil {
		return err
	}
	return f.to.Flush()
}

// CSV has the columns of Exported but the case itself; lists stand in one cell, with " | " between. A cell that a spreadsheet would take for a
// formula has an apostrophe before it, also where it begins with the wide form of such a sign, which some take for the sign. It has no trailer of its own: that stands beside it.
type CSV struct {
	to  *bufio.Writer
	csv *csv.Writer
}

// NewCSV writes to w.
func NewCSV(w io.Writer) *CSV {
	b := bufio.NewWriterSize(w, 1<<16)
	c := csv.NewWriter(b)
	_ = c.Write(strings.Fields("log leaf leaf_hash kind cause event order_id tenant source actor received_at logged_at date outcome rule rules entries names block place")) // an error shows at the end
	return &CSV{b, c}
}

// Write implements Format.
func (f *CSV) Write(r Exported) error {
	cells := []string{
		strconv.Itoa(r.Log), strconv.FormatUint(r.Leaf, 10), r.LeafHash, r.Kind, r.Cause, r.Event, r.OrderID, r.Tenant, r.Source, r.Actor, r.Received, r.Logged, r.Date, r.Outcome, r.Rule,
		strings.Join(r.Rules, " | "), strings.Join(r.Entries, " | "), strings.Join(r.Names, " | "), strconv.FormatUint(r.Block, 10), strconv.Itoa(r.Place),
	}
	for i, c := range cells {
		if strings.IndexAny(c, "=+-@\t\r\n＝＋－＠") == 0 {
			cells[i] = "'" + c
		}
	}
	return f.csv.Write(cells)
}

// Close implements Format.
func (f *CSV) Close(Trailer) error {
	f.csv.Flush()
	if err := f.csv.Error(); err != nil {
		return err
	}
	return f.to.Flush()
}

// Export writes what was drawn, in the order of the log.
func (s Sample) Export(to Format) (Trailer, error) {
	t := Trailer{Line: "trailer", V: 1, Query: s.Query, Under: s.Under, Sample: &s.Drawn, Rows: uint64(len(s.Records))}
	for _, h := range s.Records {
		if err := to.Write(h.record()); err != nil {
			return t, fmt.Errorf("export: %w", err)
		}
	}
	return t, to.Close(t)
}
