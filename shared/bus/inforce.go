package bus

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/shared/codec"
)

// InForce says by digest what activations have put in force for a block. What was never activated is empty: then each service
// uses what it was started with.
//
// Ingest, the only one that sees every activation before it counts, writes it into the headers of every block, and each stage copies it
// to its own output. So a block says itself what it is to be judged under: a stage needs no state, and makes a lost tail again byte for
// byte across any activation.
type InForce struct {
	Lists, Masters, Pack string
}

// What an activation may put in force.
const (
	Lists   = "lists"
	Masters = "masters"
	Pack    = "pack"
)

// With gives what is in force after an activation.
func (f InForce) With(what, digest string) InForce {
	switch what {
	case Lists:
		f.Lists = digest
	case Masters:
		f.Masters = digest
	case Pack:
		f.Pack = digest
	}
	return f
}

// Of gives the digest of one kind.
func (f InForce) Of(what string) string {
	return map[string]string{Lists: f.Lists, Masters: f.Masters, Pack: f.Pack}[what]
}

func inForceOf(h nats.Header) InForce {
	if len(h) == 0 {
		return InForce{}
	}
	return InForce{Lists: h.Get(subject.HeaderLists), Masters: h.Get(subject.HeaderMasters), Pack: h.Get(subject.HeaderPack)}
}

func (f InForce) header() nats.Header {
	if f == (InForce{}) {
		return nil
	}
	h := nats.Header{}
	for name, digest := range map[string]string{subject.HeaderLists: f.Lists, subject.HeaderMasters: f.Masters, subject.HeaderPack: f.Pack} {
		if digest != "" {
			h[name] = []string{digest}
		}
	}
	return h
}

// InForceNow says what the next order is judged under, as the newest block tells it that is still held: that of the order stream, else,
// where all of its blocks were logged and purged, that of the decisions.
func InForceNow(ctx context.Context, js jetstream.JetStream) (InForce, error) {
	for _, name := range []string{subject.OrderStream, subject.DecisionStream} {
		f, held, err := inForceBehind(ctx, js, name)
		if err != nil || held {
			return f, err
		}
	}
	return InForce{}, nil
}

// inForceBehind says what is in force behind the last block of a stream.
func inForceBehind(ctx context.Context, js jetstream.JetStream, name string) (f InForce, held bool, err error) {
	at, err := Look(ctx, js, name)
	if err != nil || at.Last < at.First {
		return f, false, err
	}
	stream, err := js.Stream(ctx, name)
	if err != nil {
		return f, false, fmt.Errorf("look at stream %s: %w", name, err)
	}
	m, err := stream.GetMsg(ctx, at.Last)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return f, false, nil
	}
	if err != nil {
		return f, false, fmt.Errorf("read block %d of %s: %w", at.Last, name, err)
	}
	cases, err := event.ParseBlock(m.Data)
	if err != nil {
		return f, false, fmt.Errorf("block %d of %s: %w", at.Last, name, err)
	}
	f = inForceOf(m.Header)
	a, ok, err := activationIn(cases)
	if ok {
		f = f.With(a.What, a.Digest)
	}
	return f, err == nil, err
}

// controls are how a control cause begins: it is alone in its block.
var controls = []byte(`{"line":"order","v":1,"kind":"` + event.Control + `"`)

// activationIn finds the activation that a block is of.
func activationIn(cases []event.Case) (a event.Activation, ok bool, err error) {
	if len(cases) != 1 || !bytes.HasPrefix(cases[0].Line(0), controls) {
		return a, false, nil
	}
	var c struct {
		Control event.Activation `json:"control"`
	}
	if err := codec.Decode(cases[0].Line(0), &c); err != nil {
		return a, false, err
	}
	return c.Control, true, nil
}

// digestOf is the SHA-256 of an object's bytes in lower-case hex: its name.
func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// checkDigest says whether text is the name of an object.
func checkDigest(text string) error {
	if b, err := hex.DecodeString(text); err != nil || len(b) != sha256.Size || hex.EncodeToString(b) != text {
		return fmt.Errorf("%q is not a SHA-256 in lower-case hex", text)
	}
	return nil
}
