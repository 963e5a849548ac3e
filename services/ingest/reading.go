package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/tidegate/tidegate/services/ingest/internal/format"
	"github.com/tidegate/tidegate/services/ingest/source"
)

// Reading is the door that running sources bring documents to.
type Reading struct{ s *Service }

// Reading gives the door for sources. It takes only after Ready.
func (s *Service) Reading() Reading { return Reading{s} }

// faultsShown is how many refused orders of a document are described.
const faultsShown = 20

// openAtOnce is how many orders of one document may be on their way.
const openAtOnce = 1024

// brought is a document's orders on their way.
type brought struct{ subs []*submission }

// Take hands a document's orders to the writer, in their order. What no format can read is handed over as a refusal.
func (r Reading) Take(ctx context.Context, d source.Document) (source.Taken, error) {
	in := format.New(bytes.NewReader(d.Bytes), hintFor(d))
	t := &brought{}
	for {
		sub, err := r.next(ctx, in, d)
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if err != nil {
			return nil, err
		}
		t.subs = append(t.subs, sub)
	}
}

// TakeAll reads to the end, with at most openAtOnce orders on their way.
func (r Reading) TakeAll(ctx context.Context, from io.Reader, d source.Document) (source.Result, error) {
	in := format.New(from, hintFor(d))
	var got source.Result
	t := &brought{}
	for {
		sub, err := r.next(ctx, in, d)
		ended := errors.Is(err, io.EOF)
		if err != nil && !ended {
			return got, err
		}
		if !ended {
			t.subs = append(t.subs, sub)
		}
		if ended || len(t.subs) == openAtOnce {
			some, err := t.Wait(ctx)
			got = added(got, some)
			if ended || err != nil {
				return got, err
			}
			t.subs = t.subs[:0]
		}
	}
}

func (r Reading) next(ctx context.Context, in *format.Reader, d source.Document) (*submission, error) {
	one, err := in.Next()
	if err != nil {
		return nil, err
	}
	one.Actor, one.Tenant = d.Actor, d.Tenant
	if one.Source == "" {
		one.Source = d.Source
	}
	return r.s.submit(ctx, r.s.accept(one))
}

func hintFor(d source.Document) format.Hint { return format.Hint{Media: d.Media, Name: d.Name} }

// Wait waits for every order of the document.
func (t *brought) Wait(ctx context.Context) (source.Result, error) {
	var got source.Result
	for _, sub := range t.subs {
		select {
		case v := <-sub.done:
			if v.err != nil {
				return got, v.err
			}
			got = added(got, resultOf(v))
		case <-ctx.Done():
			return got, ctx.Err()
		}
	}
	return got, nil
}

func resultOf(v verdict) source.Result {
	if !v.entry.Refused() {
		return source.Result{Accepted: 1}
	}
	f := v.entry.Faults[0]
	return source.Result{Refused: 1, Faults: []string{fmt.Sprintf("%s: %s %s: %s", v.entry.OrderID, f.Pointer, f.Code, f.Detail)}}
}

func added(a, b source.Result) source.Result {
	a.Accepted, a.Refused = a.Accepted+b.Accepted, a.Refused+b.Refused
	a.Faults = append(a.Faults, b.Faults...)
	a.Faults = a.Faults[:min(len(a.Faults), faultsShown)]
	return a
}
