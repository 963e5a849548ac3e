package ingest

import "time"

// How often what goes on failing is said: at once, then after a second, twice as long each time, up to ten minutes.
const (
	saidFirst = time.Second
	saidLast  = 10 * time.Minute
)

// repeats counts what happens again and again and says when it is time to say so. Of one goroutine; the zero value is ready.
type repeats struct {
	n    int
	wait time.Duration
	next time.Time
}

// add counts n more; told is how many there were since it was said last, say that it is time to say so.
func (r *repeats) add(n int, now time.Time) (told int, say bool) {
	if r.n += n; now.Before(r.next) {
		return 0, false
	}
	told, r.n = r.n, 0
	r.wait = min(max(2*r.wait, saidFirst), saidLast)
	r.next = now.Add(r.wait)
	return told, true
}

// reset begins anew: what happens next is said at once.
func (r *repeats) reset() { *r = repeats{} }
