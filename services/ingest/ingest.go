// Package ingest takes orders in. Through HTTP and NATS it reads orders, gives each its place in the order stream or a
// refusal with every reason, and answers only when that is durable. The same order sent again, through any door, has
// one place; other content under the same key is refused.
package ingest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/accept"
	"github.com/tidegate/tidegate/shared/certificate"
	"github.com/tidegate/tidegate/shared/clock"
	"github.com/tidegate/tidegate/shared/token"
)

// Config says where a door stands and what it may ask.
type Config struct {
	Dir    string       // keeps the index of idempotency keys; created when missing; one process at a time
	Listen string       // host:port of the HTTP door; none when empty
	Source string       // source of an order that names none; "default" when empty
	Clock  clock.Clock  // tells the received time; the machine's clock when nil
	Log    *slog.Logger // nothing is logged when nil

	// History reads the cases of blocks from a sequence on, in order, where the streams no longer hold them: the audit
	// log. Without it a lost index cannot be made again beyond the streams.
	History func(ctx context.Context, from uint64) iter.Seq2[Past, error]
	// Lookup gives the logged cases of an order or event, oldest first, and the size of the log they are from. Without it
	// GET /v1/orders/{id} answers 501.
	Lookup func(ctx context.Context, id string) (found []Logged, size uint64, err error)
	// Receipt gives the record line of an event that was logged already, for senders who wait for the receipt of an
	// order they send again.
	Receipt func(ctx context.Context, event string) (line []byte, found bool, err error)
	// Cause gives the first line of an event's case, where the streams no longer hold it: the audit log. Without it nothing
	// can be said about an order that old.
	Cause func(ctx context.Context, event string) (line []byte, found bool, err error)

	// Space says why there is too little room on disk for more orders, where there is. It is asked before each block, for what was taken needs
	// room on its way to the log: a disk that is full stops everybody. Never asked when nil.
	Space func() error

	Doors     Doors                // webhooks and the customer's streams
	DoorsFile string               // where they stand: read again when it changes; never when empty
	Again     <-chan os.Signal     // has it read again at once; never when nil
	Traces    trace.TracerProvider // where the spans of orders go; nowhere when nil
	TLS       certificate.Files    // of the HTTP door; plain HTTP when empty
	Patience  time.Duration        // how long a sender is kept while the broker does not answer; 10 s when zero
	Requests  int64                // how many HTTP requests are worked on at once; 1,024 when zero
}

// Past is a case with the sequence of its block; an empty case for a block that the log says was lost.
type Past struct {
	Sequence uint64
	Case     event.Case
}

// Validate lists every fault.
func (c Config) Validate() error {
	var faults []error
	if c.Dir == "" {
		faults = append(faults, errors.New("dir is empty; the index of idempotency keys needs a directory"))
	}
	if c.Patience < 0 {
		faults = append(faults, fmt.Errorf("patience %s is negative", c.Patience))
	}
	if c.Requests < 0 {
		faults = append(faults, fmt.Errorf("%d requests at once", c.Requests))
	}
	if len(c.Source) > 128 {
		faults = append(faults, fmt.Errorf("source of %d bytes; at most 128", len(c.Source)))
	}
	for name, s := range c.Doors.Streams {
		faults = append(faults, within("stream "+name, s.Validate()))
	}
	return errors.Join(faults...)
}

// queued is how many orders may wait for the writer, and inFlight how many of their bytes.
const (
	queued   = 2048
	inFlight = 48 << 20
)

// Service is one door to the order stream.
type Service struct {
	cfg   Config
	nc    *nats.Conn
	js    jetstream.JetStream
	log   *slog.Logger
	in    chan *submission
	room  *semaphore.Weighted
	wait  *waiting
	write *writer

	tokens   *token.Ring
	local    token.Record // of verbs on this machine, new with every start
	secret   string       // of local
	requests *semaphore.Weighted
	doors    atomic.Pointer[Doors]
	reloaded chan struct{} // other doors count
	meter    *meter
	way      *way

	ready chan struct{}
	addr  net.Addr
}

// New makes a door on a connection; the streams must be declared.
func New(nc *nats.Conn, cfg Config) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("ingest: %w", err)
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Patience == 0 {
		cfg.Patience = 10 * time.Second
	}
	if cfg.Requests == 0 {
		cfg.Requests = 1024
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, fmt.Errorf("ingest: %w", err)
	}
	secret, local, err := token.New(rand.Reader, token.Record{Name: "local", Scopes: token.Scopes})
	if err != nil {
		return nil, fmt.Errorf("ingest: %w", err)
	}
	counts := newMeter()
	s := &Service{
		meter: counts, way: newWay(counts, cfg.Traces, cfg.Clock), cfg: cfg, nc: nc, js: js, log: cfg.Log, in: make(chan *submission, queued), room: semaphore.NewWeighted(inFlight),
		wait: newWaiting(nc), ready: make(chan struct{}), tokens: token.NewRing(cfg.Dir, cfg.Clock), local: local, secret: secret,
		requests: semaphore.NewWeighted(cfg.Requests), reloaded: make(chan struct{}, 1),
	}
	s.doors.Store(&cfg.Doors)
	return s, nil
}

