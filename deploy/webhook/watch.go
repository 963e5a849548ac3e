package webhook

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/tidegate/tidegate/shared/clock"
)

// RunFile sends as a configuration file says, until ctx ends. A change of the file is taken up within two seconds; one with
// a fault is reported, and the configuration before stays in force.
func RunFile(ctx context.Context, nc *nats.Conn, file string, log *slog.Logger) error {
	endpoints, err := Load(file)
	if err != nil {
		return err
	}
	seen, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for {
		s, err := New(ctx, nc, endpoints, log)
		if err != nil {
			return err
		}
		running, stop := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- s.Run(running) }()
		endpoints, seen, err = awaitChange(running, ended, file, seen, log)
		stop()
		if err != nil || endpoints == nil {
			return err
		}
		if err := <-ended; err != nil {
			return err
		}
	}
}

// awaitChange gives the endpoints of the changed file; none when ctx or the service ends first, with the service's error.
func awaitChange(ctx context.Context, ended <-chan error, file string, seen []byte, log *slog.Logger) ([]Endpoint, []byte, error) {
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			return nil, nil, err
		case <-tick.C:
		}
		b, err := os.ReadFile(file)
		if err != nil || bytes.Equal(b, seen) {
			continue
		}
		seen = b
		endpoints, err := Load(file)
		if err == nil {
			log.InfoContext(ctx, "webhook configuration changed", slog.Int("endpoints", len(endpoints)))
			return append([]Endpoint{}, endpoints...), seen, nil
		}
		log.ErrorContext(ctx, "webhook configuration not taken, the one before stays", slog.Any("error", err))
	}
}

// Exists says whether there is a configuration to run.
func Exists(file string) bool {
	_, err := os.Stat(file)
	return !errors.Is(err, fs.ErrNotExist)
}

// Try sends one signed test message to an endpoint and says what came of it.
func Try(ctx context.Context, e Endpoint) (status int, err error) {
	p, err := newPoster(e.withDefaults(), clock.System)
	if err != nil {
		return 0, err
	}
	defer p.client.CloseIdleConnections()
	body := []byte(`{"specversion":"1.0","id":"test","type":"io.tidegate.v1.test","source":"tidegate","datacontenttype":"application/json","data":{}}`)
	got := p.post(ctx, &message{id: "test", body: body})
	if !got.ok {
		return got.status, errors.New(got.why)
	}
	return got.status, nil
}
