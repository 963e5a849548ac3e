package codec

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/tidegate/tidegate/schemas/event"
)

// Limits bound the foreign JSON that Check lets through.
type Limits struct {
	Size   int // bytes of the whole input
	Depth  int // arrays and objects inside each other
	Number int // bytes of one number
	Faults int // faults listed before the check gives up
}

// Foreign are the limits for one order from outside.
var Foreign = Limits{Size: event.MaxOrderSize, Depth: 32, Number: 40, Faults: 50}

// Codes of the faults that Check finds. After one of Broken the rest of the input was not read.
const (
	CodeSyntax    = "syntax"
	CodeSize      = "size"
	CodeDepth     = "depth"
	CodeUTF8      = "utf8"
	CodeDuplicate = "duplicate_member"
)

// Broken says whether the faults leave no JSON that could be looked at further.
func Broken(faults []event.Fault) bool {
	return slices.ContainsFunc(faults, func(f event.Fault) bool {
		return f.Code == CodeSyntax || f.Code == CodeDepth || f.Code == CodeSize
	})
}

// Check reads foreign bytes once, before anything decodes them, and lists what is wrong: too large, too deep, not JSON
// (RFC 8259), not UTF-8, half a surrogate pair, numbers longer than the limit, and members given twice, also where only
// upper and lower case tell them apart. Decoders take the last of two members, ignore case and replace bad UTF-8, so two
// readers could see two different orders in bytes that this function refuses.
//
// It goes on behind a fault where the next value's place is certain. Time grows with the size alone, but for a sort
// of the names of an object; clean input costs no allocation per value.
func Check(b []byte, lim Limits) []event.Fault {
	if len(b) > lim.Size {
		return []event.Fault{{Code: CodeSize, Detail: fmt.Sprintf("%d bytes; at most %d are taken", len(b), lim.Size)}}
	}
	s := scans.Get().(*scan)
	*s = scan{b: b, lim: lim, path: s.path[:0], names: s.names[:0]}
	s.document()
	faults := s.faults
	s.b, s.faults = nil, nil
	scans.Put(s)
	slices.SortStableFunc(faults, func(a, b event.Fault) int { return cmp.Compare(a.Offset, b.Offset) })
	return faults
}

// scans keeps the room for paths and names from one check to the next.
var scans = sync.Pool{New: func() any { return &scan{path: make([]step, 0, 34), names: make([]name, 0, 128)} }}

// scan is a reading of one input. Each method leaves i behind what it read and says whether reading can go on.
type scan struct {
	b      []byte
	i      int
	lim    Limits
	path   []step // where i stands, outermost first
	names  []name // members of the open objects, innermost last
	faults []event.Fault
}

// step is one token of the pointer: a member's name between start and end, or an array's index.
type step struct{ start, end, index int }

// name is a member's name in the input, with a hash of its folded form.
type name struct {
	hash       uint64
	start, end int
}

func (s *scan) document() {
	if bytes.HasPrefix(s.b, []byte("\xef\xbb\xbf")) {
		s.fault(CodeSyntax, 0, "starts with a byte order mark; send UTF-8 without one")
		s.i = 3
	}
	s.space()
	if s.i == len(s.b) {
		s.fault(CodeSyntax, s.i, "empty; an order is one JSON object")
		return
	}
	if !s.value() {
		return
	}
	if s.space(); s.i < len(s.b) {
		s.fault(CodeSyntax, s.i, fmt.Sprintf("%d bytes behind the end of the value", len(s.b)-s.i))
	}
}

// fault notes one and says whether there is room for more.
func (s *scan) fault(code string, offset int, detail string) bool {
	if len(s.faults) < s.lim.Faults {
		s.faults = append(s.faults, event.Fault{Pointer: s.pointer(), Offset: offset, Code: code, Detail: detail})
	}
	return len(s.faults) < s.lim.Faults
}

// stop notes a fault behind which nothing is certain.
func (s *scan) stop(code, detail string) bool {
	s.fault(code, s.i, detail)
	return false
}

func (s *scan) space() {
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case ' ', '\n', '\t', '\r':
			s.i++
		default:
			return
		}
	}
}

func (s *scan) value() bool {
	if s.i == len(s.b) {
		return s.stop(CodeSyntax, "ends where a value should stand")
	}
	switch c := s.b[s.i]; {
	case c == '"':
		return s.text()
	case c == '{':
		return s.object()
	case c == '[':
		return s.array()
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	case letter(c):
		return s.word()
	default:
		return s.stop(CodeSyntax, quoteByte(c)+" where a value should stand")
	}
}

func (s *scan) deeper() bool {
	if len(s.path) >= s.lim.Depth {
		return s.stop(CodeDepth, fmt.Sprintf("more than %d arrays and objects inside each other", s.lim.Depth))
	}
	s.path = append(s.path, step{})
	return true
}

func (s *scan) object() bool {
	if !s.deeper() {
		return false
	}
	first := len(s.names)
	if s.i++; !s.members() {
		return false
	}
	s.path = s.path[:len(s.path)-1]
	ok := s.twins(s.names[first:])
	s.names = s.names[:first]
	return ok
}

