package format_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/tidegate/tidegate/services/ingest/internal/accept"
	"github.com/tidegate/tidegate/services/ingest/internal/format"
)

// megabytes of orders in each format; figures are of reading and accepting them, on one core.
const megabytes = 4

func bench(b *testing.B, in []byte, h format.Hint, want int) {
	b.Helper()
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		r, n := format.New(bytes.NewReader(in), h), 0
		for {
			p, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			p.At, p.Actor = "2026-11-23T10:15:00.123456Z", "bench"
			if e := accept.Accept(p); e.Refused() {
				b.Fatal(e.Faults)
			}
			n++
		}
		if n != want {
			b.Fatalf("%d orders, want %d", n, want)
		}
	}
}

func BenchmarkX12(b *testing.B) {
	var in strings.Builder
	in.WriteString("ISA*00*          *00*          *ZZ*FANMAKER       *ZZ*CHIPSELLER     *261120*0915*U*00401*000000001*0*P*>~\nGS*PO*FANMAKER*CHIPSELLER*20261120*0915*1*X*004010~\n")
	n := 0
	for ; in.Len() < megabytes<<20; n++ {
		fmt.Fprintf(&in, "ST*850*%04d~\nBEG*00*SA*PO-%d**20261120~\nCUR*BY*USD~\nREF*DP*038~\nPER*BD*A. BUYER*TE*4915112345~\nDTM*010*20261130~\n"+
			"N1*BY*EXAMPLE FANS GMBH*92*4711~\nN3*HAUPTSTRASSE 1~\nN4*MUENCHEN**80331*DE~\nN1*ST*EXAMPLE FANS PTE LTD*92*4712~\nN3*1 HARBOUR ROAD~\nN4*SINGAPORE**098632*SG~\n", n, n)
		lines := 8
		for l := range lines {
			fmt.Fprintf(&in, "PO1*%d*25*EA*36.5*PE*MG*XYZ-%d*VN*A-%d~\nPID*F****FAN, AXIAL, 120 MM, 12 V DC, %d~\nDTM*002*20261215~\n", l+1, l, l, l)
		}
		fmt.Fprintf(&in, "CTT*%d~\nSE*%d*%04d~\n", lines, 14+3*lines, n)
	}
	fmt.Fprintf(&in, "GE*%d*1~\nIEA*1*000000001~\n", n)
	bench(b, []byte(in.String()), format.Hint{}, n)
}

func BenchmarkEDIFACT(b *testing.B) {
	var in strings.Builder
	in.WriteString("UNA:+.? 'UNB+UNOC:3+4012345500004:14+4000004000002:14+261120:0915+1'\n")
	n := 0
	for ; in.Len() < megabytes<<20; n++ {
		fmt.Fprintf(&in, "UNH+%d+ORDERS:D:96A:UN:EAN008'\nBGM+220+PO%d+9'\nDTM+137:20261120:102'\nDTM+10:20261130:102'\nNAD+BY+4012345500004::9++EXAMPLE FANS GMBH+HAUPTSTRASSE 1+MUENCHEN++80331+DE'\n"+
			"CTA+OC+:A. BUYER'\nCOM+4915112345:TE'\nNAD+DP+++EXAMPLE FANS PTE LTD+1 HARBOUR ROAD+SINGAPORE++098632+SG'\nNAD+SU+4000004000002::9'\nCUX+2:USD:9'\n", n, n)
		lines := 8
		for l := range lines {
			fmt.Fprintf(&in, "LIN+%d++4000862141404:EN'\nPIA+5+XYZ-%d:MF+A-%d:SA'\nIMD+F++:::FAN, AXIAL, 120 MM, 12 V DC'\nQTY+21:25:PCE'\nMOA+203:912.5'\nPRI+AAA:36.5'\n", l+1, l, l)
		}
		fmt.Fprintf(&in, "UNS+S'\nCNT+2:%d'\nUNT+%d+%d'\n", lines, 13+6*lines, n)
	}
	fmt.Fprintf(&in, "UNZ+%d+1'\n", n)
	bench(b, []byte(in.String()), format.Hint{}, n)
}

