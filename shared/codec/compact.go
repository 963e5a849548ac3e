package codec

import "bytes"

// Compact appends src without the spaces and line breaks between its tokens; what stands in strings stays byte for
// byte, as with encoding/json. src has passed Check.
func Compact(dst, src []byte) []byte {
	for len(src) > 0 {
		n := 0
		for n < len(src) && src[n] > ' ' && src[n] != '"' {
			n++
		}
		dst, src = append(dst, src[:n]...), src[n:]
		switch {
		case len(src) == 0:
		case src[0] == '"':
			n = textLen(src)
			dst, src = append(dst, src[:n]...), src[n:]
		default:
			src = src[1:]
		}
	}
	return dst
}

// textLen is the length of the string that b begins with, quotes included.
func textLen(b []byte) int {
	for i := 1; ; {
		n := bytes.IndexByte(b[i:], '"')
		if n < 0 {
			return len(b)
		}
		i += n
		back := i - 1
		for b[back] == '\\' {
			back--
		}
		if i++; (i-back)%2 == 0 {
			return i
		}
	}
}

// ValueLen is the length of the JSON value that b begins with. b has passed Check.
func ValueLen(b []byte) int {
	depth := 0
	for i := 0; i < len(b); {
		switch b[i] {
		case '"':
			if i += textLen(b[i:]); depth == 0 {
				return i
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth <= 0 {
				return i + 1 + depth // a closing bracket that is not ours ends a number or word before it
			}
		case ',', ':', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return i
			}
		}
		i++
	}
	return len(b)
}
