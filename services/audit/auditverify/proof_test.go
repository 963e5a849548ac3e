package auditverify

import (
	"strings"
	"testing"
)

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
