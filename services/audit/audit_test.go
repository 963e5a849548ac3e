package audit_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/shared/natstest"
)

// leaves reads the whole log back.
func leaves(tb testing.TB, cfg audit.Config) [][]byte {
	tb.Helper()
	log, err := auditverify.Open(os.DirFS(filepath.Join(cfg.Dir, "log")), key(tb, cfg))
	if err != nil {
		tb.Fatal(err)
	}
	var out [][]byte
	for leaf, err := range log.Leaves(0) {
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, leaf.Data)
	}
	return out
}

// match demands that leaves and receipts are the cases in order, each once.
func match(tb testing.TB, want [][]event.Case, leaves [][]byte, recs []event.Record) {
	tb.Helper()
	i := 0
	for b, cases := range want {
		for p, c := range cases {
			if i >= len(leaves) || i >= len(recs) {
				tb.Fatalf("case %d of block %d has no leaf or no receipt: %d leaves, %d receipts", p, b+1, len(leaves), len(recs))
			}
			head, body, err := event.ParseLeaf(leaves[i])
			if err != nil {
				tb.Fatal(err)
			}
			if head.Sequence != uint64(b+1) || head.Place != p || head.Cases != len(cases) {
				tb.Fatalf("leaf %d is of case %d in block %d, want %d in %d", i, head.Place, head.Sequence, p, b+1)
			}
			if got := string(body); head.SHA256 == "" && got != string(c.Append(nil)) {
				tb.Fatalf("leaf %d does not hold the case's bytes", i)
			}
			if r := recs[i]; r.Leaf != uint64(i) || r.Sequence != head.Sequence || r.Place != p || r.LogSize <= r.Leaf || r.Prev != event.Digest(c.Last()) {
				tb.Fatalf("receipt %d is not of its leaf: %+v", i, r)
			}
			i++
		}
	}
	if i != len(leaves) || i != len(recs) {
		tb.Fatalf("%d cases, but %d leaves and %d receipts", i, len(leaves), len(recs))
	}
}

func total(blocks [][]event.Case) (n uint64) {
	for _, b := range blocks {
		n += uint64(len(b))
	}
	return n
}

func TestCasesBecomeLeavesAndReceiptsInOrder(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	js := natstest.JetStream(t, nc)
	cfg := config(t.TempDir())
	want := blocks(t, 1, 40, 30, 500)
	decide(t, js, want)
	s, stop := start(t, nc, cfg)
	until(t, "receipts", func() bool { return s.Leaves() == total(want) })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	match(t, want, leaves(t, cfg), records(t, js))

	rep, err := auditverify.Dir(t.Context(), filepath.Join(cfg.Dir, "log"), auditverify.Options{Key: key(t, cfg)})
	if err != nil {
		t.Fatalf("%v: %+v", err, rep)
	}
	if rep.Size != total(want) || rep.LastSequence != 40 || rep.Open != 0 {
		t.Errorf("report %+v", rep)
	}
}

func TestWhatIsOfNoOrderIsLoggedToo(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	js := natstest.JetStream(t, nc)
	data := t.TempDir()
	cfg := config(data)
	want := [][]event.Case{{decided(t, "before", 10), noted(t, "note-1"), decided(t, "after", 10)}}
	decide(t, js, want)
	s, stop := start(t, nc, cfg)
	until(t, "receipts", func() bool { return s.Leaves() == 3 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	recs := records(t, js)
	match(t, want, leaves(t, cfg), recs)
	if recs[1].Kind != event.LeafNote || recs[1].Event != "ev-note-1" || recs[1].Outcome != "" {
		t.Errorf("receipt %+v", recs[1])
	}
	if heads(t, cfg)[1].Kind != event.LeafNote {
		t.Errorf("leaf %+v", heads(t, cfg)[1])
	}
	rep, err := audit.Verify(t.Context(), cfg.Dir, cfg.GuardDir, auditverify.Options{})
	if err != nil || rep.Notes != 1 || rep.Decisions != 2 {
		t.Errorf("%v: %+v", err, rep)
	}
	if out, code := command(t, "show", "--data", data, "ev-note-1"); code != 0 || !strings.Contains(out, "replay by kim: History was judged again") {
		t.Errorf("show: exit %d\n%s", code, out)
	}
}
