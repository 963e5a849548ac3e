package e2e_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tidegate/tidegate/schemas/subject"
)

// TestStreamsCutOffWhileStoppedLoseNothing stands in for power cuts: the process is killed, and the streams that are
// not synced with every write lose a random tail, or all they had, before it starts again.
func TestStreamsCutOffWhileStoppedLoseNothing(t *testing.T) {
	data, server, door := t.TempDir(), freePort(t), freePort(t)
	p := start(t, "tidegate", "serve", "--data", data, "--nats-listen", server, "--listen", door, "--log-level", "error")
	eventually(t, "the door is open", 20*time.Second, func() bool { return ready(door) })
	f := startFlow(t, 8, door)
	rng := rand.New(rand.NewPCG(5, 6)) //nolint:gosec // where the tails are cut need not be secret
	for range rounds(20) {
		time.Sleep(time.Duration(100+rng.IntN(300)) * time.Millisecond) // a random moment is what is tested
		p.kill()
		for _, stream := range []string{subject.EnrichedStream, subject.PublicDecisionStream, subject.PublicRecordStream} {
			damage(t, rng, filepath.Join(data, "nats", "jetstream", "$G", "streams", stream))
		}
		p.start()
	}
	accepted := f.end()
	t.Logf("%d cuts, %d orders accepted", rounds(20), len(accepted))
	checkEverything(t, "nats://"+server, filepath.Join(data, "nats", "service.nk"), filepath.Join(data, "audit"), accepted)
}

// damage leaves a stream alone, cuts its last block file at a random byte, or deletes it.
func damage(t *testing.T, rng *rand.Rand, dir string) {
	t.Helper()
	switch rng.IntN(3) {
	case 0:
		cutTail(t, rng, filepath.Join(dir, "msgs"))
	case 1:
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
}

// cutTail shortens the stream's last file of messages; the server's summary of the files, which it writes now and
// then, is as old as the disk left it: gone.
func cutTail(t *testing.T, rng *rand.Rand, msgs string) {
	t.Helper()
	blocks, err := filepath.Glob(filepath.Join(msgs, "*.blk"))
	if err != nil {
		t.Fatal(err)
	}
	if len(blocks) == 0 {
		return
	}
	last := blocks[0]
	for _, b := range blocks {
		if len(b) > len(last) || (len(b) == len(last) && b > last) {
			last = b
		}
	}
	st, err := os.Stat(last)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(last, rng.Int64N(st.Size()+1)); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(msgs, "index.db")); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
}