func (s *scan) members() bool {
	if s.space(); s.next('}') {
		return true
	}
	for {
		if s.space(); s.i == len(s.b) || s.b[s.i] != '"' {
			return s.stop(CodeSyntax, "want a member's name in double quotes"+s.found())
		}
		if !s.member() {
			return false
		}
		if s.space(); s.next('}') {
			return true
		}
		if !s.next(',') {
			return s.stop(CodeSyntax, "want a comma or the object's closing brace"+s.found())
		}
	}
}

func (s *scan) member() bool {
	start := s.i + 1
	at := &s.path[len(s.path)-1]
	*at = step{start: start, end: start, index: -1}
	if !s.text() {
		return false
	}
	at.end = s.i - 1
	s.names = append(s.names, name{hash: foldHash(s.b[start:at.end]), start: start, end: at.end})
	if s.space(); !s.next(':') {
		return s.stop(CodeSyntax, "want a colon behind the member's name"+s.found())
	}
	s.space()
	return s.value()
}

func (s *scan) array() bool {
	if !s.deeper() {
		return false
	}
	s.i++
	at := len(s.path) - 1
	if s.space(); s.next(']') {
		s.path = s.path[:at]
		return true
	}
	for n := 0; ; n++ {
		s.path[at] = step{index: n}
		if s.space(); !s.value() {
			return false
		}
		if s.space(); s.next(']') {
			s.path = s.path[:at]
			return true
		}
		if !s.next(',') {
			return s.stop(CodeSyntax, "want a comma or the array's closing bracket"+s.found())
		}
	}
}

func (s *scan) next(c byte) bool {
	if s.i < len(s.b) && s.b[s.i] == c {
		s.i++
		return true
	}
	return false
}

// plain marks the bytes of a string that need no look: ASCII but control characters, quote and backslash.
var plain = func() (t [256]bool) {
	for c := 0x20; c < 0x80; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

func (s *scan) text() bool {
	s.i++
	said := "" // one fault of a code in a string, else a binary file lists thousands
	for {
		for s.i < len(s.b) && plain[s.b[s.i]] {
			s.i++
		}
		if s.i == len(s.b) {
			return s.stop(CodeSyntax, "ends inside a string")
		}
		if s.b[s.i] == '"' {
			s.i++
			return true
		}
		code, detail, n := s.odd()
		if code != "" && !strings.Contains(said, code) {
			said += code
			if !s.fault(code, s.i, detail) {
				return false
			}
		}
		s.i += n
	}
}

// odd looks at a byte that is not plain: what is wrong with it, if anything, and how many bytes it spans.
func (s *scan) odd() (code, detail string, n int) {
	rest := s.b[s.i:]
	switch c := rest[0]; {
	case c == '\\':
		return escape(rest)
	case c < 0x20:
		return CodeSyntax, fmt.Sprintf("control character 0x%02x in a string; write it as \\u%04x", c, c), 1
	}
	r, n := utf8.DecodeRune(rest)
	if r == utf8.RuneError && n == 1 {
		return CodeUTF8, fmt.Sprintf("byte 0x%02x is not UTF-8", rest[0]), 1
	}
	return "", "", n
}

func escape(b []byte) (code, detail string, n int) {
	if len(b) < 2 {
		return "", "", 1
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return "", "", 2
	case 'u':
	default:
		return CodeSyntax, "backslash before " + quoteByte(b[1]) + " means nothing in JSON", 1
	}
	high, ok := hex4(b)
	switch {
	case !ok:
		return CodeSyntax, `\u wants four hexadecimal digits`, 2
	case high < 0xd800 || high > 0xdfff:
		return "", "", 6
	}
	if low, ok := hex4(b[6:]); ok && high < 0xdc00 && low >= 0xdc00 && low <= 0xdfff {
		return "", "", 12
	}
	return CodeUTF8, fmt.Sprintf(`\u%04x is half of a surrogate pair`, high), 6
}

// hex4 reads the code unit of an escape that begins at b[0].
func hex4(b []byte) (uint32, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	var v uint32
	for _, c := range b[2:6] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		v = v<<4 | uint32(c)
	}
	return v, true
}

func (s *scan) number() bool {
	start := s.i
	for s.i < len(s.b) && numeric(s.b[s.i]) {
		s.i++
	}
	token := s.b[start:s.i]
	if !number(token) {
		return s.fault(CodeSyntax, start, clip(token)+" is not a number")
	}
	if len(token) > s.lim.Number {
		return s.fault("range", start, fmt.Sprintf("a number of %d characters; at most %d are taken", len(token), s.lim.Number))
	}
	return true
}

func numeric(c byte) bool {
	return c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'
}

