package evidence_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/services/audit/auditverify/evidence"
)

func TestAGoodPackIsGood(t *testing.T) {
	t.Parallel()
	p := compose(t)
	rep, err := evidence.Verify(p.zip(t), evidence.Options{})
	if err != nil || rep.Verdict != "good" || rep.Records != 1 || rep.OrderID != "A-1" || len(rep.Logs) != 1 || len(rep.Logs[0].Witnesses) != 1 || rep.Logs[0].Trusted {
		t.Errorf("%v: %+v", err, rep)
	}
	if !strings.Contains(rep.String(), "the pack's own key") || !strings.Contains(rep.String(), "checked with openssl") {
		t.Errorf("it does not say what it cannot check:\n%s", rep)
	}
	policy, err := auditverify.ParsePolicy([]byte(p.witness))
	if err != nil {
		t.Fatal(err)
	}
	o := key(p)
	o.Policy = policy
	if rep, err = evidence.Verify(p.zip(t), o); err != nil || !rep.Logs[0].Trusted {
		t.Errorf("under the key from elsewhere: %v: %+v", err, rep)
	}
	other, otherPolicy, _ := signed(t, "example.com/log", 9)
	if _, err := evidence.Verify(p.zip(t), evidence.Options{Keys: other}); !errors.Is(err, evidence.ErrBad) {
		t.Errorf("under another key of that name: %v", err)
	}
	if policy, err = auditverify.ParsePolicy([]byte(otherPolicy)); err != nil {
		t.Fatal(err)
	}
	if _, err := evidence.Verify(p.zip(t), evidence.Options{Policy: policy}); !errors.Is(err, evidence.ErrBad) {
		t.Errorf("under another witness: %v", err)
	}
}

