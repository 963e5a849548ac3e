package auditverify

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/mod/sumdb/note"
)

// The text of C2SP tlog-proof, put together here by hand for a tree of two leaves.
func TestProofTextIsThatOfTheSpecification(t *testing.T) {
	t.Parallel()
	secret, key, err := note.GenerateKey(rand.Reader, "example.com/log")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.StdEncoding.EncodeToString
	left, right := sha256.Sum256([]byte("\x00one")), sha256.Sum256([]byte("\x00two"))
	root := sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
	point, err := note.Sign(&note.Note{Text: "example.com/log\n2\n" + b64(root[:]) + "\n"}, signer)
	if err != nil {
		t.Fatal(err)
	}
	log, err := Open(fstest.MapFS{
		"checkpoint": {Data: point}, "tile/0/000.p/2": {Data: append(left[:], right[:]...)}, "tile/entries/000.p/2": {Data: []byte("\x00\x03one\x00\x03two")},
	}, key)
	if err != nil {
		t.Fatal(err)
	}
	got, err := log.Proof(1)
	want := "c2sp.org/tlog-proof@v1\nindex 1\n" + b64(left[:]) + "\n\n" + string(point)
	if err != nil || string(got) != want {
		t.Fatalf("%v\n%s, want\n%s", err, got, want)
	}
	for name, tt := range map[string]struct {
		proof, leaf string
		good        bool
	}{
		"as written":                 {want, "two", true},
		"with extra data":            {strings.Replace(want, "index", "extra YWJj\nindex", 1), "two", true},
		"another leaf":               {want, "one", false},
		"a leading zero":             {strings.Replace(want, "index 1", "index 01", 1), "two", false},
		"a carriage return":          {strings.Replace(want, b64(left[:]), b64(left[:])+"\r", 1), "two", false},
		"a hash too many":            {strings.Replace(want, b64(left[:]), b64(left[:])+"\n"+b64(left[:]), 1), "two", false},
		"another version":            {strings.Replace(want, "@v1", "@v2", 1), "two", false},
		"a checkpoint nobody signed": {strings.Replace(want, "example.com/log\n2", "example.com/log\n3", 1), "two", false},
	} {
		if index, _, err := CheckProof([]byte(tt.proof), []byte(tt.leaf), key); (err == nil) != tt.good || tt.good && index != 1 {
			t.Errorf("%s: leaf %d: %v", name, index, err)
		}
	}
}

func FuzzParseProof(f *testing.F) {
	f.Add(proofHead + "index 7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\ntidegate/audit\n8\n")
	f.Add(proofHead + "extra AAAA\nindex 0\n\nx\n")
	f.Add(proofHead + "index 07\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		index, hashes, point, err := parseProof(text)
		if err != nil {
			return
		}
		if len(hashes) > 62 || !strings.HasSuffix(text, point) {
			t.Errorf("index %d, %d hashes, checkpoint %q of %q", index, len(hashes), point, text)
		}
	})
}
