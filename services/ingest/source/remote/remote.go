// Package remote is the door for sources that run in a process of their own: each document is a request on the public
// ingest subject, answered when its orders are durable.
package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/ingest/source"
)

// patience is how long an answer is waited for.
const patience = 30 * time.Second

// ErrTooLarge says that a document does not fit into one message.
var ErrTooLarge = errors.New("the document does not fit into one message")

// Door brings documents in through a connection with a client's rights.
type Door struct{ nc *nats.Conn }

// New makes the door. The connection stays the caller's.
func New(nc *nats.Conn) *Door { return &Door{nc} }

// taken is a request that was sent.
type taken struct {
	sub *nats.Subscription
	nc  *nats.Conn
}

// Take sends a document. Requests of one connection arrive in the order they were sent.
func (d *Door) Take(_ context.Context, doc source.Document) (source.Taken, error) {
	if most := min(int(d.nc.MaxPayload()), event.MaxBlockSize) - 1024; len(doc.Bytes) > most {
		return nil, fmt.Errorf("%w: %d bytes; at most %d, more only by sources inside serve", ErrTooLarge, len(doc.Bytes), most)
	}
	inbox := d.nc.NewInbox()
	sub, err := d.nc.SubscribeSync(inbox)
	if err != nil {
		return nil, fmt.Errorf("send to ingest: %w", err)
	}
	msg := &nats.Msg{Subject: subject.IngestSubject, Reply: inbox, Data: doc.Bytes, Header: nats.Header{}}
	if doc.Media != "" {
		msg.Header["Content-Type"] = []string{doc.Media}
	}
	if doc.Source != "" {
		msg.Header[subject.HeaderCESource] = []string{doc.Source}
	}
	if err := d.nc.PublishMsg(msg); err != nil {
		return nil, errors.Join(fmt.Errorf("send to ingest: %w", err), sub.Unsubscribe())
	}
	return taken{sub: sub, nc: d.nc}, nil
}

// Wait reads the answer: a line for each order of the document.
func (t taken) Wait(ctx context.Context) (got source.Result, err error) {
	defer func() { _ = t.sub.Unsubscribe() }() // fails only with the connection
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	m, err := t.sub.NextMsgWithContext(ctx)
	if err != nil {
		return got, fmt.Errorf("answer of ingest: %w", err)
	}
	if m.Header.Get("Status") == "503" {
		return got, nats.ErrNoResponders
	}
	for line := range bytes.Lines(m.Data) {
		var a struct {
			Status string        `json:"status"`
			Order  string        `json:"order_id"`
			Detail string        `json:"detail"`
			Faults []event.Fault `json:"faults"`
		}
		if err := json.Unmarshal(line, &a); err != nil {
			return got, fmt.Errorf("answer of ingest: %w", err)
		}
		switch a.Status {
		case "accepted":
			got.Accepted++
		case "refused":
			got.Refused++
			for _, f := range a.Faults[:min(len(a.Faults), 1)] {
				got.Faults = append(got.Faults, fmt.Sprintf("%s: %s %s: %s", a.Order, f.Pointer, f.Code, f.Detail))
			}
		default:
			return got, fmt.Errorf("ingest does not take the order now: %s %s", a.Status, a.Detail)
		}
	}
	return got, nil
}

// TakeAll sends what r holds as one document.
func (d *Door) TakeAll(ctx context.Context, r io.Reader, doc source.Document) (source.Result, error) {
	var err error
	if doc.Bytes, err = io.ReadAll(io.LimitReader(r, event.MaxBlockSize+1)); err != nil {
		return source.Result{}, err
	}
	t, err := d.Take(ctx, doc)
	if err != nil {
		return source.Result{}, err
	}
	return t.Wait(ctx)
}
