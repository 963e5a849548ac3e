package audit

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/semaphore"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/services/audit/auditverify/evidence"
	"github.com/tidegate/tidegate/services/audit/internal/exhibit"
	"github.com/tidegate/tidegate/services/audit/internal/exhibit/pdf"
)

// ErrGlyph says that an order has a character that no embedded font has, so that no document can be printed of it.
var ErrGlyph = pdf.ErrGlyph

// ErrNone says that the log has nothing of the order asked for.
var ErrNone = errors.New("not in the log")

// ErrBeyond says that a pack would hold what whoever asks may not see.
var ErrBeyond = errors.New("beyond what may be seen")

// EvidenceOptions say what goes into an evidence pack. The zero value takes everything from the audit directory.
type EvidenceOptions struct {
	Source        string // of the order, where several sources have one of that number
	Checkpoint    []byte // the newest log's records are proven under this one; the published one when empty
	CheckpointDir string // where timestamped checkpoints are kept besides the audit directory; none when empty
	Witnesses     []byte // policy of the log's witnesses; as the audit directory has it when empty
	WithoutPDF    bool   // leaves the document out, which the manifest then says

	// Sees says whether a record may be in the pack; every one may when nil. Where one may not there is no pack (ErrBeyond).
	Sees func(Logged) (bool, error)

	// Rows gives the rows of a compiled set of lists by their ids, as text, and the ids that it does not have; without it, rows of
	// imported lists are left out, which the manifest then says.
	Rows func(object []byte, ids []string) (rows []byte, missing []string, err error)
}

// EvidencePack says what was written.
type EvidencePack struct {
	Tenant  string             `json:"tenant,omitempty"`
	Source  string             `json:"source,omitempty"`
	OrderID string             `json:"order_id,omitempty"`
	SHA256  string             `json:"sha256"` // of the zip
	Size    int                `json:"size"`
	Files   int                `json:"files"`
	Records int                `json:"records"`
	LogSize uint64             `json:"log_size"` // of the newest log's checkpoint
	LeftOut []evidence.LeftOut `json:"left_out,omitempty"`
}

// making lets two documents be made at a time: each takes up to 100 MB while its fonts are cut.
var making = semaphore.NewWeighted(2)

// Evidence writes the evidence pack of an order (by its id, or the id of an event of it) from an audit directory, which may be a
// copy, at rest or in use: nothing is written there. The same log, order and checkpoint give the same bytes. What is not in the log is ErrNone; what the
// log contradicts is auditverify.ErrBad; a character that no embedded font has is ErrGlyph, and then nothing is written (all
// wrapped).
func Evidence(ctx context.Context, dir, id string, w io.Writer, o EvidenceOptions) (EvidencePack, error) {
	if err := making.Acquire(ctx, 1); err != nil {
		return EvidencePack{}, err
	}
	defer making.Release(1)
	in, err := collect(ctx, dir, id, o)
	if err != nil {
		return EvidencePack{}, err
	}
	c, err := exhibit.Compose(in)
	if err != nil {
		return EvidencePack{}, err
	}
	if o.WithoutPDF {
		c.Leave(evidence.DocumentFile, "the pack was asked for without it")
	} else if err := c.Document(in); err != nil {
		return EvidencePack{}, err
	}
	b, err := c.Pack()
	if err != nil {
		return EvidencePack{}, err
	}
	if _, err := w.Write(b); err != nil {
		return EvidencePack{}, fmt.Errorf("evidence pack: %w", err)
	}
	return EvidencePack{
		in.Tenant, in.Source, in.OrderID, event.Digest(b), len(b), len(c.Files) + 2, len(in.Records), in.Logs[len(in.Logs)-1].Point.Size, c.Manifest.LeftOut,
	}, nil
}

// witnessed is one of an audit directory's logs, as evidence takes leaves from it.
type witnessed struct {
	shard
	newest, under *auditverify.Log
	key           string
	stamps        []stamped
	used          map[int]int // of stamps, to the index in the pack
	at            int         // index in the pack; -1 while no record is from it
}

// collector gathers an order's records out of all logs.
type collector struct {
	o    EvidenceOptions
	dir  string
	logs []*witnessed
	in   *exhibit.Input
}

