package auditverify

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/tidegate/tidegate/schemas/event"
)

func TestPathsAreThoseOfTheSpecification(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		BundlePath(0, 0):          "tile/entries/000",
		BundlePath(1234067, 0):    "tile/entries/x001/x234/067",
		BundlePath(1000, 5):       "tile/entries/x001/000.p/5",
		TilePath(0, 999, 0):       "tile/0/999",
		TilePath(2, 1234067, 255): "tile/2/x001/x234/067.p/255",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestPartialsOfATree(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		level   int
		n, size uint64
		want    int
	}{{0, 0, 256, 0}, {0, 1, 257, 1}, {0, 0, 255, 255}, {1, 0, 65535, 255}, {1, 0, 65536, 0}, {1, 1, 65536 + 512, 2}} {
		if got := partialAt(tt.level, tt.n, tt.size); got != tt.want {
			t.Errorf("level %d tile %d of size %d: %d, want %d", tt.level, tt.n, tt.size, got, tt.want)
		}
	}
}

func FuzzParseBundle(f *testing.F) {
	f.Add([]byte{0, 1, 'x', 0, 0})
	f.Add([]byte{0, 9, 'x'})
	f.Add([]byte{0})
	f.Fuzz(func(t *testing.T, b []byte) {
		leaves, err := ParseBundle(b)
		if err != nil {
			return
		}
		var again []byte
		for _, l := range leaves {
			again = append(binary.BigEndian.AppendUint16(again, uint16(len(l))), l...)
		}
		if !bytes.Equal(again, b) {
			t.Errorf("%x is read as %x", b, again)
		}
	})
}

func FuzzParseCheckpoint(f *testing.F) {
	root := base64.StdEncoding.EncodeToString(make([]byte, hashSize))
	f.Add("tidegate/audit\n7\n" + root + "\n")
	f.Add("tidegate/audit\n07\n" + root + "\n")
	f.Add("\n1\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseCheckpoint(text)
		if err != nil {
			return
		}
		if want := fmt.Sprintf("%s\n%d\n", c.Origin, c.Size); !strings.HasPrefix(text, want) {
			t.Errorf("%q is read as %q", text, want)
		}
	})
}

func FuzzOpenCheckpoint(f *testing.F) {
	secret := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	public, err := note.NewEd25519VerifierKey("tidegate/audit", secret.Public().(ed25519.PublicKey))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("tidegate/audit\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— tidegate/audit AAAA\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if c, err := OpenCheckpoint(raw, public); err == nil {
			t.Errorf("%q passes as signed: %+v", raw, c)
		}
	})
}

func FuzzCheckLeaf(f *testing.F) {
	f.Add([]byte(`{"line":"leaf","v":1,"kind":"refusal","stream":"DECISION","sequence":1,"place":0,"cases":1}` + "\n" +
		`{"line":"refusal","v":1,"received":{"sha256":"2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881","size":1,"bytes":"eA=="}}` + "\n\n"))
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := checkLeaf(b, nil)
		if err != nil {
			return
		}
		_, c, err := event.ParseLeaf(b)
		if err != nil || l.Place >= l.Cases || len(c) == 0 {
			t.Errorf("%q passes: %+v, %v", b, l, err)
		}
	})
}

func TestALeafOfALaterVersionIsNotReadAndSaysSo(t *testing.T) {
	t.Parallel()
	_, err := checkLeaf([]byte(`{"line":"leaf","v":2,"kind":"decision","sealed":{"party-1":"AAAA"},"stream":"DECISION","sequence":1,"place":0,"cases":1}`+"\n{}\n\n"), nil)
	if !errors.Is(err, event.ErrLeafVersion) || !beyondUs(err) || !strings.Contains(err.Error(), "this leaf is of version 2, this program reads version 1: use a newer one") {
		t.Errorf("got %v", err)
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	leaf := func(seq uint64, place, cases int) event.Leaf {
		return event.Leaf{Stream: "DECISION", Sequence: seq, Place: place, Cases: cases}
	}
	for _, tt := range []struct {
		name   string
		leaves []event.Leaf
		good   bool
	}{
		{"blocks in order", []event.Leaf{leaf(1, 0, 2), leaf(1, 1, 2), leaf(2, 0, 1)}, true},
		{"the last block not whole yet", []event.Leaf{leaf(1, 0, 2), leaf(1, 1, 2), leaf(2, 0, 9)}, true},
		{"two swapped", []event.Leaf{leaf(1, 0, 2), leaf(2, 0, 1), leaf(1, 1, 2), leaf(3, 0, 1)}, true},
		{"a case missing", []event.Leaf{leaf(1, 0, 2), leaf(2, 0, 1)}, false},
		{"a block missing", []event.Leaf{leaf(1, 0, 1), leaf(3, 0, 1)}, false},
		{"a case twice", []event.Leaf{leaf(1, 0, 1), leaf(2, 0, 1), leaf(1, 0, 1)}, false},
		{"a case ahead twice", []event.Leaf{leaf(1, 0, 1), leaf(3, 0, 1), leaf(3, 0, 1)}, false},
		{"two sizes of a block", []event.Leaf{leaf(1, 0, 2), leaf(1, 1, 3)}, false},
		{"another stream", []event.Leaf{leaf(1, 0, 1), {Stream: "OTHER", Sequence: 2, Cases: 1}}, false},
	} {
		var p places
		var err error
		for _, l := range tt.leaves {
			if err == nil {
				err = p.add(l)
			}
		}
		if err == nil {
			err = p.end()
		}
		if (err == nil) != tt.good {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
