package enrichment_test

import (
	"fmt"
	"strings"
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

func TestRowsOfACompiledSet(t *testing.T) {
	t.Parallel()
	dir, _ := active(t)
	listed, err := enrichment.InForce(dir)
	if err != nil {
		t.Fatal(err)
	}
	facts := listed.Facts(&event.Order{Parties: []event.Party{{Role: event.Purchaser, Name: "Huawei Technologies Co., Ltd."}}}, "p")
	asked := []string{"nobody"}
	for _, m := range facts.Parties[0].Matches {
		asked = append(asked, m.Entry)
	}
	for i, object := range listed.Objects() {
		rows, missing, err := enrichment.CitedRows(object, asked)
		switch {
		case i != 1 && err == nil:
			t.Errorf("object %d is no compiled set and gives %s", i, rows)
		case i == 1 && (err != nil || len(missing) == 0 || missing[0] != "nobody" || len(missing)+strings.Count(string(rows), "\n") != len(asked)):
			t.Errorf("%v: missing %q of %q\n%s", err, missing, asked, rows)
		}
	}
}