// One bit, anywhere: in contents, names, headers, checksums, the directory at the end.
func TestEveryBitOfAPackCounts(t *testing.T) {
	t.Parallel()
	p := compose(t)
	good := p.zip(t)
	for at := range good {
		bad := bytes.Clone(good)
		bad[at] ^= 1 << (at % 8)
		if _, err := evidence.Verify(bad, evidence.Options{}); !errors.Is(err, evidence.ErrBad) {
			t.Errorf("byte %d: %v", at, err)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		bad, at := bytes.Clone(good), r.IntN(len(good)*8)
		bad[at/8] ^= 1 << (at % 8)
		if _, err := evidence.Verify(bad, key(p)); !errors.Is(err, evidence.ErrBad) {
			t.Errorf("bit %d: %v", at, err)
		}
	}
	for _, n := range []int{0, 1, len(good) / 2, len(good) - 1} {
		if _, err := evidence.Verify(good[:n], evidence.Options{}); !errors.Is(err, evidence.ErrBad) {
			t.Errorf("cut off at %d: %v", n, err)
		}
	}
	for _, more := range [][]byte{{0}, good} {
		if _, err := evidence.Verify(append(bytes.Clone(good), more...), evidence.Options{}); !errors.Is(err, evidence.ErrBad) {
			t.Errorf("with %d bytes behind it: %v", len(more), err)
		}
		if _, err := evidence.Verify(append(bytes.Clone(more), good...), evidence.Options{}); !errors.Is(err, evidence.ErrBad) && len(more) == 1 {
			t.Errorf("with %d bytes before it: %v", len(more), err)
		}
	}
}

// Somebody who makes both manifests anew is caught by what is signed.
func TestAForgedPackIsBad(t *testing.T) {
	t.Parallel()
	p := compose(t)
	other, _, sign := signed(t, "example.com/log", 9)
	change := func(name, from, to string) []byte {
		b := p.file(name)
		if !bytes.Contains(b, []byte(from)) {
			t.Fatalf("%s does not have %q", name, from)
		}
		return p.replace(t, name, bytes.ReplaceAll(b, []byte(from), []byte(to)))
	}
	with := func(do func(m *evidence.Manifest, p *made)) []byte {
		q := compose(t)
		do(&q.m, q)
		return q.zip(t)
	}
	for name, forged := range map[string][]byte{
		"another name in the record":                   change("log-1/records/0.leaf", "Harbor Lantern", "Arbor Lantern2"),
		"another outcome":                              change("log-1/records/0.leaf", `"release"`, `"block"`),
		"another root in the proof's checkpoint":       change("log-1/records/0.tlog-proof", "\n2\n", "\n3\n"),
		"another index in the proof":                   change("log-1/records/0.tlog-proof", "index 0", "index 1"),
		"other received bytes":                         change("log-1/records/0.received.json", "Harbor", "Arbors"),
		"another checkpoint":                           change("log-1/checkpoint", "\n2\n", "\n3\n"),
		"a key of somebody else":                       p.replace(t, "log-1/key.pub", []byte(other+"\n")),
		"a key of somebody else for openssl":           p.replace(t, "log-1/key.pem", evidence.PEM(other)),
		"a witness's key of somebody else for openssl": p.replace(t, "log-1/witness-1.pem", evidence.PEM(other)),
		"a checkpoint of the same text by another key": p.replace(t, "log-1/checkpoint", sign("example.com/log\n2\n"+p.m.Logs[0].Root+"\n")),
		"a timestamp of something else":                p.replace(t, "log-1/timestamped/1.tsr", []byte("token")),
		"other rules than the records name":            p.replace(t, "rules/x.pack", []byte("other")),
		"a file that nothing needs":                    with(func(_ *evidence.Manifest, p *made) { p.add("log-1/more.txt", []byte("x")) }),
		"a record that is not there":                   p.replace(t, "log-1/records/0.leaf", nil),
		"no proof":                                     p.replace(t, "log-1/records/0.tlog-proof", nil),
		"no checkpoint":                                p.replace(t, "log-1/checkpoint", nil),
		"no records at all":                            with(func(m *evidence.Manifest, _ *made) { m.Records = nil }),
		"a record of another order":                    with(func(m *evidence.Manifest, _ *made) { m.OrderID = "A-2" }),
		"a record that is there twice":                 with(func(m *evidence.Manifest, _ *made) { m.Records = append(m.Records, m.Records[0]) }),
		"a log that is there twice":                    with(func(m *evidence.Manifest, _ *made) { m.Logs = append(m.Logs, m.Logs[0]) }),
		"a record of another event":                    with(func(m *evidence.Manifest, _ *made) { m.Records[0].Event = "ev-2" }),
		"a record of no log":                           with(func(m *evidence.Manifest, _ *made) { m.Records[0].Log = -1 }),
		"a record of a log that is not there":          with(func(m *evidence.Manifest, _ *made) { m.Records[0].Log = 1 }),
		"a record of another kind":                     with(func(m *evidence.Manifest, _ *made) { m.Records[0].Kind = event.LeafNote }),
		"a record at another index":                    with(func(m *evidence.Manifest, _ *made) { m.Records[0].Index = 1 }),
		"a record without a proof":                     with(func(m *evidence.Manifest, _ *made) { m.Records[0].Proofs = nil }),
		"only the earlier proof":                       with(func(m *evidence.Manifest, _ *made) { m.Records[0].Proofs = m.Records[0].Proofs[1:] }),
		"a log of another name":                        with(func(m *evidence.Manifest, _ *made) { m.Logs[0].Name = "example.com/other" }),
		"a log of another size":                        with(func(m *evidence.Manifest, _ *made) { m.Logs[0].Size = 3 }),
		"a stamp of another size":                      with(func(m *evidence.Manifest, _ *made) { m.Logs[0].Stamps[0].Size = 2 }),
		"a folder outside":                             with(func(m *evidence.Manifest, _ *made) { m.Logs[0].Dir = "../log-1" }),
	} {
		if rep, err := evidence.Verify(forged, evidence.Options{}); !errors.Is(err, evidence.ErrBad) {
			t.Errorf("%s: %v\n%s", name, err, rep)
		}
	}
	whole := compose(t) // whoever exchanges everything has another key
	if _, err := evidence.Verify(whole.zip(t), evidence.Options{Keys: other}); !errors.Is(err, evidence.ErrBad) {
		t.Errorf("everything exchanged: %v", err)
	}
}

func TestTheSameFilesAreTheSameZip(t *testing.T) {
	t.Parallel()
	if !bytes.Equal(compose(t).zip(t), compose(t).zip(t)) {
		t.Error("they differ")
	}
}

func FuzzVerify(f *testing.F) {
	p := compose(f)
	f.Add(p.zip(f))
	f.Add(p.replace(f, "log-1/checkpoint", nil))
	f.Add([]byte("PK\x03\x04"))
	f.Add([]byte{})
	good := p.zip(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		rep, err := evidence.Verify(b, evidence.Options{})
		if (err == nil) != (rep.Verdict == "good") {
			t.Errorf("%v, but %s", err, rep.Verdict)
		}
		if err == nil && !bytes.Equal(b, good) && rep.OrderID == "" {
			t.Error("good, and of nothing")
		}
		_ = rep.String()
	})
}

