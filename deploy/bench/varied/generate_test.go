package varied

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidegate/tidegate/schemas/event"
)

func TestGeneratorGivesTheSameValidOrdersForTheSameSeed(t *testing.T) {
	t.Parallel()
	a, b := NewGenerator(7), NewGenerator(7)
	size, orders, twice := 0, 0, 0
	seen := map[string]bool{}
	for range 2000 {
		one, two := a.Next("bench"), b.Next("bench")
		if diff := cmp.Diff(one, two); diff != "" {
			t.Fatal(diff)
		}
		var o event.Order
		if err := json.Unmarshal(one, &o); err != nil {
			t.Fatalf("%v in %s", err, one)
		}
		if seen[o.ID] {
			twice++
		}
		seen[o.ID] = true
		size, orders = size+len(one), orders+1
	}
	t.Logf("%d bytes an order in the mean, %.1f %% sent twice", size/orders, 100*float64(twice)/float64(orders))
	if twice < orders/50 || twice > orders/12 {
		t.Errorf("%d of %d sent twice, want about one in twenty", twice, orders)
	}
}
