package standalone

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"
	"github.com/nats-io/nats.go"
	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/services/screening/replay"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/clock"
)

// ReplayDir is where replays keep what they found and how far they are, each in a folder of its own.
func ReplayDir(data string) string { return filepath.Join(data, "replay") }

func replayCommand() *cli.Command {
	flags := append([]cli.Flag{dataFlag()}, sliceFlags()...)
	flags = append(flags, sideFlags("", "the new side")...)
	flags = append(flags, sideFlags("base-", "the old side")...)
	flags = append(
		flags,
		&cli.StringFlag{Name: "state", Value: "recorded", Usage: "running totals, licenses and dispositions: recorded, as read then, or recomputed, from the first order on"},
		&cli.StringFlag{Name: "work", Usage: "work `DIR`, instead of one below the data directory"},
		&cli.IntFlag{Name: "lanes", Usage: "batches judged at once, `N`; as many as there are processors when not given"},
		&cli.BoolFlag{Name: "here", Usage: "judge in this process even where the pipeline runs"},
		&cli.StringFlag{Name: "read", Usage: "`FROM` log or stream; the stream while it holds the slice when not given"},
	)
	return &cli.Command{
		Name:  "replay",
		Usage: "judge recorded history again under other rules, lists, parameters or dates; live orders are not touched",
		Description: "Without options it judges all history under each decision's own pack, lists and dates, which must change nothing, byte for byte.\n" +
			"The old answer is the recorded one, unless a --base option asks to judge that side again, too.\n" +
			"Orders are enriched again where the lists, the masters or the matcher asked for are not those their facts were stated under; else only judging is needed.\n" +
			"Where the pipeline runs, its instances judge, beside live orders. A replay that was stopped goes on when it is asked for again.",
		Flags:    slices.Concat(flags, reportFlags(), applyFlags()),
		Commands: []*cli.Command{replayListCommand(), replayDropCommand()},
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if cmd.Args().Present() {
				return cli.Exit(fmt.Errorf("replay: %q is neither a flag nor a verb", cmd.Args().First()), 2)
			}
			if cmd.IsSet("apply") {
				return applyCommand(ctx, cmd)
			}
			ask, err := askedBy(ctx, cmd)
			if err != nil {
				return err
			}
			Gentle()
			rep, err := ask.shown(ctx, cmd.Root().ErrWriter)
			switch {
			case errors.Is(err, context.Canceled):
				return cli.Exit("replay: stopped; asked again it goes on where it is now (replay list shows it)", 130)
			case errors.Is(err, auditverify.ErrBad):
				return cli.Exit(err, 1)
			case err != nil:
				return err
			}
			return tellReplay(ctx, cmd, rep)
		},
	}
}

// finishedKept is how many work directories of replays that are done stay: their reports are kept elsewhere, for --apply.
const finishedKept = 8

// replayAsk is a question about a data directory, and how it is to be answered.
type replayAsk struct {
	data     string
	question replay.Question
	known    *replayKnown
	work     string // below the data directory when empty
	read     string // log, stream or whichever
	lanes    int
	here     bool // judge in this process even where the pipeline runs
	indexed  bool // which orders are open is asked of their index besides
	progress func(replay.Progress)
	every    time.Duration // between two notes of how far it is
	told     func(string)  // hears what was chosen and why; may be nil
}