// One that changes what is in the pack and then makes both lists anew: what it changes is past the zip and the digests, so that proofs, signatures and
// records are what must find it. The views, which nobody signs, may be anything.
func FuzzVerifyContents(f *testing.F) {
	p := compose(f)
	manifest, err := json.Marshal(p.m)
	if err != nil {
		f.Fatal(err)
	}
	for i, d := range p.files {
		f.Add(uint8(i), uint16(0), []byte(nil), manifest)                            // cut off
		f.Add(uint8(i), uint16(len(d.Data)/2), []byte("\n"), manifest)               // cut off and more
		f.Add(uint8(i), uint16(0), bytes.Repeat(d.Data, 2), manifest)                // twice
		f.Add(uint8(i), uint16(len(d.Data)), []byte{}, manifest)                     // as it is
		f.Add(uint8(i), uint16(0), p.files[(i+1)%len(p.files)].Data, manifest)       // another's
		f.Add(uint8(i), uint16(max(len(d.Data)-3, 0)), []byte("\x00\xff"), manifest) // another end
	}
	for _, from := range []string{`"leaf":0`, `"log":0`, `"size":2`, `"size":1`, `"A-1"`, `"log-1"`, `"file":`, `"proofs":`, `"decision"`, `"logs":`} {
		f.Add(uint8(0), uint16(1<<15), []byte{}, bytes.Replace(manifest, []byte(from), []byte(from[:len(from)-1]+"9"), 1))
		f.Add(uint8(0), uint16(1<<15), []byte{}, bytes.Replace(manifest, []byte(from), []byte(`"x":`), 1))
	}
	given := key(p)
	f.Fuzz(func(t *testing.T, which uint8, keep uint16, more, manifest []byte) {
		q := *p
		q.m, q.files = evidence.Manifest{}, slices.Clone(p.files)
		if json.Unmarshal(manifest, &q.m) != nil {
			return
		}
		at := &q.files[int(which)%len(q.files)]
		was := at.Data
		at.Data = append(bytes.Clone(was[:min(int(keep), len(was))]), more...)
		pack, err := evidence.Pack(q.m, q.files)
		if err != nil {
			return
		}
		rep, err := evidence.Verify(pack, given)
		if (err == nil) != (rep.Verdict == "good") || err != nil && !errors.Is(err, evidence.ErrBad) {
			t.Fatalf("%v, but %s", err, rep.Verdict)
		}
		_ = rep.String()
		if err != nil {
			return
		}
		if rep.OrderID != "A-1" || rep.Records != 1 || len(rep.Logs) != 1 || rep.Logs[0].Size > 2 || !rep.Logs[0].Trusted {
			t.Errorf("good, and of something else: %+v", rep)
		}
		vouched := strings.HasPrefix(at.Name, "log-1/") && !strings.Contains(at.Name, "witness") && !strings.HasSuffix(at.Name, ".tsr") && !strings.HasSuffix(at.Name, ".tsq")
		if vouched && !bytes.Equal(bytes.TrimSpace(at.Data), bytes.TrimSpace(was)) {
			t.Errorf("%s was changed, and it is good", at.Name)
		}
	})
}
