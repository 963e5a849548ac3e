// Package pack reads rule packs: a folder with pack.yaml, rules/*.yaml and cases/*.yaml. It is strict, and it lists
// every fault with file and line.
package pack

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening/internal/rule"
)

// Semantics is the version of the rule language and of the way findings become an outcome that this program knows.
const Semantics = 1

// ErrPack says that a folder is not a usable rule pack. It is wrapped with every fault.
var ErrPack = errors.New("rule pack is not usable")

// Pack is a set of rules ready to judge. It is never changed; With gives another.
type Pack struct {
	Manifest   Manifest
	Digest     string            // SHA-256 over every YAML file's path and bytes, lower-case hex
	Parameters map[string]string // every declared one
	Rules      []*rule.Rule      // in pack order: by file name, then by place in the file
	Thresholds rule.Thresholds
	Members    []*Pack // of a set, in order; nil for one pack alone
	files      map[string][]byte
	cases      map[string]CaseFile
	epochs     []epoch
}

// Manifest is pack.yaml.
type Manifest struct {
	ID         string           `yaml:"id" json:"id"`
	Version    string           `yaml:"version" json:"version"`
	Title      string           `yaml:"title" json:"title"`
	Semantics  int              `yaml:"semantics" json:"semantics"`
	Thresholds ThresholdsConfig `yaml:"thresholds" json:"thresholds"`
	Parameters []Parameter      `yaml:"parameters,omitempty" json:"parameters,omitempty"`
	With       []string         `yaml:"with,omitempty" json:"with,omitempty"`           // shipped packs that this one stands on: loaded before it
	Overrides  []Override       `yaml:"overrides,omitempty" json:"overrides,omitempty"` // what it sets in packs before it

	Dispositions []DispositionRule `yaml:"dispositions,omitempty" json:"dispositions,omitempty"` // who may answer findings
}

// Override is what a company sets in a pack that it stands on, with who decided so and why.
type Override struct {
	Pack       string            `yaml:"pack" json:"pack"`
	Thresholds *ThresholdsConfig `yaml:"thresholds,omitempty" json:"thresholds,omitempty"` // of the whole set
	Parameters map[string]string `yaml:"parameters,omitempty" json:"parameters,omitempty"`
	Why        string            `yaml:"why" json:"why"`
	By         string            `yaml:"by" json:"by"`
}

// ThresholdsConfig is the scores from which a match is a hit or a possible match, 0 to 1 with three decimals.
type ThresholdsConfig struct {
	Hit    float64 `yaml:"hit" json:"hit"`
	Review float64 `yaml:"review" json:"review"`
}

// Parameter is a choice that a company must make.
type Parameter struct {
	Name    string   `yaml:"name" json:"name"`
	Title   string   `yaml:"title" json:"title"`
	Values  []string `yaml:"values" json:"values"`
	Default string   `yaml:"default" json:"default"`
}

// Load reads the pack in fsys, or the set of packs in its folders. The error lists every fault.
func Load(fsys fs.FS) (*Pack, error) {
	if _, err := fs.Stat(fsys, "pack.yaml"); err != nil {
		if folders, _ := fs.Glob(fsys, "*/pack.yaml"); len(folders) > 0 {
			return loadSet(fsys, folders)
		}
	}
	r := reader{fsys: fsys}
	p := r.load()
	if len(r.faults) > 0 {
		return nil, fmt.Errorf("%w:\n  %s", ErrPack, strings.Join(r.faults, "\n  "))
	}
	p.epochs = epochsOf(p.Rules, p.Parameters)
	return p, nil
}

// loadSet reads a folder of packs, each in a folder of its own, in the order of their names.
func loadSet(fsys fs.FS, folders []string) (*Pack, error) {
	var all []*Pack
	var faults []error
	for _, f := range folders {
		one, err := fs.Sub(fsys, path.Dir(f))
		if err != nil {
			faults = append(faults, err)
			continue
		}
		p, err := Load(one)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", path.Dir(f), err))
			continue
		}
		all = append(all, p)
	}
	if faults != nil {
		return nil, errors.Join(faults...)
	}
	return Compose(all...)
}

// With gives the pack with other values of its parameters.
func (p *Pack) With(params map[string]string) (*Pack, error) {
	out := *p
	out.Parameters = maps.Clone(p.Parameters)
	var faults []string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		i := slices.IndexFunc(p.Manifest.Parameters, func(d Parameter) bool { return d.Name == name })
		switch {
		case i < 0:
			faults = append(faults, fmt.Sprintf("no parameter %q; it has %s", name, strings.Join(slices.Sorted(maps.Keys(p.Parameters)), ", ")))
		case !slices.Contains(p.Manifest.Parameters[i].Values, params[name]):
			faults = append(faults, fmt.Sprintf("%s is %s, not %q", name, strings.Join(p.Manifest.Parameters[i].Values, " or "), params[name]))
		default:
			out.Parameters[name] = params[name]
		}
	}
	if faults != nil {
		return nil, fmt.Errorf("rule pack %s: %s", p.Manifest.ID, strings.Join(faults, "; "))
	}
	out.epochs = epochsOf(out.Rules, out.Parameters)
	return &out, nil
}

// Ref names the pack as a judgement does.
func (p *Pack) Ref() event.PackRef {
	return event.PackRef{
		ID: p.Manifest.ID, Version: p.Manifest.Version, Digest: p.Digest, Semantics: p.Manifest.Semantics,
		Parameters: maps.Clone(p.Parameters), Packs: p.refs(),
	}
}

// Rule finds a rule by id; in a set the first of that id, or one by pack and id: us/possible-match.
func (p *Pack) Rule(id string) (*rule.Rule, bool) {
	i := slices.IndexFunc(p.Rules, func(r *rule.Rule) bool { return r.Named(p.Manifest.ID, id) })
	if i < 0 {
		return nil, false
	}
	return p.Rules[i], true
}

func digest(files map[string][]byte) string {
	sum := sha256.Sum256(object(files))
	return hex.EncodeToString(sum[:])
}
