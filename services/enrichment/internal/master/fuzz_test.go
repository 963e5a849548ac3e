package master

import (
	"bytes"
	"errors"
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
)

// FuzzRead reads foreign bytes in every form: whatever they are, the answer is rows that make a set which can be used, or a refusal.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		partners, items, level1, level2, exceptions,
		"sku,eccn,contains\nA,EAR99,H100|8;X|2\n\"B\",5A992.c,\n",
		"customer_number;name;owners\nC1;Harbor;Vale|60|DE;Moor|40||Vale\n",
		"owned,owned_country,owner,owner_country,percent,from,until\nHarbor,DE,Vale,DE,60,2020-01-01,\nVale,DE,Harbor,DE,10,,\n",
		bods(party("h", "Harbor", ""), party("v", "Vale", ""), stake("1", "new", "2020-01-01", "h", "v", `{"type":"shareholding","share":{"exact":60}}`)),
		`<lei:LEIData xmlns:lei="x"><LEIRecord><LEI>529900T8BM49AURSDO55</LEI></LEIRecord></lei:LEIData>`,
		`{"meta":{},"data":[{"type":"lei-records","attributes":{"lei":"529900T8BM49AURSDO55"}}]}`,
		`{"relations":[{"RelationshipRecord":{"Relationship":{"StartNode":{"NodeID":{"$":"529900T8BM49AURSDO55"}}}}}]}`,
	} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, b []byte, lenient bool) {
		file, err := Read("f", bytes.NewReader(b), Options{Lenient: lenient})
		if err != nil {
			if !errors.Is(err, ErrRefused) {
				t.Fatalf("neither read nor refused: %v", err)
			}
			return
		}
		if !lenient && len(file.Skipped) > 0 && file.Edition.Format != "bods-json" {
			t.Fatalf("left out in silence: %v", file.Skipped)
		}
		edition := write(t, []Edition{file.Edition}, &file.Rows)
		rows, err := Combine([]*Set{edition})
		if err != nil {
			t.Fatal(err)
		}
		s := write(t, []Edition{file.Edition}, rows)
		for keys, value := range s.all() {
			for _, k := range keys {
				if got, ok := s.find(k); !ok || !bytes.Equal(got, value) {
					t.Fatalf("%q does not find its row", k)
				}
			}
		}
		s.Fill(&event.Order{Parties: []event.Party{{Customer: "C1", LEI: leiA}}, Items: []event.Item{{SKU: "A"}}})
		s.Seat(&event.Party{LEI: leiA})
		s.OwnersOf("lei:" + leiA)
	})
}
