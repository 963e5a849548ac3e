package standalone

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/enrichment"
	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/services/screening/replay"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/codec"
)

const knownAtUsage = "judge under the packs and lists that activations had put in force at `WHEN`: a moment (2026-05-01, 2026-05-01T12:00:00Z) or the number of a block of the order stream"

// ErrBeforeAll says that nothing was decided yet at the moment asked for.
var ErrBeforeAll = errors.New("nothing had been decided by then")

// knownAt finds what was in force at a moment: what we knew then. Activations stand in the order stream, and every decision
// names what it was made with; so the newest decision before the moment tells it, and the activations between the two.
func knownAt(ctx context.Context, auditDir, when string) (replay.Side, error) {
	at := moments{ctx, auditDir}
	block, moment, err := at.locate(when)
	if err != nil {
		return replay.Side{}, fmt.Errorf("--known-at %s: %w", when, err)
	}
	f, err := at.before(block)
	if err == nil {
		err = at.settle(block, &f)
	}
	if err != nil {
		return replay.Side{}, fmt.Errorf("--known-at %s: %w", when, err)
	}
	return replay.Side{KnownAt: moment, Pack: &f.pack, Reference: &replay.Reference{Snapshot: f.snapshot, Masters: f.masters, Matcher: enrichment.MatcherVersion}}, nil
}

// moments finds in the log what was in force when.
type moments struct {
	ctx context.Context
	dir string
}

// force is what was in force as decisions tell it, and what was put in force since the last of them.
type force struct {
	decided           bool
	pack              event.PackRef
	snapshot, masters string
	since             map[string]string // by kind of object, digest
}

// stamped is what every first line says.
type stamped struct {
	At      event.Instant     `json:"received_at"`
	Control *event.Activation `json:"control"`
}

