package screening

import (
	"strings"
	"testing"
)

func TestEveryRuleOfTheUSPackKeepsItsCases(t *testing.T) {
	t.Parallel()
	r := us(t).Test()
	for _, f := range r.Fails {
		t.Errorf("%s: %s: %s", f.Place, f.Case, f.Why)
	}
	t.Logf("%d cases of %d rules", r.Cases, r.Rules)
}

// The checklist of the pack's README stands beside the rules: none is missing from it.
func TestTheChecklistNamesEveryRule(t *testing.T) {
	t.Parallel()
	b, err := packs.ReadFile("packs/us/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range us(t).Rules() {
		if !strings.Contains(string(b), "`"+r.ID+"`") {
			t.Errorf("the checklist does not name %s", r.ID)
		}
	}
}
