package codec_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/shared/codec"
)

// TestNothingOfACauseDecodedBeforeStays decodes the contract's examples one after the other into the same cause, in
// every order of two: what is encoded again must not know what came before.
func TestNothingOfACauseDecodedBeforeStays(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../schemas/event/testdata/order/accept-*.json")
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	fresh := map[string][]byte{}
	for _, f := range files {
		fresh[f] = again(t, f, new(event.Cause))
	}
	for _, first := range files {
		for _, second := range files {
			var c event.Cause
			again(t, first, &c)
			if got := again(t, second, &c); !bytes.Equal(fresh[second], got) {
				t.Errorf("%s after %s:\n%s\nalone:\n%s", filepath.Base(second), filepath.Base(first), got, fresh[second])
			}
		}
	}
}

// again decodes a file into c, encodes it, and resets c.
func again(t *testing.T, file string, c *event.Cause) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := codec.Decode(bytes.TrimSpace(b), c); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	alone := *c
	alone.Order = c.Carried()
	out, err := codec.Append(nil, alone)
	if err != nil {
		t.Fatal(err)
	}
	c.Reset()
	return out
}
