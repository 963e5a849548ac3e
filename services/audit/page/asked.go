package page

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/shared/clock"
)

// What was done with the history, as notes say it.
const (
	query    = "query"
	evidence = "evidence"
	export   = "export"
)

// deed is something that an auditor did.
type deed struct {
	what  string // query, evidence, export
	count string // name of the number that it adds to
	n     int    // how much; 1 when 0
	text  string // what was asked for, in few words; not kept when empty
}

// How much of what was asked a note says in words.
const (
	wordsMax  = 20  // different ones
	wordsLong = 160 // bytes of each
)

// doings are what one token did since the last note: numbers, and the first of the words.
type doings struct {
	counts map[string]int
	words  []string
	more   int // that are not kept in words
}

// asked gathers what was done until it is noted. It stays small whatever is done: it grows with tokens, not with questions.
type asked struct {
	clock clock.Clock
	mu    sync.Mutex
	since time.Time
	by    map[[2]string]*doings // by actor and what
}

func newAsked(now clock.Clock) *asked {
	return &asked{clock: now, since: now(), by: map[[2]string]*doings{}}
}

func (a *asked) add(who viewer, e deed) {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := [2]string{who.Actor(), e.what}
	if a.by[key] == nil {
		a.by[key] = &doings{counts: map[string]int{}}
	}
	a.by[key].add(e)
}

// addSome adds to a number; nothing where there is nothing.
func (a *asked) addSome(who viewer, what, count string, n int) {
	if n > 0 {
		a.add(who, deed{what: what, count: count, n: n})
	}
}

func (d *doings) add(e deed) {
	d.counts[e.count] += max(e.n, 1)
	d.say(strings.ToValidUTF8(e.text[:min(len(e.text), wordsLong)], ""))
}

// say keeps the first words, each once.
func (d *doings) say(text string) {
	switch {
	case text == "" || slices.Contains(d.words, text):
	case len(d.words) == wordsMax:
		d.more++
	default:
		d.words = append(d.words, text)
	}
}

// pending is what one token did, on its way into the log.
type pending struct {
	key [2]string
	did *doings
	event.Note
}

// take gives what was gathered since a time, and begins anew.
func (a *asked) take() (notes []pending, since time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	since, until, by := a.since, a.clock(), a.by
	a.since, a.by = until, map[[2]string]*doings{}
	for _, key := range slices.SortedFunc(maps.Keys(by), func(x, y [2]string) int { return slices.Compare(x[:], y[:]) }) {
		notes = append(notes, pending{key, by[key], by[key].note(key[0], key[1], since, until)})
	}
	return notes, since
}

// giveBack keeps for the next time what could not be noted.
func (a *asked) giveBack(notes []pending, since time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.since = since
	for _, p := range notes {
		if newer := a.by[p.key]; newer != nil {
			for name, n := range newer.counts {
				p.did.counts[name] += n
			}
			for _, text := range newer.words {
				p.did.say(text)
			}
			p.did.more += newer.more
		}
		a.by[p.key] = p.did
	}
}

func (d *doings) note(actor, what string, from, until time.Time) event.Note {
	did := map[string]string{query: "Questions", evidence: "Evidence was taken", export: "Exports were taken"}[what]
	n := event.Note{What: what, By: actor, Text: fmt.Sprintf("%s through the auditor's page from %s to %s", did, from.Format(time.RFC3339), until.Format(time.RFC3339))}
	if len(d.words) > 0 {
		n.Text += ": " + strings.Join(d.words, "; ")
	}
	if d.more > 0 {
		n.Text += fmt.Sprintf("; and %d more", d.more)
	}
	n.Text += "."
	for _, name := range slices.Sorted(maps.Keys(d.counts)) {
		n.Counts = append(n.Counts, event.Tally{Name: name, Count: d.counts[name]})
	}
	return n
}

// noteNowAndThen brings in what was gathered.
func (s *Service) noteNowAndThen(ctx context.Context) error {
	for clock.Sleep(ctx, s.cfg.Every) == nil {
		s.note(ctx)
	}
	return nil
}

// lastNote bounds the wait for the last notes.
const lastNote = 10 * time.Second

func (s *Service) noteLast(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lastNote)
	defer cancel()
	s.note(ctx)
}

// note brings in the notes; the first that is not taken, and those behind it, wait for the next time.
func (s *Service) note(ctx context.Context) {
	if s.cfg.Note == nil {
		return
	}
	notes, since := s.asked.take()
	for i, n := range notes {
		if err := s.cfg.Note(ctx, n.Note); err != nil {
			s.asked.giveBack(notes[i:], since)
			s.cfg.Log.ErrorContext(ctx, "ALARM: what was asked through the auditor's page is not in the log yet", slog.Int("notes", len(notes)-i), slog.Any("error", err))
			return
		}
	}
}
