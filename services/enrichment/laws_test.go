package enrichment

import (
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/reference"
	"github.com/tidegate/tidegate/shared/codec"
)

// init makes the drawn cases the same in every run; -rapid.seed on the command line draws others.
func init() {
	if err := flag.Set("rapid.seed", "20261123"); err != nil {
		panic(err)
	}
}

// someName draws listed names, their spoiled forms, and names of nobody.
func someName(r *Reference) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		e := r.set.Entries[rapid.IntRange(0, len(r.set.Entries)-1).Draw(t, "entry")]
		name := rapid.SampledFrom(append([]string{e.Name}, e.Aliases...)).Draw(t, "name")
		switch rapid.IntRange(0, 4).Draw(t, "spoil") {
		case 1:
			i := rapid.IntRange(0, len(name)-1).Draw(t, "at")
			return strings.ToValidUTF8(name[:i]+name[i+1:], "")
		case 2:
			words := strings.Fields(name)
			slices.Reverse(words)
			return strings.Join(words, " ")
		case 3:
			return rapid.StringMatching(`[A-Z][a-z]{3,9} [A-Z][a-z]{4,9} (GmbH|Ltd|Inc)`).Draw(t, "nobody")
		}
		return name
	})
}

func someOrder(r *Reference) *rapid.Generator[*event.Order] {
	country := rapid.SampledFrom([]event.Country{"", "CN", "HK", "SG", "DE", "US", "RU"})
	return rapid.Custom(func(t *rapid.T) *event.Order {
		o := &event.Order{ShipTo: country.Draw(t, "to")}
		for range rapid.IntRange(1, 4).Draw(t, "parties") {
			o.Parties = append(o.Parties, event.Party{
				Role: event.Purchaser, Name: someName(r).Draw(t, "party"), Directors: []string{someName(r).Draw(t, "director")},
				Address: &event.Address{Country: country.Draw(t, "country"), Lines: []string{rapid.SampledFrom([]string{"", "Rm 1605 Ho King Commercial Center", "No. 18 Zhang Jiang Road, Shanghai"}).Draw(t, "line")}},
			})
		}
		for range rapid.IntRange(1, 3).Draw(t, "items") {
			o.Items = append(o.Items, event.Item{
				Description: rapid.SampledFrom([]string{"NVIDIA H100 SXM5", "office chair", "accelerator", "HGX A100"}).Draw(t, "description"),
				TPP:         rapid.SampledFrom([]event.Decimal{"", "4799.9", "4800", "1600"}).Draw(t, "tpp"),
				ECCN:        rapid.SampledFrom([]string{"", "EAR99", "3A090.a"}).Draw(t, "eccn"),
			})
		}
		return o
	})
}

func TestFactsAreTheSameBytesEveryTime(t *testing.T) {
	t.Parallel()
	one, two := curated(t), curated(t)
	rapid.Check(t, func(rt *rapid.T) {
		o := someOrder(one).Draw(rt, "order")
		a, err := codec.Append(nil, one.Facts(o, "p"))
		if err != nil {
			rt.Fatal(err)
		}
		b, err := codec.Append(nil, two.Facts(o, "p"))
		if err != nil {
			rt.Fatal(err)
		}
		if string(a) != string(b) {
			rt.Fatalf("two readings differ: %s", cmp.Diff(string(a), string(b)))
		}
		var back event.Facts
		if err := codec.Decode(a, &back); err != nil {
			rt.Fatalf("facts do not read back: %v", err)
		}
	})
}

func TestMoreListedEntriesNeverTakeAMatchAway(t *testing.T) {
	t.Parallel()
	all := curated(t)
	half, err := LoadReference(everySecond(t))
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		o := someOrder(all).Draw(rt, "order")
		few, many := half.Facts(o, ""), all.Facts(o, "")
		for i := range few.Parties {
			for _, m := range few.Parties[i].Matches {
				if !slices.ContainsFunc(many.Parties[i].Matches, func(n event.Match) bool { return cmp.Equal(m, n) }) {
					rt.Fatalf("%q lost %s %s", o.Parties[i].Name, m.Entry, m.Score)
				}
			}
		}
	})
}

// everySecond gives the curated set with every second listed party left out.
func everySecond(t *testing.T) fs.FS {
	t.Helper()
	out := fstest.MapFS{}
	err := fs.WalkDir(reference.Files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(reference.Files, path)
		if strings.HasPrefix(path, "parties/") {
			var kept []string
			for i, l := range strings.Split(string(b), "\n") {
				if i%2 == 0 {
					kept = append(kept, l)
				}
			}
			b = []byte(strings.Join(kept, "\n"))
		}
		out[path] = &fstest.MapFile{Data: b}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestDigestDoesNotDependOnTheOrderOfLines(t *testing.T) {
	t.Parallel()
	turned := fstest.MapFS{}
	for _, path := range []string{"catalog.jsonl", "groups.jsonl"} {
		turned[path] = reversed(t, path)
	}
	files, err := fs.Glob(reference.Files, "parties/*.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for i, path := range files {
		turned[fmt.Sprintf("parties/%02d.jsonl", len(files)-i)] = reversed(t, path)
	}
	r, err := LoadReference(turned)
	if err != nil {
		t.Fatal(err)
	}
	if want := curated(t).Digest(); r.Digest() != want || len(want) != 64 {
		t.Errorf("digest %s, want %s", r.Digest(), want)
	}
}

func reversed(t *testing.T, path string) *fstest.MapFile {
	t.Helper()
	b, err := fs.ReadFile(reference.Files, path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	slices.Reverse(lines)
	return &fstest.MapFile{Data: []byte(strings.Join(lines, "\n\n"))}
}

// Every listed name finds its own entry, in its own country, as a hit.
func TestEveryListedNameFindsItsEntry(t *testing.T) {
	t.Parallel()
	r := curated(t)
	for _, e := range r.set.Entries {
		if e.AddressOnly {
			continue
		}
		names := append(append([]string{e.Name}, e.Aliases...), e.Also...)
		for _, n := range names {
			f := factsOf(r, party(n, e.Country))
			i := slices.IndexFunc(f.Matches, func(m event.Match) bool { return m.Entry == e.ID })
			if i < 0 || f.Matches[i].Score < 900 {
				t.Errorf("%s: %q does not hit its entry: %v", e.ID, n, entries(f.Matches))
			}
		}
	}
}

// Every listed address with a street and number or a named house finds its own entry.
func TestListedAddressesFindTheirEntry(t *testing.T) {
	t.Parallel()
	r := curated(t)
	found, all := 0, 0
	for _, e := range r.set.Entries {
		for _, a := range e.Addresses {
			all++
			p := party("Harbour Nine Trading", e.Country)
			p.Address.Lines = []string{a}
			f := factsOf(r, p)
			hit := func(m event.Match) bool { return m.Entry == e.ID && m.Score >= 900 }
			if slices.ContainsFunc(f.Matches, hit) || slices.ContainsFunc(f.SharedWith, hit) {
				found++
			} else if e.AddressOnly {
				t.Errorf("%s is not found at %q", e.ID, a)
			}
		}
	}
	t.Logf("%d of %d listed addresses find their entry", found, all)
	if found*10 < all*6 {
		t.Errorf("only %d of %d listed addresses find their entry", found, all)
	}
}

func TestAnEmptyOrderHasEmptyFacts(t *testing.T) {
	t.Parallel()
	b, err := json.Marshal(curated(t).Facts(&event.Order{}, "p"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"parties":[]`, `"items":[]`, `"places":[]`, `"prev":"p"`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("%s lacks %s", b, want)
		}
	}
}
