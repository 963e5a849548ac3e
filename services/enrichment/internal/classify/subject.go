package classify

import (
	"strings"

	"github.com/shopspring/decimal"

	"github.com/tidegate/tidegate/schemas/event"
)

var deMinimis = decimal.NewFromInt(25) // 15 CFR 734.4(d)

// usVendors are makers headquartered in the United States whose published ECCN says that they take the item for
// subject to the EAR.
var usVendors = set(`nvidia amd intel dell hpe hp supermicro cisco micron broadcom qualcomm apple microsoft google amazon aws marvell
	ibm oracle xilinx altera lattice`)

// subject says whether an item is subject to the EAR (15 CFR 734.3(a)): in the United States or leaving them, of US
// origin, with more than 25 percent US content, or a foreign direct product; and by which of these. "no" needs all of it
// denied. An item is subject as a direct product only where it is for nothing else: whom and what that reaches depends on
// the order and its date.
func subject(it *event.Item, o *event.Order, e *evidence, class string) (subject, how string) {
	content := number(it.USContent)
	switch {
	case fromUS(o):
		return "yes", "from_us"
	case is(it.USOrigin, true), it.Origin == "US":
		return "yes", "us_origin"
	case content != nil && content.GreaterThan(deMinimis):
		return "yes", "us_content"
	case is(it.USDirectProduct, true):
		return "yes", "direct_product"
	case is(it.USOrigin, false) && is(it.USDirectProduct, false) && content != nil && content.IsZero():
		return "no", ""
	case e.found != nil && e.found.row.DesignHQ == "US" && controlled(class):
		return "yes", "us_design" // a direct product of US technology: 15 CFR 734.9(h)
	case e.eccnClass != "" && usVendor(it.Manufacturer):
		return "yes", "us_vendor"
	case is(it.USOrigin, false) && is(it.USDirectProduct, false) && content != nil:
		return little(o, content)
	}
	return Unknown, ""
}

// little is for US content from above 0 to 25 percent: too little for the EAR to reach the item, save that 10 percent is
// the line for Country Groups E:1 and E:2 (15 CFR 734.4(c)). Footnote 5 knows no such line: the how says so.
func little(o *event.Order, content *decimal.Decimal) (subject, how string) {
	if content.GreaterThan(deMinimisE) {
		switch embargoed, known := towardEmbargo(o); {
		case embargoed:
			return "yes", "us_content"
		case !known:
			return Unknown, ""
		}
	}
	return "no", "de_minimis"
}

var deMinimisE = decimal.NewFromInt(10)

// towardEmbargo says whether the order names a place of Country Group E:1 or E:2; known when it names any place.
func towardEmbargo(o *event.Order) (embargoed, known bool) {
	places := []event.Country{o.ShipTo, o.ReleaseTo}
	for i := range o.Parties {
		if a := o.Parties[i].Address; a != nil {
			places = append(places, a.Country)
		}
	}
	for _, c := range places {
		switch c {
		case "CU", "IR", "KP", "SY":
			return true, true
		case "":
		default:
			known = true
		}
	}
	return false, known
}

func is(b *bool, v bool) bool { return b != nil && *b == v }

// fromUS says whether the shipment starts in the United States: stated, by the exporter's address, or an export, which
// is what a transaction is when nothing else is said (15 CFR 734.13).
func fromUS(o *event.Order) bool {
	if o.ShipFrom != "" {
		return o.ShipFrom == "US"
	}
	for i := range o.Parties {
		p := &o.Parties[i]
		if p.Role == event.Exporter && p.Address != nil && p.Address.Country != "" {
			return p.Address.Country == "US"
		}
	}
	return o.Transaction == "" || o.Transaction == event.Export
}

func usVendor(name string) bool {
	for _, w := range words(name) {
		if usVendors[w] {
			return true
		}
	}
	return strings.Contains(strings.ToLower(name), "advanced micro devices")
}
