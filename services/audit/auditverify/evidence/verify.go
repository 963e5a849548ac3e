package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit/auditverify"
)

// ErrBad says that a pack contradicts itself, its keys or those given.
var ErrBad = errors.New("evidence pack is bad")

const (
	maxFaults   = 20
	maxManifest = 16 << 20 // bytes
	maxLeaf     = 1<<16 - 1
)

// Options say what to check a pack against.
type Options struct {
	Keys   string              // verifier keys of the logs, one a line, got from elsewhere; without any, those in the pack serve
	Policy *auditverify.Policy // witnesses that must have signed every checkpoint; nil when none must
}

// Report is what a check found.
type Report struct {
	Verdict string   `json:"verdict"` // good, bad
	SHA256  string   `json:"sha256"`  // of the pack
	Tenant  string   `json:"tenant,omitempty"`
	Source  string   `json:"source,omitempty"`
	OrderID string   `json:"order_id,omitempty"`
	Files   int      `json:"files"`
	Logs    []Proven `json:"logs"`
	Records int      `json:"records"`
	Faults  []string `json:"faults,omitempty"`
	Lacks   []string `json:"lacks,omitempty"` // what was not, or cannot be, checked here
}

// Proven is a log whose checkpoint was checked.
type Proven struct {
	Name      string                    `json:"name"`
	Size      uint64                    `json:"size"`
	Root      string                    `json:"root"`
	Trusted   bool                      `json:"trusted"` // under a key that was given, not only the pack's own
	Witnesses []auditverify.Cosignature `json:"witnesses,omitempty"`
	Stamps    []uint64                  `json:"timestamped,omitempty"` // sizes of the checkpoints with a timestamp of their bytes
}

// Verify checks a pack with nothing but the pack, and keys where they are given: the zip byte for byte, every file against both
// manifests and no file besides, every record's own chain and digests, its received bytes, its proofs, the checkpoints' signatures
// and cosignatures. The error is nil for a good one, else ErrBad (wrapped) with the first fault. Timestamps are not checked beyond that
// they name their checkpoint's digest: openssl does that, as the pack's README shows.
func Verify(pack []byte, o Options) (Report, error) {
	v := &verifier{o: o, files: map[string][]byte{}, left: map[string]bool{}, read: map[string]bool{}}
	v.report = Report{Verdict: "good", SHA256: digest(pack)}
	v.all(pack)
	v.report.Records = len(v.m.Records)
	if len(v.report.Faults) > 0 {
		v.report.Verdict = "bad"
		return v.report, fmt.Errorf("%w: %s", ErrBad, v.report.Faults[0])
	}
	return v.report, nil
}

type verifier struct {
	o      Options
	files  map[string][]byte
	left   map[string]bool // files whose part in the pack nothing told yet
	read   map[string]bool // licenses that the order's judgements read, by the event that registered them
	m      Manifest
	report Report
}

func (v *verifier) fault(format string, args ...any) {
	if len(v.report.Faults) < maxFaults {
		v.report.Faults = append(v.report.Faults, fmt.Sprintf(format, args...))
	}
}

func (v *verifier) lack(format string, args ...any) {
	v.report.Lacks = append(v.report.Lacks, fmt.Sprintf(format, args...))
}

func (v *verifier) all(pack []byte) {
	files, err := Decode(pack)
	if err != nil {
		v.fault("%v", err)
		return
	}
	for _, f := range files {
		v.files[f.Name], v.left[f.Name] = f.Data, true
	}
	v.report.Files = len(files)
	if err := v.manifests(files); err != nil {
		v.fault("%v", err)
		return
	}
	v.report.Tenant, v.report.Source, v.report.OrderID = v.m.Tenant, v.m.Source, v.m.OrderID
	points := make([]auditverify.Checkpoint, len(v.m.Logs))
	for i := range v.m.Logs {
		points[i] = v.log(&v.m.Logs[i])
	}
	v.once()
	for i := range v.m.Records {
		v.record(&v.m.Records[i], points)
	}
	for _, r := range v.m.Records {
		if r.Kind == event.LeafLicense && !v.read[r.Event] {
			v.fault("%s: it is of a license that the order was not judged with", r.Leaf)
		}
	}
	v.cited()
	v.rest()
}

