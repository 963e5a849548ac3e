// Package clock is the only place that asks for the time or waits for it. Pure code is given instants; shells take a Clock.
package clock

import (
	"context"
	"time"
)

// Clock tells the time in UTC.
type Clock func() time.Time

// System is the machine's clock.
func System() time.Time { return time.Now().UTC() }

// Sleep waits for d or until ctx ends, whose error it then returns.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Backoff waits a little longer each time: 20 ms doubling to 1 s. The zero Backoff is ready.
type Backoff struct{ tries int }

// Wait sleeps for the next step.
func (b *Backoff) Wait(ctx context.Context) error {
	d := min(20*time.Millisecond<<min(b.tries, 6), time.Second)
	b.tries++
	return Sleep(ctx, d)
}

// Reset starts over after a success.
func (b *Backoff) Reset() { b.tries = 0 }
