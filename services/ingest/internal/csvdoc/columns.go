package csvdoc

import (
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/tidegate/tidegate/schemas/event"
)

// column says what a column's values are: a member of the order, of an item, or of the party in a role.
type column struct {
	role  event.Role // of a party's
	field string     // party: name, line, city …; else order.* or item.*
}

// prefixes of party columns, longest first where one begins another.
var prefixes = []struct {
	prefix string
	role   event.Role
}{
	{"intermediateconsignee", event.IntermediateConsignee},
	{"ultimateconsignee", event.UltimateConsignee},
	{"consignee", event.UltimateConsignee},
	{"deliverto", event.UltimateConsignee},
	{"delivery", event.UltimateConsignee},
	{"shipping", event.UltimateConsignee},
	{"shipto", event.UltimateConsignee},
	{"recipient", event.UltimateConsignee},
	{"purchaser", event.Purchaser},
	{"buyer", event.Purchaser},
	{"customer", event.Purchaser},
	{"soldto", event.Purchaser},
	{"client", event.Purchaser},
	{"enduser", event.EndUser},
	{"freightforwarder", event.Forwarder},
	{"forwarder", event.Forwarder},
	{"exporter", event.Exporter},
	{"seller", event.Exporter},
	{"supplier", event.Exporter},
	{"vendor", event.Exporter},
	{"shipper", event.Exporter},
	{"payer", event.Payer},
	{"billto", event.Payer},
	{"billing", event.Payer},
	{"notifyparty", event.IntermediateConsignee},
	{"notify", event.IntermediateConsignee},
}

// adjectives are prefixes that name nobody by themselves.
var adjectives = []string{"shipping", "delivery", "billing"}

// partyFields are the members of a party by what follows the role in a column's name.
var partyFields = map[string]string{
	"": "name", "name": "name", "company": "company", "companyname": "company", "address": "line", "address1": "line", "address2": "line", "address3": "line",
	"addressline1": "line", "addressline2": "line", "addressline3": "line", "street": "line", "street1": "line", "street2": "line", "city": "city", "town": "city",
	"region": "region", "state": "region", "province": "region", "postcode": "postcode", "postalcode": "postcode", "zip": "postcode", "zipcode": "postcode",
	"country": "country", "countrycode": "country", "email": "email", "phone": "phone", "telephone": "phone", "gln": "gln", "lei": "lei",
	"registrationnumber": "registration", "number": "customer", "customernumber": "customer", "id": "customer", "code": "customer", "account": "customer",
	"accountnumber": "customer", "contact": "contact", "contactname": "contact", "website": "website", "headquarters": "headquarters", "alias": "alias", "aliases": "alias",
	"lineofbusiness": "business", "consigneetype": "type", "type": "type",
}

// others are the columns that are no party's.
var others = map[string]string{
	"id": "order.id", "order": "order.id", "orderid": "order.id", "ordernumber": "order.id", "orderno": "order.id", "ordernr": "order.id", "po": "order.id", "ponumber": "order.id", "purchaseorder": "order.id",
	"purchaseordernumber": "order.id", "tenant": "order.tenant", "source": "order.source", "revision": "order.revision", "rev": "order.revision", "event": "order.event",
	"orderdate": "order.date", "date": "order.date", "orderedat": "order.date", "createdat": "order.date", "placedat": "order.date",
	"expectedshipdate": "order.ship", "shipdate": "order.ship", "requestedshipdate": "order.ship", "shipfrom": "order.from", "shipfromcountry": "order.from", "countryofexport": "order.from",
	"shipto": "order.to", "destination": "order.to", "destinationcountry": "order.to", "countryofdestination": "order.to", "ultimatedestination": "order.to", "releaseto": "order.release",
	"incoterm": "order.incoterm", "incoterms": "order.incoterm", "deliveryterms": "order.incoterm", "transaction": "order.transaction", "transactiontype": "order.transaction",
	"enduse": "order.use", "endusetext": "order.use", "paymentmethod": "order.payment", "paymentcountry": "order.paidfrom",
	"license": "order.license", "licensenumber": "order.license", "licence": "order.license", "licensecode": "order.licensecode", "licenseexception": "order.exception",
	"position": "item.position", "line": "item.position", "lineno": "item.position", "linenumber": "item.position", "itemposition": "item.position",
	"description": "item.description", "item": "item.description", "itemdescription": "item.description", "itemname": "item.description", "product": "item.description",
	"productname": "item.description", "producttitle": "item.description", "lineitemname": "item.description", "goods": "item.description", "goodsdescription": "item.description",
	"partnumber": "item.part", "part": "item.part", "partno": "item.part", "mpn": "item.part", "manufacturerpartnumber": "item.part", "itempartnumber": "item.part",
	"sku": "item.sku", "itemsku": "item.sku", "itemnumber": "item.sku", "itemcode": "item.sku", "itemid": "item.sku", "productcode": "item.sku", "productid": "item.sku", "lineitemsku": "item.sku",
	"quantity": "item.quantity", "qty": "item.quantity", "itemquantity": "item.quantity", "lineitemquantity": "item.quantity", "count": "item.quantity", "unit": "item.unit", "uom": "item.unit", "itemunit": "item.unit", "unitofmeasure": "item.unit",
	"value": "item.value", "linevalue": "item.value", "linetotal": "item.value", "lineamount": "item.value", "amount": "item.value", "extendedprice": "item.value", "itemvalue": "item.value",
	"price": "item.price", "unitprice": "item.price", "lineitemprice": "item.price", "itemprice": "item.price", "currency": "item.currency", "currencycode": "item.currency",
	"eccn": "item.eccn", "itemeccn": "item.eccn", "exportcontrolclassificationnumber": "item.eccn", "hts": "item.hts", "htscode": "item.hts", "hscode": "item.hts", "hs": "item.hts", "tariffnumber": "item.hts",
	"scheduleb": "item.hts", "itemhts": "item.hts", "commoditycode": "item.hts", "origin": "item.origin", "countryoforigin": "item.origin", "origincountry": "item.origin", "coo": "item.origin",
	"manufacturer": "item.manufacturer", "brand": "item.manufacturer", "itemmanufacturer": "item.manufacturer", "lineitemvendor": "item.manufacturer", "make": "item.manufacturer",
}