// take gives a file that the manifest names for a purpose.
func (v *verifier) take(name string) []byte {
	b, ok := v.files[name]
	if !ok {
		v.fault("%q is named and not there", name)
	}
	delete(v.left, name)
	return b
}

// manifests checks both manifests, both ways.
func (v *verifier) manifests(files []File) error {
	if !bytes.Equal(v.take(SumsFile), sums(files)) {
		return fmt.Errorf("%s is not what the files make it", SumsFile)
	}
	b := v.take(ManifestFile)
	if len(b) > maxManifest {
		return fmt.Errorf("manifest: %d bytes, at most %d", len(b), maxManifest)
	}
	if err := json.Unmarshal(b, &v.m); err != nil {
		return fmt.Errorf("manifest: %w", err)
	}
	if v.m.Line != LineEvidence || v.m.V != 1 {
		return fmt.Errorf("manifest: it is of %q, version %d; this program reads evidence of version 1", v.m.Line, v.m.V)
	}
	if again, err := encode(v.m); err != nil || !bytes.Equal(again, b) {
		return errors.New("manifest: it is not written in its one form")
	}
	listed := v.m.Files
	for _, f := range files {
		if f.Name == SumsFile || f.Name == ManifestFile {
			continue
		}
		if len(listed) == 0 || listed[0].Name != f.Name || listed[0].SHA256 != digest(f.Data) || listed[0].Size != len(f.Data) {
			return fmt.Errorf("manifest: %s is there and not as listed", f.Name)
		}
		listed = listed[1:]
	}
	if len(listed) > 0 {
		return fmt.Errorf("manifest: %s is listed and not there", listed[0].Name)
	}
	return nil
}

// log checks a log's checkpoint, keys and timestamped checkpoints.
func (v *verifier) log(l *Log) auditverify.Checkpoint {
	own := strings.TrimSpace(string(v.take(path.Join(l.Dir, "key.pub"))))
	key, trusted := own, false
	if v.o.Keys != "" {
		if key, trusted = v.given(l.Name); !trusted {
			v.fault("%s: no key was given for the log %s", l.Dir, l.Name)
			key = own
		} else if key != own {
			v.fault("%s: its key is not the one that was given", l.Dir)
		}
	}
	if name := path.Join(l.Dir, "key.pem"); !bytes.Equal(v.take(name), PEM(own)) {
		v.fault("%s is not the key in key.pub", name)
	}
	point, err := auditverify.OpenCheckpoint(v.take(path.Join(l.Dir, "checkpoint")), key)
	if err != nil {
		v.fault("%s: %v", l.Dir, err)
		return point
	}
	root := base64.StdEncoding.EncodeToString(point.Root[:])
	if point.Origin != l.Name || point.Size != l.Size || root != l.Root {
		v.fault("%s: the manifest states another checkpoint than the one that is there", l.Dir)
	}
	said := Proven{Name: point.Origin, Size: point.Size, Root: root, Trusted: trusted}
	said.Witnesses = v.witnessed(l, point.Raw)
	for i := range l.Stamps {
		v.stamp(l, &l.Stamps[i], key)
		said.Stamps = append(said.Stamps, l.Stamps[i].Size)
	}
	v.report.Logs = append(v.report.Logs, said)
	return point
}

// once demands that no log and no record is there twice: each is counted.
func (v *verifier) once() {
	type spot struct {
		log   string
		index uint64
	}
	names, spots := map[string]bool{}, map[spot]bool{}
	for _, l := range v.m.Logs {
		if names[l.Name] {
			v.fault("the log %s is there twice", l.Name)
		}
		names[l.Name] = true
	}
	for _, r := range v.m.Records {
		if r.Log < 0 || r.Log >= len(v.m.Logs) {
			continue // its own fault
		}
		at := spot{v.m.Logs[r.Log].Name, r.Index}
		if spots[at] {
			v.fault("%s: the record is there twice", r.Leaf)
		}
		spots[at] = true
	}
}

