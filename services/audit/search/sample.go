package search

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/shared/codec"
)

// Draw says what to draw.
type Draw struct {
	Query    Query    // the population: decisions, where no kind is asked for
	N        int      // records
	Number   uint64   // the auditor's own: whoever keeps the log cannot know it, as whoever chooses it cannot know the root
	Strata   []string // outcome, rule, month, source: as many of each as it has of the population, one at least
	ByValue  bool     // by the value of the order, instead
	Currency string   // of that value; may be left out where there is one only
}

// Drawn says how a sample was drawn, so that everybody with the log can draw it again. The seed is the SHA-256 of the text
//
//	tidegate sample 1\n
//	LOG SIZE ROOT\n      for each log: its number from 1, leaves, root hash in base64, as its checkpoint states them
//	NUMBER\n
//
// A record's ticket is the SHA-256 of the seed's 32 bytes, then its log's number and its leaf's index, each in 8 bytes, big endian. The records with
// the smallest tickets are drawn, of the whole population or of each stratum. By value: the population in the order of the log; T is
// the sum of its values in millionths; start is the SHA-256 of the seed and the word "start", taken as a number, modulo T; and of N
// points (start + k·T) div N, k from 0, each draws the record in whose part of the sum it falls. One that is worth more than T/N may be
// drawn by several points and is there once. What has no value in the currency cannot be drawn so: of those, the smallest tickets are, as many as
// N times their share of the population, rounded up.
type Drawn struct {
	Method     string    `json:"method"` // random, stratified, value
	N          int       `json:"n"`      // asked for
	Number     uint64    `json:"number"`
	Seed       string    `json:"seed"`       // lower-case hex
	Population int       `json:"population"` // records that the question holds of, counted in the log
	Strata     []Stratum `json:"strata,omitempty"`
	Currency   string    `json:"currency,omitempty"`
	Total      string    `json:"total,omitempty"`         // value of the population, in the currency
	Unvalued   *Stratum  `json:"without_value,omitempty"` // records without one
	How        string    `json:"how"`                     // in words
}

// Stratum is a part of a population.
type Stratum struct {
	Name  string `json:"name"`
	Size  int    `json:"size"`
	Drawn int    `json:"drawn"`
}

// Sample is what was drawn, in the order of the log, each proven.
type Sample struct {
	Drawn
	Query   Asked
	Under   []CheckpointState
	Records []Hit
	Points  []int // of each record: by how many points it was drawn; by value only
}

// strata are what a population may be parted by.
var strata = map[string]func(Row) string{
	"outcome": func(r Row) string { return string(r.Outcome) },
	"rule":    func(r Row) string { return r.Rule },
	"month":   func(r Row) string { return string(r.Date)[:min(7, len(r.Date))] },
	"source":  func(r Row) string { return r.Source },
}

func (d Draw) normal() (Draw, error) {
	q, err := d.Query.Normal()
	errs := []error{err}
	d.Query = q
	d.Query.Kind = cmp.Or(q.Kind, event.LeafDecision)
	if d.N < 1 || d.N > MaxLimit {
		errs = append(errs, fmt.Errorf("%w: want 1 to %d records", errQuery, MaxLimit))
	}
	for _, s := range d.Strata {
		if strata[s] == nil {
			errs = append(errs, fmt.Errorf("%w: strata: want outcome, rule, month or source, not %q", errQuery, s))
		}
	}
	if d.ByValue && len(d.Strata) > 0 {
		errs = append(errs, fmt.Errorf("%w: want strata or value, not both", errQuery))
	}
	return d, errors.Join(errs...)
}

// Seed is what a sample's tickets follow from.
func Seed(under []CheckpointState, number uint64) [sha256.Size]byte {
	var b strings.Builder
	b.WriteString("tidegate sample 1\n")
	for _, c := range under {
		fmt.Fprintf(&b, "%d %d %s\n", c.Log, c.Size, c.Root)
	}
	fmt.Fprintf(&b, "%d\n", number)
	return sha256.Sum256([]byte(b.String()))
}

// ticketed is a record in the lot.
type ticketed struct {
	ticket [sha256.Size]byte
	place  Place
}

func ticket(seed [sha256.Size]byte, p Place) ticketed {
	b := binary.BigEndian.AppendUint64(slices.Clone(seed[:]), uint64(p.Log)) //nolint:gosec // from 1
	return ticketed{sha256.Sum256(binary.BigEndian.AppendUint64(b, p.Leaf)), p}
}

// smallest keeps the smallest tickets.
type smallest struct {
	most int
	kept []ticketed
	size int // records seen
}

func (s *smallest) add(t ticketed) {
	s.size++
	if s.kept = append(s.kept, t); len(s.kept) >= 2*s.most+64 {
		s.cut(s.most)
	}
}

func (s *smallest) cut(n int) []ticketed {
	slices.SortFunc(s.kept, func(a, b ticketed) int { return bytes.Compare(a.ticket[:], b.ticket[:]) })
	s.kept = s.kept[:min(n, len(s.kept))]
	return s.kept
}

