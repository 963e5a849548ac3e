// Package exhibit composes an evidence pack from what the log and its archive hold: values in, bytes out, the same for the same.
package exhibit

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/services/audit/auditverify/evidence"
)

// Input is what a pack is made of.
type Input struct {
	Tenant, Source, OrderID string

	Logs    []Log // those that records stand in, oldest first
	Records []Record
	Objects []Object
	LeftOut []evidence.LeftOut
}

// Log is a log under one of its checkpoints.
type Log struct {
	Key    string // its verifier key
	Point  auditverify.Checkpoint
	Policy []byte // its witnesses; none when empty
	Signed []auditverify.Cosignature
	Stamps []Stamp // in the order in which records need them
}

// Stamp is a checkpoint with the timestamp on its exact bytes.
type Stamp struct {
	Point        auditverify.Checkpoint
	Token        []byte // the authority's answer
	Query        []byte
	Certificates []byte // PEM; may be empty
	At           string // the authority's time
	Authority    string // the name in its certificate; may be empty
}

// Record is one leaf of a case.
type Record struct {
	Log    int    // index in Input.Logs
	Index  uint64 // in that log
	Leaf   []byte
	Head   event.Leaf
	Case   event.Case
	Proof  []byte // under the log's checkpoint
	Stamp  int    // index in the log's Stamps of the first one that covers it; -1 where none does
	Before []byte // proof under that one
}

// Object is an archived object that records name, and what they cite of it.
type Object struct {
	What   string // pack, snapshot, masters
	Digest string
	Data   []byte // nil where it is left out
	Cited  []string
	Text   []byte // the rules or entries cited, as the object has them
}

// Composed is a pack's files with its manifest, before both are written as one zip.
type Composed struct {
	Manifest evidence.Manifest
	Files    []evidence.Described
}

// Add adds a file.
func (c *Composed) Add(name, what string, data []byte) string {
	c.Files = append(c.Files, evidence.Described{File: evidence.File{Name: name, Data: data}, What: what})
	return name
}

// Leave says that something is left out, and why.
func (c *Composed) Leave(what, why string) {
	c.Manifest.LeftOut = append(c.Manifest.LeftOut, evidence.LeftOut{What: what, Why: why})
}

// Compose makes the files of a pack, all but the document.
func Compose(in *Input) (*Composed, error) {
	c := &Composed{Manifest: evidence.Manifest{Tenant: in.Tenant, Source: in.Source, OrderID: in.OrderID, LeftOut: slices.Clone(in.LeftOut)}}
	for i := range in.Logs {
		if err := c.log(i, &in.Logs[i]); err != nil {
			return nil, err
		}
	}
	for i := range in.Records {
		if err := c.record(in, &in.Records[i]); err != nil {
			return nil, err
		}
	}
	for i := range in.Objects {
		c.object(&in.Objects[i])
	}
	return c, nil
}

// Pack writes it all as one zip, with the README last, which lists the others.
func (c *Composed) Pack() ([]byte, error) {
	c.Add(evidence.ScriptFile, "checks signatures and proofs with Python's own library and openssl", script)
	readme, err := c.readme()
	if err != nil {
		return nil, err
	}
	c.Add(evidence.ReadmeFile, "what is in the pack, and how to check it with standard tools", readme)
	return evidence.Pack(c.Manifest, c.Files)
}

func (c *Composed) log(i int, l *Log) error {
	m := evidence.Log{Dir: fmt.Sprintf("log-%d", i+1), Name: l.Point.Origin, Size: l.Point.Size, Root: l.Point.Root.String()}
	c.Add(path.Join(m.Dir, "key.pub"), "the log's verifier key (c2sp.org/signed-note)", []byte(strings.TrimSpace(l.Key)+"\n"))
	c.Add(path.Join(m.Dir, "key.pem"), "the same key as openssl reads it", evidence.PEM(l.Key))
	c.Add(path.Join(m.Dir, "checkpoint"), fmt.Sprintf("the log's signed statement of its size, %d, and root, with the witnesses' signatures", m.Size), l.Point.Raw)
	if len(l.Policy) > 0 {
		policy, err := auditverify.ParsePolicy(l.Policy)
		if err != nil {
			return err
		}
		m.Policy = c.Add(path.Join(m.Dir, "witnesses.txt"), "the log's witnesses, their keys and how many must sign", l.Policy)
		for n, name := range policy.Names() {
			key, _ := policy.Key(name)
			file := c.Add(path.Join(m.Dir, fmt.Sprintf("witness-%d.pem", n+1)), "the key of the witness "+name+" as openssl reads it", evidence.PEM(key))
			m.Witnesses = append(m.Witnesses, evidence.Key{Name: name, PEM: file})
		}
	}
	for _, s := range l.Stamps {
		stem := path.Join(m.Dir, "timestamped", strconv.FormatUint(s.Point.Size, 10))
		stamp := evidence.Stamp{Size: s.Point.Size}
		stamp.Checkpoint = c.Add(stem+".checkpoint", "an earlier checkpoint of the log, timestamped "+s.At, s.Point.Raw)
		stamp.Token = c.Add(stem+".tsr", "the timestamp on it: the authority's answer (RFC 3161)", s.Token)
		stamp.Query = c.Add(stem+".tsq", "the question to it, made again from the answer", s.Query)
		if len(s.Certificates) > 0 {
			stamp.Certificates = c.Add(stem+".pem", "the certificates in that answer, the signer's among them", s.Certificates)
		}
		m.Stamps = append(m.Stamps, stamp)
	}
	c.Manifest.Logs = append(c.Manifest.Logs, m)
	return nil
}

