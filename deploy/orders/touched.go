package orders

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"go.etcd.io/bbolt"
	"golang.org/x/sync/errgroup"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment"
	"github.com/tidegate/tidegate/shared/codec"
)

// Summary is what a change of lists does to the orders there were, in numbers. In a report it is the first line; the orders
// touched follow, one a line: open ones first come as they stand in the index, then all others.
type Summary struct {
	From      string                    `json:"from"`            // snapshot before
	To        string                    `json:"to"`              // snapshot behind
	Event     string                    `json:"event,omitempty"` // of the activation that was answered
	Block     uint64                    `json:"block,omitempty"` // decisions before this one were asked about; all where it is 0
	Entries   []enrichment.ChangedEntry `json:"entries"`         // that are new, changed or gone; the first 1000
	Changed   int                       `json:"entries_changed"` // how many there are
	Parties   int                       `json:"parties"`         // distinct ones that were asked about
	Matched   int                       `json:"parties_touched"`
	Orders    int                       `json:"orders"` // that were asked about
	Open      int                       `json:"open_touched"`
	Shipped   int                       `json:"shipped_touched"`
	Cancelled int                       `json:"cancelled_touched"`
	Digest    string                    `json:"sha256,omitempty"` // of the lines behind this one
}

// mostEntries bounds the entries that a summary names.
const mostEntries = 1000

// Touched is an order with the parties that the change states something else about.
type Touched struct {
	Order
	Touched []TouchedParty `json:"touched"`
}

// TouchedParty is one of them.
type TouchedParty struct {
	Party   int                `json:"party"` // index in the order's parties
	Name    string             `json:"name"`
	Touches []enrichment.Touch `json:"touches"`
}

// Progress hears how far the question is: parties asked about of all.
type Progress func(done, total int)

// Touch answers which orders a change of lists touches, and writes the lines of their report to w. Every distinct party is asked
// about once, by every processor; then the orders are gone through for those that were touched. Block bounds it to decisions
// before that block; 0 is no bound. Memory is some pages of parties and what was touched.
func (b *Book) Touch(ctx context.Context, c *enrichment.Change, block uint64, w io.Writer, tell Progress) (s Summary, err error) {
	s = Summary{From: c.From, To: c.To, Block: block, Changed: len(c.Entries), Entries: c.Entries[:min(len(c.Entries), mostEntries)]}
	counts, err := b.Counts()
	if err != nil {
		return s, err
	}
	touched := map[uint64]TouchedParty{}
	if len(c.Entries) > 0 {
		if s.Parties, err = b.touchParties(ctx, c, touched, counts.Parties, tell); err != nil {
			return s, err
		}
	}
	s.Matched = len(touched)
	sum := newLines(w)
	if err := errors.Join(b.occurrences(ctx, touched, block, sum, &s), sum.Flush()); err != nil {
		return s, err
	}
	s.Digest = sum.digest()
	return s, nil
}

// touchParties asks about every party: one goroutine reads pages of them, every processor asks about one.
func (b *Book) touchParties(ctx context.Context, c *enrichment.Change, touched map[uint64]TouchedParty, total int, tell Progress) (n int, err error) {
	pages := make(chan parties)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(pages)
		return b.readParties(ctx, pages)
	})
	var mu sync.Mutex
	for range runtime.GOMAXPROCS(0) {
		g.Go(func() error {
			for p := range pages {
				found, err := p.ask(c)
				if err != nil {
					return err
				}
				mu.Lock()
				maps.Copy(touched, found)
				if n += len(p.numbers); tell != nil {
					tell(n, max(total, n))
				}
				mu.Unlock()
			}
			return nil
		})
	}
	return n, g.Wait()
}

// parties are some of the index, copied.
type parties struct {
	numbers []uint64
	ends    []int
	room    []byte
}

func (b *Book) readParties(ctx context.Context, out chan<- parties) error {
	for after := []byte(nil); ; {
		p, last, err := b.partiesBehind(after)
		if err != nil {
			return err
		}
		b.release()
		select {
		case out <- p:
		case <-ctx.Done():
			return ctx.Err()
		}
		if after = last; after == nil {
			return nil
		}
	}
}

