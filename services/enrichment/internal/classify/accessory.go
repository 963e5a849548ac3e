package classify

import (
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
)

// accessoryWords name what is put on, under or around a machine and is never its chip. Some are containers: a bag for
// chips is a bag, a bag of chips is chips.
var (
	accessoryWords = set(`fan fans blower blowers cable cables cord cords bracket brackets cooler coolers heatsink heatsinks sink sinks screw screws
		bolt bolts nut nuts washer washers rail rails bag bags sleeve sleeves book books manual manuals brochure brochures sticker stickers
		label labels poster posters adapter adapters adaptor adaptors cover covers holder holders stand stands mount mounts backplate
		backplates shroud shrouds gasket gaskets connector connectors hose hoses tube tubes clamp clamps clip clips spacer spacers standoff
		standoffs foam supply supplies psu psus paste pad pads filter filters coldplate waterblock crate crates box boxes carton cartons`)
	containers = set(`bag bags sleeve sleeves box boxes crate crates carton cartons cover covers holder holders pad pads foam supply supplies`)
	// Words that may stand between an accessory and what it is for.
	fillers = set(`kit kits set sets assembly assemblies unit units tray trays pair pairs pack packs module modules compatible suitable
		designed made used intended only new original replacement spare`)
)

// accessory says whether a description names a part or a paper for a machine: "cooling fan for NVIDIA H100 server".
// Everything before the preposition must be accessories and name no part of the catalog, and nothing may be added after it.
func (c *Catalog) accessory(it *event.Item, description []string) bool {
	before, after, container := governed(description)
	if len(before) == 0 || adds(it.Description, after) {
		return false
	}
	if r, _ := c.byWords(before, it); r != nil {
		return false // "NVIDIA H100, full-height bracket, for servers" is the card
	}
	for part := range splitAt(before, "and") {
		if !isAccessory(part, container) {
			return false
		}
	}
	return true
}

// governed cuts at the first preposition that makes what follows the purpose. Of also says what is in a container.
func governed(ws []string) (before, after []string, ofContainer bool) {
	for i, w := range ws {
		switch {
		case w == "for", w == "fits", w == "fitting":
			return ws[:i], ws[i+1:], false
		case w == "of":
			return ws[:i], ws[i+1:], true
		case w == "compatible" && i+1 < len(ws) && ws[i+1] == "with":
			return ws[:i], ws[i+2:], false
		case addingWords[w] && w != "and":
			return nil, nil, false // "server with fans for H100"
		}
	}
	return nil, nil, false
}

// isAccessory says whether the phrase's last word of weight is an accessory; measures and fillers may follow it.
func isAccessory(phrase []string, ofContainer bool) bool {
	i := len(phrase) - 1
	for i >= 0 && !accessoryWords[phrase[i]] && (fillers[phrase[i]] || !blockedWords[phrase[i]] && measure(phrase[i])) {
		i--
	}
	return i >= 0 && accessoryWords[phrase[i]] && (!ofContainer || !containers[phrase[i]])
}

// measure is a number with or without its unit, or a unit: 120, 12v, mm, m.
func measure(w string) bool { return w[0] >= '0' && w[0] <= '9' || len(w) <= 2 }

// adds says whether the text after the preposition brings a thing of its own: with, plus, "and 8x H100", a semicolon.
func adds(description string, after []string) bool {
	if strings.ContainsAny(description, ";+|\n") {
		return true
	}
	for i, w := range after {
		switch {
		case w == "and" && i+1 < len(after) && after[i+1][0] >= '0' && after[i+1][0] <= '9':
			return true
		case w != "and" && w != "for" && w != "in" && w != "on" && w != "of" && addingWords[w]:
			return true
		}
	}
	return len(after) == 0 || strings.Contains(description, ",") && multiple(after) > 0
}

// splitAt yields the parts between a word; empty parts too, which are no accessories.
func splitAt(ws []string, at string) func(func([]string) bool) {
	return func(yield func([]string) bool) {
		for {
			i := slices.Index(ws, at)
			if i < 0 {
				yield(ws)
				return
			}
			if !yield(ws[:i]) {
				return
			}
			ws = ws[i+1:]
		}
	}
}
