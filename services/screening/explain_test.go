package screening

import (
	"slices"
	"strings"
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
)

func TestAnExplanationSaysWhatAPersonNeeds(t *testing.T) {
	t.Parallel()
	p := us(t)
	c, f := server("CN", "CN")
	c.OrderID, c.Kind = "A-1", event.Placed
	f.Items[0].Class = "none"
	f.Items[0].ECCN = "EAR99"
	f.Parties[0].Headquarters, f.Parties[0].Parent = event.Known{Country: "CN"}, event.Known{Country: "CN"}
	f.Parties[0].Owners = []event.ListedHold{{Owner: "Listed Holding", Percent: "50", Match: event.Match{List: "EL", Entry: "el-1", Score: 1000, Field: "owner", Matched: "Listed Holding", Citation: "invented"}}}
	j := p.Decide(c, f, "", AsOf{Fixed: "2026-11-01"})
	e := p.Explain(c, f, &j)
	var b strings.Builder
	if err := e.Print(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"This answer holds until 2026-11-09. From 2026-11-10: license because of affiliates-50; begins: affiliates-50",
		"it is stayed on 2026-11-01 and binds from 2026-11-10", "Rules: us ",
	} {
		if !strings.Contains(strings.Join(strings.Fields(b.String()), " "), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}

	j = p.Decide(c, f, "", AsOf{Fixed: "2026-11-10"})
	e = p.Explain(c, f, &j)
	i := slices.IndexFunc(e.Findings, func(x ExplainedFinding) bool { return x.Rule == "affiliates-50" })
	if i < 0 || len(e.Findings[i].Answers) == 0 || !strings.Contains(strings.Join(e.Findings[i].Answers, "\n"), "tidegate dispose A-1 --finding affiliates-50/0") {
		t.Errorf("%+v", e.Findings)
	}
}

// Every near miss is one: with its one part true the rule would say something. And no rule with a finding is near.
func TestNearMissesAreOfRulesThatSayNothing(t *testing.T) {
	t.Parallel()
	p := us(t)
	c, f := server("VN", "VN")
	j := p.Decide(c, f, "", AsOf{Fixed: "2026-11-20"})
	e := p.Explain(c, f, &j)
	if len(e.Near) == 0 {
		t.Error("nothing is near")
	}
	seen := map[string]bool{}
	for _, n := range e.Near {
		if _, found := of(j, n.Rule); found || n.Why == "" || n.Citation == "" || seen[n.Rule] {
			t.Errorf("%+v", n)
		}
		seen[n.Rule] = true
	}
}
