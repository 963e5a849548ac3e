// Package natsembed runs a nats-server with JetStream inside this process. It is the only package of the product that
// starts one.
package natsembed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
)

// Config says where the server keeps its streams and where it listens.
type Config struct {
	Dir    string       // store and credentials; created when missing
	Host   string       // address to listen on; 127.0.0.1 when empty
	Port   int          // 0 does not listen at all, -1 takes a free port
	NoSync bool         // do not sync every write: for benchmarks of the rest and for tests only
	Log    *slog.Logger // warnings and errors of the server
}

// Server is a running server. It has three users: the services, who may do everything; operators, who bring acts in and put
// reference data into their store; and clients, who reach the public subjects only. Their nkey seeds are files in Dir, readable by their owner alone.
type Server struct {
	srv *server.Server
	dir string
}

// The credentials files in Config.Dir.
const (
	ServiceCreds  = "service.nk"
	OperatorCreds = "operator.nk"
	ClientCreds   = "client.nk"
)

// Start runs a server until Shutdown. Every write to a stream that cannot be made again is on disk before it is
// acknowledged (SyncAlways).
func Start(cfg Config) (*Server, error) {
	if cfg.Dir == "" {
		return nil, errors.New("natsembed: a directory for the streams is needed")
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("create NATS directory: %w", err)
	}
	users, err := users(cfg.Dir)
	if err != nil {
		return nil, err
	}
	host := cfg.Host
	if host == "" {
		host = "127.0.0.1"
	}
	srv, err := server.NewServer(&server.Options{
		ServerName: "tidegate", Host: host, Port: max(cfg.Port, -1), DontListen: cfg.Port == 0, NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: cfg.Dir, SyncAlways: !cfg.NoSync, MaxPayload: event.MaxBlockSize,
		MaxPending: 256 << 20, Nkeys: users, JetStreamMaxMemory: 64 << 20, JetStreamMaxStore: 1 << 50,
	})
	if err != nil {
		return nil, fmt.Errorf("configure NATS server: %w", err)
	}
	if cfg.Log != nil {
		srv.SetLoggerV2(logger{cfg.Log}, false, false, false)
	}
	srv.Start()
	if !srv.ReadyForConnections(30 * time.Second) {
		srv.Shutdown()
		return nil, errors.New("the NATS server did not get ready within 30 s; is its directory or port in use?")
	}
	return &Server{srv: srv, dir: cfg.Dir}, nil
}

// users reads the three users' keys, made at the first start.
func users(dir string) ([]*server.NkeyUser, error) {
	service, err := publicKey(filepath.Join(dir, ServiceCreds))
	if err != nil {
		return nil, err
	}
	client, err := publicKey(filepath.Join(dir, ClientCreds))
	if err != nil {
		return nil, err
	}
	operator, err := publicKey(filepath.Join(dir, OperatorCreds))
	if err != nil {
		return nil, err
	}
	inside := &server.Permissions{
		Publish:   &server.SubjectPermission{Allow: subject.OperatorPublishes},
		Subscribe: &server.SubjectPermission{Allow: []string{subject.PublicDecisionWildcard, subject.PublicAlarmWildcard, subject.PublicRecordWildcard, "_INBOX.>"}},
	}
	outside := &server.Permissions{
		Publish:   &server.SubjectPermission{Allow: []string{subject.IngestSubject, subject.AskAll, subject.MatchSubject, subject.Discovery}},
		Subscribe: &server.SubjectPermission{Allow: []string{subject.PublicDecisionWildcard, subject.PublicAlarmWildcard, subject.PublicRecordWildcard, "_INBOX.>"}},
	}
	return []*server.NkeyUser{{Nkey: service}, {Nkey: operator, Permissions: inside}, {Nkey: client, Permissions: outside}}, nil
}

func publicKey(file string) (string, error) {
	seed, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		seed, err = newSeed(file)
	}
	if err != nil {
		return "", fmt.Errorf("credentials: %w", err)
	}
	kp, err := nkeys.FromSeed(seed)
	if err != nil {
		return "", fmt.Errorf("credentials %s: %w", file, err)
	}
	return kp.PublicKey()
}

func newSeed(file string) ([]byte, error) {
	kp, err := nkeys.CreateUser()
	if err != nil {
		return nil, err
	}
	seed, err := kp.Seed()
	if err != nil {
		return nil, err
	}
	return seed, os.WriteFile(file, seed, 0o600)
}

// URL is where clients connect; empty when the server does not listen.
func (s *Server) URL() string {
	if s.srv.Addr() == nil {
		return ""
	}
	return (&url.URL{Scheme: "nats", Host: s.srv.Addr().String()}).String()
}

// Connect opens an in-process connection with the services' credentials.
func (s *Server) Connect(name string) (*nats.Conn, error) {
	auth, err := nats.NkeyOptionFromSeed(filepath.Join(s.dir, ServiceCreds))
	if err != nil {
		return nil, fmt.Errorf("service credentials: %w", err)
	}
	nc, err := nats.Connect("", nats.InProcessServer(s.srv), nats.Name(name), auth, nats.MaxReconnects(-1))
	if err != nil {
		return nil, fmt.Errorf("connect in process: %w", err)
	}
	return nc, nil
}

// Shutdown stops the server and waits until its files are closed. Twice is fine.
func (s *Server) Shutdown() {
	s.srv.Shutdown()
	s.srv.WaitForShutdown()
}

// logger passes the server's warnings and errors to slog and leaves the rest out.
type logger struct{ log *slog.Logger }

func (l logger) say(level slog.Level, format string, v []any) {
	l.log.Log(context.Background(), level, "nats server", slog.String("text", fmt.Sprintf(format, v...)))
}

func (logger) Noticef(string, ...any)           {}
func (logger) Debugf(string, ...any)            {}
func (logger) Tracef(string, ...any)            {}
func (l logger) Warnf(format string, v ...any)  { l.say(slog.LevelWarn, format, v) }
func (l logger) Errorf(format string, v ...any) { l.say(slog.LevelError, format, v) }
func (l logger) Fatalf(format string, v ...any) { l.say(slog.LevelError, format, v) }
