// Package natstest gives a test a private NATS server with JetStream.
package natstest

import (
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/natsembed"
)

// Server starts a private in-process server in a temporary directory, with every stream declared, and ends it with the test.
func Server(t testing.TB) *nats.Conn {
	t.Helper()
	return ServerIn(t, t.TempDir(), bus.Limits{})
}

// ServerIn is Server with its store in dir and its own limits.
func ServerIn(t testing.TB, dir string, limits bus.Limits) *nats.Conn {
	t.Helper()
	srv, err := natsembed.Start(natsembed.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Shutdown)
	nc, err := srv.Connect(t.Name())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	if err := bus.Apply(t.Context(), JetStream(t, nc), limits); err != nil {
		t.Fatal(err)
	}
	return nc
}

// JetStream gives the connection's JetStream context.
func JetStream(t testing.TB, nc *nats.Conn) jetstream.JetStream {
	t.Helper()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return js
}
