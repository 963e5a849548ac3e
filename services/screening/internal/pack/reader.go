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
	from   map[*rule.Rule]origin
}

// origin is where a rule stands.
type origin struct {
	file  string
	place place
}

type ruleFile struct {
	Rules []*rule.Rule `yaml:"rules"`
}

func (r *reader) fault(file string, line int, detail string) {
	r.faultAt(file, place{line, 0}, detail)
}

func (r *reader) load() *Pack {
	r.files, r.from = map[string][]byte{}, map[*rule.Rule]origin{}
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
	err = yaml.Load(b, v, yaml.WithKnownFields(true), yaml.WithUniqueKeys(true))
	if err == nil {
		return &tree
	}
	r.yamlFaults(name, err)
	// The rest is looked at all the same, where no more is wrong than members that nobody knows: all faults at once.
	if yaml.Load(b, v, yaml.WithUniqueKeys(true)) == nil {
		return &tree
	}
	return nil
}

func (r *reader) yamlFaults(name string, err error) {
	var all *yaml.LoadErrors
	if !errors.As(err, &all) {
		r.fault(name, max(1, lineIn(err.Error())), err.Error())
		return
	}
	for _, e := range all.Errors {
		r.faultAt(name, place{e.Mark.Line, e.Mark.Column}, plainYAML(e.Error()))
	}
}

// plainYAML says a YAML error without the library's own words.
func plainYAML(s string) string {
	if _, after, ok := strings.Cut(s, ": "); ok && strings.HasPrefix(s, "go-yaml") {
		s = after
	}
	if field, _, ok := strings.Cut(s, " not found in type "); ok {
		return "unknown member " + strings.TrimPrefix(field, "field ")
	}
	return s
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
	at := func(keys ...string) place { return r.find(name, tree, keys...) }
	if m.ID == "" || m.Version == "" || m.Title == "" {
		r.fault(name, 1, "id, version and title are required")
	}
	if m.Semantics != Semantics {
		r.faultAt(name, at("semantics"), fmt.Sprintf("semantics %d is not one this program knows; it knows %d", m.Semantics, Semantics))
	}
	p.Thresholds = thresholdsOf(m.Thresholds)
	if m.Thresholds == (ThresholdsConfig{}) {
		p.Thresholds = thresholdsOf(defaults)
	}
	if !p.Thresholds.Sound() {
		r.faultAt(name, at("thresholds"), "want 0 < review <= hit <= 1")
	}
	for i, o := range m.Overrides {
		here := at("overrides", strconv.Itoa(i))
		if o.Pack == "" || o.Why == "" || o.By == "" || (o.Thresholds == nil && len(o.Parameters) == 0) {
			r.faultAt(name, here, "an override needs pack, by and why, and thresholds or parameters")
		}
		if o.Thresholds != nil && !thresholdsOf(*o.Thresholds).Sound() {
			r.faultAt(name, here, "want 0 < review <= hit <= 1")
		}
	}
	for i, d := range m.Parameters {
		if d.Name == "" || !slices.Contains(d.Values, d.Default) {
			r.faultAt(name, at("parameters", strconv.Itoa(i)), "a parameter needs a name, values, and a default among them")
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
		keys := []string{"rules", strconv.Itoa(i)}
		if one == nil {
			r.faultAt(name, r.find(name, tree, keys...), "an empty rule")
			continue
		}
		for _, fault := range one.Compile() {
			r.faultAt(name, r.find(name, tree, append(keys[:2:2], fault.Path...)...), "rule "+one.ID+": "+fault.Detail)
		}
		if first, ok := seen[one.ID]; ok {
			r.faultAt(name, r.find(name, tree, append(keys[:2:2], "id")...), fmt.Sprintf("rule %s stands in %s already", one.ID, first))
		}
		seen[one.ID] = name
		r.from[one] = origin{name, r.find(name, tree, append(keys[:2:2], "id")...)}
		r.parameter(p, name, r.find(name, tree, append(keys[:2:2], "parameter")...), one)
		one.Index = len(p.Rules)
		p.Rules = append(p.Rules, one)
	}
}

func (r *reader) parameter(p *Pack, name string, at place, one *rule.Rule) {
	if one.Parameter == nil {
		return
	}
	i := slices.IndexFunc(p.Manifest.Parameters, func(d Parameter) bool { return d.Name == one.Parameter.Name })
	if i < 0 || !slices.Contains(p.Manifest.Parameters[i].Values, one.Parameter.Value) {
		r.faultAt(name, at, fmt.Sprintf("rule %s: pack.yaml declares no parameter %s with value %s", one.ID, one.Parameter.Name, one.Parameter.Value))
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
			r.faultAt("pack.yaml", r.find("pack.yaml", tree, "dispositions", strconv.Itoa(i)), detail)
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
				r.faultAt(r.from[one].file, r.from[one].place, fmt.Sprintf("rule %s names rule %s, which is not there", one.ID, id))
			}
		}
	}
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
		at := r.find(name, tree, "cases", strconv.Itoa(i))
		f.Cases[i].line = at.line
		for _, detail := range f.Cases[i].check() {
			r.faultAt(name, at, detail)
		}
	}
	p.cases[id] = f
}