// locate gives the first block behind a moment, and the moment. What is in block N itself was known at block N.
func (h moments) locate(when string) (block uint64, moment event.Instant, err error) {
	if n, perr := strconv.ParseUint(when, 10, 64); perr == nil {
		at, there, err := h.stamp(n)
		if err == nil && !there {
			err = errors.New("the log does not reach that block")
		}
		return n + 1, at, err
	}
	moment, err = parseMoment(when)
	if err != nil {
		return 0, "", err
	}
	low, high := uint64(1), uint64(1)
	for { // a block behind the moment, or behind all
		at, there, err := h.stamp(high)
		if err != nil {
			return 0, "", err
		}
		if !there || at > moment {
			break
		}
		low, high = high+1, high*2
	}
	for low < high {
		middle := low + (high-low)/2
		at, there, err := h.stamp(middle)
		if err != nil {
			return 0, "", err
		}
		if there && at <= moment {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low, moment, nil
}

// lastMoment is behind every case of a log.
const lastMoment = "2999-12-31"

// newest is what the newest decision was made with, and what was put in force since.
func (h moments) newest() (force, error) {
	block, _, err := h.locate(lastMoment)
	if err != nil {
		return force{}, err
	}
	f, err := h.before(block)
	if err == nil {
		err = h.settle(block, &f)
	}
	return f, err
}

// parseMoment reads an instant, or a date, which is its end: what came to be known on that day was known on it.
func parseMoment(when string) (event.Instant, error) {
	if d, err := event.ParseDate(when); err == nil {
		return event.Instant(string(d) + "T23:59:59.999999Z"), nil
	}
	t, err := time.Parse(time.RFC3339Nano, strings.Replace(when, " ", "T", 1))
	if err != nil {
		return "", errors.New("want a date, a moment like 2026-05-01T12:00:00Z, or the number of a block")
	}
	return event.Instant(t.UTC().Format(event.InstantLayout)), nil
}

// stamp gives the time of the first case of a block, or of the next one that has any.
func (h moments) stamp(block uint64) (at event.Instant, there bool, err error) {
	for l, err := range audit.ReadCases(h.ctx, h.dir, block) {
		if errors.Is(err, fs.ErrNotExist) {
			return "", false, ErrBeforeAll // nothing was logged yet
		}
		if err != nil {
			return "", false, err
		}
		var s stamped
		err := codec.Decode(l.Case.Line(0), &s)
		return s.At, true, err
	}
	return "", false, nil
}

// before gathers what the cases before a block tell, beginning near it and going back as far as the newest decision.
func (h moments) before(block uint64) (f force, err error) {
	for back := uint64(16); ; back *= 8 {
		from := uint64(1)
		if block > back {
			from = block - back
		}
		f = force{since: map[string]string{}}
		for l, err := range audit.ReadCases(h.ctx, h.dir, from) {
			if err != nil {
				return f, err
			}
			if l.Leaf.Sequence >= block {
				break
			}
			if err := f.take(l.Case); err != nil {
				return f, fmt.Errorf("leaf %d: %w", l.Index, err)
			}
			if !l.Case.Passes() {
				clear(f.since) // the decision is under them
			}
		}
		if f.decided || from == 1 {
			return f, nil
		}
	}
}

func (f *force) take(c event.Case) error {
	if c.Passes() || c.Len() < 3 {
		var s stamped
		if err := codec.Decode(c.Line(0), &s); err != nil {
			return err
		}
		if s.Control != nil {
			f.since[s.Control.What] = s.Control.Digest
		}
		return nil
	}
	var facts struct{ Snapshot, Masters string }
	var judgement struct{ Pack event.PackRef }
	if err := codec.Decode(c.Line(1), &facts); err != nil {
		return err
	}
	if err := codec.Decode(c.Line(2), &judgement); err != nil {
		return err
	}
	f.decided, f.pack, f.snapshot, f.masters = true, judgement.Pack, facts.Snapshot, facts.Masters
	if f.masters == "" {
		f.masters = replay.NoMasters
	}
	return nil
}

// settle puts what activations put in force behind the last decision in the place of what it names. Where there was no decision yet,
// the first one tells what it was begun with.
func (h moments) settle(block uint64, f *force) error {
	if !f.decided {
		if len(f.since) == 0 {
			return ErrBeforeAll
		}
		if err := h.first(block, f); err != nil {
			return err
		}
	}
	for what, digest := range f.since {
		var err error
		switch what {
		case bus.Pack:
			f.pack, err = h.activated(digest)
		case bus.Lists:
			f.snapshot, err = h.listed(digest)
		case bus.Masters:
			f.masters = digest
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// first takes what the first decision from a block on names.
func (h moments) first(block uint64, f *force) error {
	next := force{since: map[string]string{}}
	for l, err := range audit.ReadCases(h.ctx, h.dir, block) {
		if err != nil {
			return err
		}
		if err := next.take(l.Case); err != nil {
			return fmt.Errorf("leaf %d: %w", l.Index, err)
		}
		if next.decided {
			f.pack, f.snapshot, f.masters = next.pack, next.snapshot, next.masters
			return nil
		}
	}
	return ErrBeforeAll
}

// activated names the pack of an activation's object.
func (h moments) activated(digest string) (event.PackRef, error) {
	object, err := audit.ArchivedObject(h.dir, digest)
	if errors.Is(err, fs.ErrNotExist) {
		return event.PackRef{}, fmt.Errorf("the pack put in force then (%s) is not in the archive", digest)
	}
	if err != nil {
		return event.PackRef{}, err
	}
	p, err := screening.OpenPack(object)
	if err != nil {
		return event.PackRef{}, err
	}
	return p.Ref(), nil
}

// listed is the snapshot with the lists of an activation's object.
func (h moments) listed(digest string) (string, error) {
	object, err := audit.ArchivedObject(h.dir, digest)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("the lists put in force then (%s) are not in the archive", digest)
	}
	if err != nil {
		return "", err
	}
	curated, err := enrichment.Curated()
	if err != nil {
		return "", err
	}
	ref, err := curated.WithListsObject(object)
	if err != nil {
		return "", err
	}
	return ref.Digest(), nil
}