func BenchmarkCSV(b *testing.B) {
	var in strings.Builder
	in.WriteString("order_id,order_date,purchaser_name,purchaser_country,consignee_name,consignee_address,consignee_country,description,part_number,quantity,value,currency,eccn\n")
	n := 0
	for ; in.Len() < megabytes<<20; n++ {
		for l := range 4 {
			fmt.Fprintf(&in, "PO-%d,2026-11-20,Example Fans GmbH,DE,Example Fans Pte Ltd,1 Harbour Road,SG,\"Fan, axial, 120 mm\",XYZ-%d,25,912.50,USD,EAR99\n", n, l)
		}
	}
	bench(b, []byte(in.String()), format.Hint{}, n)
}

func BenchmarkUBL(b *testing.B) {
	bench(b, ublOrder(100), format.Hint{}, 1)
}

// ublOrder is an order of so many lines.
func ublOrder(lines int) []byte {
	var in strings.Builder
	in.WriteString(`<?xml version="1.0" encoding="UTF-8"?>
<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2" xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2" xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
  <cbc:ID>PO-1</cbc:ID><cbc:IssueDate>2026-11-20</cbc:IssueDate><cbc:DocumentCurrencyCode>USD</cbc:DocumentCurrencyCode>
  <cac:BuyerCustomerParty><cac:Party><cac:PartyName><cbc:Name>Example Fans GmbH</cbc:Name></cac:PartyName><cac:PostalAddress><cbc:StreetName>Hauptstraße</cbc:StreetName>
    <cbc:CityName>München</cbc:CityName><cac:Country><cbc:IdentificationCode>DE</cbc:IdentificationCode></cac:Country></cac:PostalAddress></cac:Party></cac:BuyerCustomerParty>
  <cac:SellerSupplierParty><cac:Party><cac:PartyName><cbc:Name>Example Chips Inc.</cbc:Name></cac:PartyName></cac:Party></cac:SellerSupplierParty>
`)
	for l := range lines {
		fmt.Fprintf(&in, `  <cac:OrderLine>
    <cac:LineItem>
      <cbc:ID>%d</cbc:ID>
      <cbc:Quantity unitCode="C62">25</cbc:Quantity>
      <cbc:LineExtensionAmount currencyID="USD">912.50</cbc:LineExtensionAmount>
      <cac:Price>
        <cbc:PriceAmount currencyID="USD">36.50</cbc:PriceAmount>
      </cac:Price>
      <cac:Item>
        <cbc:Description>Fan, axial, 120 mm, 12 V DC</cbc:Description>
        <cbc:Name>Fan %d</cbc:Name>
        <cac:SellersItemIdentification>
          <cbc:ID>A-%d</cbc:ID>
        </cac:SellersItemIdentification>
      </cac:Item>
    </cac:LineItem>
  </cac:OrderLine>
`, l+1, l, l)
	}
	in.WriteString("</Order>\n")
	return []byte(in.String())
}

func BenchmarkNDJSON(b *testing.B) {
	var in strings.Builder
	n := 0
	for ; in.Len() < megabytes<<20; n++ {
		fmt.Fprintf(&in, `{"source":"erp","id":"PO-%d","order_date":"2026-11-20","ship_from":"US","ship_to":"SG","parties":[{"role":"purchaser","name":"Example Fans GmbH","address":{"lines":["Hauptstraße 1"],"city":"München","country":"DE"}},`+
			`{"role":"ultimate_consignee","name":"Example Fans Pte Ltd","address":{"lines":["1 Harbour Road"],"city":"Singapore","postcode":"098632","country":"SG"}}],"items":[`, n)
		for l := range 8 {
			if l > 0 {
				in.WriteByte(',')
			}
			fmt.Fprintf(&in, `{"description":"Fan, axial, 120 mm, 12 V DC","part_number":"XYZ-%d","sku":"A-%d","quantity":25,"value":912.50,"currency":"USD","eccn":"EAR99"}`, l, l)
		}
		in.WriteString("]}\n")
	}
	bench(b, []byte(in.String()), format.Hint{Media: "application/x-ndjson"}, n)
}