// given finds a log's key among those given.
func (v *verifier) given(name string) (string, bool) {
	for key := range strings.FieldsSeq(v.o.Keys) {
		if of, _, _ := strings.Cut(key, "+"); of == name {
			return key, true
		}
	}
	return "", false
}

// witnessed checks the cosignatures: by the policy given, and by the pack's own.
func (v *verifier) witnessed(l *Log, checkpoint []byte) (signed []auditverify.Cosignature) {
	if v.o.Policy != nil {
		var ok bool
		if signed, ok = v.o.Policy.Check(checkpoint); !ok {
			v.fault("%s: the checkpoint does not carry the quorum of the witnesses given", l.Dir)
		}
	}
	if l.Policy == "" {
		return signed
	}
	own, err := auditverify.ParsePolicy(v.take(l.Policy))
	if err != nil {
		v.fault("%s: %v", l.Policy, err)
		return signed
	}
	for _, w := range l.Witnesses {
		if key, ok := own.Key(w.Name); !ok || !bytes.Equal(v.take(w.PEM), PEM(key)) {
			v.fault("%s is not the key of the witness %s", w.PEM, w.Name)
		}
	}
	by, ok := own.Check(checkpoint)
	if !ok {
		v.lack("%s: the checkpoint does not carry the quorum that the log's own witness policy asks for", l.Dir)
	}
	if v.o.Policy == nil {
		signed = by
	}
	return signed
}

// stamp checks a timestamped checkpoint: the log's signature, and that the token names the digest of these bytes.
func (v *verifier) stamp(l *Log, s *Stamp, key string) {
	raw := v.take(s.Checkpoint)
	point, err := auditverify.OpenCheckpoint(raw, key)
	if err != nil || point.Size != s.Size {
		v.fault("%s: not the log's checkpoint of size %d: %v", s.Checkpoint, s.Size, err)
	}
	sum := sha256.Sum256(raw)
	if !bytes.Contains(v.take(s.Token), sum[:]) || !bytes.Contains(v.take(s.Query), sum[:]) {
		v.fault("%s: the timestamp is not of %s", l.Dir, s.Checkpoint)
	}
	if s.Certificates != "" {
		v.take(s.Certificates)
	}
}

// record checks a leaf: its proofs, its own chain, its received bytes, and that it is of the order.
func (v *verifier) record(r *Record, points []auditverify.Checkpoint) {
	leaf := v.take(r.Leaf)
	if r.Log < 0 || r.Log >= len(v.m.Logs) || len(r.Proofs) == 0 {
		v.fault("%s: it is of no log in the pack", r.Leaf)
		return
	}
	l := &v.m.Logs[r.Log]
	for i, name := range r.Proofs {
		index, point, err := auditverify.CheckProof(v.take(name), leaf, string(v.files[path.Join(l.Dir, "key.pub")]))
		switch {
		case err != nil:
			v.fault("%s: %v", name, err)
		case index != r.Index:
			v.fault("%s: it proves leaf %d, not %d", name, index, r.Index)
		case i == 0 && !bytes.Equal(point.Raw, points[r.Log].Raw):
			v.fault("%s: it is under another checkpoint than the pack's", name)
		case i > 0 && !v.stamped(l, point.Raw):
			v.fault("%s: it is under a checkpoint that is not in the pack", name)
		}
	}
	v.contents(r, leaf)
}

func (v *verifier) stamped(l *Log, raw []byte) bool {
	return slices.ContainsFunc(l.Stamps, func(s Stamp) bool { return bytes.Equal(v.files[s.Checkpoint], raw) })
}

func (v *verifier) contents(r *Record, leaf []byte) {
	var kept fs.FS
	if len(leaf) > maxLeaf || len(v.files[r.Case]) > event.MaxBlockSize {
		v.fault("%s: it is longer than a record can be", r.Leaf)
		return
	}
	if r.Case != "" {
		kept = oneFile(v.take(r.Case))
	}
	head, c, err := auditverify.CheckLeaf(leaf, kept)
	if err != nil {
		v.fault("%s: %v", r.Leaf, err)
		return
	}
	if (head.SHA256 != "") != (r.Case != "") || head.Kind != r.Kind || !head.HasCase() {
		v.fault("%s: the manifest says other things of it than it says itself", r.Leaf)
		return
	}
	got, whole, err := auditverify.Received(c)
	if err != nil || whole == r.Partly || r.Received != "" && !bytes.Equal(got, v.take(r.Received)) {
		v.fault("%s: %q is not what was received: %v", r.Leaf, r.Received, err)
	}
	v.subject(r, c)
}

