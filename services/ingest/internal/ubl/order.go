package ubl

import (
	"strconv"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/amendment"
	"github.com/tidegate/tidegate/services/ingest/internal/document"
	"github.com/tidegate/tidegate/services/ingest/internal/xmldoc"
)

func (r *reader) order() {
	r.f.Order.ID = r.need(r.root, "ID")
	r.body()
	r.f.Whole()
}

// change reads an order as it is now, for UBL changes an order by repeating all of it; lines that say what is done to them may be all that
// is listed. The revision is the document's own sequence number; without one, the minutes from 2000-01-01 to its date and time
// of issue.
func (r *reader) change() {
	ref := r.reference()
	r.f.Order.ID = ref
	r.f.Order.Event = event.Revised
	n := r.basic(r.root, "SequenceNumberID")
	if s := document.Text(n.Text()); s != "" {
		v, err := strconv.Atoi(s)
		if err != nil || v < 1 {
			r.fault(n, document.CodeFormat, "sequence number %s: want a whole number from 1", document.Quote(s))
		}
		r.f.Order.Revision = v
	} else {
		r.f.Order.Revision = document.Minutes(r.cbc(r.root, "IssueDate"), r.cbc(r.root, "IssueTime"))
	}
	r.body()
	if r.coded {
		r.f.Part(n != nil)
	} else {
		r.f.Whole()
	}
}

// reference is the number of the one order that a document is about.
func (r *reader) reference() string {
	ref := r.cac(r.root, "OrderReference")
	if ref == nil {
		r.fault(r.root, document.CodeRequired, "OrderReference is missing: which order is changed?")
		return ""
	}
	return r.need(ref, "ID")
}

// body reads what Order and OrderChange share.
func (r *reader) body() {
	o := &r.f.Order
	r.need(r.root, "IssueDate")
	o.OrderDate = r.day(r.basic(r.root, "IssueDate"))
	for _, name := range []string{"DocumentCurrencyCode", "PricingCurrencyCode"} {
		if n := r.basic(r.root, name); n != nil && r.currency == "" {
			r.currency = r.f.Currency(n.Offset, n.Text())
		}
	}
	r.parties()
	for d := range each(r.root, "Delivery") {
		r.delivery(d)
	}
	r.terms(r.root)
	lines := 0
	for l := range each(r.root, "OrderLine") {
		lines++
		r.line(l)
	}
	if n := r.basic(r.root, "LineCountNumeric"); n != nil {
		if count, ok := document.Decimal(document.Text(n.Text()), '.'); !ok || count.Float() != float64(lines) {
			r.fault(n, document.CodeSyntax, "LineCountNumeric counts %s lines, %d are there: a line may be lost", document.Quote(n.Text()), lines)
		}
	}
	if lines == 0 {
		r.fault(r.root, document.CodeRequired, "OrderLine is missing: nothing is ordered")
	}
}

// terms reads the first delivery term that is an Incoterm.
func (r *reader) terms(n *xmldoc.Node) {
	for t := range each(n, "DeliveryTerms") {
		if c := document.Incoterm(r.cbc(t, "ID")); c != "" && r.f.Order.Incoterm == "" {
			r.f.Order.Incoterm = c
		}
	}
}

func (r *reader) line(l *xmldoc.Node) {
	li := r.cac(l, "LineItem")
	if li == nil {
		r.fault(l, document.CodeRequired, "LineItem is missing")
		return
	}
	r.lineItem(l, li)
}

