package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/shared/codec"
)

// Times of an activation: who is there answers at once; loading may take what indexing a large set takes.
const (
	whoWithin  = 700 * time.Millisecond
	loadWithin = 2 * time.Minute
)

// loadRequest asks every instance to load an object without putting it in force; with no digest it only asks who is there.
type loadRequest struct {
	What   string `json:"what"`
	Digest string `json:"digest,omitempty"`
}

// Loaded is an instance's answer.
type Loaded struct {
	Service  string `json:"service"`
	Instance string `json:"instance"`
	InForce  string `json:"in_force,omitempty"` // digest of what is in force there now; empty where nothing was activated
	Fault    string `json:"fault,omitempty"`    // why it cannot load it
}

// Loader answers for one instance of a service.
type Loader struct {
	Service string
	What    []string // kinds it loads: Lists, Masters, Pack
	Load    func(ctx context.Context, what, digest string) error
	InForce func(what string) string
}

// ServeLoads answers activations that ask whether this instance can load an object. It ends with stop.
func ServeLoads(ctx context.Context, nc *nats.Conn, l Loader) (stop func(), err error) {
	id := unique()
	ctx, cancel := context.WithCancel(ctx)
	sub, err := nc.Subscribe(subject.LoadSubject, func(m *nats.Msg) {
		var r loadRequest
		if err := codec.Decode(m.Data, &r); err != nil || !slices.Contains(l.What, r.What) {
			return
		}
		a := Loaded{Service: l.Service, Instance: id}
		if l.InForce != nil {
			a.InForce = l.InForce(r.What)
		}
		if r.Digest != "" {
			if err := l.Load(ctx, r.What, r.Digest); err != nil {
				a.Fault = err.Error()
			}
		}
		if b, err := codec.Append(nil, a); err == nil {
			_ = m.Respond(b) // who asked hears nothing and says so
		}
	})
	if err != nil {
		cancel()
		return nil, fmt.Errorf("subscribe to %s: %w", subject.LoadSubject, err)
	}
	return func() { cancel(); _ = sub.Unsubscribe() }, nil
}

// Who asks every running instance that works with a kind of object what it has in force.
func Who(ctx context.Context, nc *nats.Conn, what string) ([]Loaded, error) {
	return ask(ctx, nc, loadRequest{What: what}, whoWithin, nil)
}

// CanLoad asks every running instance that works with a kind of object to load one from the reference store, and waits for each. The error
// names those that cannot or do not answer, or says that there is none.
func CanLoad(ctx context.Context, nc *nats.Conn, what, digest string) ([]Loaded, error) {
	there, err := Who(ctx, nc, what)
	if err != nil {
		return nil, err
	}
	if len(there) == 0 {
		return nil, fmt.Errorf("no running service works with %s", what)
	}
	answers, err := ask(ctx, nc, loadRequest{What: what, Digest: digest}, loadWithin, there)
	if err != nil {
		return nil, err
	}
	var faults []error
	for _, w := range there {
		i := slices.IndexFunc(answers, func(a Loaded) bool { return a.Instance == w.Instance })
		switch {
		case i < 0:
			faults = append(faults, fmt.Errorf("%s (%s) did not say within %s that it loaded %s", w.Service, w.Instance, loadWithin, digest))
		case answers[i].Fault != "":
			faults = append(faults, fmt.Errorf("%s (%s) cannot load %s: %s", w.Service, w.Instance, digest, answers[i].Fault))
		}
	}
	return answers, errors.Join(faults...)
}

// ask collects answers until those expected are there, or for as long as it takes where it is not known who is.
func ask(ctx context.Context, nc *nats.Conn, r loadRequest, within time.Duration, expected []Loaded) ([]Loaded, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	inbox := nc.NewRespInbox()
	sub, err := nc.SubscribeSync(inbox)
	if err != nil {
		return nil, fmt.Errorf("ask who can load: %w", err)
	}
	defer func() { _ = sub.Unsubscribe() }()
	b, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	if err := nc.PublishRequest(subject.LoadSubject, inbox, b); err != nil {
		return nil, fmt.Errorf("ask who can load: %w", err)
	}
	var answers []Loaded
	for expected == nil || len(answers) < len(expected) {
		m, err := sub.NextMsgWithContext(ctx)
		if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrNoResponders) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("ask who can load: %w", err)
		}
		var a Loaded
		if err := codec.Decode(m.Data, &a); err != nil || a.Instance == "" {
			continue
		}
		answers = append(answers, a)
	}
	return answers, nil
}

// Activate puts an object in force: it goes into the reference store, every running instance loads it, and then one control act enters the
// order stream; everything behind it is judged under the new object. Nothing changes where an instance cannot load it. The activation's
// digest is filled in.
func Activate(ctx context.Context, nc *nats.Conn, a event.Activation, object []byte) (Taken, []Loaded, error) {
	js, err := jetstream.New(nc)
	if err != nil {
		return Taken{}, nil, fmt.Errorf("activate: %w", err)
	}
	if a.Digest, err = PutObject(ctx, js, a.What, object); err != nil {
		return Taken{}, nil, err
	}
	loaded, err := CanLoad(ctx, nc, a.What, a.Digest)
	if err != nil {
		return Taken{}, loaded, fmt.Errorf("nothing was activated: %w", err)
	}
	t, err := Act(ctx, nc, event.Act{
		Kind: event.Control, ID: strings.Join([]string{a.What, a.Digest[:12], unique()}, "-"), Actor: a.By,
		Particulars: event.Particulars{Control: &a},
	})
	return t, loaded, err
}

// unique is a text that nobody else makes.
func unique() string { return strings.TrimPrefix(nats.NewInbox(), nats.InboxPrefix) }