// partiesBehind gives some thousand parties behind a key, and the last one's key; nil behind the last one of all.
func (b *Book) partiesBehind(after []byte) (p parties, last []byte, err error) {
	err = b.db.View(func(tx *bbolt.Tx) error {
		at := tx.Bucket(partyBucket).Cursor()
		k, v := seekBehind(at, after)
		for ; k != nil && len(p.numbers) < partyPage; k, v = at.Next() {
			p.room, p.numbers = append(p.room, v...), append(p.numbers, number(k))
			p.ends, last = append(p.ends, len(p.room)), append(last[:0], k...)
		}
		if k == nil {
			last = nil
		}
		return nil
	})
	return p, last, err
}

// ask gives those that the change touches.
func (p *parties) ask(c *enrichment.Change) (map[uint64]TouchedParty, error) {
	found := map[uint64]TouchedParty{}
	from := 0
	for i, end := range p.ends {
		t, err := ask(c, p.room[from:end])
		if err != nil {
			return nil, err
		}
		if from = end; t != nil {
			found[p.numbers[i]] = *t
		}
	}
	return found, nil
}

// partyPage is how many parties are asked about at once.
const partyPage = 8192

func ask(c *enrichment.Change, party []byte) (*TouchedParty, error) {
	var s enrichment.Sought
	if err := codec.Decode(party, &s); err != nil {
		return nil, fmt.Errorf("index of orders: party: %w", err)
	}
	if c.Touches(&s) == nil {
		return nil, nil //nolint:nilnil // it is not touched
	}
	s = enrichment.Sought{}
	if err := codec.Decode(bytes.Clone(party), &s); err != nil { // its strings stay: not with them the whole page
		return nil, fmt.Errorf("index of orders: party: %w", err)
	}
	return &TouchedParty{Name: s.Party.Name, Touches: c.Touches(&s)}, nil
}

// occurrences writes the orders that have a touched party, the open ones first: the others wait in a file of their own.
func (b *Book) occurrences(ctx context.Context, touched map[uint64]TouchedParty, block uint64, w *lines, s *Summary) error {
	aside, err := os.CreateTemp("", "tidegate-touched-*")
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	defer func() { _ = errors.Join(aside.Close(), os.Remove(aside.Name())) }()
	closed := newLines(aside)
	has := func(n uint64) bool { _, ok := touched[n]; return ok }
	for after, more := []byte(nil), true; more; more = after != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var orders []Order
		orders, after, err = b.page(after, func(o *Order) bool {
			if block > 0 && o.Sequence >= block {
				return false
			}
			s.Orders++
			return slices.ContainsFunc(o.Parties, has)
		}, page)
		if err != nil {
			return err
		}
		b.release()
		for i := range orders {
			to := closed
			if orders[i].State == Open {
				to = w
			}
			if err := to.write(s.count(orders[i], touched)); err != nil {
				return err
			}
		}
	}
	if err := closed.Flush(); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if _, err := aside.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	_, err = io.Copy(w, aside)
	return err
}

func (s *Summary) count(o Order, touched map[uint64]TouchedParty) Touched {
	switch o.State {
	case Open:
		s.Open++
	case Shipped:
		s.Shipped++
	case Cancelled:
		s.Cancelled++
	}
	t := Touched{Order: o}
	for i, n := range o.Parties {
		if p, ok := touched[n]; ok {
			p.Party = i
			t.Touched = append(t.Touched, p)
		}
	}
	return t
}

// Reports are the answers that were given by themselves, in a directory: one file for each activation, its summary first.
type Reports struct{ dir string }

// ReportsOf is the reports beside an index.
func ReportsOf(dir string) Reports { return Reports{filepath.Join(dir, "touched")} }

func (r Reports) file(name string) string { return filepath.Join(r.dir, filepath.Base(name)+".jsonl") }