func collect(ctx context.Context, dir, id string, o EvidenceOptions) (*exhibit.Input, error) {
	c := &collector{o: o, dir: dir, in: &exhibit.Input{}}
	if err := c.open(); err != nil {
		return nil, err
	}
	found, err := c.find(ctx, id)
	if err != nil {
		return nil, err
	}
	if found, err = c.ofOne(ctx, id, found); err != nil {
		return nil, err
	}
	licenses, err := c.licenses(ctx, found)
	if err != nil {
		return nil, err
	}
	for _, f := range append(licenses, found...) {
		if err := c.sees(f); err != nil {
			return nil, err
		}
		if err := c.record(f); err != nil {
			return nil, err
		}
	}
	return c.in, c.cite(found)
}

// open opens the logs that count, the newest as of the checkpoint given.
func (c *collector) open() error {
	all, err := shards(c.dir)
	if err != nil {
		return err
	}
	for _, sh := range all {
		log, err := sh.open()
		if err != nil {
			return err
		}
		if log == nil {
			continue
		}
		l := &witnessed{shard: sh, newest: log, under: log, used: map[int]int{}, at: -1}
		if l.key, err = PublicKey(sh.dir); err != nil {
			return err
		}
		if name, _, _ := strings.Cut(string(c.o.Checkpoint), "\n"); name == log.Checkpoint().Origin {
			if l.under, err = log.Before(c.o.Checkpoint, l.key); err != nil {
				return err
			}
		}
		if l.stamps, err = timestamps(sh, c.o.CheckpointDir); err != nil {
			return err
		}
		c.logs = append(c.logs, l)
	}
	if len(c.logs) == 0 {
		return fmt.Errorf("%w: there is no log in %s", auditverify.ErrUnusable, c.dir)
	}
	return nil
}

// holding is a leaf with the log that it is from, and what its first line says of whose it is.
type holding struct {
	Logged
	from *witnessed
	of   struct {
		Event   string `json:"event"`
		Key     string `json:"key"`
		Tenant  string `json:"tenant"`
		Source  string `json:"source"`
		OrderID string `json:"order_id"`
	}
}

// find gives what the logs have under an id, up to their checkpoints, in the order it was logged.
func (c *collector) find(ctx context.Context, id string) ([]holding, error) {
	var out []holding
	for _, l := range c.logs {
		found, err := l.find(ctx, l.newest, id)
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			if f.Index >= l.under.Checkpoint().Size {
				continue
			}
			h := holding{Logged: f, from: l}
			if err := json.Unmarshal(f.Case.Line(0), &h.of); err != nil {
				return nil, fmt.Errorf("leaf %d: %w", f.Index, err)
			}
			if h.of.Tenant == "" {
				h.of.Tenant = tenantIn(h.of.Key)
			}
			out = append(out, h)
		}
	}
	return out, nil
}

// sees refuses a record that may not be in the pack. It is asked of what goes in, not of what an index knew a moment ago.
func (c *collector) sees(h holding) error {
	if c.o.Sees == nil {
		return nil
	}
	if may, err := c.o.Sees(h.Logged); err != nil || !may {
		return errors.Join(fmt.Errorf("%s: a record is %w", c.in.OrderID, ErrBeyond), err)
	}
	return nil
}

// tenantIn is whose a refusal is: it says it in its key only, TENANT/SOURCE/…, where the input had one.
func tenantIn(key string) string {
	tenant, _, found := strings.Cut(key, "/")
	if name, err := url.PathUnescape(tenant); found && err == nil {
		return name
	}
	return ""
}

