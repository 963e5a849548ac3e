package pack

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening/internal/rule"
)

// maxFile bounds one file of a pack, in bytes.
const maxFile = 1 << 20

type reader struct {
	fsys   fs.FS
	files  map[string][]byte
	faults []string
}

type ruleFile struct {
	Rules []*rule.Rule `yaml:"rules"`
}

func (r *reader) fault(file string, line int, detail string) {
	r.faults = append(r.faults, fmt.Sprintf("%s:%d: %s", file, line, strings.TrimSpace(detail)))
}

func (r *reader) load() *Pack {
	r.files = map[string][]byte{}
	p := &Pack{Parameters: map[string]string{}, cases: map[string]CaseFile{}}
	r.manifest(p)
	seen := map[string]string{}
	for _, name := range r.list("rules") {
		r.rules(p, name, seen)
	}
	if len(p.Rules) == 0 && len(r.faults) == 0 {
		r.fault("rules", 1, "no rules: want rules/*.yaml")
	}
	r.references(p)
	r.dispositions(p)
	for _, name := range r.list("cases") {
		r.cases(p, name)
	}
	p.Digest, p.files = digest(r.files), r.files
	return p
}

func (r *reader) list(dir string) []string {
	names, err := fs.Glob(r.fsys, dir+"/*.yaml")
	if err != nil {
		r.fault(dir, 1, err.Error())
	}
	slices.Sort(names)
	return names
}

// decode reads a file strictly into v and gives the same document as a tree, for places; nil when it cannot be read.
func (r *reader) decode(name string, v any) *yaml.Node {
	b, err := fs.ReadFile(r.fsys, name)
	if err != nil {
		r.fault(name, 1, err.Error())
		return nil
	}
	if r.files[name] = b; len(b) > maxFile {
		r.fault(name, 1, fmt.Sprintf("%d bytes; at most %d", len(b), maxFile))
		return nil
	}
	var tree yaml.Node
	if err := yaml.Load(b, &tree, yaml.WithUniqueKeys(true)); err != nil {
		r.yamlFaults(name, err)
		return nil
	}
	if err := yaml.Load(b, v, yaml.WithKnownFields(true), yaml.WithUniqueKeys(true)); err != nil {
		r.yamlFaults(name, err)
		return nil
	}
	return &tree
}

func (r *reader) yamlFaults(name string, err error) {
	var all *yaml.LoadErrors
	if !errors.As(err, &all) {
		r.fault(name, max(1, lineIn(err.Error())), err.Error())
		return
	}
	for _, e := range all.Errors {
		r.fault(name, max(1, e.Mark.Line), e.Error())
	}
}

// lineIn finds the line that a YAML error names.
func lineIn(s string) int {
	_, after, ok := strings.Cut(s, "line ")
	if !ok {
		return 0
	}
	n, _ := strconv.Atoi(after[:max(0, strings.IndexFunc(after+" ", func(r rune) bool { return r < '0' || r > '9' }))])
	return n
}

func (r *reader) manifest(p *Pack) {
	const name = "pack.yaml"
	m := &p.Manifest
	tree := r.decode(name, m)
	if tree == nil {
		return
	}
	at := func(keys ...string) int { return line(tree, keys...) }
	if m.ID == "" || m.Version == "" || m.Title == "" {
		r.fault(name, 1, "id, version and title are required")
	}
	if m.Semantics != Semantics {
		r.fault(name, at("semantics"), fmt.Sprintf("semantics %d is not one this program knows; it knows %d", m.Semantics, Semantics))
	}
	p.Thresholds = thresholdsOf(m.Thresholds)
	if m.Thresholds == (ThresholdsConfig{}) {
		p.Thresholds = thresholdsOf(defaults)
	}
	if !p.Thresholds.Sound() {
		r.fault(name, at("thresholds"), "want 0 < review <= hit <= 1")
	}
	for i, o := range m.Overrides {
		place := at("overrides", strconv.Itoa(i))
		if o.Pack == "" || o.Why == "" || o.By == "" || (o.Thresholds == nil && len(o.Parameters) == 0) {
			r.fault(name, place, "an override needs pack, by and why, and thresholds or parameters")
		}
		if o.Thresholds != nil && !thresholdsOf(*o.Thresholds).Sound() {
			r.fault(name, place, "want 0 < review <= hit <= 1")
		}
	}
	for i, d := range m.Parameters {
		if d.Name == "" || !slices.Contains(d.Values, d.Default) {
			r.fault(name, at("parameters", strconv.Itoa(i)), "a parameter needs a name, values, and a default among them")
		}
		p.Parameters[d.Name] = d.Default
	}
}

