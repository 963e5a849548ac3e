package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/shared/codec"
)

// Taken is what ingest answers to an act or order.
type Taken struct {
	Status    string        `json:"status"`              // accepted, refused, unavailable
	Duplicate bool          `json:"duplicate,omitempty"` // the same content was there before
	Event     string        `json:"event,omitempty"`
	OrderID   string        `json:"order_id,omitempty"`
	Source    string        `json:"source,omitempty"`
	Sequence  uint64        `json:"sequence,omitempty"` // of the block
	Faults    []event.Fault `json:"faults,omitempty"`
	Detail    string        `json:"detail,omitempty"` // why it is unavailable
}

// ErrRefused says that ingest did not accept an act; the message has every fault.
var ErrRefused = errors.New("refused")

// actTimeout bounds the wait for an act's answer: ingest itself gives up within ten seconds.
const actTimeout = 15 * time.Second

// Act brings an act in through the operator's door and waits until it is durable. A refusal is ErrRefused (wrapped), with the
// answer; after any other error nothing is known, and the same act may be sent again.
func Act(ctx context.Context, nc *nats.Conn, a event.Act) (Taken, error) {
	ctx, cancel := context.WithTimeout(ctx, actTimeout)
	defer cancel()
	b, err := json.Marshal(a)
	if err != nil {
		return Taken{}, fmt.Errorf("act %s: %w", a.ID, err)
	}
	m, err := nc.RequestWithContext(ctx, subject.ActSubject, b)
	if errors.Is(err, nats.ErrNoResponders) {
		return Taken{}, fmt.Errorf("act %s: no ingest service is running", a.ID)
	}
	if err != nil {
		return Taken{}, fmt.Errorf("act %s: %w", a.ID, err)
	}
	var t Taken
	if err := codec.Decode(m.Data, &t); err != nil {
		return t, fmt.Errorf("act %s: answer: %w", a.ID, err)
	}
	switch t.Status {
	case "accepted":
		return t, nil
	case "refused":
		says := make([]string, len(t.Faults))
		for i, f := range t.Faults {
			says[i] = strings.TrimSpace(f.Pointer + " " + f.Detail)
		}
		return t, fmt.Errorf("act %s: %w: %s", a.ID, ErrRefused, strings.Join(says, "; "))
	default:
		return t, fmt.Errorf("act %s: %s", a.ID, t.Detail)
	}
}

// ErrNotRunning says that no process works on a data directory.
var ErrNotRunning = errors.New("nothing runs on this data directory")

// OperatorOf connects to the process that works on a data directory, with the operators' credentials. ErrNotRunning (wrapped)
// where none does.
func OperatorOf(ctx context.Context, data string) (*nats.Conn, error) {
	file := filepath.Join(data, "running.json")
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", data, ErrNotRunning)
	}
	if err != nil {
		return nil, fmt.Errorf("find the running process: %w", err)
	}
	var r struct{ NATS, Operator string }
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if r.NATS == "" {
		return nil, fmt.Errorf("%s: its NATS server does not listen", data)
	}
	nc, err := Connect(ctx, Server{URL: r.NATS, Creds: r.Operator, Name: "operator"})
	if err != nil { // left behind by a crash
		return nil, fmt.Errorf("%s: %w: %w", data, ErrNotRunning, err)
	}
	return nc, nil
}
