package event_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
)

func line(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWhatARecordNames(t *testing.T) {
	t.Parallel()
	s, p, m, x := strings.Repeat("a", 64), strings.Repeat("b", 64), strings.Repeat("d", 64), strings.Repeat("c", 64)
	trap := `"snapshot":"` + x + `","pack":{"id":"us","digest":"` + x + `"`
	order := line(t, event.Cause{Line: "order", V: 1, Kind: event.Placed, Actor: trap, Order: &event.Order{ID: trap}})
	facts := line(t, event.Facts{Line: "facts", V: 1, Prev: x, Snapshot: s, Failed: trap, Masters: m})
	judgement := line(t, event.Judgement{Line: "judgement", V: 1, Prev: x, Pack: event.PackRef{ID: `us "1"`, Version: "1", Digest: p}, Failed: trap})
	c := event.NewCase(order).With(facts).With(judgement)
	leaf, err := event.AppendLeaf(nil, event.Leaf{Line: "leaf", V: 1, Kind: event.LeafDecision}, c.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	if names := event.Named(leaf); string(names[0]) != s || string(names[1]) != m || string(names[2]) != p {
		t.Errorf("%s", names)
	}
	control := line(t, event.Cause{Line: "order", V: 1, Kind: event.Control, Particulars: event.Particulars{Control: &event.Activation{What: "lists", Digest: s, By: "ann", Why: trap}}})
	leaf, err = event.AppendLeaf(nil, event.Leaf{Line: "leaf", V: 1, Kind: event.LeafControl}, event.NewCase(control).Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	if names := event.Named(leaf); string(names[0]) != s || names[1] != nil || names[2] != nil {
		t.Errorf("%s", names)
	}
	if names := event.Named([]byte(`{"line":"refusal"}`)); names[0] != nil || names[1] != nil || names[2] != nil {
		t.Errorf("%s", names)
	}
}

func TestParts(t *testing.T) {
	t.Parallel()
	a, b := strings.Repeat("a", 64), strings.Repeat("0", 64)
	if got := event.Parts([]byte(a + "\n" + b + "\n")); len(got) != 2 || got[0] != a || got[1] != b {
		t.Error(got)
	}
	for _, other := range []string{"", a, a + "\n", a + "\n" + b, a + "\n" + strings.ToUpper(a) + "\n", a + " " + b + "\n"} {
		if got := event.Parts([]byte(other)); got != nil {
			t.Errorf("%q: %v", other, got)
		}
	}
}