// names are every header name that is known, folded.
var names = sync.OnceValue(func() []string {
	var out []string
	for name := range others {
		out = append(out, name)
	}
	for _, p := range prefixes {
		for field := range partyFields {
			out = append(out, p.prefix+field)
		}
	}
	slices.Sort(out)
	return out
})

// ofShop are the columns of a web shop's export that say nothing of who gets what, or what others say better.
var ofShop = []string{
	"id", "source", "shipping", "paymentmethod", "billingstreet", "shippingstreet", "tax1name", "tax2name", "tax3name", "tax4name", "tax5name",
	"billingprovincename", "shippingprovincename", "paymenttermsname",
}

// fold leaves of a header its letters and digits, small.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// known finds what a header name means.
func known(name string, shop bool) (column, bool) {
	k := fold(name)
	if shop { // a web shop's export, which calls the order's number its name
		switch k {
		case "name":
			return column{field: "order.id"}, true
		case "email", "phone":
			return column{role: event.Purchaser, field: k}, true
		case "vendor":
			return column{field: "item.manufacturer"}, true
		case "cancelledat":
			return column{field: "order.cancelled"}, true
		}
		if slices.Contains(ofShop, k) {
			return column{}, true
		}
	}
	if field, ok := others[k]; ok {
		return column{field: field}, true
	}
	for _, p := range prefixes {
		if rest, ok := strings.CutPrefix(k, p.prefix); ok {
			if field, ok := partyFields[rest]; ok && (rest != "" || !slices.Contains(adjectives, p.prefix)) {
				return column{p.role, field}, true
			}
		}
	}
	return column{}, false
}

// delivered says whether a known column is of the party that goods are delivered to.
func delivered(name string) bool {
	k := fold(name)
	return slices.ContainsFunc([]string{"shipto", "deliverto", "delivery", "shipping", "recipient"}, func(p string) bool { return strings.HasPrefix(k, p) })
}

// beside says whether columns of a consignee stand beside those of whom goods are delivered to, who then is another, or stands there twice.
func beside(names []string, shop bool) bool {
	both := [2]bool{}
	for _, name := range names {
		switch c, _ := known(name, shop); {
		case c.role != event.UltimateConsignee:
		case delivered(name):
			both[0] = true
		default:
			both[1] = true
		}
	}
	return both[0] && both[1]
}

// telling are the parts of unknown names that could hide what screening needs.
var telling = []string{"name", "party", "consignee", "enduser", "user", "buyer", "purchaser", "customer", "forwarder", "exporter", "country", "destin", "eccn", "hts", "licen", "company", "address"}

// Looks says whether a first line could be a header: a column of an item and one of a party, both known; or those of an order's number and
// of what happened to it.
func Looks(fields []string) bool {
	item, party, id, happened := false, false, false, false
	shop := slices.ContainsFunc(fields, func(f string) bool { return fold(f) == "lineitemname" })
	for _, f := range fields {
		c, ok := known(f, shop)
		item = item || ok && strings.HasPrefix(c.field, "item.")
		party = party || ok && c.role != ""
		id = id || ok && c.field == "order.id"
		happened = happened || ok && c.field == "order.event"
	}
	return item && party || id && happened
}
