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
func Server(tb testing.TB) *nats.Conn {
	tb.Helper()
	return ServerIn(tb, tb.TempDir(), bus.Limits{})
}

// ServerIn is Server with its store in dir and its own limits.
func ServerIn(tb testing.TB, dir string, limits bus.Limits) *nats.Conn {
	tb.Helper()
	srv, err := natsembed.Start(natsembed.Config{Dir: dir})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(srv.Shutdown)
	nc, err := srv.Connect(tb.Name())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(nc.Close)
	if err := bus.Apply(tb.Context(), JetStream(tb, nc), limits); err != nil {
		tb.Fatal(err)
	}
	return nc
}

// JetStream gives the connection's JetStream context.
func JetStream(tb testing.TB, nc *nats.Conn) jetstream.JetStream {
	tb.Helper()
	js, err := jetstream.New(nc)
	if err != nil {
		tb.Fatal(err)
	}
	return js
}
