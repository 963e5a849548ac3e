package main

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/tidegate/tidegate/deploy/bench/varied"
	"github.com/tidegate/tidegate/services/enrichment"
	"github.com/tidegate/tidegate/services/enrichment/lists"
)

// Match is what the matcher cost against one compiled set of lists, alone in the process.
type Match struct {
	Set      string  `json:"set"`
	Entities int     `json:"entities"`
	FileMB   float64 `json:"file_mb"`
	LoadS    float64 `json:"load_s"`  // from the compiled file to a matcher that answers
	HeldMB   float64 `json:"held_mb"` // heap that it takes
	Listed   Looks   `json:"listed"`
	OneEdit  Looks   `json:"one_edit"`
	Nobody   Looks   `json:"nobody"`
}

// Looks is what looking names up cost, each looked up once, one after the other.
type Looks struct {
	Names int     `json:"names"`
	CPU   float64 `json:"cpu_us_per_name"`
	P50   float64 `json:"p50_us"`
	P99   float64 `json:"p99_us"`
}

// benchNames is how many names are looked up of each sort; a tenth of the entities where there are fewer.
const benchNames = 5000

// entities is the smaller of the two invented sets; the other is ten times as large.
const entities = 30_000

// officialLists are files of TIDEGATE_TESTDATA: the Consolidated Screening List, the Entity List with its addresses, an OFAC
// set with its aliases, the UN list.
var officialLists = []string{"csl-*.derived.csv", "bis-entity-list-*.json", "ofac-sdn-2021-*", "un-consolidated-*.xml"}

