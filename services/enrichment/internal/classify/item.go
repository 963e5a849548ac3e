package classify

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/tidegate/tidegate/schemas/event"
)

// Item states what is known of an item. The order is read only for what makes its items subject to the EAR.
func (c *Catalog) Item(it *event.Item, o *event.Order) event.ItemFacts {
	e := c.evidence(it)
	f := event.ItemFacts{DC: e.specs.datacenter, ECCN: e.eccn, DesignHQ: it.DesignerHQ}
	if e.eccn != "" {
		f.ECCNHow = "stated"
	}
	f.TPP, f.Density, f.Bandwidth = e.tpp, e.specs.printed(), e.bandwidth
	f.HBMDens = hbmDensity(it)
	if r := e.found; r != nil {
		f.Catalog, f.Matched, f.Certainty, f.Source = r.row.ID, r.text, r.row.Certainty, r.row.Source
		f.Letter, f.PRCChip = r.row.Letter, r.row.PRCChip
		if f.DesignHQ == "" {
			f.DesignHQ = r.row.DesignHQ
		}
		if e.eccn == "" && r.row.ECCN != "" {
			f.ECCN, f.ECCNHow = Normal(r.row.ECCN), "catalog"
		}
	}
	e.settle(&f)
	f.TotalTPP = totalTPP(it, e, f.TPP)
	f.Subject, f.SubjectHow = subject(it, o, e, f.Class)
	return f
}

// evidence is everything an item says about its class.
type evidence struct {
	eccn      string // normalized, as stated
	eccnClass string // "" where none is stated or it is no ECCN
	vague     bool   // a controlled entry without its paragraph
	found     *recognized
	specs     specs // the order's numbers, and the catalog's where the order gives none
	stated    bool  // the order gives numbers of its own
	own       specs // the order's numbers alone
	bound     bool  // their TPP is only what it is at most
	tpp       event.Decimal
	bandwidth event.Decimal
	hbm       string // class by HBM bandwidth density: c, none, unknown, or "" for no HBM item
	contents  string // class by contents, "" for none listed
	contains  decimal.Decimal
	goods     string // why it is ordinary goods
}

func (c *Catalog) evidence(it *event.Item) *evidence {
	r := c.read(it)
	e := &evidence{eccn: Normal(it.ECCN), found: r.found, goods: r.goods}
	e.eccnClass, e.vague = ofECCN(e.eccn)
	e.own = specs{
		tpp: number(it.TPP), density: number(it.Density), area: number(it.DieArea), bandwidth: number(it.Bandwidth),
		io: number(it.IOBandwidth), datacenter: trilean(it.Datacenter),
	}
	figures := e.figures(it)
	e.stated, e.specs = e.own.known(), e.own
	e.tpp, e.bandwidth = figures, it.Bandwidth
	if e.found != nil {
		e.fill(e.found.row)
	}
	if e.tpp == "" && e.specs.total() != nil && !e.bound {
		e.tpp = plain(*e.specs.total())
	}
	e.hbm = hbmClass(it, e)
	c.readContents(it, e)
	return e
}

// fill takes from the catalog what the order does not state. Numbers for processing are taken together or not at all.
func (e *evidence) fill(r *row) {
	if !e.stated {
		e.specs.tpp, e.specs.area = r.specs.tpp, r.specs.area
		e.tpp = r.TPP
	} else if e.specs.area == nil && e.specs.density == nil {
		e.specs.area = r.specs.area
	}
	if e.specs.bandwidth == nil {
		e.specs.bandwidth, e.bandwidth = r.specs.bandwidth, r.Bandwidth
	}
	if e.specs.io == nil {
		e.specs.io = r.specs.io
	}
	if e.specs.datacenter == Unknown {
		e.specs.datacenter = r.Datacenter
	}
}

func trilean(b *bool) string {
	switch {
	case b == nil:
		return Unknown
	case *b:
		return "yes"
	}
	return "no"
}

// settle weighs the evidence. A stated ECCN goes first, but where it says "not controlled" and catalog, numbers or
// contents say otherwise, the class is unknown until somebody has looked: never quietly "none".
func (e *evidence) settle(f *event.ItemFacts) {
	f.Class, f.How, f.Missing = e.derived()
	f.Class2022 = e.form2022()
	switch {
	case e.eccnClass == "":
		// nothing stated, or nothing that is an ECCN
	case e.eccnClass == None && controlled(f.Class):
		f.Disagrees = fmt.Sprintf("the stated ECCN %s is not controlled, but %s gives 3A090.%s", e.eccn, source(f.How), f.Class)
		f.Class, f.How, f.Missing = Unknown, Unknown, []string{missECCN}
	case e.vague && controlled(f.Class):
		f.Missing = nil
	default:
		if f.Class != Unknown && f.Class != e.eccnClass && f.How != "goods" {
			f.Disagrees = fmt.Sprintf("the stated ECCN %s means class %s, but %s gives %s", e.eccn, e.eccnClass, source(f.How), f.Class)
		}
		if e.vague {
			f.Disagrees = fmt.Sprintf("the stated ECCN %s names no paragraph; a, the strictest, is taken", e.eccn)
		}
		f.Class, f.How, f.Missing = e.eccnClass, "eccn", nil
	}
	if f.Class2022 == Unknown {
		f.Class2022 = map[string]string{A: Controlled, B: Unknown, C: None, None: None, "": Unknown}[e.eccnClass]
	}
}

