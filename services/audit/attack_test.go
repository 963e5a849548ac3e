package audit_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/minio/highwayhash"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/natsembed"
	"github.com/tidegate/tidegate/shared/natstest"
)

// alarms collects what is logged at level error.
type alarms struct {
	mu   sync.Mutex
	text strings.Builder
}

func (a *alarms) Write(b []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.text.Write(b)
}

func (a *alarms) String() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.text.String()
}

func listen(cfg *audit.Config) *alarms {
	a := &alarms{}
	cfg.Log = slog.New(slog.NewTextHandler(a, &slog.HandlerOptions{Level: slog.LevelError}))
	return a
}

// limit updates the stream of decisions as anybody with the right to may: the deny flags do not forbid it.
func limit(t *testing.T, js jetstream.JetStream, with func(*jetstream.StreamConfig)) {
	t.Helper()
	s, err := js.Stream(t.Context(), subject.DecisionStream)
	if err != nil {
		t.Fatal(err)
	}
	cfg := s.CachedInfo().Config
	with(&cfg)
	if _, err := js.UpdateStream(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
}

func TestDecisionsLostBeforeTheyWereLoggedAreAGapAndAnAlarm(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	js := natstest.JetStream(t, nc)
	cfg := config(t.TempDir())
	rung := listen(&cfg)
	grow(t, nc, cfg, 1, 4)
	want := blocks(t, 5, 10, 25, 100)
	decide(t, js, want)
	// Audit stands still; somebody limits the stream to its last 5 blocks: 5 to 9 are gone, and nothing refused that.
	limit(t, js, func(c *jetstream.StreamConfig) { c.MaxMsgs = 5; c.Discard = jetstream.DiscardOld })
	limit(t, js, func(c *jetstream.StreamConfig) { c.MaxMsgs = -1; c.Discard = jetstream.DiscardNew })
	for range 2 { // the second start must go on behind the gap
		s, stop := start(t, nc, cfg)
		until(t, "receipts", func() bool { return s.Leaves() == 4*25+1+5*25 })
		if err := stop(); err != nil {
			t.Fatal(err)
		}
	}
	all := heads(t, cfg)
	if gap := all[100]; gap.Kind != event.LeafGap || gap.Sequence != 5 || gap.To != 9 {
		t.Errorf("gap leaf %+v", gap)
	}
	if l := all[101]; l.Sequence != 10 || l.Place != 0 {
		t.Errorf("after the gap the log goes on with %+v", l)
	}
	if !strings.Contains(rung.String(), "ALARM: decisions were lost before they were logged") {
		t.Errorf("no alarm: %s", rung)
	}
	held, err := os.ReadFile(filepath.Join(cfg.Dir, "blobs", auditverify.BlobPath(all[100].SHA256)))
	if err != nil {
		t.Fatal(err)
	}
	var orders []byte
	for _, b := range want[:5] {
		orders = event.AppendBlock(orders, b)
	}
	if !bytes.Equal(held, orders) {
		t.Error("the gap does not keep what the stream of orders still held")
	}
	rep, err := audit.Verify(t.Context(), cfg.Dir, cfg.GuardDir, auditverify.Options{})
	if err != nil || len(rep.Gaps) != 1 || rep.Gaps[0].From != 5 || rep.Gaps[0].To != 9 || !strings.Contains(rep.String(), "1 GAPS") {
		t.Errorf("%v: %+v", err, rep)
	}
	n := 0
	for _, err := range audit.ReadCases(t.Context(), cfg.Dir, 1) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 225 {
		t.Errorf("history has %d cases", n)
	}
}

func TestAStreamThatIsNotAsDeclaredIsAnAlarm(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	js := natstest.JetStream(t, nc)
	cfg := config(t.TempDir())
	rung := listen(&cfg)
	decide(t, js, blocks(t, 1, 8, 10, 100))
	s, stop := start(t, nc, cfg)
	until(t, "receipts", func() bool { return s.Leaves() == 80 })
	limit(t, js, func(c *jetstream.StreamConfig) { c.MaxMsgs = 5; c.Discard = jetstream.DiscardOld })
	until(t, "the alarm", func() bool {
		return strings.Contains(rung.String(), "ALARM: a stream was changed") && strings.Contains(rung.String(), "ALARM: logged decisions vanished")
	})
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}

func TestADeletedStreamOfDecisionsIsRefused(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	js := natstest.JetStream(t, nc)
	cfg := config(t.TempDir())
	decide(t, js, blocks(t, 1, 4, 10, 100))
	s, err := audit.New(nc, cfg)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Run(t.Context()) }()
	until(t, "receipts", func() bool { return s.Leaves() == 40 })
	if err := js.DeleteStream(t.Context(), subject.DecisionStream); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, audit.ErrRefused) || !strings.Contains(err.Error(), "was deleted") {
		t.Fatal(err)
	}
	// Made anew, with other decisions under the numbers that are in the log.
	if err := bus.Apply(t.Context(), js, bus.Limits{}); err != nil {
		t.Fatal(err)
	}
	for i, b := range blocks(t, 1, 4, 10, 101) {
		if err := bus.Publish(t.Context(), js, subject.DecisionStream, subject.DecisionSubject, uint64(i), event.AppendBlock(nil, b)); err != nil {
			t.Fatal(err)
		}
	}
	refused(t, nc, cfg, "is not the one that was logged")
}