// askedBy reads the flags; the error lists every value at fault.
func askedBy(ctx context.Context, cmd *cli.Command) (*replayAsk, error) {
	f := &flagged{cmd: cmd}
	a := &replayAsk{data: cmd.String("data"), work: cmd.String("work"), read: cmd.String("read"), lanes: cmd.Int("lanes"), here: cmd.Bool("here")}
	a.question.Slice, a.question.State, a.question.A.Recorded = f.slice(), f.state(), !f.based()
	b, base := f.side(""), f.side("base-")
	if a.read != "" && a.read != fromLog && a.read != fromStream {
		f.fault("read", fmt.Errorf("%q is not log or stream", a.read))
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	var err error
	if a.known, err = knownOf(a.data); err != nil {
		return nil, err
	}
	if a.question.B, err = a.known.side(ctx, a.data, b); err != nil {
		return nil, err
	}
	if !a.question.A.Recorded {
		a.question.A, err = a.known.side(ctx, a.data, base)
	}
	w := cmd.Root().ErrWriter
	a.told = func(s string) { fmt.Fprintln(w, s) }
	return a, err
}

// run answers the question, or goes on answering it.
func (a *replayAsk) run(ctx context.Context) (replay.Report, error) {
	nc, err := bus.OperatorOf(ctx, a.data)
	if err != nil && !errors.Is(err, bus.ErrNotRunning) {
		nc = nil // it runs and does not listen: the log does without it
	}
	if nc != nil {
		defer nc.Close()
	}
	if _, err := os.Stat(AuditDir(a.data)); err != nil && nc == nil {
		return replay.Report{}, fmt.Errorf("there is no log in %s: %w", a.data, err) // and nothing is made there
	}
	if err := replay.Tidy(ReplayDir(a.data), finishedKept); err != nil {
		return replay.Report{}, err
	}
	rep, err := a.goOn(ctx, nc)
	if err != nil && ctx.Err() == nil && !replay.Begun(a.dir()) { // to go on would be to fail again
		err = errors.Join(err, replay.Forget(a.dir(), a.question))
	}
	if a.read == fromStream || !errors.Is(err, errStreamLost) {
		return rep, err
	}
	a.say(fmt.Sprintf("replay: begun again, from the log: %v", err))
	if err := replay.Forget(a.dir(), a.question); err != nil {
		return rep, err
	}
	if a.read = fromLog; nc != nil && !nc.IsConnected() {
		nc = nil
	}
	return a.goOn(ctx, nc)
}

// errStreamLost says that the stream of decisions no longer holds what a replay began to read from it. The log has it all.
var errStreamLost = errors.New("the stream that it was begun on is not there any more")

func (a *replayAsk) dir() string {
	return cmp.Or(a.work, filepath.Join(ReplayDir(a.data), a.question.ID()))
}

// goOn begins to answer, or goes on where it was stopped.
func (a *replayAsk) goOn(ctx context.Context, nc *nats.Conn) (replay.Report, error) {
	dir := a.dir()
	w, err := replay.Prepare(dir, a.question, func() (replay.Plan, json.RawMessage, error) { return a.plan(ctx, nc) })
	if err != nil {
		return replay.Report{}, err
	}
	defer func() { _ = w.Close() }()
	var h passage
	if err := json.Unmarshal(w.Source, &h); err != nil {
		return replay.Report{}, fmt.Errorf("replay: %s: %w", dir, err)
	}
	if h.From == fromStream && nc == nil {
		return replay.Report{}, errStreamLost
	}
	a.tell(w)
	job := a.job(w, h, nc)
	if err := a.lanesOf(ctx, nc, job); err != nil {
		return replay.Report{}, err
	}
	return job.Run(ctx)
}

func (a *replayAsk) tell(w *replay.Work) {
	a.say("replay: " + w.Plan.Why)
	if w.Resumed {
		a.say("replay: going on where it was stopped")
	}
}

func (a *replayAsk) say(s string) {
	if a.told != nil {
		a.told(s)
	}
}

// plan chooses what is read and what is done, and says why.
func (a *replayAsk) plan(ctx context.Context, nc *nats.Conn) (replay.Plan, json.RawMessage, error) {
	slice := a.question.Slice
	if len(slice.Stands) > 0 && !a.indexed {
		slice.ReceivedFrom = "" // how an order stands may follow from what came in long before
	}
	h, err := pastOf(ctx, a.data, nc, slice, a.read)
	if err != nil {
		return replay.Plan{}, nil, err
	}
	p := replay.Plan{EnrichA: a.question.A.Reference != nil, EnrichB: a.question.B.Reference != nil, Why: a.question.Needs()}
	h.plan(&p)
	b, err := json.Marshal(h)
	return p, b, err
}

func (a *replayAsk) job(w *replay.Work, h passage, nc *nats.Conn) *replay.Job {
	job := &replay.Job{
		Question: a.question, Plan: w.Plan, Dir: w.Dir, Source: h.source(a.data, nc), Lanes: a.lanes, Total: h.total(), Progress: a.progress, Every: a.every, Clock: clock.System,
	}
	if h.From == fromStream { // the log holds as many, but for the last second
		if points, err := audit.Points(AuditDir(a.data)); err == nil {
			job.Total = passage{Points: points}.total()
		}
	}
	if job.Lanes <= 0 {
		job.Lanes = runtime.GOMAXPROCS(0)
	}
	return job
}

// lanesOf says who judges: running instances, beside live orders, or this process.
func (a *replayAsk) lanesOf(ctx context.Context, nc *nats.Conn, job *replay.Job) error {
	remote := nc != nil && !a.here && a.question.State == replay.Recorded
	var known replay.Known = a.known
	if remote {
		known = elsewhere{a.known, nc}
	}
	judge := replay.NewJudge(a.question, known)
	if len(a.question.Slice.Stands) > 0 {
		if err := judge.Survey(ctx, job.Source); err != nil {
			return err
		}
	}
	switch {
	case a.question.State == replay.Recomputed:
		job.Serial = replay.NewRecompute(judge)
	case remote:
		there, err := bus.Who(ctx, nc, bus.Pack)
		if err != nil {
			return err
		}
		if err := a.known.share(ctx, nc, a.question); err != nil {
			return err
		}
		job.Judge = replay.NewLanes(nc, judge).Judge
		if a.lanes <= 0 {
			job.Lanes = len(there) + 1 // each works on one batch, and finds the next
		}
		a.say(fmt.Sprintf("replay: %d running instances judge, beside live orders", len(there)))
	default:
		job.Judge = judge.Cases
	}
	return nil
}

// shown answers with a progress bar on a terminal.
func (a *replayAsk) shown(ctx context.Context, w io.Writer) (replay.Report, error) {
	if !isTerminal(w) {
		a.progress = told(w, time.Now) //nolint:forbidigo // how far it is, for a person
		return a.run(ctx)
	}
	bar := progress.NewWriter()
	bar.SetOutputWriter(w)
	bar.SetAutoStop(true)
	bar.SetUpdateFrequency(100 * time.Millisecond)
	tracker := &progress.Tracker{Message: "replay"}
	bar.AppendTracker(tracker)
	done := make(chan struct{})
	go func() { defer close(done); bar.Render() }()
	a.progress = func(p replay.Progress) {
		tracker.UpdateTotal(int64(p.Total)) //nolint:gosec // far fewer than 2^63 cases
		tracker.UpdateMessage(fmt.Sprintf("replay, %.0f a second, %s left", p.Rate, p.Left.Round(time.Second)))
		tracker.SetValue(min(int64(p.Done), max(int64(p.Total)-1, 0))) //nolint:gosec // as above
	}
	rep, err := a.run(ctx)
	tracker.MarkAsDone()
	<-done
	return rep, err
}

// tellEvery is how often a replay says how far it is where no bar is shown.
const tellEvery = 10 * time.Second

// told writes now and then how far a replay is.
func told(w io.Writer, now clock.Clock) func(replay.Progress) {
	last := now()
	return func(p replay.Progress) {
		if now().Sub(last) < tellEvery {
			return
		}
		last = now()
		fmt.Fprintf(w, "replay: %s of %s, %s a second, %s left\n", replay.Grouped(int(p.Done)), replay.Grouped(int(p.Total)), replay.Grouped(int(p.Rate)), p.Left.Round(time.Second)) //nolint:gosec // counts of cases
	}
}

// Replay answers a question about a data directory, with what its archive keeps and the packs given at hand.
func Replay(ctx context.Context, data string, opt replay.Options) (replay.Report, error) {
	known, err := knownOf(data)
	if err != nil {
		return replay.Report{}, err
	}
	for _, p := range append(opt.Packs, opt.Pack, opt.Base) {
		if p != nil {
			known.take(p)
		}
	}
	a := &replayAsk{data: data, question: opt.Question(), known: known, lanes: opt.Workers, progress: opt.Progress}
	return a.run(ctx)
}

// ReadHistory merely reads and proves the history of a data directory, as a replay of all of it does, and counts the cases.
func ReadHistory(ctx context.Context, data string) (n int, err error) {
	p, err := pastOf(ctx, data, nil, replay.Slice{}, fromLog)
	if err != nil {
		return 0, err
	}
	for b, err := range p.log(ctx, data, nil) {
		if err != nil {
			return n, err
		}
		n += len(b.Cases)
	}
	return n, nil
}
