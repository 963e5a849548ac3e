package match

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tidegate/tidegate/shared/spelling"
)

// Address is a postal address taken apart far enough to say whether two are the same building or the same room.
type Address struct {
	Anchors []string // what names the building: "street:luardroad|18", "building:hokingcommercialcenter"
	Blocks  []string // building, block, tower within the anchor: "8", "e5"
	Rooms   []string // "19c", "1318", "1319"
	Floors  []string // "16"
	Cities  []string // known cities and districts named
}

// ParseAddress reads an address as labels and lists write it.
func ParseAddress(lines ...string) Address {
	var buffer [32]token // long enough for most addresses, and on the stack
	var marks [64]bool
	ts := addressTokens(buffer[:0], strings.Join(lines, ", "))
	a := Address{}
	used := append(marks[:0], make([]bool, len(ts))...)
	a.readNumbers(ts, used)
	a.readStreets(ts, used)
	a.readBuildings(ts, used)
	for i, t := range ts {
		switch {
		case cities[t.text]:
			a.Cities = append(a.Cities, t.text)
		case t.text == "hong" && i+1 < len(ts) && ts[i+1].text == "kong":
			a.Cities = append(a.Cities, "hongkong")
		}
	}
	for _, s := range []*[]string{&a.Anchors, &a.Blocks, &a.Rooms, &a.Floors, &a.Cities} {
		slices.Sort(*s)
		*s = slices.Compact(*s)
	}
	return a
}

type token struct {
	text  string
	comma bool // a comma or line end follows
}

// addressTokens folds, cuts at blanks and marks, and brings the usual abbreviations to one spelling. A slash or dash
// between digits stays (301-307, 23/f).
func addressTokens(ts []token, s string) []token {
	if len(s) > 4*spelling.MaxName {
		s = strings.ToValidUTF8(s[:4*spelling.MaxName], "")
	}
	s = spelling.Fold(s)
	if strings.ContainsAny(s, "'’") {
		s = apostrophes.Replace(s)
	}
	start := -1
	end := func(i int, comma bool) {
		if start >= 0 {
			ts, start = appendWord(ts, strings.TrimRight(s[start:i], "-/")), -1
		}
		if comma && len(ts) > 0 {
			ts[len(ts)-1].comma = true
		}
	}
	for i, r := range s {
		switch {
		case r < utf8.RuneSelf && (r >= 'a' && r <= 'z' || r >= '0' && r <= '9') || r >= utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			if start < 0 {
				start = i
			}
		case r == '#':
			end(i, false)
			ts = append(ts, token{text: "room"})
		case (r == '/' || r == '-' && start >= 0 && endsInDigit(s[start:i])) && start >= 0 && nextIsWord(s[i:]):
			// 16/f and 301-307 stay whole
		default:
			end(i, r == ',' || r == ';' || r == '\n')
		}
	}
	end(len(s), true)
	return ts
}

var apostrophes = strings.NewReplacer("'", "", "’", "")

