// Package standalone is Tidegate in one process: the four services and an embedded NATS server over one data directory.
// It is also the home of what needs two services while nothing runs.
package standalone

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime/pprof"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/tidegate/tidegate/deploy/orders"
	"github.com/tidegate/tidegate/deploy/webhook"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/page"
	"github.com/tidegate/tidegate/services/enrichment"
	"github.com/tidegate/tidegate/services/ingest"
	"github.com/tidegate/tidegate/services/ingest/source"
	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/natsembed"
)

// Config says where the data is and where the doors are.
type Config struct {
	Data     string                // directory of all local state; created when missing, locked while running
	GuardDir string                // where the log's guard keeps its state, outside Data; below the user's state directory when empty
	Audit    audit.Config          // witnesses and export of the log; its directories and limits are set from the rest
	Page     page.Config           // address, TLS, witnesses of the auditor's page; none is served when its Listen is empty
	Ingest   ingest.Config         // webhooks, streams, TLS of the doors; its directory, address and look-ups are set from the rest
	HTTP     string                // address of the HTTP door; 127.0.0.1 with a free port when empty
	NATSHost string                // address the embedded server listens on; 127.0.0.1 when empty
	NATSPort int                   // 0 listens on no port, -1 takes a free one
	Limits   bus.Limits            // sizes of the streams
	Pack     *screening.Pack       // rules; the US pack when nil
	Required []enrichment.Required // lists without which orders are held
	Rejudge  bool                  // judge open orders again by itself: when their decision is no longer valid, when lists change
	Nightly  Nightly               // records decided again each night; none by default
	Sources  string                // file of what orders are read from; SourcesFile(Data), where it is there, when empty
	Webhooks string                // file of the endpoints that decisions and receipts go to; WebhooksFile(Data), where it is there, when empty
	Log      *slog.Logger          // discarded when nil
}

// Standalone is a running process's parts. Everything is stopped by the end of Run's context.
type Standalone struct {
	cfg    Config
	lock   *lock
	server *natsembed.Server
	conns  []*nats.Conn

	webhooks *nats.Conn     // nil where no endpoint is configured
	sources  *source.Runner // nil where none is configured
	page     *page.Service  // nil where none is wanted
	orders   *orders.Service
	ready    chan struct{}

	Ingest     *ingest.Service
	Enrichment *enrichment.Service
	Screening  *screening.Service
	Audit      *audit.Service
}

// Places of the parts in the data directory.
func natsDir(data string) string   { return filepath.Join(data, "nats") }
func ingestDir(data string) string { return filepath.Join(data, "ingest") }

// screeningDir is where screening keeps snapshots of its ledger.
func screeningDir(data string) string { return filepath.Join(data, "screening") }

// AuditDir is where the audit service of a data directory keeps the log.
func AuditDir(data string) string { return filepath.Join(data, "audit") }

// ListsDir is where the imported lists of a data directory are; the active set is loaded at the start.
func ListsDir(data string) string { return filepath.Join(data, "lists") }

// MastersDir is where the imported masters of a data directory are; the active set is mapped at the start.
func MastersDir(data string) string { return filepath.Join(data, "masters") }

