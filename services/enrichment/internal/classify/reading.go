package classify

import (
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
)

// recentItems is how many items' texts are remembered, in each of two generations; none longer than recentBytes.
const (
	recentItems = 1 << 13
	recentBytes = 1024
)

// texts is what of an item is read in words. The same goods come again and again, and reading them is most of the work.
type texts struct {
	description, part, sku, manufacturer, hts string
	node, transistors                         bool // stated
}

// reading is what an item's texts alone say. Nobody changes it.
type reading struct {
	found *recognized // nil where it is only the machine that the accessory is for
	goods string      // why it is ordinary goods
}

func textsOf(it *event.Item) texts {
	return texts{it.Description, it.PartNumber, it.SKU, it.Manufacturer, it.HTS, it.NodeNM != "", it.Transistors != ""}
}

func (t *texts) length() int {
	return len(t.description) + len(t.part) + len(t.sku) + len(t.manufacturer) + len(t.hts)
}

// item has the texts alone, in memory of its own, so that nothing else can be read and nothing of the order is kept.
func (t *texts) item() *event.Item {
	it := &event.Item{
		Description: strings.Clone(t.description), PartNumber: strings.Clone(t.part), SKU: strings.Clone(t.sku),
		Manufacturer: strings.Clone(t.manufacturer), HTS: strings.Clone(t.hts),
	}
	if t.node {
		it.NodeNM = "1"
	}
	if t.transistors {
		it.Transistors = "1"
	}
	return it
}

// read gives what an item's texts say.
func (c *Catalog) read(it *event.Item) *reading {
	t := textsOf(it)
	if r, ok := c.recent.Get(t); ok {
		return r
	}
	alone := t.item()
	r := c.readTexts(alone)
	if t.length() <= recentBytes {
		c.recent.Put(textsOf(alone), r)
	}
	return r
}

func (c *Catalog) readTexts(it *event.Item) *reading {
	description := words(it.Description)
	r := &reading{found: c.recognize(it, description)}
	isAccessory := c.accessory(it, description)
	if isAccessory && r.found != nil && r.found.text == it.Description {
		r.found = nil // the machine that a fan is for; a part number or SKU that names a chip stays
	}
	r.goods, _ = ordinaryGoods(it, description, isAccessory)
	return r
}
