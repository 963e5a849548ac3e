package screening

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening/internal/rule"
	"github.com/tidegate/tidegate/services/screening/internal/verdict"
)

// Delta is what one pack has otherwise than another, so far as judgements go. An order about which neither the changed
// rules of the one nor those of the other say anything has the same outcome and the same findings under both: rules that
// are silent settle, answer and replace nothing. TestADeltaFindsEveryChange holds it to the full judgement.
type Delta struct {
	whole  bool            // more differs than rules: only judging tells
	rules  []*Rule         // changed or new ones of the other pack that apply there
	names  map[string]bool // ids of all that changed, are new or are gone
	to     *Pack
	absent []func(facts []byte) bool // by rule: the facts surely lack what it needs; nil where that is not known
}

// DeltaOf compares two packs.
func DeltaOf(from, to *Pack) *Delta {
	d := &Delta{names: map[string]bool{}, to: to}
	d.whole = from.p.Thresholds != to.p.Thresholds || from.p.Manifest.Semantics != to.p.Manifest.Semantics ||
		!reflect.DeepEqual(from.p.Manifest.Dispositions, to.p.Manifest.Dispositions)
	was, is := written(from), written(to)
	var kept [2][]string // what stayed, in each pack's order
	for i, p := range []*Pack{from, to} {
		for _, r := range p.p.Rules {
			if id := name(r); was[id] == is[id] {
				kept[i] = append(kept[i], id)
				continue
			}
			d.names[r.ID] = true
			if i == 1 && r.Applies(p.p.Parameters) {
				d.rules = append(d.rules, r)
				d.absent = append(d.absent, rule.Absent(r.Need()))
			}
			d.whole = d.whole || r.Need()&(rule.NeedLicenseFault|rule.NeedFailed) != 0
		}
	}
	d.whole = d.whole || !slices.Equal(kept[0], kept[1])
	return d
}

// written is every rule of a pack as it counts there; what does not apply is as if it were not there.
func written(p *Pack) map[string]string {
	out := map[string]string{}
	for _, r := range p.p.Rules {
		if !r.Applies(p.p.Parameters) {
			continue
		}
		b, err := json.Marshal(r)
		if err != nil {
			panic(err) // plain data
		}
		out[name(r)] += string(b)
	}
	return out
}

// Whole says that only judging tells: more than rules differ.
func (d *Delta) Whole() bool { return d.whole }

// None says that nothing differs that counts in a judgement.
func (d *Delta) None() bool { return !d.whole && len(d.names) == 0 }

var (
	ruleMember   = []byte(`"rule":"`)
	failedMember = []byte(`,"failed":"`)
)

// Named says whether a judgement line names a rule that changed, or is one of which not every finding was kept.
func (d *Delta) Named(judgement []byte) bool {
	if bytes.Contains(judgement, failedMember) {
		return true
	}
	n := 0
	for rest := judgement; ; n++ {
		at := bytes.Index(rest, ruleMember)
		if at < 0 {
			return n >= verdict.MaxFindings
		}
		rest = rest[at+len(ruleMember):]
		end := bytes.IndexByte(rest, '"')
		if end < 0 || d.names[string(rest[:end])] {
			return true
		}
	}
}

// Possible says whether a facts line may have what a changed rule of the other pack needs. It looks at the bytes alone: no
// means no.
func (d *Delta) Possible(facts []byte) bool {
	return slices.ContainsFunc(d.absent, func(surely func([]byte) bool) bool { return surely == nil || !surely(facts) })
}

// Speaks says whether a changed rule of the other pack says anything of an order on the dates judged for, open questions
// included.
func (d *Delta) Speaks(c *event.Cause, f *event.Facts, read *event.Read, asOf AsOf) bool {
	if d.whole || c.Order == nil || f.Failed != "" || len(f.Parties) != len(f.Judged(c).Parties) || len(f.Items) != len(f.Judged(c).Items) {
		return true
	}
	return verdict.Speaks(d.to.p, d.rules, c, f, read, asOf.days(c))
}

// Redecide is DecideWith for cases that were decided before: an order that breaks the program is held with the reason, as
// the service holds it. The cause is as it was decoded: an order that it does not carry is none.
func (p *Pack) Redecide(c *event.Cause, f *event.Facts, read *event.Read, prev string, asOf AsOf) (j event.Judgement) {
	defer func() {
		if r := recover(); r != nil {
			j = heldJudgement(p, prev, brokenText(r))
		}
	}()
	c.Order = c.Carried()
	return p.DecideWith(c, f, read, prev, asOf)
}