// New locks the data directory, starts the server, declares the streams and wires the services. After an error
// nothing is left running.
func New(ctx context.Context, cfg Config) (*Standalone, error) {
	if cfg.Data == "" {
		return nil, errors.New("a data directory is needed (--data DIR)")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.HTTP == "" {
		cfg.HTTP = "127.0.0.1:0"
	}
	s := &Standalone{cfg: cfg, ready: make(chan struct{})}
	if err := s.open(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *Standalone) open(ctx context.Context) (err error) {
	if s.lock, err = lockDir(s.cfg.Data); err != nil {
		return err
	}
	if s.server, err = natsembed.Start(natsembed.Config{Dir: natsDir(s.cfg.Data), Host: s.cfg.NATSHost, Port: s.cfg.NATSPort, Log: s.cfg.Log}); err != nil {
		return err
	}
	if err := errors.Join(s.declare(ctx), s.compare(ctx)); err != nil {
		return err
	}
	return s.openEdges(ctx, s.wire())
}

// openEdges prepares what brings orders in and decisions out by itself, once the services are wired.
func (s *Standalone) openEdges(ctx context.Context, wired error) error {
	if wired != nil {
		return wired
	}
	return errors.Join(s.prepareWebhooks(ctx), s.openSources(), s.openPage(ctx))
}

// prepareWebhooks gives every endpoint its place before a door is open, so that a new one misses nothing.
func (s *Standalone) prepareWebhooks(ctx context.Context) error {
	if s.cfg.Webhooks == "" {
		if s.cfg.Webhooks = WebhooksFile(s.cfg.Data); !webhook.Exists(s.cfg.Webhooks) {
			return nil
		}
	}
	endpoints, err := webhook.Load(s.cfg.Webhooks)
	if err != nil {
		return err
	}
	if s.webhooks, err = s.connect("webhooks"); err != nil {
		return err
	}
	_, err = webhook.New(ctx, s.webhooks, endpoints, s.cfg.Log)
	return err
}

func (s *Standalone) declare(ctx context.Context) error {
	js, err := s.jetStream("topology")
	if err != nil {
		return err
	}
	return bus.Apply(ctx, js, s.cfg.Limits)
}

// compare holds the streams against the log before a door is open.
func (s *Standalone) compare(ctx context.Context) error {
	js, err := s.jetStream("check")
	if err != nil {
		return err
	}
	return audit.CheckStreams(ctx, js, AuditDir(s.cfg.Data))
}

func (s *Standalone) jetStream(name string) (jetstream.JetStream, error) {
	nc, err := s.connect(name)
	if err != nil {
		return nil, err
	}
	return jetstream.New(nc)
}

// Connect opens a connection with the services' rights, closed with the server.
func (s *Standalone) Connect(name string) (*nats.Conn, error) { return s.server.Connect(name) }

// connect opens one more in-process connection; each service has its own, as it would in a process of its own.
func (s *Standalone) connect(name string) (*nats.Conn, error) {
	nc, err := s.server.Connect(name)
	if err == nil {
		s.conns = append(s.conns, nc)
	}
	return nc, err
}

// Ready is closed when the doors are open.
func (s *Standalone) Ready() <-chan struct{} { return s.ready }

// HTTP is the base URL of the HTTP door, once Ready.
func (s *Standalone) HTTP() string {
	if s.cfg.Ingest.TLS.Set() {
		return "https://" + s.Ingest.Addr().String()
	}
	return "http://" + s.Ingest.Addr().String()
}

// openPage opens the auditor's page where one is wanted. What is asked there comes in as notes.
func (s *Standalone) openPage(ctx context.Context) (err error) {
	cfg := s.cfg.Page
	cfg.Rows = enrichment.CitedRows
	if cfg.Listen == "" {
		return nil
	}
	cfg.Dir, cfg.Tokens, cfg.Note, cfg.Log = AuditDir(s.cfg.Data), ingestDir(s.cfg.Data), s.note, s.cfg.Log
	s.page, err = page.New(ctx, cfg)
	return err
}

// Auditor is the URL of the auditor's page; empty where none is served.
func (s *Standalone) Auditor() string {
	if s.page == nil {
		return ""
	}
	return s.page.URL()
}

// runPage serves the auditor's page until ctx ends. The rest ends after it, so that what was asked is noted.
func (s *Standalone) runPage(ctx context.Context) error {
	if s.page == nil {
		<-ctx.Done()
		return nil
	}
	return s.page.Run(ctx)
}

// Run works until ctx ends, which is no error, or until one service must stop, which stops all. It ends with
// everything closed.
func (s *Standalone) Run(ctx context.Context) error {
	defer s.close()
	told := ctx
	ctx, stop := context.WithCancel(context.WithoutCancel(told))
	defer stop()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer stop()
		first, end := context.WithCancel(told)
		defer end()
		defer context.AfterFunc(ctx, end)() // one of the others must stop
		return s.runPage(first)
	})
	for name, run := range map[string]func(context.Context) error{
		"ingest": s.Ingest.Run, "enrichment": s.Enrichment.Run, "screening": s.Screening.Run, "audit": s.Audit.Run,
	} {
		g.Go(func() error {
			// The label tells the stages apart in a CPU profile.
			var err error
			pprof.Do(ctx, pprof.Labels("stage", name), func(ctx context.Context) { err = run(ctx) })
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			return nil
		})
	}
	if s.webhooks != nil {
		g.Go(func() error { return webhook.RunFile(ctx, s.webhooks, s.cfg.Webhooks, s.cfg.Log) })
	}
	g.Go(func() error { return s.runSources(ctx) })
	g.Go(func() (err error) {
		pprof.Do(ctx, pprof.Labels("stage", "index of orders"), func(ctx context.Context) { err = s.runOrders(ctx) })
		return err
	})
	g.Go(func() error { return s.announceWhenReady(ctx) })
	g.Go(func() error { return s.nightly(ctx) })
	return g.Wait()
}

func (s *Standalone) announceWhenReady(ctx context.Context) error {
	select {
	case <-s.Ingest.Ready():
	case <-ctx.Done():
		return nil
	}
	info, err := s.announce()
	if err != nil {
		return err
	}
	defer info.remove()
	close(s.ready)
	<-ctx.Done()
	return nil
}

func (s *Standalone) close() {
	for _, nc := range s.conns {
		nc.Close()
	}
	if s.server != nil {
		s.server.Shutdown()
	}
	s.lock.release()
}
