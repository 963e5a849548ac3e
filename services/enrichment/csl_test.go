package enrichment

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/classify"
	"github.com/tidegate/tidegate/services/enrichment/internal/entity"
	"github.com/tidegate/tidegate/services/enrichment/internal/place"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

// consolidated reads the Consolidated Screening List of TIDEGATE_TESTDATA as entries; the test is skipped without it.
func consolidated(tb testing.TB) *Reference {
	tb.Helper()
	dir := os.Getenv("TIDEGATE_TESTDATA")
	if dir == "" {
		tb.Skip("TIDEGATE_TESTDATA is not set")
	}
	files, err := filepath.Glob(filepath.Join(dir, "lists", "csl-*.compact.json"))
	if err != nil || len(files) == 0 {
		tb.Fatalf("no csl-*.compact.json: %v", err)
	}
	text, err := os.ReadFile(files[len(files)-1])
	if err != nil {
		tb.Fatal(err)
	}
	var list struct {
		Entries []struct {
			Name    string          `json:"n"`
			Aliases []string        `json:"a"`
			Type    string          `json:"t"`
			In      []event.Country `json:"c"`
		} `json:"entries"`
	}
	if err := json.Unmarshal(text, &list); err != nil {
		tb.Fatal(err)
	}
	set := &snapshot.Snapshot{}
	for i, e := range list.Entries {
		entry := snapshot.Entry{
			ID: fmt.Sprintf("csl-%06d", i), List: "EL", Name: e.Name, Aliases: e.Aliases, Person: e.Type == "Individual",
			AddressOnly: strings.HasPrefix(e.Name, "Address "), Countries: e.In, Listed: []event.Span{{}},
		}
		if len(e.In) > 0 {
			entry.Country = e.In[0]
		}
		set.Entries = append(set.Entries, entry)
	}
	began := time.Now()
	r := &Reference{entries: set.Entries, directory: entity.NewDirectory(set.Entries), catalog: classify.NewCatalog(nil), groups: place.New(nil)}
	tb.Logf("%d entries indexed in %s", len(set.Entries), time.Since(began).Round(time.Millisecond))
	return r
}

// The law of the whole list: one random edit anywhere in a listed name, the country not known, still finds the entry.
func TestListedNamesAreFoundAfterOneEdit(t *testing.T) {
	t.Parallel()
	r := consolidated(t)
	rng := rand.New(rand.NewPCG(20190521, 3))
	made, missed := 0, 0
	for range 6000 {
		e := r.entries[rng.IntN(len(r.entries))]
		if e.AddressOnly || letters(e.Name) < 4 {
			continue
		}
		query := oneWrongLetter(rng, e.Name)
		made++
		if s := score(r, query, "", e.ID); s < review {
			missed++
			t.Logf("%q for %q (%t): %s", query, e.Name, e.Person, s)
		}
	}
	t.Logf("%d of %d are not found", missed, made)
	if missed*100 > made {
		t.Errorf("%d of %d listed names are not found after one edit", missed, made)
	}
}

// The other side of the law: names of nobody, made of the names that people and firms everywhere bear.
func TestNamesOfNobodyAreLeftAlone(t *testing.T) {
	t.Parallel()
	r := consolidated(t)
	rng := rand.New(rand.NewPCG(20190521, 4))
	for kind, invent := range map[string]func(*rand.Rand) string{"persons": honestPerson, "companies": honestFirm} {
		const names = 3000
		matched := 0
		for range names {
			name := invent(rng)
			for _, m := range factsOf(r, party(name, "")).Matches {
				if m.Score >= review {
					matched++
					t.Logf("%q matches %q by %s, %s", name, m.Matched, m.Method, m.Score)
					break
				}
			}
		}
		t.Logf("%d of %d invented %s match", matched, names, kind)
		if matched*100 >= names {
			t.Errorf("%d of %d invented %s match", matched, names, kind)
		}
	}
}

var (
	firstNames = strings.Fields(`Ingrid Tobias Margarethe Lennart Fiona Declan Priya Arjun Kavya Rohan Emily Oliver Charlotte Henry Sophie Lucas Camille Hugo Beatriz
		Rafael Chiara Matteo Giulia Lorenzo Aiko Haruto Yuki Sakura Minji Jiho Seoyeon Wei Jing Xiaoling Jun Thandiwe Sipho Amara Chidi Ngozi Kwame Akosua
		Linnea Oskar Freja Mikkel Anneli Katrin Jonas Bronwyn Gareth Siobhan Marek Agnieszka Petra Zoltan Dariusz Noah Isla Mason Harper`)
	lastNames = strings.Fields(`Lindqvist Hoffmann Brightwater Thornbury Pemberton Castellano Bergstrom Okonkwo Mensah Nakamura Fujimoto Whitfield Ashdown Carrow Delacroix
		Fontaine Moreau Ferrari Ricci Esposito Nowak Kowalczyk Horvath Novotny Jansen Visser Bakker Andersen Nilsson Virtanen Korhonen Iyer Deshpande Chatterjee
		Mukherjee Ferreira Carvalho Teixeira Dlamini Nkosi Adeyemi Balogun Tanaka Kobayashi Yoshida Seo Baek Kang Lim Zhou Huang Guo Ma Murphy OBrien Gallagher
		MacLeod Campbell Fraser Reid Bennett Harrison Cooper Bailey`)
)

func honestPerson(rng *rand.Rand) string {
	name := firstNames[rng.IntN(len(firstNames))] + " " + lastNames[rng.IntN(len(lastNames))]
	if rng.IntN(4) == 0 {
		name = firstNames[rng.IntN(len(firstNames))] + " " + name
	}
	return name
}

// BenchmarkConsolidated is what one name costs against the whole list.
func BenchmarkConsolidated(b *testing.B) {
	r := consolidated(b)
	rng := rand.New(rand.NewPCG(20190521, 5))
	var listed, slips, nobody []string
	for range 2000 {
		e := r.entries[rng.IntN(len(r.entries))]
		listed = append(listed, e.Name)
		if letters(e.Name) > 4 {
			slips = append(slips, oneWrongLetter(rng, e.Name))
		}
		nobody = append(nobody, honestFirm(rng), honestPerson(rng))
	}
	for _, tc := range []struct {
		name  string
		names []string
	}{{"listed", listed}, {"one letter off", slips}, {"nobody", nobody}} {
		b.Run(tc.name, func(b *testing.B) {
			i := 0
			for b.Loop() {
				p := party(tc.names[i%len(tc.names)], "")
				r.directory.Party(&p, nil, nil)
				i++
			}
		})
	}
}
