package auditverify

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"testing"
)

// cosigned makes a witness's key, and a checkpoint with its cosignature.
func cosigned(tb testing.TB, name string, seed byte) (vkey string, sign func(text string) []byte) {
	tb.Helper()
	secret := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
	key := append([]byte{algCosignature}, secret.Public().(ed25519.PublicKey)...)
	sum := sha256.Sum256(append([]byte(name+"\n"), key...))
	vkey = fmt.Sprintf("%s+%x+%s", name, sum[:4], base64.StdEncoding.EncodeToString(key))
	return vkey, func(text string) []byte {
		at := binary.BigEndian.AppendUint64(nil, 1700000000)
		sig := ed25519.Sign(secret, fmt.Appendf(nil, "cosignature/v1\ntime 1700000000\n%s", text))
		line := append(append(append([]byte(nil), sum[:4]...), at...), sig...)
		return fmt.Appendf(nil, "— %s %s\n", name, base64.StdEncoding.EncodeToString(line))
	}
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	const text = "tidegate/audit\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
	a, signA := cosigned(t, "a.example", 1)
	b, signB := cosigned(t, "b.example", 2)
	_, signOther := cosigned(t, "a.example", 3)
	keys := fmt.Sprintf("# ours\nwitness a %s http://a\nwitness b %s\n", a, b)
	for _, tt := range []struct {
		name, policy string
		sigs         [][]byte
		signed       int
		ok           bool
	}{
		{"both of two", keys + "group g all a b\nquorum g", [][]byte{signA(text), signB(text)}, 2, true},
		{"one of two where one is enough", keys + "group g 1 a b\nquorum g", [][]byte{signB(text)}, 1, true},
		{"one of two where both must", keys + "group g 2 a b\nquorum g", [][]byte{signB(text)}, 1, false},
		{"a cosignature of another text", keys + "quorum a", [][]byte{signA(text + "x"), signB(text)}, 0, false},
		{"a cosignature of another key of that name", keys + "quorum a", [][]byte{signOther(text)}, 0, false},
		{"none is asked for", keys + "quorum none", nil, 0, true},
	} {
		p, err := ParsePolicy([]byte(tt.policy))
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		signed, ok := p.Check([]byte(text + "\n" + string(bytes.Join(tt.sigs, nil))))
		if len(signed) != tt.signed || ok != tt.ok {
			t.Errorf("%s: %d signed, quorum %v", tt.name, len(signed), ok)
		}
		if len(signed) > 0 && signed[0].At.Unix() != 1700000000 {
			t.Errorf("%s: at %s", tt.name, signed[0].At)
		}
	}
	for _, bad := range []string{"", "quorum x", keys, keys + "group g 3 a b\nquorum g", keys + "group g 1 c\nquorum g", "witness a x\nquorum a", keys + keys + "quorum a"} {
		if _, err := ParsePolicy([]byte(bad)); err == nil {
			t.Errorf("taken: %q", bad)
		}
	}
}

// A policy from a stranger's pack may name groups of groups of groups.
func TestAPolicyIsJudgedInTimeOfItsLength(t *testing.T) {
	t.Parallel()
	key, sign := cosigned(t, "a.example", 1)
	text := fmt.Appendf(nil, "witness g0 %s\n", key)
	for i := range 200 {
		text = fmt.Appendf(text, "group g%d all g%d g%d g%d\n", i+1, i, i, i)
	}
	p, err := ParsePolicy(append(text, "quorum g200\n"...))
	if err != nil {
		t.Fatal(err)
	}
	const point = "tidegate/audit\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
	if _, ok := p.Check([]byte(point + "\n" + string(sign(point)))); !ok {
		t.Error("not met")
	}
	if _, err := ParsePolicy(make([]byte, maxNote+1)); err == nil {
		t.Error("taken, as long as it is")
	}
}

func FuzzParsePolicy(f *testing.F) {
	key, _ := cosigned(f, "a.example", 1)
	f.Add([]byte("witness a " + key + " http://a\ngroup g any a\nquorum g\n"))
	f.Add([]byte("quorum none"))
	f.Fuzz(func(_ *testing.T, text []byte) {
		if p, err := ParsePolicy(text); err == nil {
			p.Check([]byte("a\n0\nb\n\n— a AAAA\n"))
		}
	})
}
