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
