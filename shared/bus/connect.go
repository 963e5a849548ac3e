// Package bus is the way of blocks over JetStream: the streams and their limits, the one loop in which a stage reads
// block k, computes and publishes block k, and the public copies. It knows no export law.
package bus

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"time"

	"github.com/nats-io/nats.go"
)

// Server says which NATS server to use and how to be let in.
type Server struct {
	URL   string // nats://host:port; several with commas
	Creds string // file with a user JWT and seed (nsc), or with an nkey seed alone; none when empty
	Name  string // shown in the server's connection list
}

// Connect opens a connection that reconnects for ever: a broker that restarts is waited for.
func Connect(ctx context.Context, s Server, more ...nats.Option) (*nats.Conn, error) {
	opts := []nats.Option{
		nats.Name(s.Name), nats.MaxReconnects(-1), nats.ReconnectWait(250 * time.Millisecond),
		nats.RetryOnFailedConnect(false), nats.Timeout(5 * time.Second),
	}
	if s.Creds != "" {
		auth, err := credentials(s.Creds)
		if err != nil {
			return nil, err
		}
		opts = append(opts, auth)
	}
	nc, err := nats.Connect(s.URL, append(opts, more...)...)
	if err != nil {
		return nil, fmt.Errorf("connect to NATS at %s: %w", s.URL, err)
	}
	if err := ctx.Err(); err != nil {
		nc.Close()
		return nil, err
	}
	return nc, nil
}

// credentials reads either form of credentials file: nsc's, with a JWT, or a bare nkey seed.
func credentials(file string) (nats.Option, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read credentials: %w", err)
	}
	if bytes.Contains(b, []byte("BEGIN NATS USER JWT")) {
		return nats.UserCredentials(file), nil
	}
	opt, err := nats.NkeyOptionFromSeed(file)
	if err != nil {
		return nil, fmt.Errorf("credentials %s hold neither a user JWT nor an nkey seed: %w", file, err)
	}
	return opt, nil
}
