package auditverify

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// algCosignature is the note algorithm of a witness's Ed25519 cosignature (C2SP tlog-cosignature).
const algCosignature = 4

// Cosignature is a witness's word that it saw a checkpoint, at its own time, and no other of that size.
type Cosignature struct {
	Witness string    `json:"witness"`
	At      time.Time `json:"at"`
}

// Policy says which witnesses, and how many of them, must have signed a checkpoint. Its text is the one the log's
// writer has: "witness NAME VKEY URL", "group NAME N|any|all NAME…", "quorum NAME", "# …".
type Policy struct {
	nodes  map[string]node
	quorum string
}

// node is a witness, or a group of which need must have signed.
type node struct {
	key  *cosigner
	need int
	of   []string
}

var errPolicy = errors.New("not a witness policy")

// ParsePolicy reads a policy. Names are declared before they are used, so there are no circles.
func ParsePolicy(text []byte) (*Policy, error) {
	if len(text) > maxNote {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", errPolicy, len(text), maxNote)
	}
	p := &Policy{nodes: map[string]node{}}
	for i, line := range strings.Split(string(text), "\n") {
		line, _, _ = strings.Cut(line, "#")
		if err := p.line(strings.Fields(line)); err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", errPolicy, i+1, err)
		}
	}
	if _, ok := p.nodes[p.quorum]; !ok && p.quorum != "none" {
		return nil, fmt.Errorf("%w: quorum %q is not declared", errPolicy, p.quorum)
	}
	return p, nil
}

func (p *Policy) line(f []string) error {
	switch {
	case len(f) == 0 || f[0] == "log":
		return nil
	case f[0] == "quorum" && len(f) == 2 && p.quorum == "":
		p.quorum = f[1]
		return nil
	case f[0] == "witness" && (len(f) == 3 || len(f) == 4):
		key, err := newCosigner(f[2])
		if err != nil {
			return err
		}
		return p.declare(f[1], node{key: key})
	case f[0] == "group" && len(f) > 3:
		return p.group(f[1], f[2], f[3:])
	default:
		return fmt.Errorf("%q", strings.Join(f, " "))
	}
}

func (p *Policy) group(name, n string, of []string) error {
	need := map[string]int{"any": 1, "all": len(of)}[n]
	if need == 0 {
		var err error
		if need, err = strconv.Atoi(n); err != nil || need < 1 || need > len(of) {
			return fmt.Errorf("group %s needs %q of %d", name, n, len(of))
		}
	}
	for _, member := range of {
		if _, ok := p.nodes[member]; !ok {
			return fmt.Errorf("%q is not declared", member)
		}
	}
	return p.declare(name, node{need: need, of: of})
}

func (p *Policy) declare(name string, n node) error {
	if _, twice := p.nodes[name]; twice || name == "none" {
		return fmt.Errorf("%q cannot be declared, or was before", name)
	}
	p.nodes[name] = n
	return nil
}

// Names are the names of the witnesses, sorted.
func (p *Policy) Names() []string {
	var names []string
	for name, n := range p.nodes {
		if n.key != nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Key is the verifier key of a witness, by the name that the policy gives it.
func (p *Policy) Key(name string) (vkey string, ok bool) {
	k := p.nodes[name].key
	if k == nil {
		return "", false
	}
	key := append([]byte{algCosignature}, k.key...)
	return fmt.Sprintf("%s+%08x+%s", k.name, k.hash, base64.StdEncoding.EncodeToString(key)), true
}

// Check gives the cosignatures on a checkpoint that are good, and whether they are the quorum.
func (p *Policy) Check(checkpoint []byte) (signed []Cosignature, ok bool) {
	var keys []note.Verifier
	for _, n := range p.nodes {
		if n.key != nil {
			keys = append(keys, n.key)
		}
	}
	n, err := note.Open(checkpoint, note.VerifierList(keys...))
	if err != nil {
		return nil, p.quorum == "none"
	}
	by := map[string]bool{}
	for _, s := range n.Sigs { // in the note's order
		at, _ := stampOf(s)
		signed = append(signed, Cosignature{s.Name, at})
		by[fmt.Sprintf("%s %08x", s.Name, s.Hash)] = true
	}
	return signed, p.quorum == "none" || p.met(p.quorum, by)
}

// met says whether a node has signed. Groups of groups are looked at once each: a policy may come from anywhere.
func (p *Policy) met(name string, by map[string]bool) bool {
	return p.settled(name, by, map[string]bool{})
}

func (p *Policy) settled(name string, by, known map[string]bool) bool {
	if met, ok := known[name]; ok {
		return met
	}
	n := p.nodes[name]
	met := 0
	for _, member := range n.of {
		if p.settled(member, by, known) {
			met++
		}
	}
	known[name] = n.key == nil && met >= n.need || n.key != nil && by[fmt.Sprintf("%s %08x", n.key.name, n.key.hash)]
	return known[name]
}

// stampOf is the witness's time in a signature: key hash, time, signature.
func stampOf(s note.Signature) (time.Time, error) {
	b, err := base64.StdEncoding.DecodeString(s.Base64)
	if err != nil || len(b) != 4+8+ed25519.SignatureSize {
		return time.Time{}, errors.New("not a cosignature")
	}
	return time.Unix(int64(binary.BigEndian.Uint64(b[4:])), 0).UTC(), nil //nolint:gosec // seconds since 1970
}

// cosigner verifies one witness's cosignatures. It is a note.Verifier.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func newCosigner(vkey string) (*cosigner, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 || parts[0] == "" {
		return nil, fmt.Errorf("witness key %q", vkey)
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != algCosignature {
		return nil, fmt.Errorf("witness key %q is not of an Ed25519 cosignature", vkey)
	}
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	hash := binary.BigEndian.Uint32(sum[:])
	if fmt.Sprintf("%08x", hash) != parts[1] {
		return nil, fmt.Errorf("witness key %q: its hash is another", vkey)
	}
	return &cosigner{parts[0], hash, key[1:]}, nil
}

// Name is the witness's name.
func (c *cosigner) Name() string { return c.name }

// KeyHash tells keys of one name apart.
func (c *cosigner) KeyHash() uint32 { return c.hash }

// Verify checks a cosignature over a note's text.
func (c *cosigner) Verify(text, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	var signed bytes.Buffer
	fmt.Fprintf(&signed, "cosignature/v1\ntime %d\n", binary.BigEndian.Uint64(sig))
	signed.Write(text)
	return ed25519.Verify(c.key, signed.Bytes(), sig[8:])
}
