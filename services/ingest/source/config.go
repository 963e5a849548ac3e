package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v4"
)

// ErrConfig says that sources cannot be used as they are configured. It lists every fault.
var ErrConfig = errors.New("source configuration")

// Settings are one kind's part of a source's configuration.
type Settings struct {
	Name string // of the source
	Dir  string // of the configuration file: names in it that are not absolute lie there
	From Origin
	node yaml.Node
}

// Origin is what every source says of its orders.
type Origin struct {
	Source string // of orders that name none; the source's own name when empty
	Tenant string // likewise; "default" when empty
}

// Decode reads the settings strictly into a struct with yaml tags.
func (s Settings) Decode(into any) error {
	b, err := yaml.Marshal(&s.node)
	if err != nil {
		return fmt.Errorf("source %s: %w", s.Name, err)
	}
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("source %s (line %d): %w", s.Name, s.node.Line, err)
	}
	return nil
}

// Beside is a file or folder named in the configuration.
func (s Settings) Beside(name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(s.Dir, name)
}

// Open makes a source of one kind of its settings, or says every fault of them.
type Open func(Settings) (Source, error)

// Kinds are the kinds of source that a program knows, by the name of their member in the configuration.
type Kinds map[string]Open

// Named is a configured source.
type Named struct {
	Name, Kind string
	Source     Source
}

var named = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// Load reads a configuration file: YAML with one member, sources, each with a name, one kind, and optionally source and
// tenant for orders that name none. The error lists every fault.
func Load(file string, kinds Kinds) ([]Named, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	var conf struct {
		Sources map[string]map[string]yaml.Node `yaml:"sources"`
	}
	if err := yaml.Load(b, &conf, yaml.WithKnownFields(), yaml.WithUniqueKeys()); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrConfig, file, err)
	}
	var all []Named
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(conf.Sources)) {
		n, err := open(name, filepath.Dir(file), conf.Sources[name], kinds)
		all, faults = append(all, n), append(faults, err)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrConfig, file, err)
	}
	return all, nil
}

func open(name, dir string, members map[string]yaml.Node, kinds Kinds) (n Named, err error) {
	if !named.MatchString(name) {
		return n, fmt.Errorf("source %q: a name is lower-case letters, digits and hyphens", name)
	}
	s := Settings{Name: name, Dir: dir, From: Origin{Source: name}}
	n.Name = name
	for _, member := range slices.Sorted(maps.Keys(members)) {
		node := members[member]
		switch {
		case member == "source":
			err = node.Decode(&s.From.Source)
		case member == "tenant":
			err = node.Decode(&s.From.Tenant)
		case kinds[member] == nil:
			err = fmt.Errorf("%s: is none of %v, source, tenant", member, slices.Sorted(maps.Keys(kinds)))
		case n.Kind != "":
			err = fmt.Errorf("%s and %s: a source is of one kind", n.Kind, member)
		default:
			n.Kind, s.node = member, node
		}
		if err != nil {
			return n, fmt.Errorf("source %s: %w", name, err)
		}
	}
	if n.Kind == "" {
		return n, fmt.Errorf("source %s: no kind; one of %v", name, slices.Sorted(maps.Keys(kinds)))
	}
	n.Source, err = kinds[n.Kind](s)
	return n, err
}

// Check asks every source what is wrong with it.
func Check(ctx context.Context, all []Named) (advice []Advice) {
	for _, n := range all {
		for _, a := range n.Source.Check(ctx) {
			a.Source = n.Name
			advice = append(advice, a)
		}
	}
	return advice
}
