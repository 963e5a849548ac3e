// Package page is the auditor's page: questions to the log asked in a browser, answered from the log.
//
// What was decided here:
//   - Whoever looks has a token with the scope audit, also on the log's own machine: what was asked stands in the log under its name. The
//     token's sources, tenants and range of days bound everything that is shown; what lies beyond is not said to be there.
//   - Everything is a document that the server writes. Two scripts of our own (the live list, the print button) add to it and nothing needs
//     them; the policy of the page lets no other run and nothing be loaded from elsewhere.
//   - The index says where to look, as for "audit list"; each record shown was proven under the checkpoint published then. The index is
//     brought up to date here, twice a second, never ahead of the checkpoint; an answer is as fresh as that.
//   - Questions, evidence and exports are counted by token and brought in as notes once a minute and at the end: however many are asked, there
//     are at most three notes a token and minute. Before the process ends they are brought in; a crash loses at most the last minute's.
package page

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/services/audit/search"
	"github.com/tidegate/tidegate/shared/certificate"
	"github.com/tidegate/tidegate/shared/clock"
	"github.com/tidegate/tidegate/shared/token"
)

// Config is what the page needs. The zero value of a field takes its default; Dir, Tokens and Listen must be given.
type Config struct {
	Dir    string            // audit directory: the logs and the search index
	File   string            // of the search index; beside the logs when empty
	Tokens string            // directory of the file of tokens
	Listen string            // HOST:PORT; without a host the machine's own: 127.0.0.1
	TLS    certificate.Files // plain HTTP when empty

	Witnesses     []byte // policy whose witnesses' signatures are checked; without it their names are shown as what they are: unchecked
	CheckpointDir string // where checkpoints are copied and timestamped; none when empty

	Rows func(object []byte, ids []string) (rows []byte, missing []string, err error) // of imported lists, for evidence packs (audit.EvidenceOptions); may be nil

	Note  func(context.Context, event.Note) error // brings a note into the log; nothing is noted when nil
	Every time.Duration                           // between two notes; 1m
	Index time.Duration                           // between two looks for what was logged; 500ms

	Log   *slog.Logger // slog.Default()
	Clock clock.Clock  // the system's
}

// Validate names every fault at once.
func (c Config) Validate() error {
	var faults []error
	for name, v := range map[string]string{"directory of the log": c.Dir, "directory of tokens": c.Tokens, "address": c.Listen} {
		if v == "" {
			faults = append(faults, fmt.Errorf("the %s must be given", name))
		}
	}
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		faults = append(faults, errors.New("TLS needs both a certificate and its key"))
	}
	if _, err := auditverify.ParsePolicy(c.Witnesses); len(c.Witnesses) > 0 && err != nil {
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

func (c Config) withDefaults() Config {
	if c.Every == 0 {
		c.Every = time.Minute
	}
	if c.Index == 0 {
		c.Index = 500 * time.Millisecond
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Clock == nil {
		c.Clock = clock.System
	}
	return c
}

// Service serves the page.
type Service struct {
	cfg      Config
	policy   *auditverify.Policy // nil where none is given
	archive  *search.Archive
	tokens   *token.Ring
	sessions *sessions
	tries    *tries
	asked    *asked
	tail     *tail
	busy     chan struct{} // a place for each request that is worked on
	listener net.Listener

	exporting chan struct{} // a place for each export
}

// New opens the index and the address. Run must follow, or Close.
func New(ctx context.Context, cfg Config) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("auditor's page: %w", err)
	}
	s := &Service{cfg: cfg.withDefaults()}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("auditor's page: %w", err), s.Close())
	}
	s.tokens = token.NewRing(cfg.Tokens, s.cfg.Clock)
	s.sessions, s.tries, s.asked, s.tail = newSessions(s.cfg.Clock), newTries(s.cfg.Clock), newAsked(s.cfg.Clock), newTail()
	s.busy, s.exporting = make(chan struct{}, atOnce), make(chan struct{}, exports)
	return s, nil
}

func (s *Service) open(ctx context.Context) (err error) {
	if len(s.cfg.Witnesses) > 0 {
		if s.policy, err = auditverify.ParsePolicy(s.cfg.Witnesses); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(s.cfg.Dir, 0o755); err != nil {
		return err
	}
	if s.archive, err = search.Open(ctx, s.cfg.Dir, cmp.Or(s.cfg.File, filepath.Join(s.cfg.Dir, search.File))); err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(s.cfg.Listen)
	if err != nil {
		return fmt.Errorf("address %q: want HOST:PORT: %w", s.cfg.Listen, err)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return err
	}
	s.listener = l
	wrapped, err := s.cfg.TLS.Wrap(l, s.cfg.Clock)
	if err != nil {
		return err
	}
	s.listener = wrapped
	return nil
}

// Close closes what New opened, where Run does not follow.
func (s *Service) Close() error {
	var errs []error
	if s.archive != nil {
		errs = append(errs, s.archive.Close())
	}
	if s.listener != nil {
		if err := s.listener.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// URL is where the page is.
func (s *Service) URL() string {
	if s.cfg.TLS.Set() {
		return "https://" + s.listener.Addr().String()
	}
	return "http://" + s.listener.Addr().String()
}

// Run serves until ctx ends, which is no error; then it brings in what was asked and not noted yet.
func (s *Service) Run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, s.Close()) }()
	if a, ok := s.listener.Addr().(*net.TCPAddr); ok && !a.IP.IsLoopback() && !s.cfg.TLS.Set() {
		s.cfg.Log.WarnContext(ctx, "the auditor's page is open to the network without TLS: tokens can be read on the way", slog.String("address", a.String()))
	}
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.serve(gctx) })
	g.Go(func() error { return s.follow(gctx) })
	g.Go(func() error { return s.noteNowAndThen(gctx) })
	err = g.Wait()
	s.noteLast(context.WithoutCancel(ctx))
	return err
}

// follow brings the index up to the published checkpoint, again and again, and wakes who watches.
func (s *Service) follow(ctx context.Context) error {
	for failed := ""; ; {
		r, err := s.archive.Update(ctx, nil)
		switch {
		case err == nil:
			failed = ""
			s.tail.update(r)
		case ctx.Err() != nil, errors.Is(err, fs.ErrNotExist): // nothing was logged yet
		case failed != err.Error():
			failed = err.Error()
			s.cfg.Log.ErrorContext(ctx, "the search index was not brought up to date, trying again", slog.Any("error", err))
		}
		if clock.Sleep(ctx, s.cfg.Index) != nil {
			return nil //nolint:nilerr // the end is no error
		}
	}
}