func nextIsWord(s string) bool {
	r, _ := utf8.DecodeRuneInString(s[1:])
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

func endsInDigit(s string) bool { return s != "" && s[len(s)-1] >= '0' && s[len(s)-1] <= '9' }

// appendWord adds a word, cut where letters of a room or floor mark meet digits: rm19c is room 19c.
func appendWord(ts []token, w string) []token {
	if w == "" {
		return ts
	}
	if left, right, ok := strings.Cut(w, "/"); ok && addressWords[left] == "room" && addressWords[right] == "room" {
		return append(ts, token{text: "room"}) // flat/rm
	}
	for _, mark := range []string{"room", "rm", "unit", "flat", "suite", "no"} {
		if rest, ok := strings.CutPrefix(w, mark); ok && rest != "" && rest[0] >= '0' && rest[0] <= '9' {
			if mark == "no" {
				return append(ts, token{text: rest})
			}
			return append(ts, token{text: "room"}, token{text: rest})
		}
	}
	if t, ok := addressWords[w]; ok {
		if t == "" {
			return ts
		}
		w = t
	}
	return append(ts, token{text: w})
}

var addressWords = map[string]string{
	"rm": "room", "room": "room", "rooms": "room", "flat": "room", "unit": "room", "units": "room", "suite": "room", "ste": "room",
	"office": "room", "apt": "room", "apartment": "room", "shop": "room",
	"ctr": "center", "centre": "center", "cntr": "center", "bldg": "building", "bld": "building", "bldgs": "building", "edif": "building",
	"rd": "road", "st": "street", "str": "street", "ave": "avenue", "av": "avenue", "hwy": "highway", "blvd": "boulevard", "ln": "lane",
	"fl": "floor", "flr": "floor", "floors": "floor", "sok": "sokak", "sk": "sokak", "plz": "plaza", "hse": "house", "twr": "tower",
	"comm": "commercial", "coml": "commercial", "ind": "industrial", "no": "", "nos": "", "number": "", "the": "", "and": "",
}

func isNumber(s string) bool { return s != "" && s[0] >= '0' && s[0] <= '9' }

// readNumbers takes rooms, floors and blocks and marks their words as used.
func (a *Address) readNumbers(ts []token, used []bool) {
	for i, t := range ts {
		next := ""
		if i+1 < len(ts) && !t.comma {
			next = ts[i+1].text
		}
		switch {
		case t.text == "room" && (isNumber(next) || len(next) == 1 || letterNumber(next)):
			a.Rooms = append(a.Rooms, span(next)...)
			used[i], used[i+1] = true, true
		case t.text == "floor" && isNumber(next):
			a.Floors = append(a.Floors, span(strings.TrimRight(next, "thndrs"))...)
			used[i], used[i+1] = true, true
		case isFloor(t.text):
			a.Floors = append(a.Floors, span(strings.TrimSuffix(strings.TrimSuffix(t.text, "f"), "/"))...)
			used[i] = true
		case ordinal(t.text) != "" && next == "floor":
			a.Floors = append(a.Floors, ordinal(t.text))
			used[i], used[i+1] = true, true
		case blockWords[t.text] && !isFloor(next) && (isNumber(next) || len(next) == 1 || letterNumber(next)) && !used[i]:
			a.Blocks = append(a.Blocks, next)
			used[i], used[i+1] = true, true
		}
	}
}

var blockWords = set("building block tower phase")

// letterNumber is a code such as e5 or b201d-1.
func letterNumber(s string) bool {
	return len(s) > 1 && len(s) < 9 && s[0] >= 'a' && s[0] <= 'z' && strings.ContainsAny(s, "0123456789")
}

// isFloor is a number with f or /f: 16/f, 5f.
func isFloor(s string) bool {
	t, ok := strings.CutSuffix(s, "f")
	if !ok {
		return false
	}
	return digits(strings.TrimSuffix(t, "/"))
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func ordinal(s string) string {
	if !isNumber(s) || len(s) < 3 {
		return ""
	}
	switch s[len(s)-2:] {
	case "th", "st", "nd", "rd":
		if t := s[:len(s)-2]; digits(t) {
			return t
		}
	}
	return ""
}

// span writes a range of up to ten rooms or floors out: 1318-19 is 1318 and 1319. Anything else stays as it is.
func span(s string) []string {
	s, _, _ = strings.Cut(s, "/")
	from, to, ok := strings.Cut(s, "-")
	if !ok {
		return []string{s}
	}
	if len(to) < len(from) {
		to = from[:len(from)-len(to)] + to
	}
	a, err := strconv.Atoi(from)
	b, err2 := strconv.Atoi(to)
	if err != nil || err2 != nil || b < a || b-a > 10 || len(to) != len(from) {
		return []string{s}
	}
	var out []string
	for ; a <= b; a++ {
		out = append(out, strconv.Itoa(a))
	}
	return out
}

var (
	streetWords = set("road street avenue highway lane boulevard strand sokak way drive queensway dadao lu")
	directions  = set("north south east west middle central")
	houseWords  = set("building center plaza house tower place mansion square court base")
	// Words that make no building by themselves.
	plainWords = set(`innovation science technology international commercial business industrial main office trade software park logistics
		incubation digital new research development information city data first second third room floor building block tower phase shopping
		community exhibition service financial enterprise tech high`)
)

// readStreets finds "number … street word" and "street word … number" and keeps street name and first number.
func (a *Address) readStreets(ts []token, used []bool) {
	for i, t := range ts {
		if !streetWords[t.text] {
			continue
		}
		from := i
		for from > 0 && i-from < 4 && !ts[from-1].comma && !used[from-1] && (!isNumber(ts[from-1].text) || ordinal(ts[from-1].text) != "") {
			from--
		}
		if t.text == "queensway" {
			from = i
		}
		name := joinTexts(ts[from : i+1])
		if i+1 < len(ts) && !t.comma && directions[ts[i+1].text] {
			name += ts[i+1].text
		}
		if name == t.text && t.text != "queensway" {
			continue
		}
		number := ""
		switch {
		case from > 0 && !used[from-1] && isNumber(ts[from-1].text):
			number = ts[from-1].text
		case i+1 < len(ts) && !used[i+1] && isNumber(ts[i+1].text) && len(ts[i+1].text) < 5:
			number = ts[i+1].text
		}
		if number == "" || ordinal(number) != "" {
			continue
		}
		number, _, _ = strings.Cut(number, "-")
		number, _, _ = strings.Cut(number, "/")
		a.Anchors = append(a.Anchors, "street:"+name+"|"+number)
	}
}

// readBuildings finds named buildings: up to four words before building, center, plaza or house.
func (a *Address) readBuildings(ts []token, used []bool) {
	for i, t := range ts {
		if !houseWords[t.text] || used[i] {
			continue
		}
		from := i
		for from > 0 && i-from < 4 && !ts[from-1].comma && !used[from-1] && !isNumber(ts[from-1].text) && !streetWords[ts[from-1].text] {
			from--
		}
		if !distinctive(ts[from:i]) {
			continue
		}
		a.Anchors = append(a.Anchors, "building:"+joinTexts(ts[from:i+1]))
	}
}

func distinctive(ts []token) bool {
	for _, t := range ts {
		if !plainWords[t.text] && !cities[t.text] && len(t.text) > 2 && !directions[t.text] {
			return true
		}
	}
	return false
}

func joinTexts(ts []token) string {
	var b strings.Builder
	for _, t := range ts {
		b.WriteString(t.text)
	}
	return b.String()
}

// cities keep streets of the same name in two cities apart.
var cities = set(`beijing shanghai shenzhen guangzhou chengdu wuhan nanjing hangzhou suzhou hefei changsha tianjin jinan xian wuxi xiamen qingdao
	zhuhai kunshan chongqing dalian dongguan shenyang zhengzhou nanchang ningbo guiyang fuzhou hongkong kowloon singapore taipei tokyo london
	munich dubai tehran moscow istanbul paris baghdad macau seoul hanoi jakarta bangkok`)