// subject demands that a record is of the pack's order. Licenses are of none.
func (v *verifier) subject(r *Record, c event.Case) {
	var head struct {
		Event   string `json:"event"`
		Tenant  string `json:"tenant"`
		Source  string `json:"source"`
		OrderID string `json:"order_id"`
	}
	if err := json.Unmarshal(c.Line(0), &head); err != nil {
		v.fault("%s: %v", r.Leaf, err)
		return
	}
	ours := head.OrderID == v.m.OrderID && head.Source == v.m.Source && (head.Tenant == v.m.Tenant || r.Kind == event.LeafRefusal)
	if ours && r.Kind == event.LeafDecision {
		v.licenses(c)
	}
	if head.Event != r.Event || !ours && r.Kind != event.LeafLicense {
		v.fault("%s: it is of %s/%s, event %s, not of the pack's order", r.Leaf, head.Source, head.OrderID, head.Event)
	}
}

// licenses notes which licenses a judgement read.
func (v *verifier) licenses(c event.Case) {
	var j struct {
		Read struct {
			Licenses []struct {
				Event string `json:"event"`
			} `json:"licenses"`
		} `json:"read"`
	}
	if json.Unmarshal(c.Last(), &j) == nil {
		for _, l := range j.Read.Licenses {
			v.read[l.Event] = true
		}
	}
}

// cited holds archived objects to the digest by which records name them.
func (v *verifier) cited() {
	for _, c := range v.m.Cited {
		if c.File == "" {
			continue
		}
		b := v.take(c.File)
		if (c.What == "pack" || c.What == "snapshot" || c.What == "masters") && digest(b) != c.Digest {
			v.fault("%s: its bytes are not those of the %s that records name", c.File, c.What)
		}
	}
}

// rest says what is in the pack and vouched for by nothing, and what was not looked at.
func (v *verifier) rest() {
	for _, name := range []string{DocumentFile, ReadmeFile, ScriptFile} {
		delete(v.left, name)
	}
	for _, f := range v.m.Files { // in their order
		if v.left[f.Name] {
			v.fault("%s: nothing says what it is for", f.Name)
		}
	}
	if len(v.m.Records) == 0 || len(v.m.Logs) == 0 {
		v.fault("it has no record")
	}
	for _, l := range v.report.Logs {
		if !l.Trusted {
			v.lack("the key of the log %s is the pack's own: compare it with one got from elsewhere (--key)", l.Name)
		}
		if len(l.Witnesses) == 0 {
			v.lack("nobody but the log %s itself signed its checkpoint", l.Name)
		}
		for _, size := range l.Stamps {
			v.lack("the timestamp on the checkpoint of size %d names it; that it is an authority's is checked with openssl, as %s shows", size, ReadmeFile)
		}
	}
	for _, l := range v.m.LeftOut {
		v.lack("%s is left out: %s", l.What, l.Why)
	}
	v.lack("%s, %s and extracts in rules/ and lists/ are views: nobody signed them", DocumentFile, ReadmeFile)
	v.lack("that the log has no other record of the order can be said only by who has the log")
}

// oneFile is a file system that has one file under every name.
type oneFile []byte

// Open is not used: the file is read whole.
func (oneFile) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// ReadFile gives the file.
func (f oneFile) ReadFile(string) ([]byte, error) { return f, nil }

// spki begins the DER form of an Ed25519 key (RFC 8410).
var spki = []byte{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00}

// PEM is a verifier key as openssl reads it; nil for what is no Ed25519 key.
func PEM(vkey string) []byte {
	parts := strings.SplitN(strings.TrimSpace(vkey), "+", 3)
	key, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(key) != 33 {
		return nil
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: append(slices.Clone(spki), key[1:]...)})
}