// heading is what every first line of a case says.
type heading struct {
	Event  string `json:"event"`
	Format string `json:"format"`
}

func (c *Composed) record(in *Input, r *Record) error {
	var head heading
	if err := json.Unmarshal(r.Case.Line(0), &head); err != nil {
		return fmt.Errorf("leaf %d: %w", r.Index, err)
	}
	l := &c.Manifest.Logs[r.Log]
	stem := path.Join(l.Dir, "records", strconv.FormatUint(r.Index, 10))
	m := evidence.Record{Kind: r.Head.Kind, Event: head.Event, Log: r.Log, Index: r.Index}
	m.Leaf = c.Add(stem+".leaf", fmt.Sprintf("record %d of the log, exactly: %s, event %s", r.Index, r.Head.Kind, head.Event), r.Leaf)
	if r.Head.SHA256 != "" {
		m.Case = c.Add(stem+".case", "what the record has the digest of, because it is long", r.Case.Append(nil))
	}
	got, whole, err := auditverify.Received(r.Case)
	if err != nil {
		return fmt.Errorf("leaf %d: %w", r.Index, err)
	}
	m.Partly = !whole
	m.Received = c.Add(stem+".received"+suffix(head.Format), "the bytes that came in and became the record", got)
	m.Proofs = []string{c.Add(stem+".tlog-proof", "that the record is under the checkpoint (c2sp.org/tlog-proof)", r.Proof)}
	if r.Stamp >= 0 {
		size := in.Logs[r.Log].Stamps[r.Stamp].Point.Size
		m.Proofs = append(m.Proofs, c.Add(fmt.Sprintf("%s-under-%d.tlog-proof", stem, size), "that the record is under the timestamped checkpoint", r.Before))
	}
	c.Manifest.Records = append(c.Manifest.Records, m)
	return nil
}

// suffix is the usual ending of a format's files.
func suffix(format string) string {
	for _, f := range []struct{ has, suffix string }{
		{"x12", ".edi"},
		{"edifact", ".edi"},
		{"csv", ".csv"},
		{"ubl", ".xml"},
		{"cxml", ".xml"},
		{"idoc", ".xml"},
		{"xml", ".xml"},
		{"xlsx", ".csv"},
		{"json", ".json"},
		{"act", ".json"},
		{"cloudevent", ".json"},
		{"shopify", ".json"},
		{"stripe", ".json"},
		{"easypost", ".json"},
		{"ups", ".json"},
	} {
		if strings.Contains(strings.ToLower(format), f.has) {
			return f.suffix
		}
	}
	return ".bin"
}

// folders say where cited objects lie, and how what is taken out of them ends.
var folders = map[string]struct{ dir, part, ending string }{
	"pack":     {"rules", "rules", ".yaml"},
	"snapshot": {"lists", "entries", ".jsonl"},
	"masters":  {"masters", "entries", ".jsonl"},
}

func (c *Composed) object(o *Object) {
	at := folders[o.What]
	m := evidence.Citing{What: o.What, Digest: o.Digest}
	if o.Data != nil {
		m.File = c.Add(path.Join(at.dir, o.Digest+"."+o.What), "the "+o.What+" that records name, whole, under its SHA-256", o.Data)
	}
	c.Manifest.Cited = append(c.Manifest.Cited, m)
	if len(o.Text) > 0 {
		file := c.Add(path.Join(at.dir, "cited-"+o.Digest[:12]+at.ending), "what the "+o.What+" says of the "+at.part+" that records cite", o.Text)
		c.Manifest.Cited = append(c.Manifest.Cited, evidence.Citing{What: at.part, Digest: o.Digest, File: file, Names: o.Cited})
	}
}

//go:embed verify.py
var script []byte
