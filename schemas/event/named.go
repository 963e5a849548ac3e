package event

import "bytes"

// digestSize is the length of a SHA-256 in hex.
const digestSize = 64

// How the digests that a record names stand in its lines. Quotes inside strings are escaped, so each stands only where the member is.
var (
	factsBegin    = []byte("\n{\"line\":\"" + LineFacts + "\",\"v\":1,")
	snapshotName  = []byte(`,"snapshot":"`)
	mastersName   = []byte(`,"masters":"`)
	packName      = []byte(`,"pack":{"id":"`)
	controlBegin  = []byte("\n{\"line\":\"" + LineOrder + "\",\"v\":1,\"kind\":\"" + string(Control) + `"`)
	activateName  = []byte(`,"control":{`)
	digestMember  = []byte(`"digest":"`)
	factsHeadSize = 256
)

// Named gives the digests of what a leaf was made with, as its lines name them: the snapshot, the masters and the pack of a decision, what a
// control act put in force. Leaf is the whole leaf, or the lines of a case behind a line break. What it does not name is nil.
func Named(leaf []byte) (names [3][]byte) {
	if bytes.Contains(leaf[:min(len(leaf), 1024)], controlBegin) {
		names[0] = digestIn(after(leaf, activateName))
		return names
	}
	if facts := after(leaf, factsBegin); facts != nil {
		names[0] = hexAt(after(facts[:min(len(facts), factsHeadSize)], snapshotName))
		names[1] = hexAt(after(facts, mastersName))
	}
	if at := bytes.LastIndex(leaf, packName); at >= 0 {
		names[2] = digestIn(leaf[at+len(packName):])
	}
	return names
}

// after is what stands behind a text; nil where it does not stand.
func after(b, text []byte) []byte {
	_, rest, ok := bytes.Cut(b, text)
	if !ok {
		return nil
	}
	return rest
}

// digestIn is the digest member of the object that b stands in.
func digestIn(b []byte) []byte { return hexAt(after(b, digestMember)) }

// hexAt is the digest that b begins with; nil where it does not begin with one.
func hexAt(b []byte) []byte {
	if len(b) < digestSize {
		return nil
	}
	for _, c := range b[:digestSize] {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return nil
		}
	}
	return b[:digestSize:digestSize]
}

// Parts are the digests that an object of two digests or more names, one a line, as a snapshot with imported lists is; nil for any other.
func Parts(object []byte) []string {
	if len(object) < 2*(digestSize+1) || len(object)%(digestSize+1) != 0 || len(object) > 16*(digestSize+1) {
		return nil
	}
	var parts []string
	for len(object) > 0 {
		if hexAt(object) == nil || object[digestSize] != '\n' {
			return nil
		}
		parts, object = append(parts, string(object[:digestSize])), object[digestSize+1:]
	}
	return parts
}
