package format_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tidegate/tidegate/services/ingest/internal/accept"
	"github.com/tidegate/tidegate/services/ingest/internal/format"
)

// position is a line of an order that a buyer places and changes.
type position struct {
	number, sku, text string
	quantity, price   int
}

// document writes a buyer's order, or a change to it, in one format.
type writes struct {
	name   string
	order  func(lines []position, consignee string) string
	change func(lines []position, codes []string, consignee string, replace bool) string
	codes  map[string]string // add, change, remove, keep
}

func x12Doc(kind, begin string, body []string) string {
	return "ISA*00*          *00*          *ZZ*FANMAKER       *ZZ*CHIPSELLER     *261120*0915*U*00401*000000001*0*P*>~GS*PO*FANMAKER*CHIPSELLER*20261120*0915*1*X*004010~" +
		fmt.Sprintf("ST*%s*0001~%s~%s~SE*%d*0001~GE*1*1~IEA*1*000000001~", kind, begin, strings.Join(body, "~"), 3+len(body))
}

func x12Parties(consignee string) []string {
	return []string{"CUR*BY*USD", "N1*BY*EXAMPLE FANS GMBH*92*4711", "N1*ST*" + consignee + "*92*" + consignee}
}

func unDoc(kind, begin string, body []string) string {
	return "UNB+UNOA:2+A+B+261120:0915+1'" + fmt.Sprintf("UNH+1+%s:D:96A:UN'%s'%s'UNT+%d+1'UNZ+1+1'", kind, begin, strings.Join(body, "'"), 3+len(body))
}

func unLines(lines []position, codes []string, consignee string) []string {
	body := []string{"DTM+137:20261120:102", "NAD+BY+++EXAMPLE FANS GMBH", "NAD+DP+++" + consignee, "CUX+2:USD:9"}
	for i, l := range lines {
		body = append(body, fmt.Sprintf("LIN+%s+%s+%s:SA", l.number, codes[i], l.sku), "IMD+F++:::"+l.text, fmt.Sprintf("QTY+21:%d", l.quantity), fmt.Sprintf("PRI+AAA:%d", l.price))
	}
	return append(body, "UNS+S")
}