// defaults are the thresholds of a pack that states none.
var defaults = ThresholdsConfig{Hit: 0.900, Review: 0.800}

func milli(f float64) event.Milli { return event.Milli(f*1000 + 0.5) }

func (r *reader) rules(p *Pack, name string, seen map[string]string) {
	var f ruleFile
	tree := r.decode(name, &f)
	if tree == nil {
		return
	}
	for i, one := range f.Rules {
		place := []string{"rules", strconv.Itoa(i)}
		if one == nil {
			r.fault(name, line(tree, place...), "an empty rule")
			continue
		}
		for _, fault := range one.Compile() {
			r.fault(name, line(tree, append(place[:2:2], fault.Path...)...), "rule "+one.ID+": "+fault.Detail)
		}
		if first, ok := seen[one.ID]; ok {
			r.fault(name, line(tree, append(place, "id")...), fmt.Sprintf("rule %s stands in %s already", one.ID, first))
		}
		seen[one.ID] = name
		r.parameter(p, name, line(tree, append(place, "parameter")...), one)
		one.Index = len(p.Rules)
		p.Rules = append(p.Rules, one)
	}
}

func (r *reader) parameter(p *Pack, name string, line int, one *rule.Rule) {
	if one.Parameter == nil {
		return
	}
	i := slices.IndexFunc(p.Manifest.Parameters, func(d Parameter) bool { return d.Name == one.Parameter.Name })
	if i < 0 || !slices.Contains(p.Manifest.Parameters[i].Values, one.Parameter.Value) {
		r.fault(name, line, fmt.Sprintf("rule %s: pack.yaml declares no parameter %s with value %s", one.ID, one.Parameter.Name, one.Parameter.Value))
	}
}

// dispositions checks who may answer findings.
func (r *reader) dispositions(p *Pack) {
	if p.Manifest.Dispositions == nil {
		return
	}
	var m Manifest
	tree := r.decode("pack.yaml", &m)
	if tree == nil {
		return
	}
	for i, d := range p.Manifest.Dispositions {
		for _, detail := range d.check(p) {
			r.fault("pack.yaml", line(tree, "dispositions", strconv.Itoa(i)), detail)
		}
	}
}

// references checks that rules name rules that are there.
func (r *reader) references(p *Pack) {
	for _, one := range p.Rules {
		named := slices.Clone(one.SettledBy)
		if one.Replaces != nil {
			named = append(named, one.Replaces.Rule)
		}
		for _, id := range named {
			if _, ok := p.Rule(id); !ok {
				r.fault("rules", 1, fmt.Sprintf("rule %s names rule %s, which is not there", one.ID, id))
			}
		}
	}
}

// line finds the line of a value by its path; the nearest place above it when the path does not exist.
func line(n *yaml.Node, keys ...string) int {
	at := max(1, n.Line)
	if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		return line(n.Content[0], keys...)
	}
	if len(keys) == 0 {
		return at
	}
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == keys[0] {
				return line(n.Content[i+1], keys[1:]...)
			}
		}
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(keys[0]); err == nil && i < len(n.Content) {
			return line(n.Content[i], keys[1:]...)
		}
	default:
	}
	return at
}

func (r *reader) cases(p *Pack, name string) {
	var f CaseFile
	tree := r.decode(name, &f)
	if tree == nil {
		return
	}
	id := strings.TrimSuffix(path.Base(name), ".yaml")
	if _, ok := p.Rule(id); !ok {
		r.fault(name, 1, "no rule "+id)
	}
	for i := range f.Cases {
		f.Cases[i].line = line(tree, "cases", strconv.Itoa(i))
		for _, detail := range f.Cases[i].check() {
			r.fault(name, f.Cases[i].line, detail)
		}
	}
	p.cases[id] = f
}
