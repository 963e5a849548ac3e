package classify

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/recent"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

// Catalog recognizes chips and systems by part number and description. Immutable, safe for concurrent use.
type Catalog struct {
	rows    []row
	byID    map[string]int
	byWord  map[string][]pattern // by the pattern's first word
	byStem  map[string][]pattern // by its first two bytes, where the first word ends in *
	numbers map[string][]int     // by the first nine characters of a part number
	recent  *recent.Cache[texts, *reading]
}

// row is a catalog part with what follows from its numbers, worked out once.
type row struct {
	snapshot.Part
	class, class2022     string
	missing, missing2022 []string
	specs                specs
}

type pattern struct {
	row   int
	words []string
	text  string
}

// NewCatalog indexes the parts and works out their classes.
func NewCatalog(parts []snapshot.Part) *Catalog {
	c := &Catalog{recent: recent.New[texts, *reading](recentItems), byID: map[string]int{}, byWord: map[string][]pattern{}, byStem: map[string][]pattern{}, numbers: map[string][]int{}}
	for i, p := range parts {
		r := row{Part: p, specs: specs{tpp: number(p.TPP), area: number(p.DieArea), bandwidth: number(p.Bandwidth), io: number(p.IO), datacenter: p.Datacenter}}
		r.class, r.missing = r.specs.class()
		r.class2022, r.missing2022 = r.specs.class2022()
		if p.Class != "" {
			r.class, r.missing = p.Class, nil
		}
		c.rows = append(c.rows, r)
		c.byID[p.ID] = i
		for _, s := range p.Patterns {
			words := strings.Fields(s)
			c.byWord[words[0]] = append(c.byWord[words[0]], pattern{row: i, words: words, text: s})
		}
		for _, n := range p.Numbers {
			c.numbers[n[:min(9, len(n))]] = append(c.numbers[n[:min(9, len(n))]], i)
		}
	}
	c.systems()
	return c
}

// systems gives each system the class of its worst chip.
func (c *Catalog) systems() {
	for i := range c.rows {
		r := &c.rows[i]
		for _, content := range r.Contains {
			chip := &c.rows[c.byID[content.Part]]
			r.class, r.missing = chip.class, chip.missing
			r.class2022, r.missing2022 = chip.class2022, chip.missing2022
			r.specs, r.DesignHQ = chip.specs, chip.DesignHQ
			r.Letter, r.PRCChip = chip.Letter, chip.PRCChip
			r.TPP, r.DieArea, r.Bandwidth, r.IO = chip.TPP, chip.DieArea, chip.Bandwidth, chip.IO
		}
	}
}

// recognized is a catalog row with the order's string it was recognized by and the chips in one unit (0 is unknown).
type recognized struct {
	row   *row
	text  string
	chips int
}

// recognize reads part number, SKU and description, in this order of trust; the most specific pattern wins.
func (c *Catalog) recognize(it *event.Item, description []string) *recognized {
	for _, s := range []string{it.PartNumber, it.SKU} {
		if r := c.byNumber(s); r != nil {
			return c.counted(r, s, it, description)
		}
	}
	var best *row
	text, weight := "", 0
	if it.PartNumber != "" {
		best, weight = c.byWords(words(it.PartNumber), it)
		text = it.PartNumber
	}
	if it.SKU != "" {
		if r, w := c.byWords(words(it.SKU), it); w > weight {
			best, text, weight = r, it.SKU, w
		}
	}
	if r, w := c.byWords(description, it); w > weight {
		best, text = r, it.Description
	}
	if best == nil && len(it.PartNumber) == 2 { // the shortest names are patterns with their maker's only
		best, _ = c.byWords(words(it.Manufacturer+" "+it.PartNumber), it)
		text = it.PartNumber
	}
	if best == nil {
		return nil
	}
	return c.counted(best, text, it, description)
}

func (c *Catalog) byNumber(s string) *row {
	if len(s) < 9 {
		return nil
	}
	buf := make([]byte, 0, 32)
	for i := 0; i < len(s) && len(buf) < cap(buf); i++ {
		switch r := s[i]; {
		case r >= 'A' && r <= 'Z':
			buf = append(buf, r+'a'-'A')
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			buf = append(buf, r)
		}
	}
	if len(buf) < 9 || len(c.numbers[string(buf[:9])]) == 0 {
		return nil
	}
	n := string(buf)
	var best *row
	length := 0
	for _, i := range c.numbers[n[:9]] {
		for _, begin := range c.rows[i].Numbers {
			if len(begin) > length && strings.HasPrefix(n, begin) {
				best, length = &c.rows[i], len(begin)
			}
		}
	}
	return best
}

