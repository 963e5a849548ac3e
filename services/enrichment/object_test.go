package enrichment_test

import (
	"fmt"
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment"
)

// shelf gives objects by their digest.
func shelf(objects [][]byte) func(string) ([]byte, error) {
	by := map[string][]byte{}
	for _, o := range objects {
		by[event.Digest(o)] = o
	}
	return func(digest string) ([]byte, error) {
		if o, ok := by[digest]; ok {
			return o, nil
		}
		return nil, fmt.Errorf("no object %s", digest)
	}
}

func TestAReferenceComesBackFromItsObjects(t *testing.T) {
	t.Parallel()
	dir, _ := active(t)
	shipped, err := enrichment.Curated()
	if err != nil {
		t.Fatal(err)
	}
	listed, err := enrichment.InForce(dir)
	if err != nil {
		t.Fatal(err)
	}
	order := event.Order{
		Parties: []event.Party{{Role: event.Purchaser, Name: "Huawei Cloud Singapore", Address: &event.Address{Country: "SG"}}},
		Items:   []event.Item{{Description: "NVIDIA H100 80GB SXM5", Quantity: "8"}},
	}
	for _, ref := range []*enrichment.Reference{shipped, listed} {
		again, err := enrichment.OpenReference(ref.Digest(), shelf(ref.Objects()))
		if err != nil {
			t.Fatal(err)
		}
		want, got := ref.Facts(&order, "p"), again.Facts(&order, "p")
		if fmt.Sprint(want) != fmt.Sprint(got) {
			t.Errorf("\n%v\n%v", want, got)
		}
		if _, err := enrichment.OpenReference(ref.Digest(), shelf(ref.Objects()[1:])); err == nil {
			t.Error("loaded without its rows")
		}
	}
}
