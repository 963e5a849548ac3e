package standalone

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment"
	"github.com/tidegate/tidegate/services/enrichment/masters"
	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/services/screening/replay"
	"github.com/tidegate/tidegate/shared/bus"
)

// replayKnown is the inventory for lanes side by side.
type replayKnown struct {
	mu  sync.Mutex
	inv *inventory
}

// knownOf is what is at hand for the replays of a data directory: what this program ships, what its archive keeps, its masters.
func knownOf(data string) (*replayKnown, error) {
	inv, err := newInventory(nil, nil)
	if err != nil {
		return nil, err
	}
	inv.from(AuditDir(data))
	inv.masters = masters.Open(MastersDir(data))
	return &replayKnown{inv: inv}, nil
}

// take puts a pack at hand.
func (k *replayKnown) take(p *screening.Pack) {
	k.mu.Lock()
	defer k.mu.Unlock()
	ref := p.Ref()
	k.inv.packs[ref.Digest] = p
	k.inv.set[packName(ref)] = p
}

// Pack finds a pack with its parameters.
func (k *replayKnown) Pack(_ context.Context, ref event.PackRef) (*screening.Pack, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	p, ok := k.inv.pack(ref)
	if !ok {
		return nil, fmt.Errorf("%w: pack %s %s with digest %s", replay.ErrLacking, ref.ID, ref.Version, ref.Digest)
	}
	return p, nil
}

// Enrich states an order's facts under a snapshot and masters.
func (k *replayKnown) Enrich(_ context.Context, snapshot, masters string, c event.Case) (event.Case, error) {
	ref, err := k.reference(snapshot, masters)
	if err != nil {
		return event.Case{}, err
	}
	return enrichment.Enrich(ref, nil, c), nil
}

// elsewhere is what is at hand, with running instances that state facts.
type elsewhere struct {
	*replayKnown
	nc *nats.Conn
}

// factsWithin bounds a request: an instance may have to load a snapshot first.
const factsWithin = 60 * time.Second

// EnrichAll has running instances state facts; what they lack is stated here.
func (k elsewhere) EnrichAll(ctx context.Context, snapshot, masters string, cases []event.Case) ([]event.Case, error) {
	out := make([]event.Case, 0, len(cases))
	for part := range slices.Chunk(cases, factsAtOnce) {
		stated, err := k.again(ctx, enrichment.Asked{Snapshot: snapshot, Masters: masters}, part)
		if err != nil && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			stated = stated[:0]
			for _, c := range part {
				one, err := k.Enrich(ctx, snapshot, masters, c)
				if err != nil {
					return nil, err
				}
				stated = append(stated, one)
			}
		}
		out = append(out, stated...)
	}
	return out, nil
}

func (k elsewhere) again(ctx context.Context, asked enrichment.Asked, part []event.Case) ([]event.Case, error) {
	if !k.nc.IsConnected() { // nobody would hear it, and each part would take its time
		return nil, bus.ErrNobody
	}
	ctx, cancel := context.WithTimeout(ctx, factsWithin)
	defer cancel()
	return enrichment.Again(ctx, k.nc, asked, part)
}

// factsAtOnce is how many orders one request asks about.
const factsAtOnce = 32

// share puts what a question chose into the reference store, for the instances that are asked.
func (k *replayKnown) share(ctx context.Context, nc *nats.Conn, q replay.Question) error {
	js, err := jetstream.New(nc)
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	for _, s := range []replay.Side{q.A, q.B} {
		if s.Pack != nil {
			p, err := k.Pack(ctx, *s.Pack)
			if err != nil {
				return err
			}
			if _, err := bus.PutObject(ctx, js, bus.Pack, p.Object()); err != nil {
				return err
			}
		}
		if s.Reference == nil || s.Reference.Snapshot == "" {
			continue
		}
		ref, err := k.reference(s.Reference.Snapshot, "")
		if err != nil {
			return err
		}
		for _, object := range ref.Objects() {
			if _, err := bus.PutObject(ctx, js, bus.Lists, object); err != nil {
				return err
			}
		}
	}
	return nil
}

// reference finds a snapshot with masters.
func (k *replayKnown) reference(snapshot, masters string) (*enrichment.Reference, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	ref, ok, err := k.inv.snapshot(snapshot)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", replay.ErrLacking, err)
	}
	if !ok {
		return nil, fmt.Errorf("%w: snapshot %s", replay.ErrLacking, snapshot)
	}
	if ref, ok = k.inv.mastered(ref, masters); !ok {
		return nil, fmt.Errorf("%w: masters %s", replay.ErrLacking, masters)
	}
	return ref, nil
}