// ofOne keeps what is of one order: an id may be an event's, and several sources may have an order of one number. What an order is called counts before
// what an event is: who sends orders chooses their ids.
func (c *collector) ofOne(ctx context.Context, id string, found []holding) ([]holding, error) {
	if c.o.Source != "" {
		found = slices.DeleteFunc(found, func(h holding) bool { return h.of.Source != c.o.Source })
	}
	if named := func(h holding) bool { return h.of.OrderID == id }; slices.ContainsFunc(found, named) {
		found = slices.DeleteFunc(found, func(h holding) bool { return !named(h) })
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s: %w of size %d", id, ErrNone, c.logs[len(c.logs)-1].under.Checkpoint().Size)
	}
	first := found[0].of
	if first.OrderID != id && first.OrderID != "" {
		whole, err := c.find(ctx, first.OrderID)
		if err != nil {
			return nil, err
		}
		found = slices.DeleteFunc(whole, func(h holding) bool { return h.of.Source != first.Source })
	}
	c.in.Tenant, c.in.Source, c.in.OrderID = first.Tenant, first.Source, first.OrderID
	for _, h := range found {
		if h.of.Source != first.Source || h.of.Tenant != "" && c.in.Tenant != "" && h.of.Tenant != c.in.Tenant {
			return nil, fmt.Errorf("%w: both %s/%s and %s/%s have an order %s: say which (--source)", auditverify.ErrUnusable,
				c.in.Tenant, first.Source, h.of.Tenant, h.of.Source, first.OrderID)
		}
		c.in.Tenant = cmp.Or(h.of.Tenant, c.in.Tenant)
	}
	return found, nil
}

// licenses gives the leaves in which the licenses were registered that the order was judged with.
func (c *collector) licenses(ctx context.Context, found []holding) ([]holding, error) {
	var out []holding
	seen := map[string]bool{}
	for _, h := range found {
		var j event.Judgement
		if h.Case.Passes() {
			continue
		}
		if err := json.Unmarshal(h.Case.Last(), &j); err != nil {
			return nil, fmt.Errorf("leaf %d: %w", h.Index, err)
		}
		if j.Read == nil {
			continue
		}
		for _, held := range j.Read.Licenses {
			if held.Event == "" || seen[held.Event] {
				continue
			}
			seen[held.Event] = true
			more, err := c.find(ctx, held.Event)
			if err != nil {
				return nil, err
			}
			out = append(out, slices.DeleteFunc(more, func(m holding) bool { return m.Leaf.Kind != event.LeafLicense })...)
		}
	}
	return out, nil
}

// record proves a leaf under its log's checkpoint and under the first timestamped one that covers it.
func (c *collector) record(h holding) error {
	if err := c.use(h.from); err != nil {
		return err
	}
	r := exhibit.Record{Log: h.from.at, Index: h.Index, Leaf: h.data, Head: h.Leaf, Case: h.Case, Stamp: -1}
	var err error
	if r.Proof, err = h.from.under.Proof(h.Index); err != nil {
		return err
	}
	if n := slices.IndexFunc(h.from.stamps, func(s stamped) bool { return s.size > h.Index && s.size <= h.from.under.Checkpoint().Size }); n >= 0 {
		if r.Stamp, r.Before, err = c.stamp(h.from, n, h.Index); err != nil {
			return err
		}
	}
	c.in.Records = append(c.in.Records, r)
	return nil
}

// use takes a log into the pack, with its witnesses.
func (c *collector) use(l *witnessed) error {
	if l.at >= 0 {
		return nil
	}
	log := exhibit.Log{Key: l.key, Point: l.under.Checkpoint(), Policy: c.o.Witnesses}
	if len(log.Policy) == 0 {
		b, err := os.ReadFile(filepath.Join(l.dir, policyName))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("witness policy: %w", err)
		}
		log.Policy = b
	}
	if len(log.Policy) > 0 {
		policy, err := auditverify.ParsePolicy(log.Policy)
		if err != nil {
			return err
		}
		log.Signed, _ = policy.Check(log.Point.Raw)
	}
	l.at = len(c.in.Logs)
	c.in.Logs = append(c.in.Logs, log)
	return nil
}

// stamp takes a timestamped checkpoint into the pack, and proves a leaf under it.
func (c *collector) stamp(l *witnessed, n int, index uint64) (at int, proof []byte, err error) {
	s, err := l.stamps[n].read()
	if err != nil {
		return -1, nil, err
	}
	before, err := l.newest.Before(s.Point.Raw, l.key)
	if err != nil {
		return -1, nil, fmt.Errorf("timestamped checkpoint: %w", err)
	}
	s.Point = before.Checkpoint()
	log := &c.in.Logs[l.at]
	at, taken := l.used[n]
	if !taken {
		at = len(log.Stamps)
		log.Stamps, l.used[n] = append(log.Stamps, s), at
	}
	proof, err = before.Proof(index)
	return at, proof, err
}