// Take draws a sample of an audit directory's history. The population is counted in the log, every leaf of it read and proven; no index has a part in
// it, so that nothing can be kept out of the lot. progress may be nil; it is told leaves done and to do.
func Take(ctx context.Context, dir string, d Draw, progress func(done, total uint64)) (Sample, error) {
	d, err := d.normal()
	if err != nil {
		return Sample{}, err
	}
	r, err := audit.NewReader(dir)
	if err != nil {
		return Sample{}, err
	}
	s := Sample{Query: d.Query.Asked(), Under: states(r)}
	seed := Seed(s.Under, d.Number)
	s.Drawn = Drawn{N: d.N, Number: d.Number, Seed: hex.EncodeToString(seed[:])}
	lot := newLot(d, seed)
	if err := lot.read(ctx, r, progress); err != nil {
		return s, err
	}
	drawn, err := lot.draw(&s.Drawn)
	if err != nil {
		return s, err
	}
	return s, s.fetch(r, d.Query, drawn)
}

// fetch gets the records drawn.
func (s *Sample) fetch(r *audit.Reader, q Query, drawn map[Place]int) error {
	places := slices.SortedFunc(maps.Keys(drawn), func(a, b Place) int { return cmp.Compare(idOf(a), idOf(b)) })
	for _, p := range places {
		l, err := r.Prove(p.Log, p.Leaf)
		if err != nil {
			return fmt.Errorf("log %d: %w", p.Log, err)
		}
		row, err := RowOf(l)
		if err != nil {
			return err
		}
		if !q.Holds(row) {
			return fmt.Errorf("%w: leaf %d of log %d is not what it was a moment ago", errQuery, p.Leaf, p.Log)
		}
		s.Records = append(s.Records, Hit{row, l})
		if s.Method == "value" {
			s.Points = append(s.Points, drawn[p])
		}
	}
	return nil
}

// lot is a population with its tickets.
type lot struct {
	Draw
	seed    [sha256.Size]byte
	strata  map[string]*smallest // by name; one without a name where there are none
	valued  map[string][]worth   // by currency, in the order of the log
	without *smallest
	size    int
}

// worth is what a record is worth, in millionths.
type worth struct {
	place Place
	value int64
}

func newLot(d Draw, seed [sha256.Size]byte) *lot {
	return &lot{Draw: d, seed: seed, strata: map[string]*smallest{}, valued: map[string][]worth{}, without: &smallest{most: d.N}}
}