// LocalToken is a token with every scope that counts while this process runs: for the verbs of its own machine, who read
// it from a file that only its owner reads.
func (s *Service) LocalToken() string { return s.secret }

// Ready is closed when the index covers the stream and the doors are open.
func (s *Service) Ready() <-chan struct{} { return s.ready }

// Addr is where the HTTP door listens, once Ready; nil without one.
func (s *Service) Addr() net.Addr { return s.addr }

// Run opens the doors and works until ctx ends. Then it takes nothing more in, answers what it took, and returns nil.
func (s *Service) Run(ctx context.Context) error {
	if err := os.MkdirAll(s.cfg.Dir, 0o700); err != nil {
		return fmt.Errorf("ingest: %w", err)
	}
	w, err := openWriter(ctx, s.js, filepath.Join(s.cfg.Dir, "keys.db"), s.cfg, s.in)
	if err != nil {
		return fmt.Errorf("ingest: %w", err)
	}
	s.write = w
	err = s.serve(ctx)
	return errors.Join(err, w.close())
}

// serve runs the doors above the writer: the doors end first, so that everything they took is answered.
func (s *Service) serve(ctx context.Context) error {
	var listener net.Listener
	if s.cfg.Listen != "" {
		var lc net.ListenConfig
		l, err := lc.Listen(ctx, "tcp", s.cfg.Listen)
		if err != nil {
			return fmt.Errorf("ingest: %w", err)
		}
		s.addr = l.Addr()
		if listener, err = s.cfg.TLS.Wrap(l, s.cfg.Clock); err != nil {
			return errors.Join(err, l.Close())
		}
	}
	door, err := s.openNATS(ctx)
	if err != nil {
		return err
	}
	below, stop := context.WithCancel(context.WithoutCancel(ctx))
	var writing sync.WaitGroup
	writing.Go(func() { s.write.run(below) })
	defer func() { stop(); writing.Wait() }()
	silent, err := s.serveAsked(ctx)
	if err != nil {
		return err
	}
	defer silent()
	g, above := errgroup.WithContext(ctx)
	if listener != nil {
		g.Go(func() error { return s.serveHTTP(above, listener) })
	}
	g.Go(func() error { s.serveNATS(above, door); return nil })
	g.Go(func() error { return s.observe(above) })
	g.Go(func() error { s.readStreams(above); return nil })
	g.Go(func() error { s.watchDoors(above); return nil })
	g.Go(func() error {
		select {
		case err := <-s.write.broken:
			return fmt.Errorf("ingest: %w", err)
		case <-above.Done():
			return nil
		}
	})
	if tokens, err := s.tokens.List(false); listener != nil && err == nil && len(tokens) == 0 {
		s.log.WarnContext(ctx, "no token was made: the HTTP door is open to this machine and to nobody else")
	}
	close(s.ready)
	return g.Wait()
}

// accept reads one piece at the time it has now.
func (s *Service) accept(in accept.Input) accept.Entry {
	if in.Source == "" {
		in.Source = s.cfg.Source
	}
	in.At = event.At(s.cfg.Clock())
	return accept.Accept(in)
}

// acceptAct reads one act at the time it has now.
func (s *Service) acceptAct(in accept.Input) accept.Entry {
	in.Source, in.At = s.cfg.Source, event.At(s.cfg.Clock())
	return accept.Act(in)
}

// submit hands an entry to the writer, waiting while too much is on its way. The submission is answered in any case.
func (s *Service) submit(ctx context.Context, e accept.Entry) (*submission, error) {
	if order, ok := e.About(); ok {
		e = s.write.ahead(ctx, e, order)
	}
	door := doorOf(e.Actor())
	sub := &submission{entry: e, done: make(chan verdict, 1), note: func(v verdict) {
		s.meter.taken(door, e.Format(), v)
		s.way.stored(e.Event, v)
	}}
	s.way.begin(ctx, e, door)
	size := int64(len(e.Line) + e.Size())
	if err := s.room.Acquire(ctx, size); err != nil {
		s.way.stored(e.Event, verdict{entry: e, err: err})
		return nil, err
	}
	sub.release = func() { s.room.Release(size) }
	select {
	case s.in <- sub:
		return sub, nil
	case <-ctx.Done():
		sub.release()
		s.way.stored(e.Event, verdict{entry: e, err: ctx.Err()})
		return nil, ctx.Err()
	}
}
