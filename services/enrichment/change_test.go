package enrichment

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/entity"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

// Names and addresses near enough to each other that many match.
var (
	nearWords  = []string{"Orlan", "Orlen", "Meridian", "Meridien", "Kestrel", "Kestral", "Zhongke", "Zhong Ke", "Technology", "Technologies", "Trading", "Co., Ltd.", "GmbH", "(Singapore)", "Alexey", "Aleksei"}
	nearLines  = []string{"Unit 12, 5/F, Harbour Tower, 18 Jetty Road", "Unit 14, 5/F, Harbour Tower, 18 Jetty Road", "18 Jetty Road", "77 Long Street"}
	nearIDs    = []string{"IMO 9074729", "Passport A1234567 (Cuba)", "Registration ID, 1027700342890, RU"}
	nearBorn   = []string{"1970", "1970-05-03", "1971-01-01"}
	nearPlaces = []event.Country{"", "CN", "HK", "SG", "DE"}
)

func nearName() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(nearWords), 1, 4).Draw(t, "words"), " ")
	})
}

func some[T any](t *rapid.T, g *rapid.Generator[T], most int, what string) []T {
	return rapid.SliceOfN(g, 0, most).Draw(t, what)
}

func drawEntry(t *rapid.T, id string) snapshot.Entry {
	return snapshot.Entry{
		ID: id, List: rapid.SampledFrom([]string{"EL", "SDN", "UVL"}).Draw(t, "list"), Name: nearName().Draw(t, "name"),
		Aliases: some(t, nearName(), 1, "aliases"), Weak: some(t, nearName(), 1, "weak"), Person: rapid.Bool().Draw(t, "person"),
		Country: rapid.SampledFrom(nearPlaces).Draw(t, "country"), Addresses: some(t, rapid.SampledFrom(nearLines), 2, "addresses"),
		IDs: some(t, rapid.SampledFrom(nearIDs), 1, "ids"), Born: some(t, rapid.SampledFrom(nearBorn), 1, "born"),
		Listed: []event.Span{{From: "2024-01-01", Until: rapid.SampledFrom([]event.Date{"", "2026-11-01"}).Draw(t, "until")}},
	}
}

func drawParty(t *rapid.T) event.Party {
	p := event.Party{
		Role: event.Purchaser, Name: nearName().Draw(t, "name"), Aliases: some(t, nearName(), 1, "aliases"), Directors: some(t, nearName(), 1, "directors"),
		Contacts: some(t, nearName(), 1, "contacts"), Identifiers: some(t, rapid.SampledFrom(nearIDs), 1, "ids"), Born: rapid.SampledFrom(append(nearBorn, "")).Draw(t, "born"),
		Address: &event.Address{Lines: some(t, rapid.SampledFrom(nearLines), 1, "lines"), Country: rapid.SampledFrom(nearPlaces).Draw(t, "country"), Postcode: "1"},
		Email:   "a@example.com",
	}
	for _, name := range some(t, nearName(), 2, "owners") {
		p.Owners = append(p.Owners, event.Owner{Name: name, Percent: "50"})
	}
	if rapid.Bool().Draw(t, "has a parent") {
		p.Parent = &event.Parent{Name: nearName().Draw(t, "parent")}
	}
	return p
}

// drawSets gives two snapshots of which some entries are the same, some changed, some on one side only.
func drawSets(t *rapid.T) (a, b []snapshot.Entry) {
	for i := range rapid.IntRange(0, 10).Draw(t, "entries") {
		e := drawEntry(t, fmt.Sprintf("e-%02d", i))
		switch rapid.IntRange(0, 3).Draw(t, "what becomes of it") {
		case 0:
			a, b = append(a, e), append(b, e)
		case 1:
			a = append(a, e)
		case 2:
			b = append(b, e)
		case 3:
			a, b = append(a, e), append(b, drawEntry(t, e.ID))
		}
	}
	return a, b
}

func referenceOf(entries []snapshot.Entry) *Reference {
	return &Reference{entries: entries, directory: entity.NewDirectory(entries)}
}

// plain is what facts state of a party, without how many entries were compared.
func plain(f event.PartyFacts) event.PartyFacts {
	f.Considered = 0
	return f
}

// TestTheChangeAloneSaysWhatMatchingAgainWould is the law that delta screening rests on.
func TestTheChangeAloneSaysWhatMatchingAgainWould(t *testing.T) {
	t.Parallel()
	touched, spared := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawSets(t)
		from, to := referenceOf(a), referenceOf(b)
		change := NewChange(from.Rows(), to.Rows(), nil)
		o := &event.Order{Payment: &event.Payment{Payer: nearName().Draw(t, "payer")}}
		for range 3 {
			o.Parties = append(o.Parties, drawParty(t))
		}
		paying := paying(o)
		for i, s := range Ask(o, false) {
			var payment *event.Payment
			if i == paying {
				payment = o.Payment
			}
			was, is := plain(from.directory.Party(&o.Parties[i], payment, nil)), plain(to.directory.Party(&o.Parties[i], payment, nil))
			touches := change.Touches(&s)
			if same := reflect.DeepEqual(was, is); same != (len(touches) == 0) {
				t.Fatalf("facts the same: %v; touches: %+v\nbefore %+v\nafter  %+v", same, touches, was, is)
			}
			if len(touches) > 0 {
				touched++
			} else {
				spared++
			}
			sameAsWhole(t, from, change.before, change, &s)
			sameAsWhole(t, to, change.after, change, &s)
		}
	})
	if touched < 20 || spared < 20 {
		t.Errorf("%d parties touched, %d not: the sets are too far apart or too near", touched, spared)
	}
}

// sameAsWhole holds what the change states against what the whole snapshot states of the entries in it.
func sameAsWhole(t *rapid.T, whole *Reference, part *matcher, change *Change, s *Sought) {
	in := func(st statement) bool {
		return slices.ContainsFunc(change.Entries, func(e ChangedEntry) bool { return e.ID == st.match.Entry })
	}
	all := (&matcher{directory: whole.directory}).statements(s)
	all = slices.DeleteFunc(all, func(st statement) bool { return !in(st) })
	if alone := part.statements(s); len(all)+len(alone) > 0 && !reflect.DeepEqual(all, alone) {
		t.Fatalf("of the whole set %+v\nof the change alone %+v", all, alone)
	}
}
