package xmldoc

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
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
	if bytes.HasPrefix(b, []byte("\xff\xfe")) || bytes.HasPrefix(b, []byte("\xfe\xff")) || bytes.HasPrefix(b, []byte("\x00<")) || bytes.HasPrefix(b, []byte("<\x00")) {
		return nil, nil, &event.Fault{Code: codeNot, Detail: "UTF-16 or UTF-32; send UTF-8, ISO-8859-1 or Windows-1252"}
	}
	switch name := encoding(b); name {
	case "", "utf-8", "utf8", "us-ascii", "ascii":
		return b, same, nil
	case "iso-8859-1", "latin1", "latin-1", "iso_8859-1", "windows-1252", "cp1252":
		out := single(b, strings.Contains(name, "1252"))
		if len(out) == len(b) {
			return out, same, nil
		}
		return out, func(i int) int { return utf8.RuneCount(out[:min(i, len(out))]) }, nil
	default:
		return nil, nil, &event.Fault{Code: codeNot, Detail: fmt.Sprintf("encoding %q; send UTF-8, ISO-8859-1 or Windows-1252", clip(name))}
	}
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
