package snapshot

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tidegate/tidegate/schemas/event"
)

func row(id string, from event.Date) Entry {
	return Entry{ID: id, List: "EL", Name: "name of " + id, Scope: "all", Citation: "1 FR 2", Certainty: "C", Listed: []event.Span{{From: from}}}
}

func edition(published event.Date, rows ...Entry) Edition {
	return Edition{List: "EL", Feed: "f", Published: published, Rows: len(rows), Entries: rows, Digest: string(published)}
}

func TestRowsKeepTheDatesTheyWereListed(t *testing.T) {
	t.Parallel()
	partial := edition("2026-03-01")
	partial.Partial = true
	other := edition("2026-03-01", row("a", ""))
	other.Feed = "g"
	for name, tc := range map[string]struct {
		editions []Edition
		want     []event.Span // of row a
	}{
		"a row of the first edition counts for every date":             {[]Edition{edition("2026-01-01", row("a", ""))}, []event.Span{{}}},
		"a row's own date comes first":                                 {[]Edition{edition("2026-01-01"), edition("2026-02-01", row("a", "2025-12-31"))}, []event.Span{{From: "2025-12-31"}}},
		"a row added later counts from the day after the one without":  {[]Edition{edition("2026-01-01"), edition("2026-02-01", row("a", ""))}, []event.Span{{From: "2026-01-02"}}},
		"a row that disappears ends on the eve":                        {[]Edition{edition("2026-01-01", row("a", "")), edition("2026-03-01")}, []event.Span{{Until: "2026-02-28"}}},
		"a partial edition ends nothing":                               {[]Edition{edition("2026-01-01", row("a", "")), partial}, []event.Span{{}}},
		"the next whole one does":                                      {[]Edition{edition("2026-01-01", row("a", "")), partial, edition("2026-04-01")}, []event.Span{{Until: "2026-03-31"}}},
		"a row that comes back has two spans":                          {[]Edition{edition("2026-01-01", row("a", "")), edition("2026-02-01"), edition("2026-03-01", row("a", ""))}, []event.Span{{Until: "2026-01-31"}, {From: "2026-02-02"}}},
		"another feed that still has it keeps it":                      {[]Edition{edition("2026-01-01", row("a", "")), edition("2026-02-01"), other}, []event.Span{{}}},
		"a row taken off before the day it was dated ends on that day": {[]Edition{edition("2026-01-01", row("a", "2026-06-01")), edition("2026-03-01")}, []event.Span{{From: "2026-06-01", Until: "2026-06-01"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := Build(tc.editions)
			if len(s.Entries) != 1 {
				t.Fatalf("%d rows", len(s.Entries))
			}
			if d := cmp.Diff(tc.want, s.Entries[0].Listed); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestWhatANewerEditionDoesNotCarryStays(t *testing.T) {
	t.Parallel()
	full := row("a", "")
	full.Addresses, full.Country = []string{"1 Mill Road"}, "CN"
	s := Build([]Edition{edition("2026-01-01", full), edition("2026-02-01", row("a", ""))})
	if e := s.Entries[0]; len(e.Addresses) != 1 || e.Country != "CN" {
		t.Errorf("lost: %+v", e)
	}
}

// TestOneSetWhateverTheOrder is what lets two machines import in any order, and a delta build equal a full one.
func TestOneSetWhateverTheOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var editions []Edition
		for i := range rapid.IntRange(1, 5).Draw(rt, "editions") {
			ed := edition(event.Date(fmt.Sprintf("2026-0%d-01", i+1)))
			ed.Feed = rapid.SampledFrom([]string{"f", "g"}).Draw(rt, "feed")
			for _, id := range []string{"a", "b", "c"} {
				if rapid.Bool().Draw(rt, id) {
					e := row(id, rapid.SampledFrom([]event.Date{"", "2025-05-05", "2026-03-03"}).Draw(rt, "from"))
					e.Aliases = rapid.SliceOfN(rapid.SampledFrom([]string{"x", "y"}), 0, 1).Draw(rt, "aliases")
					ed.Entries = append(ed.Entries, e)
				}
			}
			editions = append(editions, ed)
		}
		one, _ := Encode(Build(editions))
		seed := rapid.Uint64().Draw(rt, "seed")
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(editions), func(i, j int) { editions[i], editions[j] = editions[j], editions[i] })
		two, _ := Encode(Build(editions))
		if !bytes.Equal(one, two) {
			rt.Fatal("two orders, two sets")
		}
	})
}

func sample() *Set {
	e := row("a", "2026-01-01")
	e.Person, e.AddressOnly, e.Kind, e.Country, e.Countries = true, true, "vessel", "CN", []event.Country{"HK", "DE"}
	e.Aliases, e.Also, e.Weak, e.Addresses = []string{"b", "c"}, []string{"d"}, []string{"e"}, []string{"f"}
	e.Notes, e.Programs, e.Born, e.IDs = []string{"g"}, []string{"h"}, []string{"i"}, []string{"j"}
	e.Footnotes, e.Policy, e.Requirement, e.PolicyText = []event.Footnote{{Number: 4, Span: event.Span{From: "2026-01-01"}}, {Number: 1}}, "PoD", "all", "no"
	e.Parent = "US"
	return &Set{Editions: []Edition{{List: "EL", Feed: "f", Published: "2026-01-01", Rows: 2, Gaps: []string{"none"}, Digest: "x"}}, Entries: []Entry{e, row("b", "")}}
}

func TestCompiledSetComesBackWhole(t *testing.T) {
	t.Parallel()
	file, digest := Encode(sample())
	got, again, err := Decode(file)
	if err != nil || again != digest {
		t.Fatal(again, err)
	}
	if d := cmp.Diff(sample(), got); d != "" {
		t.Error(d)
	}
}

// TestDigestIsTheSameEverywhere holds the format still: a change of it is a new magic or schema.
func TestDigestIsTheSameEverywhere(t *testing.T) {
	t.Parallel()
	const want = "98bc534044e17facfb46b74156cbc61486f269a196a8fd7a1d75c8cc92dd8085"
	if _, digest := Encode(sample()); digest != want {
		t.Errorf("digest %s", digest)
	}
}

func TestADamagedSetIsRefusedAtEveryByte(t *testing.T) {
	t.Parallel()
	file, _ := Encode(sample())
	for i := range file {
		if i >= 12 && i < 16 || i >= 24 && i < 32 {
			continue // zero by agreement, not looked at
		}
		bad := slices.Clone(file)
		bad[i] ^= 1
		if _, _, err := Decode(bad); err == nil {
			t.Errorf("byte %d", i)
		}
	}
	for n := range file {
		if _, _, err := Decode(file[:n]); err == nil {
			t.Errorf("cut to %d bytes", n)
		}
	}
}

// FuzzDecode gives the reader sections that have the right digest and any content.
func FuzzDecode(f *testing.F) {
	file, _ := Encode(sample())
	f.Add(file[headerSize:])
	f.Fuzz(func(t *testing.T, body []byte) {
		s, digest, err := Decode(sealed(body))
		if err != nil {
			return
		}
		if again, _, err := Decode(first(Encode(s))); err != nil {
			t.Fatalf("%s was read, what was read was not: %v", digest, err)
		} else if d := cmp.Diff(s, again); d != "" {
			t.Fatal(d)
		}
	})
}

func first(b []byte, _ string) []byte { return b }

func sealed(body []byte) []byte {
	file := append(make([]byte, headerSize), body...)
	seal(file)
	return file
}
