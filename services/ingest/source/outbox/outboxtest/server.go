// Package outboxtest gives a test a private PostgreSQL server.
package outboxtest

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Server is a PostgreSQL server of a test's own, reached through a socket in its directory.
type Server struct {
	bin, dir string
	as       *syscall.Credential
}

// Start makes and starts a server that ends with the test. The test is skipped, saying so, where there is none.
func Start(t *testing.T) *Server {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		t.Skip("PostgreSQL is not on this machine (Debian: apt-get install postgresql)")
	}
	dir, err := os.MkdirTemp("/tmp", "tidegate-pg") //nolint:usetesting // a socket's path is at most 107 bytes, and a test's directory is longer
	if err != nil {
		t.Fatal(err)
	}
	p := &Server{bin: filepath.Dir(found[len(found)-1]), dir: dir}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if os.Getuid() == 0 {
		p.as = nobody(t)
		if err := os.Chown(dir, int(p.as.Uid), int(p.as.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	p.run(t, "initdb", "-D", filepath.Join(dir, "data"), "-A", "trust", "-U", "tidegate", "--no-sync")
	p.start(t)
	t.Cleanup(func() { p.stop(t) })
	return p
}

// nobody is the user PostgreSQL runs as where the test runs as root, which it refuses.
func nobody(t *testing.T) *syscall.Credential {
	t.Helper()
	u, err := user.Lookup("postgres")
	if err != nil {
		t.Skip("tests run as root and there is no user postgres: ", err)
	}
	uid, uerr := strconv.ParseUint(u.Uid, 10, 32)
	gid, gerr := strconv.ParseUint(u.Gid, 10, 32)
	if uerr != nil || gerr != nil {
		t.Fatal(uerr, gerr)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func (p *Server) run(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), filepath.Join(p.bin, name), args...)
	cmd.Dir = p.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.as}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

func (p *Server) start(t *testing.T) {
	t.Helper()
	p.run(t, "pg_ctl", "-D", filepath.Join(p.dir, "data"), "-l", filepath.Join(p.dir, "log"), "-w", "-o",
		"-c listen_addresses='' -c unix_socket_directories="+p.dir+" -c max_connections=20", "start")
}

// Restart ends the server as a crash does, and starts it again.
func (p *Server) Restart(t *testing.T) {
	t.Helper()
	p.stop(t)
	p.start(t)
}

func (p *Server) stop(t *testing.T) {
	t.Helper()
	p.run(t, "pg_ctl", "-D", filepath.Join(p.dir, "data"), "-m", "immediate", "-w", "stop") // as a crash does
}

// URL is where it is reached.
func (p *Server) URL() string {
	return "postgres:///postgres?" + url.Values{"host": {p.dir}, "user": {"tidegate"}}.Encode()
}

// Exec runs statements.
func (p *Server) Exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), p.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}