// byWords finds the pattern with the most words, then letters. A pattern of one short word (a100, l40) needs a
// context that speaks of computing or the vendor's name, or a text that says nothing else and names no ordinary good.
func (c *Catalog) byWords(ws []string, it *event.Item) (*row, int) {
	var best *row
	weight := 0
	context, asked := false, false
	for i, w := range ws {
		for _, p := range c.byWord[w] {
			n := len(p.words)*100 + len(p.text)
			if n <= weight || !follows(ws[i+1:], p.words[1:]) {
				continue
			}
			if len(p.words) == 1 && len(p.text) <= 4 && !vendorOf(it, &c.rows[p.row]) {
				if !asked { // once for a text, however often it says h100
					context, asked = computing(ws) || len(ws) <= 3 && !ordinary(ws), true
				}
				if !context {
					continue
				}
			}
			best, weight = &c.rows[p.row], n
		}
	}
	return best, weight
}

func vendorOf(it *event.Item, r *row) bool {
	return strings.Contains(strings.ToLower(it.Manufacturer), strings.ToLower(r.Vendor))
}

// follows says whether a pattern's further words come in order, few words apart; numbers and single letters at once.
func follows(ws, rest []string) bool {
	const gap = 6
	at := 0
	for _, p := range rest {
		limit := gap
		if len(p) == 1 || p[0] >= '0' && p[0] <= '9' {
			limit = 0
		}
		found := -1
		for i := at; i < len(ws) && i-at <= limit; i++ {
			stem, starred := strings.CutSuffix(p, "*")
			if ws[i] == p || starred && strings.HasPrefix(ws[i], stem) {
				found = i
				break
			}
		}
		if found < 0 {
			return false
		}
		at = found + 1
	}
	return true
}

// words folds a text and cuts it into runs of letters and digits; letters outside ASCII count as letters.
func words(s string) []string {
	if s == "" {
		return nil
	}
	s = strings.ToLower(s)
	out := make([]string, 0, 12)
	start := -1
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c >= 0x80:
			if start < 0 {
				start = i
			}
		case start >= 0:
			out, start = append(out, s[start:i]), -1
		}
	}
	if start >= 0 {
		out = append(out, s[start:])
	}
	return out
}

// counted finds how many chips one unit holds: what the catalog says of a system, "8x H100", "8-GPU"; one for a chip
// that is no part of a system; unknown for a system that does not say.
func (c *Catalog) counted(r *row, text string, it *event.Item, ws []string) *recognized {
	out := &recognized{row: r, text: text, chips: 1}
	if it.PartNumber != "" {
		ws = append(slices.Clone(ws), words(it.PartNumber)...)
	}
	if len(r.Contains) > 0 {
		n, err := strconv.Atoi(string(r.Contains[0].Count))
		if err != nil {
			n = 0
		}
		out.chips = n
		return out
	}
	if n := multiple(ws); n > 0 {
		out.chips = n
		return out
	}
	if slices.ContainsFunc(ws, func(w string) bool { return systemWords[w] }) {
		out.chips = 0
	}
	return out
}

var multipleForms = [...]string{"x", "gpu", "gpus", "way", "oam"}

// multiple reads "8x", "8 x", "x8 gpu", "8 gpu", "8gpu" with 2 to 576 chips.
func multiple(ws []string) int {
	for i, w := range ws {
		next := ""
		if i+1 < len(ws) {
			next = ws[i+1]
		}
		if w[0] < '0' || w[0] > '9' {
			continue
		}
		for _, form := range multipleForms {
			digits, joined := strings.CutSuffix(w, form)
			if !joined && next == form {
				digits = w
			}
			if (!joined && next != form) || len(digits) > 3 {
				continue
			}
			if n, err := strconv.Atoi(digits); err == nil && n >= 2 && n <= 576 {
				return n
			}
		}
	}
	return 0
}
