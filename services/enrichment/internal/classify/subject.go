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
// origin, with more than 25 percent US content, or a foreign direct product. "no" needs all of it denied.
func subject(it *event.Item, o *event.Order, e *evidence, class string) string {
	content := number(it.USContent)
	switch {
	case is(it.USOrigin, true), is(it.USDirectProduct, true), it.Origin == "US", fromUS(o):
		return "yes"
	case content != nil && content.GreaterThan(deMinimis):
		return "yes"
	case is(it.USOrigin, false) && is(it.USDirectProduct, false) && content != nil && content.IsZero():
		return "no"
	case e.found != nil && e.found.row.DesignHQ == "US" && controlled(class):
		return "yes" // a direct product of US technology: 15 CFR 734.9(h)
	case e.eccnClass != "" && usVendor(it.Manufacturer):
		return "yes"
	}
	return Unknown
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
