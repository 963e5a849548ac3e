package xmldoc

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/tidegate/tidegate/schemas/event"
)

// unescape gives character data with its references replaced. at is where raw begins.
func (p *parser) unescape(at int, raw []byte) (string, bool) {
	if !p.clean(at, raw) {
		return "", false
	}
	if !bytes.Contains(raw, []byte{'&'}) {
		return p.s[at : at+len(raw)], true
	}
	var out strings.Builder
	for i := 0; ; {
		amp := bytes.IndexByte(raw[i:], '&')
		if amp < 0 {
			out.Write(raw[i:])
			return out.String(), true
		}
		out.Write(raw[i : i+amp])
		i += amp
		end := bytes.IndexByte(raw[i:min(i+12, len(raw))], ';')
		if end < 0 {
			return "", p.fail(at+i, codeSyntax, "& that begins no reference; write it as &amp;")
		}
		r, ok := reference(string(raw[i+1 : i+end]))
		if !ok {
			return "", p.fail(at+i, codeSyntax, "%s is no entity of XML and no character; no other entities are read", clip(string(raw[i:i+end+1])))
		}
		out.WriteRune(r)
		i += end + 1
	}
}

func reference(s string) (rune, bool) {
	switch s {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	digits, base := strings.TrimPrefix(s, "#"), 10
	if digits == s {
		return 0, false
	}
	if x, hex := strings.CutPrefix(digits, "x"); hex {
		digits, base = x, 16
	}
	n, err := strconv.ParseUint(digits, base, 21)
	r := rune(n)
	if err != nil || n > utf8.MaxRune || !allowed(r) {
		return 0, false
	}
	return r, true
}

// allowed are the characters of XML 1.0.
func allowed(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= ' ' && r < 0xd800 || r > 0xdfff && r != 0xfffe && r != 0xffff && r <= utf8.MaxRune
}

// clean refuses what is not UTF-8, and characters that XML does not have.
func (p *parser) clean(at int, raw []byte) bool {
	for i := 0; i < len(raw); {
		c := raw[i]
		if c < utf8.RuneSelf {
			if c < ' ' && !space(c) {
				return p.fail(at+i, codeSyntax, "control character 0x%02x", c)
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(raw[i:])
		if r == utf8.RuneError && n == 1 {
			return p.fail(at+i, codeUTF8, "byte 0x%02x is not UTF-8", c)
		}
		if !allowed(r) {
			return p.fail(at+i, codeSyntax, "character U+%04X is none of XML's", r)
		}
		i += n
	}
	return true
}

// decode gives the document in UTF-8, and what finds the place of an offset in the received bytes.
func decode(b []byte) ([]byte, func(int) int, *event.Fault) {
	same := func(i int) int { return i }
	if bytes.HasPrefix(b, []byte("\xef\xbb\xbf")) {
		return b[3:], func(i int) int { return i + 3 }, declared(b[3:], "utf-8")
	}
	switch {
	case bytes.HasPrefix(b, []byte("\xff\xfe\x00\x00")), bytes.HasPrefix(b, []byte("\x00")), bytes.HasPrefix(b, []byte("<\x00")):
		return nil, nil, &event.Fault{Code: codeNot, Detail: "UTF-32, or UTF-16 without a byte order mark; send UTF-8, UTF-16, ISO-8859-1 or Windows-1252"}
	case bytes.HasPrefix(b, []byte("\xff\xfe")):
		return wide(b, binary.LittleEndian)
	case bytes.HasPrefix(b, []byte("\xfe\xff")):
		return wide(b, binary.BigEndian)
	}
	switch name := encoding(b); name {
	case "", "utf-8", "utf8", "us-ascii", "ascii":
		return b, same, nil
	case "iso-8859-1", "latin1", "latin-1", "iso_8859-1", "windows-1252", "cp1252":
		out := single(b, strings.Contains(name, "1252"))
		if len(out) == len(b) {
			return out, same, nil
		}
		return out, places(out, 0, func([]byte) int { return 1 }), nil
	default:
		return nil, nil, &event.Fault{Code: codeNot, Detail: fmt.Sprintf("encoding %q; send UTF-8, UTF-16, ISO-8859-1 or Windows-1252", clip(name))}
	}
}

// places gives what finds the place in the received bytes of an offset in the text made of them, in which a character was as long as long
// says. Asked for rising offsets, it reads the text once.
func places(text []byte, first int, long func(char []byte) int) func(int) int {
	at, place := 0, first
	return func(i int) int {
		if i < at {
			at, place = 0, first
		}
		for at < i && at < len(text) {
			_, n := utf8.DecodeRune(text[at:])
			place += long(text[at : at+n])
			at += n
		}
		return place
	}
}

// wide makes UTF-8 of UTF-16 behind a byte order mark, which every XML processor reads (XML 1.0, 2.2).
func wide(b []byte, order binary.ByteOrder) ([]byte, func(int) int, *event.Fault) {
	out := make([]byte, 0, len(b)/2+len(b)/16)
	for i := 2; i < len(b); i += 2 {
		if i+1 == len(b) {
			return nil, nil, &event.Fault{Offset: i, Code: codeUTF8, Detail: "half a character of UTF-16"}
		}
		r := rune(order.Uint16(b[i:]))
		if utf16.IsSurrogate(r) {
			low := rune(0)
			if i+3 < len(b) {
				low = rune(order.Uint16(b[i+2:]))
			}
			if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
				return nil, nil, &event.Fault{Offset: i, Code: codeUTF8, Detail: "half of a surrogate pair of UTF-16"}
			}
			i += 2
		}
		out = utf8.AppendRune(out, r)
	}
	switch name := encoding(out); name {
	case "", "utf-16", "utf16", "utf-16le", "utf-16be", "ucs-2", "iso-10646-ucs-2":
	default:
		return nil, nil, &event.Fault{Code: codeSyntax, Detail: fmt.Sprintf("a UTF-16 byte order mark before a declaration of encoding %q", clip(name))}
	}
	return out, places(out, 2, func(char []byte) int { return 2 + 2*(len(char)/4) }), nil
}

// declared refuses an encoding that a byte order mark contradicts.
func declared(b []byte, want string) *event.Fault {
	if name := encoding(b); name != "" && name != want && name != "utf8" {
		return &event.Fault{Code: codeSyntax, Detail: fmt.Sprintf("a UTF-8 byte order mark before a declaration of encoding %q", clip(name))}
	}
	return nil
}

// encoding is the one that the XML declaration names, in small letters.
func encoding(b []byte) string {
	if !bytes.HasPrefix(b, []byte("<?xml")) {
		return ""
	}
	head := b[:min(len(b), 256)]
	if end := bytes.Index(head, []byte("?>")); end >= 0 {
		head = head[:end]
	}
	_, rest, found := bytes.Cut(head, []byte("encoding"))
	if !found {
		return ""
	}
	rest = bytes.TrimLeft(rest, " \t\r\n=")
	if len(rest) == 0 || rest[0] != '"' && rest[0] != '\'' {
		return ""
	}
	name, _, _ := bytes.Cut(rest[1:], rest[:1])
	return strings.ToLower(string(name))
}

// upper are the characters of Windows-1252 between 0x80 and 0x9f; ISO-8859-1 has control characters there.
var upper = [32]rune{
	'€', 0x81, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0x8d, 'Ž', 0x8f,
	0x90, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0x9d, 'ž', 'Ÿ',
}

// single makes UTF-8 of a text in one byte a character.
func single(b []byte, windows bool) []byte {
	out := make([]byte, 0, len(b)+len(b)/16)
	for _, c := range b {
		switch {
		case c < utf8.RuneSelf:
			out = append(out, c)
		case windows && c < 0xa0:
			out = utf8.AppendRune(out, upper[c-0x80])
		default:
			out = utf8.AppendRune(out, rune(c))
		}
	}
	return out
}
