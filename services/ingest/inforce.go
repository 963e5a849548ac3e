package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/tidegate/tidegate/services/ingest/internal/accept"
	"github.com/tidegate/tidegate/services/ingest/internal/idem"
	"github.com/tidegate/tidegate/shared/bus"
)

// activated gives what the index is to keep of an activation: the digest, in two halves, for a digest of a content is half a SHA-256.
func activated(e accept.Entry) []idem.Taken {
	a, ok := e.Activation()
	digest, err := hex.DecodeString(a.Digest)
	if !ok || err != nil || len(digest) != sha256.Size {
		return nil
	}
	keys := inForceKeys(a.What)
	return []idem.Taken{
		{Key: keys[0], Entry: idem.Entry{Content: idem.Digest(digest[:16])}, Over: true},
		{Key: keys[1], Entry: idem.Entry{Content: idem.Digest(digest[16:])}, Over: true},
	}
}

func inForceKeys(what string) []idem.Digest {
	return []idem.Digest{accept.OwnKey("inforce/" + what + "/0"), accept.OwnKey("inforce/" + what + "/1")}
}

// inForce reads from the index what is in force behind the blocks it covers.
func inForce(x *idem.Index) (f bus.InForce, err error) {
	for _, what := range []string{bus.Lists, bus.Masters, bus.Pack} {
		found, err := x.Find(inForceKeys(what))
		if err != nil {
			return f, fmt.Errorf("%w: %w", errIndex, err)
		}
		if found[0] != nil && found[1] != nil {
			f = f.With(what, fmt.Sprintf("%x%x", found[0].Content, found[1].Content))
		}
	}
	return f, nil
}
