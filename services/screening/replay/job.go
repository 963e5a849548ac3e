package replay

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tidegate/tidegate/shared/clock"
)

// Mark is where a source goes on: what it means is the source's own affair. None is the beginning.
type Mark = json.RawMessage

// Batch is some cases of the history in its order, and the mark behind them.
type Batch struct {
	Cases []Past
	Mark  Mark
}

// Job is one replay on its way: it reads the history in order, has lanes judge batches of it side by side, and takes what
// they find in the order of the cases. It holds no more than the batches in flight: changed decisions lie in the work
// directory. Every second it notes how far it is; killed and run again it goes on there, and its report is the same.
type Job struct {
	Question Question
	Plan     Plan
	Dir      string                                                       // work directory, made by Prepare; everything is kept in memory when empty
	Source   func(ctx context.Context, from Mark) iter.Seq2[Batch, error] // the history behind a mark; an error at its end says that it is not proven
	Judge    func(ctx context.Context, part []Past) (Result, error)       // a lane: called by several goroutines at once
	Serial   Serial                                                       // instead of Judge where each answer may follow from those before
	Lanes    int                                                          // batches judged at once
	Total    uint64                                                       // cases in all, for the time left; 0 when not known
	Progress func(Progress)                                               // called now and then and at the end; may be nil
	Every    time.Duration                                                // between two notes of how far it is; a second when 0
	Clock    clock.Clock                                                  // for rate, time left and the notes; none of them without
}

// Serial judges one batch after the other and can be kept.
type Serial interface {
	Judge(ctx context.Context, part []Past) (Result, error)
	Save(dir string, at uint64) error // keeps what it stands at behind that many cases
	Load(dir string, at uint64) error // takes it up again; an error leaves it at the beginning
}

// Progress is how far a job is.
type Progress struct {
	Done  uint64        // cases read and judged, those before it was killed included
	Total uint64        // in all; 0 when not known
	Rate  float64       // cases a second of this run; 0 when not known
	Left  time.Duration // until the end at this rate; 0 when not known
}

// noted is what progress.json holds.
type noted struct {
	Mark    Mark   `json:"mark"`
	Cases   uint64 `json:"cases"`
	Changes int64  `json:"changes_bytes"`
	Stands  int64  `json:"stands_bytes"`
	Sum     Result `json:"sum"`
	Read    bool   `json:"read,omitempty"` // to the end
}

// noteEvery is how often a job notes how far it is.
const noteEvery = time.Second

// running is a job that runs.
type running struct {
	*Job
	at      noted
	changes *spool
	stands  *spool
	begun   time.Time
	before  uint64 // cases done before this run
	noted   time.Time
}

// Run answers the question. An end of ctx leaves what is needed to go on, as a kill does.
func (j *Job) Run(ctx context.Context) (Report, error) {
	if rep, ok := j.finished(); ok {
		return rep, nil
	}
	r := &running{Job: j}
	if err := r.open(); err != nil {
		return Report{}, err
	}
	err := r.all(ctx)
	if closed := errors.Join(r.changes.close(), r.stands.close()); err == nil {
		err = closed
	}
	if err != nil {
		return Report{}, err
	}
	return r.report()
}