// lineItem reads what is ordered in a line, and the lines below it, each of which is an item of its own.
func (r *reader) lineItem(l, li *xmldoc.Node) {
	code := r.cbc(li, "LineStatusCode")
	r.coded = r.coded || code != ""
	it := r.item(r.cac(li, "Item"), li)
	it.Position = r.cbc(li, "ID")
	it.Quantity, it.Unit = r.quantity(r.basic(li, "Quantity"))
	it.Value, it.Currency = r.amount(r.basic(li, "LineExtensionAmount"))
	does := amendment.Line{Action: amendment.Coded(code)}
	if it.Value == "" {
		does.Price, does.Currency = r.amount(r.basic(li, "Price", "PriceAmount"))
		does.Per, _ = r.quantity(r.basic(li, "Price", "BaseQuantity"))
		if it.Value = document.Times(it.Quantity, does.Price, does.Per); it.Value != "" {
			it.Currency = does.Currency
		}
	}
	if it.Value == "" {
		it.Currency = ""
	}
	r.f.Line(l.Offset, it, does)
	if does.Action == amendment.Remove {
		return
	}
	for d := range each(li, "Delivery") {
		r.delivery(d)
	}
	for p := range each(li, "OriginatorParty") {
		r.party(event.EndUser, p)
	}
	for below := range each(li, "SubLineItem") {
		r.lineItem(below, below)
	}
}

// item reads a cac:Item. What the seller, the manufacturer and the buyer call it are different things.
func (r *reader) item(n, line *xmldoc.Node) event.Item {
	var it event.Item
	if n == nil {
		r.fault(line, document.CodeRequired, "Item is missing")
		return it
	}
	said := append(texts(n, "Name"), texts(n, "Description")...)
	said = append(said, texts(n, "ModelName")...)
	it.Description = joined(said)
	it.PartNumber = r.cbc(n, "ManufacturersItemIdentification", "ID")
	if m := first(n, "ManufacturerParty"); m != nil {
		it.Manufacturer = partyName(m)
	}
	for _, who := range []string{"SellersItemIdentification", "StandardItemIdentification", "BuyersItemIdentification", "CatalogueItemIdentification"} {
		if it.SKU == "" {
			it.SKU = r.cbc(n, who, "ID")
		}
	}
	if c := r.basic(n, "OriginCountry", "IdentificationCode"); c != nil {
		it.Origin = r.f.Country(c.Offset, "OriginCountry", c.Text())
	}
	for c := range each(n, "CommodityClassification") {
		if code := r.cbc(c, "CommodityCode"); code != "" && it.HTS == "" {
			it.HTS = document.HTS(code)
		}
		if k := r.basic(c, "ItemClassificationCode"); k != nil && it.HTS == "" && tariff(k.Attr("listID")) {
			it.HTS = document.HTS(k.Text())
		}
	}
	for p := range each(n, "AdditionalItemProperty") {
		r.property(&it, p)
	}
	return it
}

// joined puts texts behind each other, none twice.
func joined(said []string) string {
	var out []string
	for _, s := range said {
		if len(out) == 0 || !strings.EqualFold(out[len(out)-1], s) {
			out = append(out, s)
		}
	}
	return strings.Join(out, "; ")
}

// tariff says whether a code list is the Harmonized System or one that refines it.
func tariff(list string) bool {
	switch strings.ToUpper(strings.ReplaceAll(list, " ", "")) {
	case "HS", "HTS", "HTSUS", "SCHEDULEB", "CN", "TARIC", "HSCODE":
		return true
	}
	return false
}

// property takes what senders put into a free property because UBL has no element for it.
func (r *reader) property(it *event.Item, p *xmldoc.Node) {
	value := r.cbc(p, "Value")
	switch strings.ToLower(strings.NewReplacer(" ", "", "_", "", "-", "").Replace(r.cbc(p, "Name"))) {
	case "eccn", "exportcontrolclassificationnumber":
		if it.ECCN == "" {
			it.ECCN = document.ECCN(value)
		}
	case "hts", "htscode", "htsnumber", "hscode", "hstariffnumber", "scheduleb", "commoditycode":
		if it.HTS == "" {
			it.HTS = document.HTS(value)
		}
	case "manufacturer", "brand":
		if it.Manufacturer == "" && !document.Unknown(value) {
			it.Manufacturer = value
		}
	case "countryoforigin", "origincountry", "origin":
		if it.Origin == "" {
			it.Origin = r.f.Country(p.Offset, "country of origin", value)
		}
	}
}
