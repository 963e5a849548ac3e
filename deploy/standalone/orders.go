package standalone

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"github.com/tidegate/tidegate/deploy/orders"
	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/shared/bus"
)

// OrdersDir is where the index of orders of a data directory is; it can be deleted while nothing runs.
func OrdersDir(data string) string { return filepath.Join(data, "orders") }

func (s *Standalone) wireOrders() error {
	nc, err := s.connect("orders")
	if err != nil {
		return err
	}
	cfg := orders.Config{Dir: OrdersDir(s.cfg.Data), History: historyOf(AuditDir(s.cfg.Data)), Clock: s.cfg.Ingest.Clock, Log: s.cfg.Log}
	js, err := s.jetStream("orders")
	if err != nil {
		return err
	}
	cfg.Compare = s.compareLists(js)
	if s.cfg.Rejudge {
		cfg.Act = s.act
	}
	if s.orders, err = orders.New(nc, cfg); err != nil {
		return err
	}
	s.Ingest.ShowOrders(func() (map[string]int, int, bool) {
		b := s.orders.Book()
		if b == nil {
			return nil, 0, false
		}
		c, err := b.Counts()
		return map[string]int{string(orders.Open): c.Open, string(orders.Shipped): c.Shipped, string(orders.Cancelled): c.Cancelled}, c.Unreleased, err == nil
	})
	return nil
}

func historyOf(logDir string) orders.History {
	return func(ctx context.Context, from uint64) iter.Seq2[screening.Past, error] {
		return decided(ctx, logDir, from)
	}
}

// runOrders keeps the index of orders. Acts wait for ingest.
func (s *Standalone) runOrders(ctx context.Context) error {
	select {
	case <-s.Ingest.Ready():
	case <-ctx.Done():
		return nil
	}
	if err := s.orders.Run(ctx); err != nil {
		return fmt.Errorf("orders: %w", err)
	}
	return nil
}

// act brings an act in through ingest, as the operator's door does.
func (s *Standalone) act(ctx context.Context, a event.Act) error {
	b, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("act %s: %w", a.ID, err)
	}
	answer, err := s.Ingest.Act(ctx, b, orders.Actor)
	switch {
	case err != nil:
		return fmt.Errorf("act %s: %w", a.ID, err)
	case answer.Status == "refused":
		return fmt.Errorf("act %s: %w: %w", a.ID, bus.ErrRefused, errors.Join(faultsOf(answer.Faults)...))
	case answer.Status != "accepted":
		return fmt.Errorf("act %s: %s", a.ID, answer.Status)
	}
	return nil
}

// OrderPages gives the orders of a data directory that a question asks for, page by page: from the process that runs there, else
// from the index brought up to what the audit log has.
func OrderPages(ctx context.Context, data string, q orders.Question) iter.Seq2[orders.Page, error] {
	return func(yield func(orders.Page, error) bool) {
		nc, err := bus.OperatorOf(ctx, data)
		switch {
		case errors.Is(err, bus.ErrNotRunning):
			pagesAtRest(ctx, data, q, yield)
		case err != nil:
			yield(orders.Page{}, err)
		default:
			defer nc.Close()
			if err := awaitOrders(ctx, nc); err != nil {
				yield(orders.Page{}, err)
				return
			}
			orders.Pages(ctx, nc, q)(yield)
		}
	}
}

// OpenOrders gives the open orders of a data directory, whether a process runs there or not, in no order that means anything.
func OpenOrders(ctx context.Context, data string) iter.Seq2[orders.Order, error] {
	return OrdersOf(ctx, data, orders.Open)
}

// OrdersOf gives the orders in a state, every order where it is empty.
func OrdersOf(ctx context.Context, data string, state orders.State) iter.Seq2[orders.Order, error] {
	return func(yield func(orders.Order, error) bool) {
		for p, err := range OrderPages(ctx, data, orders.Question{State: state, Most: 4000}) {
			if err != nil {
				yield(orders.Order{}, err)
				return
			}
			for i := range p.Orders {
				if !yield(p.Orders[i], nil) {
					return
				}
			}
		}
	}
}

func pagesAtRest(ctx context.Context, data string, q orders.Question, yield func(orders.Page, error) bool) {
	b, done, err := bookAtRest(ctx, data)
	if err != nil {
		yield(orders.Page{}, err)
		return
	}
	defer done()
	for more := true; more; {
		p, err := b.Ask(q)
		if !yield(p, err) || err != nil {
			return
		}
		q.After, more = p.After, p.After != ""
	}
}

// bookAtRest opens the index where nothing runs and brings it up to what the log has. Where the directory cannot be written, it
// makes one that goes with done.
func bookAtRest(ctx context.Context, data string) (b *orders.Book, done func(), err error) {
	if _, err := os.Stat(AuditDir(data)); err != nil {
		return nil, nil, fmt.Errorf("there is no log in %s: %w", data, err)
	}
	dir, remove := OrdersDir(data), func() {}
	if b, err = orders.OpenBook(dir); errors.Is(err, fs.ErrPermission) {
		if dir, err = os.MkdirTemp("", "tidegate-orders-"); err != nil {
			return nil, nil, fmt.Errorf("index of orders: %w", err)
		}
		remove = func() { _ = os.RemoveAll(dir) }
		b, err = orders.OpenBook(dir)
	}
	if err != nil {
		remove()
		return nil, nil, err
	}
	done = func() { _ = b.Close(); remove() }
	if err := b.Remember(ctx, historyOf(AuditDir(data)), 0); err != nil {
		if !errors.Is(err, orders.ErrAnother) {
			done()
			return nil, nil, err
		}
		if err := errors.Join(b.Reset(), b.Remember(ctx, historyOf(AuditDir(data)), 0)); err != nil {
			done()
			return nil, nil, err
		}
	}
	return b, done, nil
}