// open opens the work files at the place last noted.
func (r *running) open() (err error) {
	r.at = noted{Sum: Result{}}
	if r.Dir != "" {
		if err := readFile(r.Dir, progressFile, &r.at); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	if r.changes, err = openSpool(r.Dir, changesFile, r.at.Changes); errors.Is(err, errTorn) {
		return r.again()
	} else if err != nil {
		return err
	}
	if r.stands, err = openSpool(r.Dir, standsFile, r.at.Stands); errors.Is(err, errTorn) {
		return errors.Join(r.changes.close(), r.again())
	} else if err != nil {
		return err
	}
	if r.Serial != nil && r.at.Cases > 0 {
		if err := r.Serial.Load(r.Dir, r.at.Cases); err != nil { // lost when the machine went down
			return errors.Join(r.changes.close(), r.stands.close(), r.again())
		}
	}
	if r.before = r.at.Cases; r.Clock != nil {
		r.begun = r.Clock()
		r.noted = r.begun
	}
	return nil
}

// again begins from the first case: a work file lost its end, or a ledger.
func (r *running) again() error {
	if err := os.Remove(filepath.Join(r.Dir, progressFile)); err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	return r.open()
}

// flight is a batch that is being judged.
type flight struct {
	Batch
	landed chan outcome
}

type outcome struct {
	Result
	err error
}

// all reads and judges what is left.
func (r *running) all(ctx context.Context) error {
	if r.at.Read {
		return nil
	}
	lanes := max(1, r.Lanes)
	g, ctx := errgroup.WithContext(ctx)
	queue := make(chan flight, 2*lanes)
	g.Go(func() error {
		defer close(queue)
		return r.read(ctx, queue, lanes)
	})
	g.Go(func() error {
		for f := range queue {
			if err := r.take(ctx, f); err != nil {
				return err
			}
		}
		return nil
	})
	if err := g.Wait(); err != nil {
		return errors.Join(err, r.stopped(err))
	}
	r.at.Read = true
	return r.note()
}

// stopped notes how far it came, so that less is done again; what was judged behind it is not lost by that.
func (r *running) stopped(err error) error {
	if errors.Is(err, context.Canceled) {
		return r.note()
	}
	return nil
}

func (r *running) read(ctx context.Context, queue chan<- flight, lanes int) error {
	var judges errgroup.Group
	judges.SetLimit(lanes)
	defer func() { _ = judges.Wait() }() // their errors come with their batches
	for b, err := range r.Source(ctx, r.at.Mark) {
		if err != nil {
			return fmt.Errorf("replay: read history: %w", err)
		}
		f := flight{b, make(chan outcome, 1)}
		if r.Serial == nil {
			judges.Go(func() error {
				res, err := r.Judge(ctx, b.Cases)
				f.landed <- outcome{res, err}
				return nil
			})
		}
		select {
		case queue <- f:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return ctx.Err()
}

// take enters what came of a batch, the next in order.
func (r *running) take(ctx context.Context, f flight) error {
	var o outcome
	if r.Serial != nil {
		o.Result, o.err = r.Serial.Judge(ctx, f.Cases)
	} else {
		select {
		case o = <-f.landed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if o.err != nil {
		return o.err
	}
	for i := range o.Changes {
		if err := r.changes.add(&o.Changes[i]); err != nil {
			return err
		}
	}
	for _, s := range o.stands {
		if err := r.stands.add(s); err != nil {
			return err
		}
	}
	r.at.Sum.add(&o.Result)
	r.at.Mark, r.at.Cases = f.Mark, r.at.Cases+uint64(len(f.Cases))
	if r.Clock != nil && r.Clock().Sub(r.noted) >= r.every() {
		return r.note()
	}
	return nil
}

// every is how often is noted: a ledger takes longer to keep.
func (r *running) every() time.Duration {
	d := cmp.Or(r.Every, noteEvery)
	if r.Serial != nil {
		return 15 * d
	}
	return d
}

// note keeps how far it is. A crash before the rename leaves the note before, and files that are longer than it says: they
// are cut off then.
func (r *running) note() error {
	if r.Clock != nil {
		r.noted = r.Clock()
	}
	r.tell()
	if r.Dir == "" {
		return nil
	}
	if err := errors.Join(r.changes.keep(), r.stands.keep()); err != nil {
		return err
	}
	r.at.Changes, r.at.Stands = r.changes.size, r.stands.size
	if r.Serial != nil && !r.at.Read {
		if err := r.Serial.Save(r.Dir, r.at.Cases); err != nil {
			return err
		}
	}
	return writeFile(r.Dir, progressFile, r.at)
}

func (r *running) tell() {
	if r.Progress == nil {
		return
	}
	p := Progress{Done: r.at.Cases, Total: max(r.Total, r.at.Cases)}
	if r.Total == 0 {
		p.Total = 0
	}
	if r.Clock != nil {
		if took := r.Clock().Sub(r.begun).Seconds(); took > 0 {
			p.Rate = float64(r.at.Cases-r.before) / took
		}
	}
	if p.Rate > 0 && p.Total > p.Done {
		p.Left = time.Duration(float64(p.Total-p.Done) / p.Rate * float64(time.Second))
	}
	r.Progress(p)
}

// add adds another result, its changes aside.
func (r *Result) add(o *Result) {
	r.Judged, r.Shifted, r.Differs = r.Judged+o.Judged, r.Shifted+o.Shifted, r.Differs+o.Differs
	r.Skipped, r.Enriched = r.Skipped+o.Skipped, r.Enriched+o.Enriched
	r.Lacking, r.Months = sums(r.Lacking, o.Lacking), sums(r.Months, o.Months)
}

func sums(to, from map[string]int) map[string]int {
	if to == nil {
		return maps.Clone(from)
	}
	for k, n := range from {
		to[k] += n
	}
	return to
}
