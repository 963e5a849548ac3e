package ingest

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/clock"
)

// The pace of a door: so many blocks may be accepted and not yet decided before it slows down, and so long it waits
// for each block then.
const (
	maxAhead = 64
	slowdown = 100 * time.Millisecond
	between  = 2 * time.Millisecond // two looks at what is decided
)

// pace slows a door down while it runs ahead of the decisions, so that a flood is a queue at the senders and not in
// the streams. It only slows: with screening stopped, orders are still accepted until the stream is full.
type pace struct {
	js      jetstream.JetStream
	decided uint64 // last block seen in DECISION
}

// wait returns when block next may be published.
func (p *pace) wait(ctx context.Context, next uint64) {
	ctx, cancel := context.WithTimeout(ctx, slowdown)
	defer cancel()
	for next > p.decided+maxAhead {
		decision, err := bus.Look(ctx, p.js, subject.DecisionStream)
		if err != nil {
			return // a broker that does not answer is the publisher's to find out
		}
		p.decided = decision.Last
		if next > p.decided+maxAhead && clock.Sleep(ctx, between) != nil {
			return
		}
	}
}
