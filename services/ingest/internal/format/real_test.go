package format_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidegate/tidegate/schemas/event"
)

// real says, for documents that other people made, what each must become: in our words, for the documents are not ours to
// ship. They are read where TIDEGATE_TESTDATA names a folder that has them in orders.
var real = map[string][]string{
	"UBL-Order-2.0-Example-International.xml":                  {"ubl-order placed AEG012345 2005-06-20 to GB; purchaser IYT Corporation GB, exporter Consortial US, end_user The Terminus GB, ultimate_consignee IYT Corporation GB; 100 KGM 1000.00 USD; FOB"},
	"UBL-Order-2.1-Example.xml":                                {"ubl-order placed 34 2010-01-20 to SE; purchaser Johnssons byggvaror SE, exporter Moderna Produkter AB SE, end_user Moderna Produkter AB, ultimate_consignee Swedish trucking SE, end_user Josef K.; 120 LTR 6000 SEK, 15 piece 225 SEK; FOT"},
	"UBL-OrderCancellation-2.1-Example.xml":                    {"ubl-order-cancellation cancelled 34; purchaser Johnssons byggvaror, exporter Moderna Produkter AB"},
	"UBL-DespatchAdvice-2.0-Example.xml":                       {"ubl-despatch-advice shipped AEG012345 on 2005-06-20 by 565899 in part to GB; exporter Consortial GB, ultimate_consignee IYT Corporation GB; 90 KGM"},
	"UBL-ForwardingInstructions-2.0-Example-International.xml": {"ubl-forwarding-instructions placed KHN23-44044 2005-06-24 from US to GB; exporter Consortial US, forwarder One-Stop Forwarders US, ultimate_consignee IYT Corporation GB, intermediate_consignee IYT Corporation GB, end_user The Terminus GB; 10 1000.00 USD hts 15219000; FOB"},
	"UBL-ExportCustomsDeclaration-2.3-Example.xml":             {"ubl-export-customs-declaration placed exi000073 2019-03-18 from DK to NO; exporter Gedevang Mejeri DK, forwarder Told Service A/S, ultimate_consignee Coop Extra Bergen NO; 150.00 KGM 10500.00 DKK hts 84195000 of DK; FCA"},
	"invalid-UBL-order-bad-model.xml":                          {"ubl-order refused AEG012345: UBL has no ChannelCod"},
	"peppol-Order_Example.xml":                                 {"peppol-order placed 34 2018-09-01 ships 2025-02-17 to NO; purchaser Helseforetak NO, exporter Medical NO, end_user Helseavdeling, payer Accounting NO, ultimate_consignee Helseavdeling NO, end_user Josef K.; 120 piece 6300.00 NOK, 15 piece 225.00 NOK; FOB"},
	"peppol-UC1_Order.xml":                                     {"peppol-order placed 1 2013-07-01 to SE; purchaser City Hospital SE, exporter The Supplier AB NO, ultimate_consignee Hospital Tourist Department SE; 10 piece 40 EUR, 5 piece 30 EUR, 15 piece 45 EUR"},
	"peppol-UC4_Order.xml":                                     {"peppol-order placed 5 2013-07-01 to SE; purchaser City Hospital SE, exporter Cod Liver Oil Limited NO, end_user Surgery Department, payer Swedish Hospitals NO, ultimate_consignee Hospital Stock management SE, end_user Martin; 50 piece 50 EUR; DAP"},
	"peppol-OrderChange_Example.xml":                           {"peppol-order-change revised Order-1 revision 1 2022-02-01 to SE; purchaser City Hospital SE, exporter The Supplier AB NO, ultimate_consignee Hospital Tourist Department SE; 5 piece 200 EUR, 50 piece 300 EUR"},
	"x12-850-aerospace-two-orders.edi": {
		"x12-850 placed XX-1234 2017-03-01; purchaser ABC AEROSPACE; 25 piece 900",
		"x12-850 refused XX-1234: PO103 \"INVALID\"",
	},
	"invalid-x12-850.edi":                    {"x12-850 refused XX-1234: PO103 \"INVALID\" + SE counts \"15\" segments, 14 are there"},
	"x12-850-adobe-tlp-software-licence.edi": {"x12-850 placed TLP-X12 2010-06-14 ships 2010-06-14; purchaser SOLD TO, payer PAYER, payer BILL TO, intermediate_consignee RESELLER, end_user END USER, end_user DEPLOY TO, ultimate_consignee SHIP TO; 1 piece 665 USD"},
	"x12-850-pgw-glass.edi":                  {"x12-850 revised S41000439 revision 5589170 2010-08-10; purchaser #D_POF341, ultimate_consignee #W_341001 US, exporter GENERAL SUPPLY CO; 5 piece 25.45 USD, 12 piece 757.32 USD, 2 piece 16.04 USD, 1 piece 85.25 USD"},
	"x12-856-ship-notice.edi": {
		"x12-856 refused 9988776655: DTM02 \"200\" is not a date",
		"x12-856 refused 2288115555: DTM02 \"200\" is not a date",
		"x12 refused: GE counts \"2\" transaction sets, 1 are there",
	},
	"edifact-orders-d96a.edi":           {"edifact-orders placed 128576 2002-08-30; purchaser #5412345000013, exporter #4012345500004; 48 699.84 GBP; CIF"},
	"edifact-orders-d96a-multiline.edi": {"edifact-orders refused 128576: UNT counts \"38\" segments, 72 are there"},
	"shopify-order.json":                {"shopify placed 450789469 2008-01-10 to US; purchaser Bob Norman US, payer Bob Norman US, ultimate_consignee Bob Norman US; 1 199 USD, 1 199 USD, 1 199 USD"},
	"stripe-objects.json": {
		"stripe refused cs_test_a1YS1URlnyQCN5fUUduORoQ7Pw41PJqDWkIVQCpJPqkfIhd6tVY8XB1OLY: status \"open\"",
		"stripe refused: \"customer\" is no order",
		"stripe refused: \"plan.created\" is no order",
		"stripe placed in_1Pgc6tB7WZ01zgkWu9fdqL6I 2009-02-13; purchaser #cus_QXg1o8vcGmoR32; 1 10.00 USD",
	},
	"easypost-customs_info.json":                {"easypost refused: a customs_info names no party"},
	"easypost-shipment-request.json":            {"easypost placed 123 from US to US; exporter Jack Sparrow US, ultimate_consignee Elizabeth Swan US; 2 hts 654321 of US"},
	"easypost-shipment-response.json":           {"easypost placed shp_d15e2d83644243f88c73130cf90e970c 2024-08-02 from US to US; exporter Jack Sparrow US, ultimate_consignee Elizabeth Swan US, purchaser Elizabeth Swan US; 2 hts 654321 of US"},
	"easypost-order-response.json":              {"easypost placed order_9cbcab9e33cc424784101d7a586cb082 2024-08-02 from US to US; exporter Jack Sparrow US, ultimate_consignee Elizabeth Swan US, purchaser Elizabeth Swan US; 1 parcel, 1 parcel"},
	"ups-exportassure-compliance-request.json":  {"ups refused 47cb07b6-69f1-4ded-95ff-953fee2667de: a compliance check names countries and goods and nobody"},
	"ups-exportassure-compliance-response.json": {"ups refused: an answer of UPS is no order"},
	"ups-shipment-eei-11.json":                  {"ups placed 999jjj777 2013-04-10 ships 2021-04-06 from GB to FR; exporter Shipper_name GB, exporter ShipFromName GB, intermediate_consignee ShipToName FR, purchaser ACME Designs FR, forwarder UPS US, ultimate_consignee UPS US, manufacturer ProducerCompanyName CA; 1 KGS 1 USD EAR99 hts 12345679 of US; CFR; license 123.16B2 C30"},
}