// benchMatch measures an invented set, one ten times as large, and the official lists where they are.
func benchMatch(w io.Writer, dir string) (out []Match, err error) {
	tmp, err := os.MkdirTemp(dir, "tidegate-match-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(math.MaxInt64)) // the limit of serve is too small for ten times the lists
	for _, n := range []int{entities, 10 * entities} {
		fmt.Fprintf(w, "match: an invented list of %d entities …\n", n)
		file := filepath.Join(tmp, fmt.Sprintf("invented-%d-2026-11-20.csv", n))
		if err := writeInvented(file, n); err != nil {
			return nil, err
		}
		m, err := measureMatch(filepath.Join(tmp, strconv.Itoa(n)), "invented", file)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	data := os.Getenv("TIDEGATE_TESTDATA")
	if data == "" {
		fmt.Fprintln(w, "match: the official lists are left out: TIDEGATE_TESTDATA is not set")
		return out, nil
	}
	var files []string
	for _, pattern := range officialLists {
		found, err := filepath.Glob(filepath.Join(data, "lists", pattern))
		if err != nil || len(found) == 0 {
			return nil, fmt.Errorf("no %s in the lists of TIDEGATE_TESTDATA: %w", pattern, err)
		}
		files = append(files, found[len(found)-1])
	}
	fmt.Fprintln(w, "match: the official lists …")
	m, err := measureMatch(filepath.Join(tmp, "official"), "official lists", files...)
	return append(out, m), err
}

// writeInvented writes a list in the own format: firms and persons by turns.
func writeInvented(file string, n int) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	b := bufio.NewWriter(f)
	_, _ = b.WriteString("id,name,kind,country\n") // Flush keeps the error
	words := newWords(1)
	for i := range n {
		kind := "entity"
		if i%3 == 0 {
			kind = "person"
		}
		fmt.Fprintf(b, "x-%d,%q,%s,%s\n", i, words.name(kind == "person"), kind, varied.Places[i%len(varied.Places)])
	}
	if err := b.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// words invents names of words of which, as in real lists, some are borne by thousands and most by few (Zipf).
type words struct {
	rng   *rand.Rand
	often *rand.Zipf
}

func newWords(seed uint64) words {
	rng := rand.New(rand.NewPCG(seed, 0x6d617463)) //nolint:gosec // a benchmark wants the same names every time
	return words{rng, rand.NewZipf(rng, 1.07, 20, 2_000_000)}
}

// sounds are what the invented words are made of: short enough that every language has them.
var sounds = strings.Fields(`ba ke lo mi nu ra se ti vo za gar hel jin kor lan mer nor pel qui ros san tor ul van wen xi yor zel dra ste fli gro ash bre cor dun
	el fan gil hov ish jar kim led mon nev ost pra rud sil tam urs vid wol yan zub`)

func (w words) word() string {
	rng := rand.New(rand.NewPCG(w.often.Uint64(), 7)) //nolint:gosec // the same word every time
	var b strings.Builder
	for range 2 + rng.IntN(3) {
		b.WriteString(sounds[rng.IntN(len(sounds))])
	}
	return b.String()
}

func (w words) name(person bool) string {
	if person {
		return w.word() + " " + w.word() + " " + w.word()
	}
	return w.word() + " " + w.word() + " " + varied.Trades[w.rng.IntN(len(varied.Trades))] + " " + varied.Forms[w.rng.IntN(len(varied.Forms))]
}

// measureMatch imports files, loads the set from its compiled file and looks names up.
func measureMatch(dir, set string, files ...string) (m Match, err error) {
	store := lists.Open(dir)
	for _, f := range files {
		if _, err := store.Import(lists.Import{Path: f, Yes: true}); err != nil {
			return m, err
		}
	}
	digest, err := store.Activate("")
	if err != nil {
		return m, err
	}
	info, err := os.Stat(filepath.Join(dir, "sets", digest))
	if err != nil {
		return m, err
	}
	listed, err := someNames(store, digest)
	if err != nil {
		return m, err
	}
	before := liveMB()
	began := time.Now()
	ref, err := enrichment.InForce(dir)
	if err != nil {
		return m, err
	}
	m = Match{Set: set, Entities: ref.Entities(), FileMB: float64(info.Size()) / 1e6, LoadS: time.Since(began).Seconds()}
	m.HeldMB = liveMB() - before
	rng := rand.New(rand.NewPCG(3, 3)) //nolint:gosec // the same slips every time
	spoiled, nobody, words := make([]string, len(listed)), make([]string, len(listed)), newWords(2)
	for i, name := range listed {
		spoiled[i], nobody[i] = oneEdit(rng, name), words.name(i%2 == 0)
	}
	m.Listed, m.OneEdit, m.Nobody = looks(ref, listed), looks(ref, spoiled), looks(ref, nobody)
	return m, nil
}

// someNames takes primary names of the set, evenly.
func someNames(store *lists.Store, digest string) (names []string, err error) {
	set, err := store.Set(digest)
	if err != nil {
		return nil, err
	}
	step := max(1, len(set.Entries)/benchNames)
	for i := 0; i < len(set.Entries); i += step {
		if e := &set.Entries[i]; !e.AddressOnly {
			names = append(names, e.Name)
		}
	}
	return names, nil
}

// oneEdit spoils one letter: another one, none, or one more.
func oneEdit(rng *rand.Rand, name string) string {
	rs := []rune(name)
	at := rng.IntN(len(rs))
	for range rs {
		if unicode.IsLetter(rs[at]) {
			break
		}
		at = (at + 1) % len(rs)
	}
	other := rune('a' + rng.IntN(26))
	switch rng.IntN(3) {
	case 0:
		rs[at] = other
	case 1:
		rs = slices.Insert(rs, at, other)
	default:
		rs = slices.Delete(rs, at, at+1)
	}
	return string(rs)
}

func looks(ref *enrichment.Reference, names []string) Looks {
	took := make([]time.Duration, 0, len(names))
	runtime.GC()
	used, last := cpu(), time.Now()
	for _, n := range names {
		ref.Look(n)
		now := time.Now()
		took = append(took, now.Sub(last))
		last = now
	}
	used = cpu() - used
	slices.Sort(took)
	us := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }
	return Looks{Names: len(names), CPU: us(used) / float64(len(names)), P50: us(took[len(took)/2]), P99: us(took[len(took)*99/100])}
}

func liveMB() float64 {
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / 1e6
}

func printMatch(w io.Writer, all []Match) {
	fmt.Fprintf(w, "\n%-16s %9s %8s %8s %8s   %-24s %-24s %-24s\n", "names against", "entities", "file MB", "load s", "heap MB", "listed: CPU µs, p99", "one edit", "nobody")
	for _, m := range all {
		fmt.Fprintf(w, "%-16s %9d %8.1f %8.2f %8.0f", m.Set, m.Entities, m.FileMB, m.LoadS, m.HeldMB)
		for _, l := range []Looks{m.Listed, m.OneEdit, m.Nobody} {
			fmt.Fprintf(w, "   %9.1f %14.1f", l.CPU, l.P99)
		}
		fmt.Fprintln(w)
	}
	if len(all) > 1 && all[0].OneEdit.CPU > 0 {
		a, b := all[0], all[1]
		fmt.Fprintf(w, "ten times the entities: %.1f times the CPU for a listed name, %.1f with one edit, %.1f for a name of nobody\n",
			b.Listed.CPU/a.Listed.CPU, b.OneEdit.CPU/a.OneEdit.CPU, b.Nobody.CPU/a.Nobody.CPU)
	}
}