func source(how string) string {
	return map[string]string{"catalog": "the catalog", "numbers": "its numbers", "contains": "what it contains"}[how]
}

// derived is the class without the stated ECCN: contents, then stated numbers with the catalog beside them, then HBM,
// then ordinary goods.
func (e *evidence) derived() (class, how string, missing []string) {
	class, how, missing = Unknown, Unknown, []string{missECCN}
	switch {
	case e.stated && e.found != nil:
		class, how, missing = e.numbersAndCatalog()
	case e.stated:
		class, missing = e.specs.class()
		how = "numbers"
	case e.found != nil:
		class, missing = e.found.row.class, e.found.row.missing
		if e.found.row.specs.datacenter != e.specs.datacenter && e.found.row.Class == "" {
			class, missing = e.specs.class()
		}
		how = "catalog"
	case e.goods != "" && e.contents == "" && e.hbm == "":
		return None, "goods", nil
	}
	if e.hbm != "" && !controlled(class) {
		class, how, missing = e.hbm, "numbers", nil
		if e.hbm == Unknown {
			missing = []string{missHBM}
		}
	}
	if e.contents != "" && (worse(e.contents, class) == e.contents || how == Unknown) {
		class, how, missing = e.contents, "contains", nil
		if class == Unknown {
			missing = []string{missECCN}
		}
	}
	if class == Unknown {
		if how != "contains" {
			how = Unknown
		}
		if len(missing) == 0 {
			missing = []string{missECCN}
		}
	}
	return class, how, missing
}

// numbersAndCatalog holds the order's own numbers against the catalog's row: where one says controlled and the other
// not, the class is unknown.
func (e *evidence) numbersAndCatalog() (class, how string, missing []string) {
	class, missing = e.specs.class()
	row := e.found.row
	switch {
	case row.class == Unknown || row.class == class:
		return class, "numbers", missing
	case class == Unknown:
		return row.class, "catalog", row.missing
	case controlled(class) != controlled(row.class):
		return Unknown, Unknown, []string{missTPP}
	}
	return worse(class, row.class), "numbers", nil
}

func (e *evidence) form2022() string {
	if e.goods != "" && e.found == nil && !e.stated {
		return None
	}
	if e.hbm != "" {
		return None // memory has no processing performance; the paragraph for it came later
	}
	if e.found == nil && !e.stated {
		return Unknown
	}
	class, _ := e.specs.class2022()
	return class
}

// readContents takes the worst class of the chips listed and sums their TPP; one that nobody knows makes it unknown
// unless another is controlled anyway.
func (c *Catalog) readContents(it *event.Item, e *evidence) {
	var worst *recognized
	for _, p := range it.Contains {
		class := Unknown
		r := c.recognize(&event.Item{PartNumber: p.PartNumber, Manufacturer: it.Manufacturer}, nil)
		if r != nil {
			class = r.row.class
			c.sum(e, r, p.Count)
			if worst == nil || worse(class, worst.row.class) != worst.row.class {
				worst = r
			}
		}
		e.contents = worse(e.contents, class)
	}
	if e.found == nil && worst != nil {
		e.found = &recognized{row: worst.row, text: worst.text} // how many of it: see the sum
		e.fill(worst.row)
	}
}

func (c *Catalog) sum(e *evidence, r *recognized, count event.Decimal) {
	n := number(count)
	if n == nil || r.row.specs.tpp == nil {
		return
	}
	e.contains = e.contains.Add(n.Mul(*r.row.specs.tpp))
}

// hbmClass applies 3A090.c: memory bandwidth per mm² of package above 2 GB/s. It is asked of memory alone, not of a
// package whose processing dominates (an item with a TPP or a chip of the catalog).
func hbmClass(it *event.Item, e *evidence) string {
	memory := is(it.HBM, true) || it.HBMArea != ""
	if !memory || e.found != nil || it.TPP != "" {
		return ""
	}
	width, area := number(it.Bandwidth), number(it.HBMArea)
	if width == nil || area == nil || area.IsZero() {
		return Unknown
	}
	if width.GreaterThan(hbm2.Mul(*area)) {
		return C
	}
	return None
}

func hbmDensity(it *event.Item) event.Decimal {
	width, area := number(it.Bandwidth), number(it.HBMArea)
	if width == nil || area == nil || area.IsZero() {
		return ""
	}
	q, _ := width.QuoRem(*area, 6)
	return plain(q)
}

// totalTPP is TPP × chips × quantity, where all three are known and the position counts pieces.
func totalTPP(it *event.Item, e *evidence, tpp event.Decimal) event.Decimal {
	quantity := number(it.Quantity)
	if quantity == nil || it.Unit != "" && !slices.Contains([]string{"piece", "pieces", "pcs", "ea", "each", "unit", "units"}, strings.ToLower(it.Unit)) {
		return ""
	}
	if !e.contains.IsZero() {
		return plain(e.contains.Mul(*quantity))
	}
	per := number(tpp)
	if per == nil {
		return ""
	}
	chips := 1
	if e.found != nil {
		chips = e.found.chips
	}
	if chips == 0 {
		return ""
	}
	return plain(per.Mul(decimal.NewFromInt(int64(chips))).Mul(*quantity))
}