// Write keeps a report under a name: all of it, or nothing.
func (r Reports) Write(name string, write func(w io.Writer) (Summary, error)) (s Summary, err error) {
	if err := os.MkdirAll(r.dir, 0o700); err != nil {
		return s, fmt.Errorf("report: %w", err)
	}
	body, err := os.CreateTemp(r.dir, ".lines-*")
	if err != nil {
		return s, fmt.Errorf("report: %w", err)
	}
	defer func() { _ = errors.Join(body.Close(), os.Remove(body.Name())) }()
	if s, err = write(body); err != nil {
		return s, err
	}
	whole, err := os.CreateTemp(r.dir, ".report-*")
	if err != nil {
		return s, fmt.Errorf("report: %w", err)
	}
	head, err := json.Marshal(s)
	if err == nil {
		_, err = whole.Write(append(head, '\n'))
	}
	if err == nil {
		_, err = body.Seek(0, io.SeekStart)
	}
	if err == nil {
		_, err = io.Copy(whole, body)
	}
	if err = errors.Join(err, whole.Sync(), whole.Close()); err == nil {
		err = os.Rename(whole.Name(), r.file(name))
	}
	if err != nil {
		return s, fmt.Errorf("report: %w", errors.Join(err, os.Remove(whole.Name())))
	}
	return s, nil
}

// Has says whether there is a report of a name.
func (r Reports) Has(name string) bool {
	_, err := os.Stat(r.file(name))
	return err == nil
}

// Read gives a report: its summary, and the orders touched one by one.
func (r Reports) Read(name string) (s Summary, orders iter.Seq2[Touched, error], err error) {
	f, err := os.Open(r.file(name))
	if err != nil {
		return s, nil, err
	}
	read := bufio.NewReaderSize(f, 1<<16)
	head, err := read.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(head, &s)
	}
	if err != nil {
		return s, nil, errors.Join(fmt.Errorf("report %s: %w", name, err), f.Close())
	}
	return s, func(yield func(Touched, error) bool) {
		defer func() { _ = f.Close() }()
		for {
			line, err := read.ReadBytes('\n')
			if errors.Is(err, io.EOF) && len(line) == 0 {
				return
			}
			var t Touched
			if err == nil {
				err = json.Unmarshal(line, &t)
			}
			if !yield(t, err) || err != nil {
				return
			}
		}
	}, nil
}

// Copy gives a report as it is kept.
func (r Reports) Copy(name string, w io.Writer) error {
	f, err := os.Open(r.file(name))
	if err != nil {
		return err
	}
	_, err = io.Copy(w, f)
	return errors.Join(err, f.Close())
}

// Newest names the report of the change that was answered by itself last; empty where there is none.
func (r Reports) Newest() (string, error) {
	all, err := filepath.Glob(filepath.Join(r.dir, "*.jsonl"))
	if err != nil {
		return "", err
	}
	best, name := int64(0), ""
	for _, file := range all {
		info, err := os.Stat(file)
		if err == nil && !strings.HasPrefix(filepath.Base(file), "asked-") && info.ModTime().UnixNano() > best {
			best, name = info.ModTime().UnixNano(), strings.TrimSuffix(filepath.Base(file), ".jsonl")
		}
	}
	return name, nil
}

// Note is what the log keeps of an answer.
func (s *Summary) Note() event.Note {
	return event.Note{
		What: "listing", By: Actor, SHA256: s.Digest,
		Text: fmt.Sprintf("Lists changed in %d entries: %d of %d distinct parties are touched, %d open orders are judged again, %d that left are reported.",
			s.Changed, s.Matched, s.Parties, s.Open, s.Shipped),
		Counts: []event.Tally{
			{Name: "entries", Count: s.Changed},
			{Name: "parties", Count: s.Parties},
			{Name: "parties_touched", Count: s.Matched},
			{Name: "orders", Count: s.Orders},
			{Name: "open", Count: s.Open},
			{Name: "shipped", Count: s.Shipped},
			{Name: "cancelled", Count: s.Cancelled},
		},
	}
}
