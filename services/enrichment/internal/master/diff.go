package master

import (
	"bytes"
	"strings"
)

// Diff is what two sets have different rows of.
type Diff struct {
	Added   Named `json:"added"`
	Removed Named `json:"removed"`
	Changed Named `json:"changed"`
}

// Named is a number of rows with the first of them by name.
type Named struct {
	Count int      `json:"count"`
	First []string `json:"first,omitempty"`
}

func (n *Named) add(key string, most int) {
	n.Count++
	if len(n.First) < most {
		n.First = append(n.First, rowName(key))
	}
}

// rowName says of what a row is, by its first key.
func rowName(key string) string {
	for begin, what := range map[string]string{
		partnerKey + "c/": "customer ", partnerKey + "g/": "GLN ", partnerKey + "l/": "LEI ", itemKey + "s/": "SKU ", itemKey + "p/": "part number ", firmKey: "owners of ",
	} {
		if rest, ok := strings.CutPrefix(key, begin); ok {
			return what + rest
		}
	}
	return key
}

// Compare gives what the second set has more, less and otherwise than the first.
func Compare(from, to *Set, most int) Diff {
	var d Diff
	for keys, value := range to.all() {
		switch old, ok := from.find(keys[0]); {
		case !ok:
			d.Added.add(keys[0], most)
		case !bytes.Equal(old, value):
			d.Changed.add(keys[0], most)
		}
	}
	for keys := range from.all() {
		if _, ok := to.find(keys[0]); !ok {
			d.Removed.add(keys[0], most)
		}
	}
	return d
}