// The server's checksum of a message is for bit rot: its key is public, so whoever edits the file can make it again.
func TestAnEditedFileOfTheServerIsRefused(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	cfg := config(t.TempDir())
	srv, err := natsembed.Start(natsembed.Config{Dir: store})
	if err != nil {
		t.Fatal(err)
	}
	nc, err := srv.Connect("before")
	if err != nil {
		t.Fatal(err)
	}
	js := natstest.JetStream(t, nc)
	if err := bus.Apply(t.Context(), js, bus.Limits{}); err != nil {
		t.Fatal(err)
	}
	grow(t, nc, cfg, 1, 4)
	nc.Close()
	srv.Shutdown()
	msgs := filepath.Join(store, "jetstream", "$G", "streams", subject.DecisionStream, "msgs")
	if err := errors.Join(edit(filepath.Join(msgs, "1.blk"), func(b []byte) []byte {
		return forge(t, subject.DecisionStream, b, 3, `"outcome":"release"`, `"outcome":"blocked"`)
	}), os.RemoveAll(filepath.Join(msgs, "index.db"))); err != nil {
		t.Fatal(err)
	}
	nc = natstest.ServerIn(t, store, bus.Limits{})
	js = natstest.JetStream(t, nc)
	got, err := bus.Get(t.Context(), js, subject.DecisionStream, 3)
	if err != nil || !bytes.Contains(got, []byte(`"outcome":"blocked"`)) {
		t.Fatalf("the server noticed the forgery, which would be good news: %v", err)
	}
	refused(t, nc, cfg, "of block 3 of DECISION is not the one that was logged")
	rep, err := audit.Reconcile(t.Context(), nc, cfg.Dir)
	if !errors.Is(err, auditverify.ErrBad) || len(rep.Faults) == 0 || !strings.Contains(rep.Faults[0], "block 3") {
		t.Errorf("reconcile: %v, %+v", err, rep)
	}
}

// forge replaces text in message seq of a block file and makes the checksum of its record anew. A record is: length,
// sequence, time, subject length, subject, (header,) message, checksum of 8 bytes, little endian.
func forge(t *testing.T, stream string, b []byte, seq uint64, from, to string) []byte {
	t.Helper()
	key := sha256.Sum256(fmt.Appendf(nil, "%s-%d", stream, 1))
	le := binary.LittleEndian
	for at := 0; at < len(b); {
		size := int(le.Uint32(b[at:]) &^ (1 << 31))
		record := b[at : at+size]
		if le.Uint64(record[4:]) == seq {
			copy(record, bytes.Replace(record, []byte(from), []byte(to), 1))
			subj := int(le.Uint16(record[20:]))
			h, err := highwayhash.NewDigest64(key[:])
			if err != nil {
				t.Fatal(err)
			}
			_, _ = h.Write(record[4:20])
			_, _ = h.Write(record[22 : 22+subj])
			body := 22 + subj
			if le.Uint32(record)>>31 == 1 {
				body += 4 // the length of the header is not part of it
			}
			_, _ = h.Write(record[body : size-8])
			copy(record[size-8:], h.Sum(nil))
			return b
		}
		at += size
	}
	t.Fatal("the message is not in the file")
	return nil
}

func TestReconcileFindsTheStreamAndTheLogTheSame(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	cfg := config(t.TempDir())
	grow(t, nc, cfg, 1, 6)
	rep, err := audit.Reconcile(context.Background(), nc, cfg.Dir)
	if err != nil || rep.Cases != 150 || rep.Blocks != 6 || len(rep.Faults) > 0 {
		t.Errorf("%v: %+v", err, rep)
	}
}
