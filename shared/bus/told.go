package bus

import (
	"fmt"

	"github.com/nats-io/nats.go"

	"github.com/tidegate/tidegate/shared/codec"
)

// Told is what is told of one decision or receipt when it is out.
type Told struct {
	Event   string `json:"event"`
	Outcome string `json:"outcome"` // last token of its public subject
	Rule    string `json:"rule,omitempty"`
	Alarm   string `json:"alarm,omitempty"` // rule of the alarm that goes with it
}

// toldAtOnce bounds what one message tells.
const toldAtOnce = 1024

// Tell tells what is out, on subject.ToldDecision or subject.ToldRecord. One message for many is a small part of what it would
// cost a listener to read the public stream.
func Tell(nc *nats.Conn, subj string, all []Told) error {
	for len(all) > 0 {
		n := min(len(all), toldAtOnce)
		b, err := codec.Append(nil, all[:n])
		if err == nil {
			err = nc.Publish(subj, b)
		}
		if err != nil {
			return fmt.Errorf("tell %s: %w", subj, err)
		}
		all = all[n:]
	}
	return nil
}

// Hear calls do for each that is told from now on, in order, on one goroutine. What cannot be read is passed over.
func Hear(nc *nats.Conn, subj string, do func(Told)) (*nats.Subscription, error) {
	sub, err := nc.Subscribe(subj, func(m *nats.Msg) {
		var all []Told
		if codec.Decode(m.Data, &all) != nil {
			return
		}
		for _, t := range all {
			do(t)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("listen to %s: %w", subj, err)
	}
	return sub, nil
}
