package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/deploy/bench/varied"
	"github.com/tidegate/tidegate/services/ingest"
)

// customerVariable, set in the environment, makes this program a customer: a NATS server of its own whose stream, in
// memory, is filled with as many orders as a line on its input says. It ends with its input.
const customerVariable = "TIDEGATE_BENCH_CUSTOMER"

// customersStream is the stream that the door reads in the benchmark, by customersDurable.
const (
	customersStream  = "CUSTOMER"
	customersSubject = "customer.orders"
	customersDurable = "tidegate-bench"
)

// customer is the process with the customer's stream: what its server does and keeps is not what is measured.
type customer struct {
	url   string
	in    io.WriteCloser
	ended chan error // the process's end
}

func newCustomer(ctx context.Context) (*customer, error) {
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), customerVariable+"=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, errors.Join(err, in.Close(), cmd.Wait())
	}
	c := &customer{url: strings.TrimSpace(url), in: in, ended: make(chan error, 1)}
	go func() { c.ended <- cmd.Wait() }()
	return c, nil
}

// door is the configuration that reads the customer's stream; the door waits for it until it is there.
func (c *customer) door() ingest.Config {
	return ingest.Config{Doors: ingest.Doors{Streams: map[string]ingest.Stream{
		"bench": {URL: c.url, Name: customersStream, Durable: customersDurable, Source: "load", Actor: "stream:bench"},
	}}}
}

// fill has n orders put into the stream.
func (c *customer) fill(n int) error {
	_, err := fmt.Fprintln(c.in, n)
	return err
}

// close ends the process; the door's connection to it is closed before.
func (c *customer) close() error { return errors.Join(c.in.Close(), <-c.ended) }

// beCustomer is the customer's process.
func beCustomer(ctx context.Context, in io.Reader, out io.Writer) error {
	dir, err := os.MkdirTemp("", "tidegate-bench-customer-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	s, err := natsserver.NewServer(&natsserver.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: dir, NoLog: true, NoSigs: true})
	if err != nil {
		return err
	}
	s.Start()
	defer s.Shutdown()
	if !s.ReadyForConnections(10 * time.Second) {
		return errors.New("the customer's server did not start")
	}
	fmt.Fprintln(out, s.ClientURL())
	nc, err := nats.Connect(s.ClientURL())
	if err != nil {
		return err
	}
	defer nc.Close()
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var n int
		if _, err := fmt.Sscan(lines.Text(), &n); err != nil {
			return err
		}
		if err := publishOrders(ctx, nc, n); err != nil {
			return err
		}
	}
	return lines.Err()
}

func publishOrders(ctx context.Context, nc *nats.Conn, n int) error {
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	if _, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: customersStream, Subjects: []string{customersSubject}, Storage: jetstream.MemoryStorage}); err != nil {
		return err
	}
	gen := varied.NewGenerator(20261123)
	for i := range n {
		if _, err := js.PublishAsync(customersSubject, gen.Fresh("load", i), jetstream.WithStallWait(10*time.Second)); err != nil {
			return err
		}
	}
	select {
	case <-js.PublishAsyncComplete():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