// fact puts an accepted order into one sentence.
func fact(format string, kind event.Kind, o event.Order) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s", format, kind, o.ID)
	say := func(text, v string) {
		if v != "" && v != "0" {
			b.WriteString(text + v)
		}
	}
	say(" revision ", strconv.Itoa(o.Revision))
	say(" ", string(o.OrderDate))
	say(" ships ", string(o.ShipDate))
	if o.Shipment != nil {
		fmt.Fprintf(&b, " on %s by %s", o.Shipment.Date, o.Shipment.Document)
		if o.Shipment.Partial != nil {
			b.WriteString(" in part")
		}
	}
	say(" from ", string(o.ShipFrom))
	say(" to ", string(o.ShipTo))
	var parties, items []string
	for _, p := range o.Parties {
		who := p.Name
		if who == "" {
			who = "#" + p.GLN + p.Customer
		}
		s := string(p.Role) + " " + who
		if p.Address != nil && p.Address.Country != "" {
			s += " " + string(p.Address.Country)
		}
		parties = append(parties, s)
	}
	for _, it := range o.Items {
		s := strings.Join(strings.Fields(strings.Join([]string{string(it.Quantity), it.Unit, string(it.Value), it.Currency, it.ECCN}, " ")), " ")
		if it.HTS != "" {
			s += " hts " + it.HTS
		}
		if it.Origin != "" {
			s += " of " + string(it.Origin)
		}
		items = append(items, s)
	}
	say("; ", strings.Join(parties, ", "))
	say("; ", strings.Join(items, ", "))
	say("; ", o.Incoterm)
	for _, a := range o.Declared {
		fmt.Fprintf(&b, "; %s %s %s", a.Kind, a.Number, a.Code)
	}
	return b.String()
}

func TestRealDocuments(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("TIDEGATE_TESTDATA")
	if folder == "" {
		t.Skip("TIDEGATE_TESTDATA names no folder with the documents")
	}
	files, err := filepath.Glob(filepath.Join(folder, "orders", "*.*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		if strings.HasSuffix(name, ".md") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want, ok := real[name]
			if !ok {
				t.Fatal("nothing is expected of this document")
			}
			inputs, all := entries(t, name, b)
			var got []string
			for i, e := range all {
				if e.Refused() {
					got = append(got, refusal(inputs[i].Format, e.OrderID, e.Faults, want, i))
					continue
				}
				var o event.Order
				if err := json.Unmarshal(inputs[i].Order, &o); err != nil {
					t.Fatal(err)
				}
				got = append(got, fact(inputs[i].Format, e.Kind, o))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// refusal is the sentence that is expected where each of its reasons is among the faults, else all of them.
func refusal(format, id string, faults []event.Fault, want []string, i int) string {
	head := strings.TrimSpace(format+" refused "+id) + ": "
	var details []string
	for _, f := range faults {
		details = append(details, f.Detail)
	}
	if i < len(want) && strings.HasPrefix(want[i], head) {
		all := true
		for reason := range strings.SplitSeq(strings.TrimPrefix(want[i], head), " + ") {
			all = all && slices.ContainsFunc(details, func(d string) bool { return strings.Contains(d, reason) })
		}
		if all {
			return want[i]
		}
	}
	return head + strings.Join(details, " + ")
}
