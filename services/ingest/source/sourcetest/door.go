// Package sourcetest is a door for tests of sources: it remembers what it took, and fails when it is told to.
package sourcetest

import (
	"bufio"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/tidegate/tidegate/services/ingest/source"
)

// ErrDown is what a door answers while it fails.
var ErrDown = errors.New("the door is down")

// Door takes documents in memory. One whose text contains "bad" is refused.
type Door struct {
	mu    sync.Mutex
	took  []string
	fails func() bool // asked for every document; nil never
	heard chan struct{}
}

// NewDoor makes a door; fails says for each document whether it is not stored.
func NewDoor(fails func() bool) *Door {
	return &Door{fails: fails, heard: make(chan struct{}, 1)}
}

type taken struct {
	d     *Door
	text  string
	fails bool
}

// Take remembers the document when Wait succeeds.
func (d *Door) Take(_ context.Context, doc source.Document) (source.Taken, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := taken{d: d, text: string(doc.Bytes), fails: d.fails != nil && d.fails()}
	if !t.fails {
		d.took = append(d.took, t.text)
		select {
		case d.heard <- struct{}{}:
		default:
		}
	}
	return t, nil
}

// Wait gives what was decided when the document was handed over.
func (t taken) Wait(context.Context) (source.Result, error) {
	switch {
	case t.fails:
		return source.Result{}, ErrDown
	case strings.Contains(t.text, "bad"):
		return source.Result{Refused: 1, Faults: []string{"it is bad"}}, nil
	default:
		return source.Result{Accepted: 1}, nil
	}
}

// TakeAll takes every line as a document.
func (d *Door) TakeAll(ctx context.Context, r io.Reader, doc source.Document) (all source.Result, err error) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		doc.Bytes = []byte(lines.Text())
		t, err := d.Take(ctx, doc)
		if err != nil {
			return all, err
		}
		one, err := t.Wait(ctx)
		if err != nil {
			return all, err
		}
		all.Accepted, all.Refused = all.Accepted+one.Accepted, all.Refused+one.Refused
		all.Faults = append(all.Faults, one.Faults...)
	}
	return all, lines.Err()
}

// Took is everything so far, repeats included, in order.
func (d *Door) Took() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.took)
}

// Await waits until enough says so of what was taken.
func (d *Door) Await(ctx context.Context, enough func(took []string) bool) error {
	for !enough(d.Took()) {
		select {
		case <-d.heard:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Distinct counts different texts.
func Distinct(took []string) int {
	took = slices.Clone(took)
	slices.Sort(took)
	return len(slices.Compact(took))
}
