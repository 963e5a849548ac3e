package ingest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/tidegate/tidegate/services/ingest/internal/sign"
)

// Doors are the ways in that an operator configures: webhooks that a source posts, and the customer's own streams.
type Doors struct {
	Webhooks map[string]Webhook // by name, which ends the path /v1/webhooks/{name}
	Streams  map[string]Stream  // by name, which names the durable consumer where none is given
	Maps     map[string]*Map    // by name: what POST /v1/orders?map=NAME, webhooks and streams read other JSON, XML and CSV by

	read map[string][sha256.Size]byte // the files they were read from, with what was in them
}

// Webhook is who may post to /v1/webhooks/{name}, with a signature instead of a token.
type Webhook struct {
	Source string // of orders that name none; the webhook's name when empty
	Tenant string // likewise; "default" when empty
	Map    *Map   // what its bodies are read by; nil where they are of a format that is known
	key    sign.Key
}

// Stream is a JetStream stream of the customer's, read by a durable pull consumer.
type Stream struct {
	URL     string // of its server; the own server when empty
	Creds   string // file with its credentials
	Name    string // of the stream
	Subject string // which of its messages; all when empty
	Durable string // name of the consumer; "tidegate-" and the name in the configuration when empty
	Source  string // of orders that name none; the name in the configuration when empty
	Tenant  string // likewise; "default" when empty
	Actor   string // in causes; "stream:" and the name in the configuration when empty
	Map     *Map   // what its messages are read by; nil where they are of a format that is known

	mapped [sha256.Size]byte // of the mapping's text
}

// Validate lists every fault.
func (s Stream) Validate() error {
	var faults []error
	if s.Name == "" {
		faults = append(faults, errors.New("stream: which one?"))
	}
	if s.Map != nil && s.Map.Format == "" {
		faults = append(faults, fmt.Errorf("map %q was never read: its messages could not be", s.Map.Name))
	}
	return errors.Join(faults...)
}

// doorsFile is the file as people write it.
type doorsFile struct {
	Webhooks map[string]struct {
		Scheme      sign.Scheme `yaml:"scheme"`
		Source      string      `yaml:"source"`
		Tenant      string      `yaml:"tenant"`
		Secrets     []string    `yaml:"secrets"`
		SecretFiles []string    `yaml:"secret_files"`
		Tolerance   string      `yaml:"tolerance"`
		Map         string      `yaml:"map"`
	} `yaml:"webhooks"`
	Streams map[string]struct {
		URL     string `yaml:"url"`
		Creds   string `yaml:"creds"`
		Stream  string `yaml:"stream"`
		Subject string `yaml:"subject"`
		Durable string `yaml:"durable"`
		Source  string `yaml:"source"`
		Tenant  string `yaml:"tenant"`
		Map     string `yaml:"map"`
	} `yaml:"streams"`
	Maps map[string]string `yaml:"maps"` // files
}

var doorName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// LoadDoors reads the file of doors. Files it names lie beside it. Every fault is reported at once, none shows a secret.
func LoadDoors(file string) (d Doors, err error) {
	read := files{}
	b, err := read.file(file)
	if err != nil {
		return d, fmt.Errorf("doors: %w", err)
	}
	var f doorsFile
	if err := yaml.Load(b, &f, yaml.WithKnownFields(), yaml.WithUniqueKeys()); err != nil {
		return d, fmt.Errorf("doors %s: %w", file, err)
	}
	d = Doors{Webhooks: map[string]Webhook{}, Streams: map[string]Stream{}, read: read}
	var faults []error
	d.Maps, faults = loadMaps(file, f.Maps, read)
	for name, w := range f.Webhooks {
		hook := Webhook{Source: or(w.Source, name), Tenant: w.Tenant, key: sign.Key{Scheme: w.Scheme, Secrets: w.Secrets}}
		for _, one := range w.SecretFiles {
			secret, err := read.file(beside(file, one))
			faults = append(faults, err)
			hook.key.Secrets = append(hook.key.Secrets, strings.TrimSpace(string(secret)))
		}
		if w.Tolerance != "" {
			if hook.key.Tolerance, err = time.ParseDuration(w.Tolerance); err != nil {
				faults = append(faults, fmt.Errorf("webhook %s: tolerance: %w", name, err))
			}
		}
		hook.Map = d.Maps[w.Map]
		faults = append(faults, mapFault("webhook", name, w.Map, hook.Map), nameFault("webhook", name), within("webhook "+name, hook.key.Validate()))
		d.Webhooks[name] = hook
	}
	for name, s := range f.Streams {
		faults = append(faults, nameFault("stream", name))
		if s.Stream == "" {
			faults = append(faults, fmt.Errorf("stream %s: stream: which one?", name))
		}
		one := Stream{
			URL: s.URL, Name: s.Stream, Subject: s.Subject, Durable: or(s.Durable, "tidegate-"+name), Source: or(s.Source, name), Tenant: s.Tenant,
			Actor: "stream:" + name,
		}
		if one.Map = d.Maps[s.Map]; one.Map != nil {
			one.mapped = read[beside(file, f.Maps[s.Map])]
		}
		faults = append(faults, mapFault("stream", name, s.Map, one.Map))
		if s.Creds != "" {
			one.Creds = beside(file, s.Creds)
		}
		d.Streams[name] = one
	}
	if err := errors.Join(faults...); err != nil {
		return d, fmt.Errorf("doors %s: %w", file, err)
	}
	return d, nil
}

// files are those that were read, with the digest of each.
type files map[string][sha256.Size]byte

func (f files) file(name string) ([]byte, error) {
	b, err := os.ReadFile(name)
	f[name] = sha256.Sum256(b) // of one that cannot be read that of nothing, so that it counts as changed when it can
	return b, err
}

// loadMaps reads the mappings that lie beside the file of doors.
func loadMaps(file string, names map[string]string, read files) (maps map[string]*Map, faults []error) {
	maps = map[string]*Map{}
	for name, one := range names {
		b, err := read.file(beside(file, one))
		if err != nil {
			faults = append(faults, fmt.Errorf("map %s: %w", name, err))
			continue
		}
		m, err := ReadMap(one, b)
		if err != nil {
			faults = append(faults, fmt.Errorf("map %s:\n%w", name, err))
			continue
		}
		m.Name = name
		faults = append(faults, nameFault("map", name))
		maps[name] = m
	}
	return maps, faults
}

func mapFault(what, name, want string, m *Map) error {
	if want == "" || m != nil {
		return nil
	}
	return fmt.Errorf("%s %s: map: there is no mapping %q", what, name, want)
}

func beside(file, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(file), name)
}

func nameFault(what, name string) error {
	if doorName.MatchString(name) {
		return nil
	}
	return fmt.Errorf("%s %q: a name is lower-case letters, digits and hyphens", what, name)
}

func within(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