// number says whether t is one by RFC 8259, section 6.
func number(t []byte) bool {
	t = bytes.TrimPrefix(t, []byte("-"))
	zero := len(t) > 1 && t[0] == '0'
	whole, t := digits(t)
	if whole == 0 || zero && whole > 1 {
		return false
	}
	if len(t) > 0 && t[0] == '.' {
		var n int
		if n, t = digits(t[1:]); n == 0 {
			return false
		}
	}
	if len(t) > 0 && t[0]|0x20 == 'e' {
		if t = t[1:]; len(t) > 0 && (t[0] == '+' || t[0] == '-') {
			t = t[1:]
		}
		var n int
		if n, t = digits(t); n == 0 {
			return false
		}
	}
	return len(t) == 0
}

func digits(t []byte) (n int, rest []byte) {
	for n < len(t) && t[n] >= '0' && t[n] <= '9' {
		n++
	}
	return n, t[n:]
}

func (s *scan) word() bool {
	start := s.i
	for s.i < len(s.b) && letter(s.b[s.i]) {
		s.i++
	}
	switch string(s.b[start:s.i]) {
	case "true", "false", "null":
		return true
	}
	return s.fault(CodeSyntax, start, clip(s.b[start:s.i])+" is no JSON value")
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// twins finds names of one object that a decoder could take for each other.
func (s *scan) twins(names []name) bool {
	if len(names) <= 16 {
		for i := 1; i < len(names); i++ {
			for j := range i {
				if names[i].hash == names[j].hash && same(s.b, names[i], names[j]) {
					if !s.twin(names[j], names[i]) {
						return false
					}
					break
				}
			}
		}
		return true
	}
	sortNames(s.b, names)
	for i := 1; i < len(names); i++ {
		if names[i-1].hash == names[i].hash && same(s.b, names[i-1], names[i]) && !s.twin(names[i-1], names[i]) {
			return false
		}
	}
	return true
}

// sortNames sorts by hash, equal ones by folded form and place: colliding hashes cannot make it quadratic.
func sortNames(in []byte, names []name) {
	slices.SortFunc(names, func(a, b name) int {
		if a.hash != b.hash {
			return cmp.Compare(a.hash, b.hash)
		}
		return cmp.Or(cmp.Compare(folded(in, a), folded(in, b)), cmp.Compare(a.start, b.start))
	})
}

func same(in []byte, a, b name) bool {
	return bytes.Equal(in[a.start:a.end], in[b.start:b.end]) || folded(in, a) == folded(in, b)
}

func folded(in []byte, n name) string { return fold(Unquote(in[n.start:n.end])) }

func (s *scan) twin(a, b name) bool {
	first, second := Unquote(s.b[a.start:a.end]), Unquote(s.b[b.start:b.end])
	detail := strconv.Quote(shorten(second)) + " is given twice"
	if first != second {
		detail = strconv.Quote(shorten(second)) + " and " + strconv.Quote(shorten(first)) + " are one name to a reader that ignores case"
	}
	s.path = append(s.path, step{start: b.start, end: b.end, index: -1})
	ok := s.fault(CodeDuplicate, b.start-1, detail)
	s.path = s.path[:len(s.path)-1]
	return ok
}

// foldHash is FNV-1a over the folded name.
func foldHash(raw []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range raw {
		if c == '\\' || c >= utf8.RuneSelf {
			return foldHashSlow(raw)
		}
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}

func foldHashSlow(raw []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range []byte(fold(Unquote(raw))) {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}

// fold maps letters that differ in case only to one of them, as decoders do when they ignore case: "K" (Kelvin) is k.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		low := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			low = min(low, f)
		}
		if low >= 'A' && low <= 'Z' {
			low += 'a' - 'A'
		}
		return low
	}, s)
}

// Unquote gives the text of a JSON string's inside, without its quotes. What is not valid comes back as it can be read.
func Unquote(raw []byte) string {
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw)
	}
	var s string
	if err := json.Unmarshal(append(append([]byte{'"'}, raw...), '"'), &s); err != nil {
		return string(raw)
	}
	return s
}

func (s *scan) pointer() string {
	var p strings.Builder
	for _, at := range s.path {
		p.WriteByte('/')
		if at.index >= 0 {
			p.WriteString(strconv.Itoa(at.index))
			continue
		}
		p.WriteString(PointerToken(Unquote(s.b[at.start:at.end])))
	}
	return p.String()
}

var pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")

// PointerToken writes a member's name as one token of a JSON pointer (RFC 6901). A name over 64 bytes is cut, so that a
// list of faults stays smaller than what it is about.
func PointerToken(name string) string {
	return pointerEscape.Replace(shorten(name))
}

func shorten(s string) string {
	const most = 64
	s = strings.ToValidUTF8(s, "\ufffd")
	if len(s) <= most {
		return s
	}
	cut := most
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

func clip(token []byte) string { return shorten(string(token)) }

func (s *scan) found() string {
	if s.i >= len(s.b) {
		return ", found the end"
	}
	return ", found " + quoteByte(s.b[s.i])
}

func quoteByte(c byte) string {
	if c >= utf8.RuneSelf {
		return fmt.Sprintf("byte 0x%02x", c)
	}
	return strconv.QuoteRune(rune(c))
}