func ublDoc(root, head string, lines []position, codes []string, consignee string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<%s xmlns="urn:oasis:names:specification:ubl:schema:xsd:%s-2" xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2" xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">%s`, root, root, head)
	fmt.Fprintf(&b, `<cac:BuyerCustomerParty><cac:Party><cac:PartyName><cbc:Name>Example Fans GmbH</cbc:Name></cac:PartyName></cac:Party></cac:BuyerCustomerParty>
<cac:Delivery><cac:DeliveryParty><cac:PartyName><cbc:Name>%s</cbc:Name></cac:PartyName></cac:DeliveryParty></cac:Delivery>`, consignee)
	for i, l := range lines {
		code := ""
		if codes[i] != "" {
			code = "<cbc:LineStatusCode>" + codes[i] + "</cbc:LineStatusCode>"
		}
		fmt.Fprintf(&b, `<cac:OrderLine><cac:LineItem><cbc:ID>%s</cbc:ID>%s<cbc:Quantity unitCode="C62">%d</cbc:Quantity><cac:Price><cbc:PriceAmount currencyID="USD">%d</cbc:PriceAmount></cac:Price>
<cac:Item><cbc:Name>%s</cbc:Name><cac:SellersItemIdentification><cbc:ID>%s</cbc:ID></cac:SellersItemIdentification></cac:Item></cac:LineItem></cac:OrderLine>`, l.number, code, l.quantity, l.price, l.text, l.sku)
	}
	return b.String() + "</" + root + ">"
}

var changing = []writes{
	{
		name: "x12", codes: map[string]string{"add": "AI", "change": "CA", "remove": "DI", "keep": "NC"},
		order: func(lines []position, consignee string) string {
			body := x12Parties(consignee)
			for _, l := range lines {
				body = append(body, fmt.Sprintf("PO1*%s*%d*EA*%d*PE*VN*%s", l.number, l.quantity, l.price, l.sku), "PID*F****"+l.text)
			}
			return x12Doc("850", "BEG*00*SA*PO-1**20261120", body)
		},
		change: func(lines []position, codes []string, consignee string, replace bool) string {
			body := x12Parties(consignee)
			for i, l := range lines {
				body = append(body, fmt.Sprintf("POC*%s*%s*%d**EA*%d*PE*VN*%s", l.number, codes[i], l.quantity, l.price, l.sku), "PID*F****"+l.text)
			}
			purpose := "04"
			if replace {
				purpose = "05"
			}
			return x12Doc("860", "BCH*"+purpose+"*SA*PO-1**1*20261120", body)
		},
	},
	{
		name: "edifact", codes: map[string]string{"add": "1", "change": "3", "remove": "2", "keep": "4"},
		order: func(lines []position, consignee string) string {
			return unDoc("ORDERS", "BGM+220+PO-1+9", unLines(lines, make([]string, len(lines)), consignee))
		},
		change: func(lines []position, codes []string, consignee string, replace bool) string {
			function := "4"
			if replace {
				function = "5"
			}
			return unDoc("ORDCHG", "BGM+230+CH-1+"+function, append([]string{"RFF+ON:PO-1", "RFF+PP:1"}, unLines(lines, codes, consignee)...))
		},
	},
	{
		name: "ubl", codes: map[string]string{"add": "1", "change": "3", "remove": "2", "keep": "4"},
		order: func(lines []position, consignee string) string {
			return ublDoc("Order", "<cbc:ID>PO-1</cbc:ID><cbc:IssueDate>2026-11-20</cbc:IssueDate>", lines, make([]string, len(lines)), consignee)
		},
		change: func(lines []position, codes []string, consignee string, replace bool) string {
			if replace { // without a code the lines are all there are
				codes = make([]string, len(lines))
			}
			return ublDoc("OrderChange", "<cbc:ID>CH-1</cbc:ID><cbc:IssueDate>2026-11-20</cbc:IssueDate><cbc:SequenceNumberID>1</cbc:SequenceNumberID><cac:OrderReference><cbc:ID>PO-1</cbc:ID></cac:OrderReference>",
				lines, codes, consignee)
		},
	},
}

// changed draws what a buyer does to an order: what is listed with its codes, and the order as it is behind that.
func changed(t *rapid.T, before []position, codes map[string]string) (listed []position, said []string, after []position) {
	for i, l := range before {
		now := l
		switch what := rapid.SampledFrom([]string{"", "keep", "change", "change", "other", "remove"}).Draw(t, "what"+strconv.Itoa(i)); what {
		case "":
			after = append(after, l)
			continue
		case "keep":
			said = append(said, codes["keep"])
		case "change", "other":
			said = append(said, codes["change"])
			now.quantity, now.price = rapid.IntRange(1, 99).Draw(t, "quantity"), rapid.IntRange(1, 99).Draw(t, "price")
			if what == "other" {
				now.sku, now.text = l.sku+"X", "ANOTHER "+l.text
			}
		case "remove":
			said = append(said, codes["remove"])
			listed = append(listed, now)
			continue
		}
		listed, after = append(listed, now), append(after, now)
	}
	for range rapid.IntRange(0, 2).Draw(t, "added") {
		n := len(before) + len(listed) + 10
		l := position{number: strconv.Itoa(n), sku: fmt.Sprintf("S-%d", n), text: fmt.Sprintf("FAN %d", n), quantity: 3, price: 4}
		listed, said, after = append(listed, l), append(said, codes["add"]), append(after, l)
	}
	return listed, said, after
}

func one(t *rapid.T, doc string) accept.Entry {
	inputs, err := format.All([]byte(doc), format.Hint{})
	if err != nil || len(inputs) != 1 {
		t.Fatalf("%d orders, %v", len(inputs), err)
	}
	inputs[0].Actor, inputs[0].At = "test", "2026-11-23T10:15:00.123456Z"
	e := accept.Accept(inputs[0])
	if e.Refused() {
		t.Fatalf("%v in %s", e.Faults, doc)
	}
	return e
}

func body(t *rapid.T, e accept.Entry) string {
	b, ok := accept.OrderOf(e.Line)
	if !ok {
		t.Fatalf("no order in %s", e.Line)
	}
	return string(b)
}

// TestAPartialChangeIsTheFullReplacement holds, for every format of changes: the lines that changed, put together with the order
// before, are the order that replaces it whole; and so they are when the change comes again to an index made anew.
func TestAPartialChangeIsTheFullReplacement(t *testing.T) {
	t.Parallel()
	for _, w := range changing {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				var before []position
				for i := range rapid.IntRange(1, 6).Draw(t, "lines") {
					before = append(before, position{
						number: strconv.Itoa(i + 1), sku: fmt.Sprintf("S-%d", i+1), text: fmt.Sprintf("FAN %d", i+1),
						quantity: rapid.IntRange(1, 99).Draw(t, "quantity"), price: rapid.IntRange(1, 99).Draw(t, "price"),
					})
				}
				listed, codes, after := changed(t, before, w.codes)
				consignee := rapid.SampledFrom([]string{"EXAMPLE FANS PTE LTD", "ANOTHER CONSIGNEE"}).Draw(t, "consignee")
				first := one(t, w.order(before, "EXAMPLE FANS PTE LTD"))
				newest := accept.Revision{Event: first.Event, Order: []byte(body(t, first))}
				if len(listed) == 0 && w.name == "ubl" {
					return // without lines there is no order change
				}
				part := one(t, w.change(listed, codes, consignee, false))
				if !part.Partial() {
					t.Fatal("taken for a whole order")
				}
				merged := part.With(newest)
				if len(after) == 0 {
					if !merged.Refused() {
						t.Fatal("an order without lines")
					}
					return
				}
				if merged.Refused() {
					t.Fatal(merged.Faults)
				}
				full := one(t, w.change(after, slicesOf(w.codes["change"], len(after)), consignee, true))
				if diff := cmp.Diff(body(t, full), body(t, merged)); diff != "" {
					t.Fatal(diff)
				}
				if merged.Key != full.Key || merged.Event != full.Event || string(part.With(newest).Line) != string(merged.Line) {
					t.Fatal("the change has another key or another line each time")
				}
				again, known, err := accept.Recall(merged.Line)
				if err != nil || !known || again.Content != part.Content || again.Key != part.Key {
					t.Fatal("not known again", known, err)
				}
			})
		})
	}
}

func slicesOf(s string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = s
	}
	return out
}
