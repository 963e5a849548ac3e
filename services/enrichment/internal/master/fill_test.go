package master

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidegate/tidegate/schemas/event"
)

const (
	partners = `[{"customer_number":"C-1","gln":"4012345000009","name":"Harbor GmbH","aliases":["Harbor Works"],"address":{"city":"Bremen","country":"DE"},"headquarters":"DE","ultimate_parent":{"name":"Vale AG","country":"CH"},"owners":[{"name":"Vale AG","percent":60}],"incorporated":"2010-01-01","certifications":[{"kind":"end_user_statement","date":"2026-05-01"}]},
{"customer_number":"C-2","name":"Moor KG","address":{"city":"Hamburg","country":"DE"},"no_parent":true}]`
	items = `[{"sku":"S-1","manufacturer":"Lantern","part_number":"L-1","eccn":"4A090.a","tpp":15832,"datacenter":true,"contains":[{"part_number":"H100","count":8}]}]`
)

func TestFill(t *testing.T) {
	t.Parallel()
	s := compiled(t, partners, items)
	yes, no := true, false
	for _, tt := range []struct {
		name      string
		order     event.Order
		from      []string
		disagrees []string
	}{
		{"nothing to go by", event.Order{Parties: []event.Party{{Name: "Harbor GmbH"}}, Items: []event.Item{{Description: "fan"}}}, nil, nil},
		{"numbers nobody knows", event.Order{Parties: []event.Party{{Customer: "C-9"}}, Items: []event.Item{{SKU: "S-9"}}}, nil, nil},
		{
			"a customer number and a SKU alone",
			event.Order{Parties: []event.Party{{Customer: "c-1"}}, Items: []event.Item{{SKU: "s-1"}}},
			[]string{
				"/certifications/0", "/items/0/contains", "/items/0/datacenter", "/items/0/eccn", "/items/0/manufacturer", "/items/0/part_number", "/items/0/tpp",
				"/parties/0/address", "/parties/0/aliases", "/parties/0/gln", "/parties/0/headquarters", "/parties/0/incorporated", "/parties/0/name", "/parties/0/owners", "/parties/0/ultimate_parent",
			},
			nil,
		},
		{
			"what is stated stays, and what agrees is silent",
			event.Order{
				Certs: []event.Cert{{Kind: "end_user_statement"}},
				Parties: []event.Party{{
					Customer: "C-1", GLN: gln, Name: "HARBOR WORKS", Aliases: []string{"x"}, Address: &event.Address{Country: "DE"}, Headquarters: "DE", Parent: &event.Parent{Name: "Vale AG", Country: "CH"},
					Owners: []event.Owner{{Name: "VALE AG", Percent: "60.0"}}, Incorporated: "2010-01-01",
				}},
				Items: []event.Item{{SKU: "S-1", Manufacturer: "Lantern Inc.", PartNumber: "l-1", ECCN: "4a090 .A", TPP: "15832.0", Datacenter: &yes, Contains: []event.Part{{PartNumber: "H100", Count: "8"}}}},
			},
			nil, nil,
		},
		{
			"what differs is told",
			event.Order{
				Certs: []event.Cert{{Kind: "end_user_statement"}},
				Parties: []event.Party{{
					Customer: "C-1", GLN: "4012345000016", Name: "Reef Ltd", Aliases: []string{"x"}, Address: &event.Address{Country: "FR"}, Headquarters: "CN", Independent: &yes,
					Owners: []event.Owner{{Name: "Vale AG", Percent: "20"}}, Incorporated: "2020-01-01",
				}},
				Items: []event.Item{{SKU: "S-1", Manufacturer: "x", PartNumber: "L-1", ECCN: "EAR99", TPP: "100", Datacenter: &no, Contains: []event.Part{{PartNumber: "H100", Count: "8"}}}},
			},
			nil,
			[]string{
				"/items/0/datacenter no yes", "/items/0/eccn EAR99 4A090.a", "/items/0/tpp 100 15832", "/parties/0/address/country FR DE", "/parties/0/gln 4012345000016 4012345000009", "/parties/0/headquarters CN DE",
				"/parties/0/incorporated 2020-01-01 2010-01-01", "/parties/0/name Reef Ltd Harbor GmbH", "/parties/0/owners/0/percent 20 60", "/parties/0/ultimate_parent no parent Vale AG, CH",
			},
		},
		{
			"a stated parent against none",
			event.Order{Parties: []event.Party{{Customer: "C-2", Name: "Moor", Address: &event.Address{City: "X"}, Parent: &event.Parent{Name: "Vale"}}}, Items: []event.Item{{}}},
			nil,
			[]string{"/parties/0/no_parent Vale no parent"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			before := fmt.Sprintf("%+v", tt.order)
			got := s.Fill(&tt.order)
			var from, disagrees []string
			for _, f := range got.From {
				from = append(from, f.Pointer)
			}
			for _, d := range got.Disagrees {
				disagrees = append(disagrees, d.Pointer+" "+d.Stated+" "+d.Master)
			}
			if d := cmp.Diff(tt.from, from); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(tt.disagrees, disagrees); d != "" {
				t.Error(d)
			}
			if (got.Order != nil) != (len(from) > 0) || before != fmt.Sprintf("%+v", tt.order) {
				t.Error("the order itself changed, or was copied for nothing")
			}
		})
	}
}
