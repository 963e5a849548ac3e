package standalone

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/services/enrichment"
	"github.com/tidegate/tidegate/services/enrichment/masters"
	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/shared/codec"
)

// Reproduced counts records that were decided again from their recorded inputs.
type Reproduced struct {
	Records int        `json:"records"` // decisions looked at
	Same    int        `json:"same"`    // facts and judgement came out byte for byte
	Passed  int        `json:"passed"`  // refusals, licenses, activations, notes: nothing to decide
	Differ  []Differs  `json:"differ,omitempty"`
	Missing []Missing  `json:"missing,omitempty"`
	known   *inventory // of packs and snapshots
}

// Differs is a record that did not come out the same.
type Differs struct {
	Leaf uint64 `json:"leaf"`
	Text string `json:"text"`
}

// Missing is a pack, a snapshot or a matcher that records name and this program does not have.
type Missing struct {
	What    string `json:"what"` // pack, snapshot, masters, matcher
	Digest  string `json:"digest"`
	Records int    `json:"records"`
}

// inventory is the packs and snapshots at hand, by digest.
type inventory struct {
	packs     map[string]*screening.Pack
	snapshots map[string]*enrichment.Reference
	set       map[string]*screening.Pack       // packs with parameters set
	archive   string                           // audit directory whose archive is looked into besides; "" for none
	loaded    []string                         // snapshots loaded from there, oldest first
	masters   *masters.Store                   // of the data directory; nil where there is none
	with      map[string]*enrichment.Reference // snapshot and masters together
}

// newInventory has what this program ships and what lies in the directories given.
func newInventory(packs, snapshots []string) (*inventory, error) {
	v := &inventory{
		packs: map[string]*screening.Pack{}, snapshots: map[string]*enrichment.Reference{}, set: map[string]*screening.Pack{}, with: map[string]*enrichment.Reference{},
	}
	var faults []error
	for _, dirs := range append([]string{""}, packs...) {
		p, err := openPack(strings.FieldsFunc(dirs, func(r rune) bool { return r == '+' }), nil)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		v.packs[p.Ref().Digest] = p
	}
	ref, err := enrichment.Curated()
	if err != nil {
		faults = append(faults, err)
	} else {
		v.snapshots[ref.Digest()] = ref
	}
	for _, dir := range snapshots {
		ref, err := enrichment.LoadReference(os.DirFS(dir))
		if err != nil {
			faults = append(faults, fmt.Errorf("snapshot %s: %w", dir, err))
			continue
		}
		v.snapshots[ref.Digest()] = ref
	}
	return v, errors.Join(faults...)
}

// packName is a pack with its parameters.
func packName(ref event.PackRef) string { return fmt.Sprintf("%s %q", ref.Digest, ref.Parameters) } // fmt prints maps sorted by key

// pack finds a judgement's pack with its parameters.
func (v *inventory) pack(ref event.PackRef) (*screening.Pack, bool) {
	key := packName(ref)
	if p, ok := v.set[key]; ok {
		return p, true
	}
	p, ok := v.rules(ref.Digest)
	if !ok {
		return nil, false
	}
	q, err := p.With(ref.Parameters)
	if err != nil || !maps.Equal(q.Ref().Parameters, ref.Parameters) {
		return nil, false
	}
	v.set[key] = q
	return q, true
}

// mastered gives a snapshot with the masters that a record names.
func (v *inventory) mastered(ref *enrichment.Reference, digest string) (*enrichment.Reference, bool) {
	if digest == "" {
		return ref, true
	}
	key := ref.Digest() + digest
	if with, ok := v.with[key]; ok {
		return with, true
	}
	if v.masters == nil {
		return nil, false
	}
	m, err := v.masters.Load(digest)
	if errors.Is(err, fs.ErrNotExist) {
		var object []byte
		if object, err = v.archived(digest); err == nil {
			m, err = masters.Hold(digest, object)
		}
	}
	if err != nil {
		return nil, false
	}
	v.with[key] = ref.WithMasters(m)
	return v.with[key], true
}

