package screening

import "testing"

func TestEveryRuleOfTheUSPackKeepsItsCases(t *testing.T) {
	t.Parallel()
	r := us(t).Test()
	for _, f := range r.Fails {
		t.Errorf("%s: %s: %s", f.Place, f.Case, f.Why)
	}
	t.Logf("%d cases of %d rules", r.Cases, r.Rules)
}
