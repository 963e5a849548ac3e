package enrichment

import (
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
)

// BenchmarkNames is what one name costs: listed, one letter off, and of nobody.
func BenchmarkNames(b *testing.B) {
	r := curated(b)
	for _, tc := range []struct{ name, query string }{
		{"listed", "Inspur Electronic Information Industry Co., Ltd."},
		{"one letter off", "Inzpur Electronic Information Industry Co., Ltd."},
		{"nobody", "Brightwater Precision Instruments Holding GmbH"},
		{"nobody in Chinese", "深圳市晨光文具用品有限公司"},
	} {
		p := party(tc.query, "CN")
		b.Run(tc.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.directory.Party(&p, nil, nil)
			}
		})
	}
}

// BenchmarkFacts is a whole order: five parties, one of them listed in one order of a hundred, and five items.
func BenchmarkFacts(b *testing.B) {
	r := curated(b)
	orders := make([]*event.Order, 100)
	for i := range orders {
		orders[i] = ordinaryOrder(i)
	}
	orders[0].Parties[2].Name = "Nettrix Information Industry Co., Ltd."
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		r.Facts(orders[i%len(orders)], "")
		i++
	}
}

func ordinaryOrder(i int) *event.Order {
	firms := []string{"Brightwater Instruments", "Kestrel Compute", "Harbour Nine Trading", "Alpenrose Logistik", "Juniper Vale Systems", "Ostrava Robotika", "Suncrest Data", "Meridian Forge"}
	forms := []string{" GmbH", " Pte. Ltd.", " Co., Ltd.", " Inc.", " B.V."}
	streets := []string{"Industriestrasse 12", "Unit 7, Level 3, 40 Harbour Street", "Room 512, 88 Long Bay Road", "4 Quay Lane", "1200 Mission Avenue, Suite 300"}
	goods := []event.Item{
		{Description: "Office chair, black", HTS: "9401.30", Quantity: "20", Value: "2400", Currency: "USD"},
		{Description: "NVIDIA H100 80GB SXM5", Manufacturer: "NVIDIA", PartNumber: "H100-SXM5-80GB", Quantity: "8"},
		{Description: "GeForce RTX 4070 Ti SUPER 16GB", Quantity: "4", HTS: "8473.30"},
		{Description: "2U rack server, dual Xeon, 512 GB", ECCN: "5A992.c", Manufacturer: "Dell", Quantity: "3"},
		{Description: "Cat6 patch cable 2 m blue", Quantity: "100"},
	}
	o := &event.Order{ShipFrom: "US", ShipTo: "DE", Items: goods}
	for k, role := range []event.Role{event.Exporter, event.Purchaser, event.IntermediateConsignee, event.UltimateConsignee, event.EndUser} {
		n := i*5 + k
		o.Parties = append(o.Parties, event.Party{
			Role: role, Name: firms[n%len(firms)] + " " + string(rune('A'+n%26)) + string(rune('a'+n%17)) + forms[n%len(forms)],
			Address: &event.Address{Lines: []string{streets[n%len(streets)]}, City: "Bremen", Country: "DE"}, Contacts: []string{"Jana Olsen"},
		})
	}
	return o
}
