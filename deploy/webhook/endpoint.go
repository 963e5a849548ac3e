package webhook

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"regexp"
	"slices"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
)

// Endpoint is where decisions or receipts go.
type Endpoint struct {
	Name     string   `yaml:"name"`               // letters, digits, - and _; its place is kept under it
	URL      string   `yaml:"url"`                // https; http only with allow_private
	Secrets  []string `yaml:"secrets"`            // whsec_…; every one signs, so a new one is added before the old one goes
	Events   []string `yaml:"events,omitempty"`   // record (default): logged, goods may move; decision: decided, not yet logged; alarm: somebody must hear of it at once
	Sources  []string `yaml:"sources,omitempty"`  // of orders; all when none is given
	Outcomes []string `yaml:"outcomes,omitempty"` // release, hold, license, block, refused …; all when none is given

	AllowPrivate bool          `yaml:"allow_private,omitempty"` // may be a loopback, private or link-local address, and plain http
	Parallel     int           `yaml:"parallel,omitempty"`      // requests at once, of different orders; 16
	Timeout      time.Duration `yaml:"timeout,omitempty"`       // for an answer; 15s
	First        time.Duration `yaml:"retry_first,omitempty"`   // wait before the second attempt, doubling each time; 1s
	Most         time.Duration `yaml:"retry_most,omitempty"`    // the longest wait; 10m
	Tries        int           `yaml:"tries,omitempty"`         // attempts before a message that others are taken around goes to the dead letter; 10
	GiveUp       time.Duration `yaml:"give_up,omitempty"`       // age at which it goes there although the endpoint takes nothing; 72h
}

// withDefaults fills in what is zero.
func (e Endpoint) withDefaults() Endpoint {
	e.Parallel = positive(e.Parallel, 16)
	e.Tries = positive(e.Tries, 10)
	e.Timeout = positive(e.Timeout, 15*time.Second)
	e.First = positive(e.First, time.Second)
	e.Most = positive(e.Most, 10*time.Minute)
	e.GiveUp = positive(e.GiveUp, 72*time.Hour)
	if len(e.Events) == 0 {
		e.Events = []string{eventRecord}
	}
	return e
}

func positive[T int | time.Duration](v, otherwise T) T {
	if v > 0 {
		return v
	}
	return otherwise
}

// The events an endpoint may ask for.
const (
	eventRecord   = "record"
	eventDecision = "decision"
	eventAlarm    = "alarm"
)

// ErrConfig says that endpoints cannot be used as they are configured. It lists every fault.
var ErrConfig = errors.New("webhook configuration")

// Load reads a configuration file: YAML with one list, endpoints. Unknown members are refused; the error lists every
// fault.
func Load(file string) ([]Endpoint, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	var conf struct {
		Endpoints []Endpoint `yaml:"endpoints"`
	}
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(&conf); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: %s: %w", ErrConfig, file, err)
	}
	if err := Check(conf.Endpoints); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return conf.Endpoints, nil
}

// Check lists every fault of the endpoints, each with what to do.
func Check(endpoints []Endpoint) error {
	var faults []error
	names := map[string]bool{}
	for i, e := range endpoints {
		for _, fault := range e.faults() {
			faults = append(faults, fmt.Errorf("endpoint %d (%s): %s", i+1, e.Name, fault))
		}
		if names[e.Name] {
			faults = append(faults, fmt.Errorf("endpoint %d (%s): the name is taken by one before; its place is kept under it", i+1, e.Name))
		}
		names[e.Name] = true
	}
	if len(faults) > 0 {
		return fmt.Errorf("%w: %w", ErrConfig, errors.Join(faults...))
	}
	return nil
}

var named = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func (e Endpoint) faults() (faults []string) {
	if !named.MatchString(e.Name) {
		faults = append(faults, "name: want 1 to 64 letters, digits, - or _")
	}
	faults = append(faults, e.addressFaults()...)
	if len(e.Secrets) == 0 {
		faults = append(faults, "secrets: none; make one with `tidegate webhook secret` and give it to the receiver, too")
	}
	for i, s := range e.Secrets {
		if _, err := parseSecret(s); err != nil {
			faults = append(faults, fmt.Sprintf("secrets[%d]: %v", i, err))
		}
	}
	for _, ev := range e.Events {
		if ev != eventRecord && ev != eventDecision && ev != eventAlarm {
			faults = append(faults, fmt.Sprintf("events: %q is neither record (logged: goods may move) nor decision (not yet logged) nor alarm", ev))
		}
	}
	return append(faults, e.numberFaults()...)
}

func (e Endpoint) addressFaults() []string {
	u, err := url.Parse(e.URL)
	switch {
	case err != nil || u.Host == "":
		return []string{fmt.Sprintf("url: %q is not an address such as https://erp.example/tidegate", e.URL)}
	case u.Scheme != "https" && (u.Scheme != "http" || !e.AllowPrivate):
		return []string{"url: want https; plain http only with allow_private: true, inside one's own network"}
	case u.User != nil:
		return []string{"url: no user and password in it; receivers check the signature"}
	default:
		return nil
	}
}

func (e Endpoint) numberFaults() (faults []string) {
	outcomes := []string{string(event.Release), string(event.Hold), string(event.NeedsLic), string(event.Block), "refused"}
	for _, o := range e.Outcomes {
		if !slices.Contains(outcomes, o) {
			faults = append(faults, fmt.Sprintf("outcomes: %q is none of %v", o, outcomes))
		}
	}
	if e.Parallel < 0 || e.Parallel > 256 {
		faults = append(faults, "parallel: want 1 to 256 requests at once")
	}
	for name, d := range map[string]time.Duration{"timeout": e.Timeout, "retry_first": e.First, "retry_most": e.Most, "give_up": e.GiveUp} {
		if d < 0 {
			faults = append(faults, name+": a time cannot be negative")
		}
	}
	slices.Sort(faults)
	return faults
}

// subjects are the public subjects that an endpoint wants of one event.
func (e Endpoint) subjects(ev string) []string {
	prefix := subject.PublicRecordPrefix
	switch ev {
	case eventDecision:
		prefix = subject.PublicDecisionPrefix
	case eventAlarm:
		prefix = subject.PublicAlarmPrefix
	}
	sources, outcomes := []string{"*"}, []string{"*"}
	if len(e.Sources) > 0 {
		sources = nil
		for _, s := range e.Sources {
			sources = append(sources, subject.Token(s))
		}
	}
	if len(e.Outcomes) > 0 && ev != eventAlarm { // its last token is the rule
		outcomes = e.Outcomes
	}
	var all []string
	for _, s := range slices.Compact(slices.Sorted(slices.Values(sources))) {
		for _, o := range slices.Compact(slices.Sorted(slices.Values(outcomes))) {
			all = append(all, prefix+s+"."+o)
		}
	}
	return all
}

func streamOf(ev string) string {
	if ev == eventDecision || ev == eventAlarm {
		return subject.PublicDecisionStream
	}
	return subject.PublicRecordStream
}