// replayChoice is what the flags names for one side.
type replayChoice struct {
	packs     []string
	set       map[string]string
	snapshot  string
	masters   string
	asOf      screening.AsOf
	knownAt   string // a moment, or a block of the order stream
	enriching bool   // facts are stated again, under the decision's own lists where no others are named
}

// side makes a side of what was chosen.
func (k *replayKnown) side(ctx context.Context, data string, c replayChoice) (replay.Side, error) {
	s := replay.Side{AsOf: c.asOf}
	var then force
	var err error
	if c.knownAt != "" {
		if c.picked() {
			return s, errNotBoth
		}
		if s, err = knownAt(ctx, AuditDir(data), c.knownAt); err == nil {
			s.AsOf = c.asOf
		}
		return s, err
	}
	if c.current() {
		if then, err = inForceOf(ctx, data); err != nil {
			return s, err
		}
	}
	if s.Pack, err = k.chosenPack(ctx, c, then); err != nil {
		return s, err
	}
	if s.Pack == nil && len(c.set) > 0 {
		s.Set = c.set
	}
	if c.snapshot == "" && c.masters == "" && !c.enriching {
		return s, nil
	}
	ref := replay.Reference{Matcher: enrichment.MatcherVersion}
	if ref.Snapshot, err = k.chosenSnapshot(c, then); err != nil {
		return s, err
	}
	if ref.Masters, err = k.chosenMasters(c, then); err != nil {
		return s, err
	}
	s.Reference = &ref
	return s, nil
}

// errNotBoth says that --known-at picks packs and lists, and so does another flag.
var errNotBoth = errors.New("--known-at picks packs and lists by when they were put in force: name none beside it")

func (c *replayChoice) picked() bool {
	return len(c.packs)+len(c.set) > 0 || c.snapshot != "" || c.masters != "" || c.enriching
}

// currentName names what is in force.
const currentName = "current"

func (c *replayChoice) current() bool {
	return len(c.packs) == 1 && c.packs[0] == currentName || c.snapshot == currentName || c.masters == currentName
}

func (k *replayKnown) chosenPack(ctx context.Context, c replayChoice, then force) (*event.PackRef, error) {
	var p *screening.Pack
	var err error
	switch {
	case len(c.packs) == 0:
		return nil, nil //nolint:nilnil // each decision's own
	case len(c.packs) == 1 && c.packs[0] == currentName:
		if p, err = k.Pack(ctx, then.pack); err == nil {
			p, err = p.With(c.set)
		}
	default:
		p, err = openPack(c.packs, c.set)
	}
	if err != nil {
		return nil, err
	}
	k.take(p)
	ref := p.Ref()
	return &ref, nil
}

// chosenSnapshot is the digest of what is named: in force, shipped, a folder, or a digest; "" for each decision's own.
func (k *replayKnown) chosenSnapshot(c replayChoice, then force) (string, error) {
	switch c.snapshot {
	case "":
		return "", nil
	case currentName:
		return then.snapshot, nil
	case "shipped":
		ref, err := enrichment.Curated()
		if err != nil {
			return "", err
		}
		return ref.Digest(), nil
	}
	if len(c.snapshot) == 2*32 {
		if _, err := k.reference(c.snapshot, ""); err != nil {
			return "", err
		}
		return c.snapshot, nil
	}
	ref, err := k.folder(c.snapshot)
	if err != nil {
		return "", fmt.Errorf("snapshot %s: %w", c.snapshot, err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.inv.snapshots[ref.Digest()] = ref
	return ref.Digest(), nil
}

// chosenMasters is the digest of what is named: in force, or a digest; "none" for none, "" for each decision's own.
func (k *replayKnown) chosenMasters(c replayChoice, then force) (string, error) {
	switch c.masters {
	case "", replay.NoMasters:
		return c.masters, nil
	case currentName:
		return then.masters, nil
	}
	shipped, err := enrichment.Curated()
	if err != nil {
		return "", err
	}
	if _, err := k.reference(shipped.Digest(), c.masters); err != nil {
		return "", err
	}
	return c.masters, nil
}

// folder reads a folder of a curated set, or one of lists that were imported.
func (k *replayKnown) folder(dir string) (*enrichment.Reference, error) {
	if _, err := os.Stat(filepath.Join(dir, "active")); err == nil {
		return enrichment.InForce(dir)
	}
	return enrichment.LoadReference(os.DirFS(dir))
}
