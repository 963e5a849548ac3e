package evidence_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/mod/sumdb/note"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/services/audit/auditverify/evidence"
)

// seed gives random bytes that are always the same, for keys.
type seed byte

func (s seed) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(s)
	}
	return len(p), nil
}

// made is a log of two leaves with a witness, and the pack on the order of the first.
type made struct {
	key, witness string // verifier key, policy
	m            evidence.Manifest
	files        []evidence.Described
}

func (p *made) add(name string, data []byte) string {
	p.files = append(p.files, evidence.Described{File: evidence.File{Name: name, Data: data}, What: "a file"})
	return name
}

func (p *made) zip(tb testing.TB) []byte {
	tb.Helper()
	b, err := evidence.Pack(p.m, p.files)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func encode(tb testing.TB, v any) []byte {
	tb.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// leaf is the leaf of an order.
func leaf(tb testing.TB, id string, sequence uint64) []byte {
	tb.Helper()
	order := encode(tb, event.Order{ID: id, Parties: []event.Party{{Role: event.Purchaser, Name: "Harbor Lantern Trading"}}})
	head := encode(tb, event.Cause{
		Line: event.LineOrder, V: 1, Kind: event.Placed, Event: "ev-" + id, Key: "k-" + id, Actor: "test", Tenant: "default", Source: "shop", OrderID: id, Format: "tidegate-json",
		At: "2026-11-23T10:15:00Z", Received: event.Received{SHA256: event.Digest(order), Size: len(order)},
	})
	c := event.NewCase(append(append(head[:len(head)-1:len(head)-1], `,"order":`...), append(order, '}')...))
	c = c.With(encode(tb, event.Facts{Line: event.LineFacts, V: 1, Prev: event.Digest(c.Last())}))
	c = c.With(encode(tb, event.Judgement{Line: event.LineJudgement, V: 1, Prev: event.Digest(c.Last()), Outcome: event.Release}))
	b, err := event.AppendLeaf(nil, event.Leaf{Line: "leaf", V: 1, Kind: event.LeafDecision, Stream: "DECISION", Sequence: sequence, Cases: 1, At: "2026-11-23T10:15:01Z"}, c.Append(nil))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// signed makes a log's key and a witness's, and signs checkpoints with both.
func signed(tb testing.TB, name string, b seed) (key, policy string, sign func(text string) []byte) {
	tb.Helper()
	secret, key, err := note.GenerateKey(b, name)
	if err != nil {
		tb.Fatal(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		tb.Fatal(err)
	}
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{byte(b) + 1}, ed25519.SeedSize))
	public := append([]byte{4}, private.Public().(ed25519.PublicKey)...)
	sum := sha256.Sum256(append([]byte("w.example\n"), public...))
	policy = fmt.Sprintf("witness w w.example+%x+%s\nquorum w\n", sum[:4], base64.StdEncoding.EncodeToString(public))
	return key, policy, func(text string) []byte {
		raw, err := note.Sign(&note.Note{Text: text}, signer)
		if err != nil {
			tb.Fatal(err)
		}
		cosig := binary.BigEndian.AppendUint64(append([]byte(nil), sum[:4]...), 1_700_000_000)
		cosig = append(cosig, ed25519.Sign(private, fmt.Appendf(nil, "cosignature/v1\ntime 1700000000\n%s", text))...)
		return fmt.Appendf(raw, "— w.example %s\n", base64.StdEncoding.EncodeToString(cosig))
	}
}

// compose makes a good pack on order A-1: of a log with that order's leaf and another.
func compose(tb testing.TB) *made {
	tb.Helper()
	const id = "A-1"
	key, policy, sign := signed(tb, "example.com/log", 7)
	p := &made{key: key, witness: policy}
	first, second := leaf(tb, id, 1), leaf(tb, "other", 2)
	left, right := sha256.Sum256(append([]byte{0}, first...)), sha256.Sum256(append([]byte{0}, second...))
	root := sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
	b64 := base64.StdEncoding.EncodeToString
	point := sign("example.com/log\n2\n" + b64(root[:]) + "\n")
	bundle := append(binary.BigEndian.AppendUint16(nil, uint16(len(first))), first...)
	bundle = append(binary.BigEndian.AppendUint16(bundle, uint16(len(second))), second...)
	log, err := auditverify.Open(fstest.MapFS{
		"checkpoint": {Data: point}, "tile/0/000.p/2": {Data: append(left[:], right[:]...)}, "tile/entries/000.p/2": {Data: bundle},
	}, key)
	if err != nil {
		tb.Fatal(err)
	}
	earlier := sign("example.com/log\n1\n" + b64(left[:]) + "\n")
	old, err := log.Before(earlier, key)
	if err != nil {
		tb.Fatal(err)
	}
	proof, err := log.Proof(0)
	if err != nil {
		tb.Fatal(err)
	}
	before, err := old.Proof(0)
	if err != nil {
		tb.Fatal(err)
	}
	p.add("log-1/key.pub", []byte(key+"\n"))
	p.add("log-1/key.pem", evidence.PEM(key))
	p.add("log-1/checkpoint", point)
	parsed, err := auditverify.ParsePolicy([]byte(policy))
	if err != nil {
		tb.Fatal(err)
	}
	w, _ := parsed.Key("w")
	stamp := sha256.Sum256(earlier)
	p.m = evidence.Manifest{
		Tenant: "default", Source: "shop", OrderID: id,
		Logs: []evidence.Log{{
			Dir: "log-1", Name: "example.com/log", Size: 2, Root: b64(root[:]), Policy: p.add("log-1/witnesses.txt", []byte(policy)),
			Witnesses: []evidence.Key{{Name: "w", PEM: p.add("log-1/witness-1.pem", evidence.PEM(w))}},
			Stamps: []evidence.Stamp{{
				Size: 1, Checkpoint: p.add("log-1/timestamped/1.checkpoint", earlier), Token: p.add("log-1/timestamped/1.tsr", append([]byte("token"), stamp[:]...)),
				Query: p.add("log-1/timestamped/1.tsq", append([]byte("query"), stamp[:]...)),
			}},
		}},
		Records: []evidence.Record{{
			Kind: event.LeafDecision, Event: "ev-" + id, Leaf: p.add("log-1/records/0.leaf", first), Received: p.add("log-1/records/0.received.json", received(tb, first)),
			Proofs: []string{p.add("log-1/records/0.tlog-proof", proof), p.add("log-1/records/0-under-1.tlog-proof", before)},
		}},
		Cited: []evidence.Citing{{What: "pack", Digest: event.Digest([]byte("rules")), File: p.add("rules/x.pack", []byte("rules"))}},
	}
	p.add(evidence.ReadmeFile, []byte("read me\n"))
	p.add(evidence.DocumentFile, []byte("%PDF\n"))
	return p
}

func received(tb testing.TB, leaf []byte) []byte {
	tb.Helper()
	_, c, err := auditverify.OpenLeaf(leaf, nil)
	if err != nil {
		tb.Fatal(err)
	}
	b, _, err := auditverify.Received(c)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// replace gives a pack with another file under a name, or none where data is nil; both manifests are as they must be then.
func (p *made) replace(tb testing.TB, name string, data []byte) []byte {
	tb.Helper()
	q := *p
	q.files = nil
	for _, f := range p.files {
		if f.Name == name {
			if data == nil {
				continue
			}
			f.Data = data
		}
		q.files = append(q.files, f)
	}
	return q.zip(tb)
}

func (p *made) file(name string) []byte {
	for _, f := range p.files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}

func key(p *made) evidence.Options { return evidence.Options{Keys: strings.TrimSpace(p.key)} }