// take decides a case again and counts what came of it.
func (r *Reproduced) take(l audit.Logged) error {
	if l.Case.Passes() {
		r.Passed++
		return nil
	}
	r.Records++
	if err := auditverify.CheckCase(l.Case); err != nil {
		r.differ(l.Index, err.Error())
		return nil
	}
	var facts event.Facts
	var judgement event.Judgement
	if err := errors.Join(codec.Decode(l.Case.Line(1), &facts), codec.Decode(l.Case.Line(2), &judgement)); err != nil {
		return fmt.Errorf("leaf %d: %w", l.Index, err)
	}
	ref, pack, ok := r.inputs(&facts, &judgement)
	if !ok {
		return nil
	}
	again := screening.JudgeWith(pack, enrichment.Enrich(ref, nil, event.NewCase(l.Case.Line(0))), judgement.Read)
	for i, name := range []string{event.LineFacts, event.LineJudgement} {
		if !bytes.Equal(again.Line(i+1), l.Case.Line(i+1)) {
			r.differ(l.Index, name+" line came out otherwise")
			return nil
		}
	}
	r.Same++
	return nil
}

// inputs finds what a record was decided with, and notes what is not at hand.
func (r *Reproduced) inputs(f *event.Facts, j *event.Judgement) (*enrichment.Reference, *screening.Pack, bool) {
	ref, known, err := r.known.snapshot(f.Snapshot)
	if err != nil {
		r.miss("snapshot", err.Error())
	} else if !known {
		r.miss("snapshot", f.Snapshot)
	} else if ref, known = r.known.mastered(ref, f.Masters); !known {
		r.miss("masters", f.Masters)
	}
	if f.Matcher != enrichment.MatcherVersion {
		r.miss("matcher", f.Matcher)
		known = false
	}
	if strings.HasPrefix(f.Failed, enrichment.LackingPrefix) { // what the operator required that day is not in the record
		r.miss("required list", f.Failed)
		known = false
	}
	pack, ok := r.known.pack(j.Pack)
	if !ok {
		r.miss("pack", j.Pack.Digest)
	}
	return ref, pack, known && ok
}

func (r *Reproduced) differ(leaf uint64, text string) {
	r.Differ = append(r.Differ, Differs{leaf, text})
}

func (r *Reproduced) miss(what, digest string) {
	i := slices.IndexFunc(r.Missing, func(m Missing) bool { return m.What == what && m.Digest == digest })
	if i < 0 {
		i, r.Missing = len(r.Missing), append(r.Missing, Missing{What: what, Digest: digest})
	}
	r.Missing[i].Records++
}

// reproduceAll decides every record of a log again.
func reproduceAll(ctx context.Context, auditDir string, known *inventory) (Reproduced, error) {
	r := Reproduced{known: known.from(auditDir)}
	for l, err := range audit.ReadCases(ctx, auditDir, 1) {
		if err != nil {
			return r, err
		}
		if err := r.take(l); err != nil {
			return r, err
		}
	}
	return r, nil
}

// reproduceSome decides the records of an order or event again, each proven to be in the log.
func reproduceSome(ctx context.Context, auditDir, id string, known *inventory) (Reproduced, error) {
	r := Reproduced{known: known.from(auditDir)}
	found, _, err := audit.Find(ctx, auditDir, id)
	if err != nil {
		return r, err
	}
	for _, l := range found {
		if err := r.take(l); err != nil {
			return r, err
		}
	}
	return r, nil
}

// reproduceSample decides records drawn by lot again, each proven to be in the log. Neither side chooses them: the lot
// follows from the checkpoint's root and the auditor's own number, so that it can be drawn again.
func reproduceSample(ctx context.Context, auditDir string, n, number uint64, known *inventory) (Reproduced, error) {
	r := Reproduced{known: known.from(auditDir)}
	for l, err := range audit.Sample(ctx, auditDir, n, number) {
		if err != nil {
			return r, err
		}
		if err := r.take(l); err != nil {
			return r, err
		}
	}
	return r, nil
}
