package audit

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"os"
	"os/user"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/shared/bus"
)

// Note writes down that somebody did something with the history: a replay, an export, a query, a reproduction. It goes through
// the operator's door of the process that works on a data directory, and so becomes a leaf like everything else. Where nothing
// runs, nothing is written and noted is false: reading a copy, or a log at rest, changes nothing. A note without By is by
// whoever runs this program.
func Note(ctx context.Context, data string, n event.Note) (noted bool, err error) {
	nc, err := bus.OperatorOf(ctx, data)
	if errors.Is(err, bus.ErrNotRunning) || errors.Is(err, os.ErrPermission) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer nc.Close()
	_, err = bus.Act(ctx, nc, NoteAct(n))
	return err == nil, err
}

// Running says whether a process works on a data directory.
func Running(ctx context.Context, data string) bool {
	nc, err := bus.OperatorOf(ctx, data)
	if err != nil {
		return false
	}
	nc.Close()
	return true
}

// NoteAct is a note as the operator's door takes it, each time another one.
func NoteAct(n event.Note) event.Act {
	n.By = cmp.Or(n.By, whoever())
	id := make([]byte, 12)
	_, _ = rand.Read(id)
	return event.Act{Kind: event.Remark, ID: n.What + "-" + hex.EncodeToString(id), Particulars: event.Particulars{Note: &n}}
}

// whoever is the user of this program, as the system knows it.
func whoever() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "unknown"
}
