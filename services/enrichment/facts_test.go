package enrichment

import (
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
)

func curated(tb testing.TB) *Reference {
	tb.Helper()
	r, err := Curated()
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func TestSmoke(t *testing.T) {
	r := curated(t)
	o := &event.Order{
		Parties: []event.Party{
			{Role: event.Purchaser, Name: "Inspur Electronic Information (Hong Kong) Co., Ltd.", Address: &event.Address{Country: "HK"}},
			{Role: event.UltimateConsignee, Name: "Harbour Nine Trading", Address: &event.Address{Lines: []string{"RM19C LOCKHART CTR 301-307"}, Country: "HK"}},
		},
		Items: []event.Item{{Description: "NVIDIA H100 80GB SXM5", Quantity: "8"}, {Description: "HGX H100 8-GPU", Quantity: "2"}, {Description: "GeForce RTX 4090"}, {Description: "steel brackets", HTS: "7326.90"}},
	}
	f := r.Facts(o, "x")
	for _, p := range f.Parties {
		t.Logf("%+v", p)
	}
	for _, i := range f.Items {
		t.Logf("%+v", i)
	}
	t.Logf("%+v", f.Places)
}
