package pack

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening/internal/rule"
)

// Compose makes one pack of several: all their rules, in the order of the packs. The strictest outcome wins, and where
// two are alike the first rule in pack order decides. Sets among them are taken apart; a pack that stands twice counts
// once. The error lists every fault.
func Compose(packs ...*Pack) (*Pack, error) {
	var s set
	for _, p := range packs {
		if p.Members == nil {
			s.add(p)
		}
		for _, m := range p.Members {
			s.add(m)
		}
	}
	if len(s.members) == 1 && s.faults == nil {
		return s.members[0], nil
	}
	out := s.compose()
	if s.faults != nil {
		return nil, fmt.Errorf("%w:\n  %s", ErrPack, strings.Join(s.faults, "\n  "))
	}
	out.epochs = epochsOf(out.Rules, out.Parameters)
	return out, nil
}

type set struct {
	members []*Pack
	faults  []string
}

func (s *set) fault(p *Pack, format string, args ...any) {
	s.faults = append(s.faults, "pack "+p.Manifest.ID+": "+fmt.Sprintf(format, args...))
}

func (s *set) add(p *Pack) {
	i := slices.IndexFunc(s.members, func(m *Pack) bool { return m.Manifest.ID == p.Manifest.ID })
	switch {
	case i < 0:
		s.members = append(s.members, p)
	case s.members[i].Digest != p.Digest:
		s.fault(p, "stands in the set twice, with different contents")
	}
}

func (s *set) compose() *Pack {
	first := s.members[0]
	out := &Pack{Parameters: map[string]string{}, Thresholds: first.Thresholds, Members: s.members, cases: map[string]CaseFile{}}
	out.Manifest = Manifest{Semantics: first.Manifest.Semantics, Thresholds: first.Manifest.Thresholds}
	out.files = map[string][]byte{}
	var ids, versions, titles []string
	for i, m := range s.members {
		ids, versions, titles = append(ids, m.Manifest.ID), append(versions, m.Manifest.Version), append(titles, m.Manifest.Title)
		for name, content := range m.files {
			out.files[fmt.Sprintf("%02d-%s/%s", i+1, m.Manifest.ID, name)] = content
		}
		out.Manifest.Dispositions = append(out.Manifest.Dispositions, m.Manifest.Dispositions...)
		s.parameters(out, m)
		s.overrides(out, m)
		for _, r := range m.Rules {
			out.Rules = append(out.Rules, r.In(m.Manifest.ID, len(out.Rules)))
		}
	}
	s.answers(out)
	out.Manifest.ID, out.Manifest.Version, out.Manifest.Title = strings.Join(ids, "+"), strings.Join(versions, "+"), strings.Join(titles, "; ")
	out.Digest = digest(out.files)
	return out
}

func (s *set) parameters(out, m *Pack) {
	for _, d := range m.Manifest.Parameters {
		if _, ok := out.Parameters[d.Name]; ok {
			s.fault(m, "parameter %s is another pack's already", d.Name)
		}
		out.Parameters[d.Name] = m.Parameters[d.Name]
		out.Manifest.Parameters = append(out.Manifest.Parameters, d)
	}
	if t := m.Manifest.Thresholds; t != (ThresholdsConfig{}) && m.Thresholds != s.members[0].Thresholds {
		s.fault(m, "thresholds %.3f and %.3f differ from those of %s; set them under overrides", t.Hit, t.Review, s.members[0].Manifest.ID)
	}
}

func (s *set) overrides(out, m *Pack) {
	for _, o := range m.Manifest.Overrides {
		at := slices.IndexFunc(s.members, func(b *Pack) bool { return b.Manifest.ID == o.Pack })
		if at < 0 || s.members[at] == m {
			s.fault(m, "overrides pack %s, which is not in the set", o.Pack)
			continue
		}
		if o.Thresholds != nil {
			out.Thresholds, out.Manifest.Thresholds = thresholdsOf(*o.Thresholds), *o.Thresholds
		}
		for _, name := range slices.Sorted(maps.Keys(o.Parameters)) {
			d := slices.IndexFunc(s.members[at].Manifest.Parameters, func(d Parameter) bool { return d.Name == name })
			if d < 0 || !slices.Contains(s.members[at].Manifest.Parameters[d].Values, o.Parameters[name]) {
				s.fault(m, "pack %s has no parameter %s with value %s", o.Pack, name, o.Parameters[name])
				continue
			}
			out.Parameters[name] = o.Parameters[name]
		}
	}
}

// answers checks that rules answer findings of rules that are there.
func (s *set) answers(out *Pack) {
	for _, r := range out.Rules {
		for _, id := range r.Answers {
			if _, ok := out.Rule(id); !ok {
				s.faults = append(s.faults, fmt.Sprintf("pack %s: rule %s answers rule %s, which is not in the set", r.Of, r.ID, id))
			}
		}
	}
}

// refs names the packs of a set; nil for one alone.
func (p *Pack) refs() []event.PackRef {
	var out []event.PackRef
	for _, m := range p.Members {
		ref := m.Ref()
		for name := range ref.Parameters {
			ref.Parameters[name] = p.Parameters[name]
		}
		out = append(out, ref)
	}
	return out
}

func thresholdsOf(c ThresholdsConfig) rule.Thresholds {
	return rule.Thresholds{Hit: milli(c.Hit), Review: milli(c.Review)}
}
