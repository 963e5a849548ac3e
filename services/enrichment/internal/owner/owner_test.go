package owner

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidegate/tidegate/schemas/event"
)

// listed takes names that begin with "Listed" for listed parties.
func listed(name string, _ event.Country) ([]event.Match, int) {
	if strings.HasPrefix(name, "Listed") {
		return []event.Match{{List: "EL", Entry: strings.ToLower(name), Field: "owner", Score: 1000}}, 1
	}
	return nil, 1
}

// register is a register of stakes by the id of the party owned; names have the country DE.
type register map[string][]Stake

func (r register) OwnersOf(id string) []Stake { return r[id] }

func (r register) ByName(name string, country event.Country) (string, bool) {
	id := "reg:" + strings.ToLower(name)
	_, ok := r[id]
	return id, ok && country == "DE"
}

func holds(holder string, least, most event.Decimal) Stake {
	return Stake{Holder: Node{ID: "reg:" + strings.ToLower(holder), Name: holder, Country: "DE"}, AtLeast: least, AtMost: most, Source: "register"}
}

func shown(f Found) []string {
	var out []string
	for _, o := range f.Owners {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s", o.Owner, o.Percent)))
	}
	for _, s := range f.Stakes {
		out = append(out, fmt.Sprintf("%s>%s %s..%s %s%s %s", s.Holder, s.Held, s.AtLeast, s.AtMost, s.From, s.Until, s.Source))
	}
	return out
}

func TestFind(t *testing.T) {
	t.Parallel()
	o := func(name string, percent event.Decimal) event.Owner { return event.Owner{Name: name, Percent: percent} }
	of := func(name, of string, percent event.Decimal) event.Owner {
		return event.Owner{Name: name, Of: of, Percent: percent}
	}
	for _, tt := range []struct {
		name   string
		owners []event.Owner
		reg    register
		want   []string
	}{
		{"nobody stated", nil, nil, nil},
		{"nobody listed", []event.Owner{o("Harbor", "60")}, nil, nil},
		{"a direct stake stays as the order states it", []event.Owner{o("Listed One", "60")}, nil, []string{"Listed One 60"}},
		{"an unknown share with nobody beside it", []event.Owner{o("Listed One", "")}, nil, []string{"Listed One"}},
		{
			"an unknown share is what others leave",
			[]event.Owner{o("Listed One", ""), o("Harbor", "70.5")},
			nil,
			[]string{"Listed One", "Listed One>Party 0..29.5  order"},
		},
		{
			"where others claim more than all there is, they leave everything",
			[]event.Owner{o("Listed One", ""), o("Harbor", "70"), o("Vale", "60")},
			nil,
			[]string{"Listed One"},
		},
		{
			"through another, by the order",
			[]event.Owner{o("Harbor GmbH", "70"), of("Listed One", "HARBOR GMBH", "80"), o("Vale", "30")},
			nil,
			[]string{"Listed One", "Listed One>Harbor GmbH 80..80  order", "Harbor GmbH>Party 70..70  order"},
		},
		{
			"an owner whose own stake nobody states",
			[]event.Owner{of("Listed One", "Harbor", "80")},
			nil,
			[]string{"Listed One", "Listed One>Harbor 80..80  order", "Harbor>Party 0..100  order"},
		},
		{
			"a cycle",
			[]event.Owner{o("Harbor", "50"), of("Party", "Harbor", "40"), of("Listed One", "Harbor", "60")},
			nil,
			[]string{"Listed One", "Listed One>Harbor 60..60  order", "Party>Harbor 40..40  order", "Harbor>Party 50..50  order"},
		},
		{
			"a register, up two steps", nil,
			register{"reg:party": {holds("Harbor", "70", "70")}, "reg:harbor": {holds("Listed One", "50.5", "75"), holds("Vale", "10", "10")}},
			[]string{"Listed One", "Listed One>Harbor 50.5..75  register", "Harbor>Party 70..70  register"},
		},
		{
			"a consolidated parent without a share", nil,
			register{"reg:party": {holds("Listed One", "", ""), holds("Vale", "20", "20")}},
			[]string{"Listed One", "Listed One>Party 0..80  register"},
		},
		{
			"an owner the order names, found in the register by name and country",
			[]event.Owner{{Name: "Harbor", Country: "DE", Percent: "60"}},
			register{"reg:harbor": {holds("Listed One", "100", "100")}},
			[]string{"Listed One", "Listed One>Harbor 100..100  register, found by name", "Harbor>Party 60..60  order"},
		},
		{
			"order and register speak of the same stake",
			[]event.Owner{o("Listed One", "40")},
			register{"reg:party": {holds("Listed One", "55", "55")}},
			[]string{"Listed One", "Listed One>Party 40..40  order", "Listed One>Party 55..55  register"},
		},
		{
			"two firms of one name", nil,
			register{"reg:party": {
				{Holder: Node{ID: "a", Name: "Listed One"}, AtLeast: "10", AtMost: "10", Source: "register"},
				{Holder: Node{ID: "b", Name: "Listed One"}, AtLeast: "20", AtMost: "20", Source: "register"},
			}},
			[]string{"Listed One", "Listed One (b)", "Listed One>Party 10..10  register", "Listed One (b)>Party 20..20  register"},
		},
		{
			"a party that owns itself", nil,
			register{"reg:party": {holds("Party", "100", "100"), holds("Listed One", "10", "10")}},
			[]string{"Listed One", "Listed One>Party 10..10  register", "Party>Party 100..100  register"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var reg Register
			var ids []string
			if tt.reg != nil {
				reg, ids = tt.reg, []string{"reg:party"}
			}
			got := Find(&event.Party{Name: "Party", Owners: tt.owners}, "", ids, reg, listed)
			if d := cmp.Diff(tt.want, shown(got)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestStakesKeepTheirDates(t *testing.T) {
	t.Parallel()
	p := event.Party{Name: "Party", Owners: []event.Owner{
		{Name: "Harbor", Percent: "70", Span: event.Span{Until: "2025-12-31"}},
		{Name: "Listed One", Of: "Harbor", Percent: "80"},
		{Name: "Listed One", Span: event.Span{From: "2026-01-01"}},
	}}
	want := []string{"Listed One", "Listed One>Harbor 80..80  order", "Harbor>Party 70..70 2025-12-31 order", "Listed One>Party 0..100 2026-01-01 order"}
	if d := cmp.Diff(want, shown(Find(&p, "", nil, nil, listed))); d != "" {
		t.Error(d)
	}
}

// endless is a register in which everybody has two owners more.
type endless struct{}

func (endless) OwnersOf(id string) []Stake {
	return []Stake{holds(id[4:]+"a", "50", "50"), holds(id[4:]+"b", "50", "50")}
}

func (endless) ByName(string, event.Country) (string, bool) { return "", false }

func TestWhatIsNotFollowedIsTold(t *testing.T) {
	t.Parallel()
	f := Find(&event.Party{Name: "Party"}, "", []string{"reg:"}, endless{}, listed)
	if !f.Cut || f.Considered == 0 || f.Considered > MostOwners {
		t.Errorf("cut: %t after %d names", f.Cut, f.Considered)
	}
}
