package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tidegate/tidegate/deploy/bench/varied"
	"github.com/tidegate/tidegate/deploy/orders"
	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment"
	"github.com/tidegate/tidegate/services/enrichment/lists"
	"github.com/tidegate/tidegate/shared/codec"
)

// Listing is what it cost to keep the index of orders, and to find which past orders a change of lists touches.
type Listing struct {
	Orders     int     `json:"orders"`
	Parties    int     `json:"distinct_parties"`
	Entries    int     `json:"entries"`
	Touched    int     `json:"orders_touched"`
	Seconds    float64 `json:"seconds"`
	CPU        float64 `json:"cpu_s"`
	IdleMB     float64 `json:"idle_mb"` // resident, the index open and nothing asked
	PeakMB     float64 `json:"peak_mb"` // resident at the highest while it was asked
	IndexCPU   float64 `json:"index_cpu_us_per_order"`
	IndexPerS  float64 `json:"index_orders_per_s"`
	IndexMB    float64 `json:"index_mb"`    // on disk
	Everything float64 `json:"all_again_s"` // CPU seconds that matching every distinct party against all entries would take, by a sample
}

// pastOrders is how many past orders there are.
const pastOrders = 1_000_000

// listedNow is how many entries are new on the list.
const listedNow = 100

// benchListing fills an index with past orders of the generator, then lists a hundred parties: half of them resemble parties that
// ordered, half nobody.
func benchListing(ctx context.Context, w io.Writer, dir string, n int) (l Listing, err error) {
	tmp, err := os.MkdirTemp(dir, "tidegate-listing-")
	if err != nil {
		return l, err
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	book, err := orders.OpenBook(tmp)
	if err != nil {
		return l, err
	}
	defer func() { _ = book.Close() }()
	fmt.Fprintf(w, "listing: an index of %d past orders …\n", n)
	if err := fillBook(book, n, &l); err != nil {
		return l, err
	}
	if info, err := os.Stat(filepath.Join(tmp, orders.File)); err == nil {
		l.IndexMB = float64(info.Size()) / 1e6
	}
	curated, err := enrichment.Curated()
	if err != nil {
		return l, err
	}
	file := filepath.Join(tmp, "new-2026-11-23.csv")
	if err := os.WriteFile(file, listing(), 0o600); err != nil {
		return l, err
	}
	store := lists.Open(filepath.Join(tmp, "lists"))
	if _, err := store.Import(lists.Import{Path: file}); err != nil {
		return l, err
	}
	_, set, err := store.Prepare("")
	if err != nil {
		return l, err
	}
	liveMB() // gives back what filling took
	if l.IdleMB, err = residentMB(os.Getpid(), "VmRSS"); err != nil {
		return l, err
	}
	stop := peak(&l.PeakMB)
	began, used := time.Now(), cpu()
	after, err := curated.RowsWithLists(set)
	if err != nil {
		return l, err
	}
	change := enrichment.NewChange(curated.Rows(), after, nil)
	sum, err := book.Touch(ctx, change, 0, io.Discard, nil)
	l.Seconds, l.CPU = time.Since(began).Seconds(), (cpu() - used).Seconds()
	stop()
	if err != nil {
		return l, err
	}
	l.Entries, l.Parties, l.Orders, l.Touched = sum.Changed, sum.Parties, sum.Orders, sum.Open+sum.Shipped+sum.Cancelled
	l.Everything, err = allAgain(curated, set, sum.Parties)
	return l, err
}

// fillBook takes decisions on orders of the generator: as many as asked for, each placed, two in three shipped.
func fillBook(book *orders.Book, n int, l *Listing) error {
	g := varied.NewGenerator(6)
	const blockOf = 128
	var took, spent time.Duration
	for block, done := uint64(1), 0; done < n; block++ {
		var cases []event.Case
		for range min(blockOf, n-done) {
			cases = append(cases, decidedOrder(g.Fresh("bench", done), done))
			done++
		}
		began, used := time.Now(), cpu()
		if err := book.Take(block, cases); err != nil {
			return err
		}
		took, spent = took+time.Since(began), spent+cpu()-used
	}
	began, used := time.Now(), cpu()
	err := book.Flush()
	took, spent = took+time.Since(began), spent+cpu()-used
	l.IndexCPU, l.IndexPerS = float64(spent.Microseconds())/float64(n), float64(n)/took.Seconds()
	return err
}

// decidedOrder is a case as screening writes it, with the facts that the index has no use for left out.
func decidedOrder(order []byte, i int) event.Case {
	kind := event.Placed
	more := ""
	if i%3 > 0 { // what left was placed before: that is the same to the question
		kind, more = event.Shipped, `,"shipment":{"date":"2026-11-20"}`
	}
	cause := fmt.Appendf(nil, `{"line":"order","v":1,"kind":%q,"event":"00000000-0000-5000-8000-%012d","key":"default/bench/fresh-%d/0","actor":"bench","tenant":"default","source":"bench","order_id":"fresh-%d","revision":0,"format":"tidegate-json","received_at":"2026-11-20T10:00:00.000000Z","received":{"sha256":"%064d","size":%d}%s,"order":`,
		kind, i, i, i, i, len(order), more)
	judgement, _ := codec.Append(nil, event.Judgement{Line: event.LineJudgement, V: 1, Prev: strings.Repeat("0", 64), Outcome: event.Release, Dates: []event.DateSay{{AsOf: "order_date", Date: "2026-11-20", Outcome: event.Release}}, Findings: []event.Finding{}}) // plain data
	return event.NewCase(append(append(cause, order...), '}')).
		With([]byte(`{"line":"facts","v":1,"prev":"` + strings.Repeat("0", 64) + `","snapshot":"` + strings.Repeat("a", 64) + `","matcher":"bench","parties":[],"items":[],"places":[]}`)).With(judgement)
}

// listing is a list of a hundred parties in the own format.
func listing() []byte {
	rng := rand.New(rand.NewPCG(9, 9)) //nolint:gosec // the same list every time
	invented := newWords(4)
	b := []byte("id,list,name,country,citation,listed_from\n")
	for i := range listedNow {
		name := invented.name(i%2 == 0)
		switch i % 4 {
		case 0: // a party that may have ordered often, or never
			name = varied.Name(uint64(i*i) * 97)
		case 1:
			name = oneEdit(rng, varied.Name(uint64(i*i)*97))
		}
		b = fmt.Appendf(b, "n-%d,EL,%q,%s,invented,2026-11-23\n", i, name, varied.Places[i%len(varied.Places)])
	}
	return b
}

// allAgain is what matching every party against all entries would take, by a sample of the generator's names.
func allAgain(curated *enrichment.Reference, set []byte, parties int) (float64, error) {
	ref, err := curated.WithLists(set)
	if err != nil {
		return 0, err
	}
	const sample = 20_000
	used := cpu()
	for i := range uint64(sample) {
		ref.Look(varied.Name(i * 7919))
	}
	return (cpu() - used).Seconds() / sample * float64(parties), nil
}

// peak watches resident memory until stop.
func peak(most *float64) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			if mb, err := residentMB(os.Getpid(), "VmRSS"); err == nil {
				*most = max(*most, mb)
			}
			select {
			case <-done:
				return
			case <-tick.C:
			}
		}
	}()
	return func() { close(done); <-ended }
}

func (l Listing) print(w io.Writer) {
	fmt.Fprintf(w, "\nwhich past orders touch %d new entries: %d of %d orders with %d distinct parties, in %.2f s (%.2f s CPU); %.0f MB idle, %.0f MB at most (+%.0f)\n",
		l.Entries, l.Touched, l.Orders, l.Parties, l.Seconds, l.CPU, l.IdleMB, l.PeakMB, l.PeakMB-l.IdleMB)
	fmt.Fprintf(w, "keeping the index: %.1f µs CPU/order, %.0f orders/s, %.0f MB of disk; matching every party against the curated set and these anew: %.1f s CPU for names alone\n",
		l.IndexCPU, l.IndexPerS, l.IndexMB, l.Everything)
}