func (l *lot) read(ctx context.Context, r *audit.Reader, progress func(done, total uint64)) error {
	var done, total uint64
	for _, p := range r.Parts() {
		total += p.Point.Size
	}
	for _, p := range r.Parts() {
		for logged, err := range r.Whole(ctx, p.Number) {
			if err != nil {
				return err
			}
			if done++; progress != nil && done%batch == 0 {
				progress(done, total)
			}
			if err := l.add(logged); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *lot) add(logged audit.Logged) error {
	row, err := RowOf(logged)
	if err != nil || !l.Query.Holds(row) {
		return err
	}
	l.size++
	p := Place{row.Log, row.Leaf}
	if l.ByValue {
		v, currency, err := valueOf(logged)
		if err != nil || currency != "" && v > 0 {
			l.valued[currency] = append(l.valued[currency], worth{p, v})
			return err
		}
		l.without.add(ticket(l.seed, p))
		return nil
	}
	names := make([]string, len(l.Strata))
	for i, s := range l.Strata {
		names[i] = cmp.Or(strata[s](row), "-")
	}
	name := strings.Join(names, " ")
	if l.strata[name] == nil {
		l.strata[name] = &smallest{most: l.N}
	}
	l.strata[name].add(ticket(l.seed, p))
	return nil
}

// valueOf is what an order is worth, in millionths: the sum of its positions. It has no value where one of them has none, or not all are of
// one currency.
func valueOf(l audit.Logged) (v int64, currency string, err error) {
	var h struct {
		Order struct {
			Items []struct {
				Value    event.Decimal `json:"value"`
				Currency string        `json:"currency"`
			} `json:"items"`
		} `json:"order"`
	}
	if !l.Leaf.HasCase() {
		return 0, "", nil
	}
	if err := codec.Decode(l.Case.Line(0), &h); err != nil {
		return 0, "", fmt.Errorf("leaf %d: %w", l.Index, err)
	}
	for i, item := range h.Order.Items {
		n, ok := millionths(item.Value)
		if i == 0 {
			currency = item.Currency
		}
		if !ok || item.Currency == "" || item.Currency != currency || v > 1<<62-n {
			return 0, "", nil
		}
		v += n
	}
	return v, currency, nil
}

// millionths reads a plain number; smaller parts are left out. One that is negative, or not given, is none.
func millionths(d event.Decimal) (int64, bool) {
	whole, part, _ := strings.Cut(string(d), ".")
	n, ok := new(big.Int).SetString(whole+(part + "000000")[:6], 10)
	return func() int64 {
		if !ok || !n.IsInt64() {
			return 0
		}
		return n.Int64()
	}(), ok && whole != "" && n.Sign() >= 0 && n.IsInt64() && n.Int64() < 1<<60
}

// draw gives the records drawn, with by how many points.
func (l *lot) draw(d *Drawn) (map[Place]int, error) {
	d.Population = l.size
	switch {
	case l.ByValue:
		return l.byValue(d)
	case len(l.Strata) > 0:
		return l.byStrata(d)
	}
	d.Method, d.How = "random", "The records with the smallest tickets; see the seed."
	out := map[Place]int{}
	for _, s := range l.strata {
		for _, t := range s.cut(l.N) {
			out[t.place] = 1
		}
	}
	return out, nil
}

func (l *lot) byStrata(d *Drawn) (map[Place]int, error) {
	d.Method = "stratified"
	d.How = "By " + strings.Join(l.Strata, ", ") + ": one of each stratum, the others in proportion to its size (largest remainder, then name); of each the smallest tickets."
	sizes := map[string]int{}
	for name, s := range l.strata {
		sizes[name] = s.size
	}
	shares, err := allot(sizes, l.N)
	if err != nil {
		return nil, err
	}
	out := map[Place]int{}
	for _, name := range slices.Sorted(maps.Keys(shares)) {
		for _, t := range l.strata[name].cut(shares[name]) {
			out[t.place] = 1
		}
		d.Strata = append(d.Strata, Stratum{name, sizes[name], shares[name]})
	}
	return out, nil
}

// allot gives each stratum one, and what is left in proportion to what is left of them: whole parts first, then the largest remainders, by name where
// they are equal.
func allot(sizes map[string]int, n int) (map[string]int, error) {
	if n < len(sizes) {
		return nil, fmt.Errorf("%w: there are %d strata: draw as many at least", errQuery, len(sizes))
	}
	shares, left, rest := map[string]int{}, n-len(sizes), 0
	for name, size := range sizes {
		shares[name] = 1
		rest += size - 1
	}
	left = min(left, rest)
	if rest == 0 {
		return shares, nil
	}
	names := slices.Sorted(maps.Keys(sizes))
	over := left
	for _, name := range names {
		shares[name] += left * (sizes[name] - 1) / rest
		over -= left * (sizes[name] - 1) / rest
	}
	slices.SortStableFunc(names, func(a, b string) int {
		return cmp.Compare(left*(sizes[b]-1)%rest, left*(sizes[a]-1)%rest)
	})
	for _, name := range names[:over] {
		shares[name]++
	}
	return shares, nil
}

func (l *lot) byValue(d *Drawn) (map[Place]int, error) {
	d.Method = "value"
	currency := l.Currency
	if currency == "" && len(l.valued) > 1 {
		return nil, fmt.Errorf("%w: orders are in %s: say which currency", errQuery, strings.Join(slices.Sorted(maps.Keys(l.valued)), ", "))
	}
	for c, list := range l.valued {
		if currency == "" {
			currency = c
		}
		for _, w := range list {
			if c != currency {
				l.without.add(ticket(l.seed, w.place))
			}
		}
	}
	d.Currency = currency
	out := l.points(d, l.valued[currency])
	unvalued := Stratum{Name: "no value in " + cmp.Or(currency, "any currency"), Size: l.without.size}
	if unvalued.Size > 0 {
		unvalued.Drawn = min(unvalued.Size, (l.N*unvalued.Size+l.size-1)/l.size)
		for _, t := range l.without.cut(unvalued.Drawn) {
			out[t.place] = 0
		}
		d.Unvalued = &unvalued
	}
	d.How = "Each unit of money has the same chance: N points at equal distances in the sum of values, in the order of the log, from a start that follows from the seed. Records without a value in the currency are drawn beside them, by the smallest tickets, in proportion to their number."
	return out, nil
}

// points draws the records on which the points fall.
func (l *lot) points(d *Drawn, list []worth) map[Place]int {
	out, total := map[Place]int{}, new(big.Int)
	for _, w := range list {
		total.Add(total, big.NewInt(w.value))
	}
	d.Total = asDecimal(total)
	if total.Sign() == 0 {
		return out
	}
	digest := sha256.Sum256(append(slices.Clone(l.seed[:]), "start"...))
	start := new(big.Int).Mod(new(big.Int).SetBytes(digest[:]), total)
	sum, k, n := new(big.Int), int64(0), big.NewInt(int64(l.N))
	point := func() *big.Int {
		p := new(big.Int).Mul(big.NewInt(k), total)
		return p.Div(p.Add(p, start), n)
	}
	for _, w := range list {
		sum.Add(sum, big.NewInt(w.value))
		for k < int64(l.N) && point().Cmp(sum) < 0 {
			out[w.place]++
			k++
		}
	}
	return out
}

// asDecimal writes millionths as a plain number.
func asDecimal(n *big.Int) string {
	whole, part := new(big.Int).QuoRem(n, big.NewInt(1_000_000), new(big.Int))
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%s.%06d", whole, part), "0"), ".")
}
