package screening

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidegate/tidegate/schemas/event"
)

func owner(name string, percent event.Decimal, list, entry, policy string, score event.Milli) event.ListedHold {
	return event.ListedHold{Owner: name, Percent: percent, Match: event.Match{
		List: list, Entry: entry, Field: "owner", Matched: entry, Score: score, Countries: "same", Policy: policy, Citation: "row of " + entry,
	}}
}

func TestAnOwnerIsToldOnceWithTheEntryItResemblesMost(t *testing.T) {
	t.Parallel()
	c, f := server("DE", "DE")
	f.Items[0] = event.ItemFacts{Class: "none", Class2022: "none", ECCN: "EAR99"}
	for _, tt := range []struct {
		name   string
		owners []event.ListedHold
		rule   string
		policy string
		want   string
	}{
		{
			"one owner that resembles five entries",
			[]event.ListedHold{
				owner("Ostrava Steppe", "50", "EL", "Ostrava Steppe Egypt", "CBC", 920), owner("Ostrava Steppe", "50", "CMIC", "Ostrava Steppe", "", 1000),
				owner("Ostrava Steppe", "50", "EL", "Ostrava Steppe", "PoD", 1000), owner("Ostrava Steppe", "50", "1260H", "Ostrava Steppe", "", 1000),
				owner("Ostrava Steppe", "50", "EL", "Ostrava Steppe Vietnam", "CBC", 920),
			},
			"affiliates-50", "PoD",
			"Ostrava Steppe holds 50 % (Entity List: Ostrava Steppe, row of Ostrava Steppe, review policy PoD); 50 % in all.",
		},
		{
			"two owners, added exactly",
			[]event.ListedHold{
				owner("Ostrava Steppe", "49.9", "EL", "Ostrava Steppe", "744.23(d)", 1000), owner("Kama Delta", "0.10", "MEU", "Kama Delta", "", 1000),
			},
			"affiliates-50", "PoD",
			"Ostrava Steppe holds 49.9 % (Entity List: Ostrava Steppe, row of Ostrava Steppe, review policy 744.23(d)); " +
				"Kama Delta holds 0.10 % (Military End-User List: Kama Delta, row of Kama Delta, review policy PoD); 50 % in all.",
		},
		{
			"an owner on two lists, for the rule that counts one",
			[]event.ListedHold{
				owner("Kama Delta", "60", "EL", "Kama Delta", "PoD", 1000), owner("Kama Delta", "60", "SDN", "Kama Delta SDN", "prohibited", 1000),
			},
			"sdn-50-percent", "",
			"Kama Delta holds 60 % (SDN List: Kama Delta SDN, row of Kama Delta SDN, review policy prohibited); 60 % in all.",
		},
	} {
		f.Parties[0].Owners = tt.owners
		got, _ := of(us(t).Decide(c, f, "", AsOf{Fixed: "2026-11-10"}), tt.rule)
		if got.Policy != tt.policy || !strings.Contains(got.Text, strings.TrimSuffix(tt.want, ".")) {
			t.Errorf("%s: policy %q, want %q: %s", tt.name, got.Policy, tt.policy, cmp.Diff(tt.want, got.Text))
		}
	}
}
