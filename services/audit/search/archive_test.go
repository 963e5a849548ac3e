package search_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/search"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/codec"
	"github.com/tidegate/tidegate/shared/natstest"
)

func encode(tb testing.TB, v any) []byte {
	tb.Helper()
	b, err := codec.Append(nil, v)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// decided is a case of an order of a party, which matches a list's name.
func decided(tb testing.TB, id, party, matched string, date event.Date, outcome event.Outcome) event.Case {
	tb.Helper()
	order := encode(tb, event.Order{ID: id, OrderDate: date, Parties: []event.Party{{Role: event.Purchaser, Name: party}}})
	head := encode(tb, event.Cause{
		Line: event.LineOrder, V: 1, Kind: event.Placed, Event: "ev-" + id, Key: "default/shop/" + id + "/0", Actor: "test", Tenant: "default", Source: "shop", OrderID: id,
		Format: "tidegate-json", At: "2026-11-23T10:15:00.123456Z", Received: event.Received{SHA256: event.Digest(order), Size: len(order)},
	})
	c := event.NewCase(append(append(append(head[:len(head)-1:len(head)-1], `,"order":`...), order...), '}'))
	f := event.Facts{Line: event.LineFacts, V: 1, Prev: event.Digest(c.Last()), Snapshot: "s1"}
	j := event.Judgement{Line: event.LineJudgement, V: 1, Outcome: outcome}
	if matched != "" {
		f.Parties = []event.PartyFacts{{Matches: []event.Match{{List: "EL", Entry: "EL-7", Name: matched, Matched: matched, Queried: party}}}}
		j.Rule, j.Findings = "el-license", []event.Finding{{Rule: "el-license", Entry: "EL-7"}}
	}
	c = c.With(encode(tb, f))
	j.Prev = event.Digest(c.Last())
	return c.With(encode(tb, j))
}

// logged makes an audit directory with these cases; more logs further ones.
func logged(t *testing.T, cases ...event.Case) (data string, more func(...event.Case)) {
	t.Helper()
	nc, data := natstest.Server(t), t.TempDir()
	js := natstest.JetStream(t, nc)
	cfg := audit.Config{
		Dir: filepath.Join(data, "audit"), GuardDir: filepath.Join(data, "guard"), Log: slog.New(slog.DiscardHandler),
		BatchAge: 5 * time.Millisecond, CheckpointInterval: 100 * time.Millisecond,
	}
	blocks, leaves := uint64(0), uint64(0)
	more = func(cases ...event.Case) {
		t.Helper()
		if err := bus.Publish(t.Context(), js, subject.DecisionStream, subject.DecisionSubject, blocks, event.AppendBlock(nil, cases)); err != nil {
			t.Fatal(err)
		}
		blocks, leaves = blocks+1, leaves+uint64(len(cases))
		s, err := audit.New(nc, cfg)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.Run(ctx) }()
		for tick := time.NewTicker(5 * time.Millisecond); s.Leaves() < leaves; {
			select {
			case <-tick.C:
			case err := <-ended:
				t.Fatal(err)
			}
		}
		stop()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	}
	more(cases...)
	return data, more
}

func cases(t *testing.T) []event.Case {
	t.Helper()
	return []event.Case{
		decided(t, "A-1", "Shenzhen Haisi Ltd", "HiSilicon", "2026-01-05", event.NeedsLic),
		decided(t, "A-2", "Holm & Vester GmbH", "", "2026-02-05", event.Release),
		decided(t, "A-3", "Harbor Lantern", "", "2026-03-05", event.Hold),
	}
}

// ids are the orders that a query finds.
func ids(t *testing.T, a *search.Archive, q search.Query) (out []string) {
	t.Helper()
	hits, _, err := a.Search(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range hits {
		out = append(out, h.OrderID)
	}
	return out
}

func open(t *testing.T, data string) *search.Archive {
	t.Helper()
	a, err := search.Open(t.Context(), filepath.Join(data, "audit"), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a
}

func TestRecordsAreFoundAsTheyAreLogged(t *testing.T) {
	t.Parallel()
	data, more := logged(t, cases(t)...)
	a := open(t, data)
	for want, q := range map[string]search.Query{
		"[A-3 A-2 A-1]": {}, "[A-1]": {Party: "hisil"}, "[A-2]": {Party: "vester holm"}, "[A-3 A-2]": {From: "2026-02-01"}, "[]": {Rule: "sdn-block"},
	} {
		if got := fmt.Sprint(ids(t, a, q)); got != want {
			t.Errorf("%+v: %s, want %s", q, got, want)
		}
	}
	more(decided(t, "A-4", "HiSilicon Optics", "", "2026-04-05", event.Hold))
	if got := fmt.Sprint(ids(t, a, search.Query{Party: "hisilicon"})); got != "[A-4 A-1]" {
		t.Errorf("after one more: %s", got)
	}
}

// doctor changes the index as somebody with the file can.
func doctor(t *testing.T, data, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(data, "audit", search.File))
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), statement)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestADoctoredIndexShowsNothingFalse(t *testing.T) {
	t.Parallel()
	data, _ := logged(t, cases(t)...)
	a := open(t, data)
	ids(t, a, search.Query{})
	doctor(t, data, "UPDATE leaf SET outcome = 'release' WHERE order_id = 'A-3'")
	if hits, _, err := a.Search(t.Context(), search.Query{Outcome: event.Release}); !errors.Is(err, search.ErrDoctored) {
		t.Errorf("%v: %v", err, hits)
	}
	compared := func() error {
		fresh, err := search.OpenSQLite(t.Context(), ":memory:")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = fresh.Close() }()
		return a.Compare(t.Context(), fresh, nil)
	}
	if err := compared(); !errors.Is(err, search.ErrDoctored) {
		t.Errorf("a changed row: %v", err)
	}
	doctor(t, data, "UPDATE leaf SET outcome = 'hold' WHERE order_id = 'A-3'")
	if err := compared(); err != nil {
		t.Errorf("put right again: %v", err)
	}
	doctor(t, data, "DELETE FROM leaf WHERE order_id = 'A-3'")
	if err := compared(); !errors.Is(err, search.ErrDoctored) {
		t.Errorf("a record left out: %v", err)
	}
	doctor(t, data, "UPDATE covered SET size = 99")
	if got := fmt.Sprint(ids(t, a, search.Query{})); got != "[A-3 A-2 A-1]" {
		t.Errorf("an index that is ahead of the log is not made anew: %s", got)
	}
}

func TestAnAlteredRecordIsNotShown(t *testing.T) {
	t.Parallel()
	data, _ := logged(t, cases(t)...)
	a := open(t, data)
	ids(t, a, search.Query{})
	name := filepath.Join(data, "audit", "log", "tile", "entries", "000.p", "3")
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Chmod(name, 0o644), os.WriteFile(name, bytes.Replace(b, []byte("Harbor"), []byte("Harbar"), 1), 0o644)); err != nil {
		t.Fatal(err)
	}
	if hits, _, err := a.Search(t.Context(), search.Query{Order: "A-3"}); err == nil {
		t.Errorf("shown: %v", hits)
	}
}

func TestVerbs(t *testing.T) {
	t.Parallel()
	data, _ := logged(t, cases(t)...)
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"search", "haisi"}, 0, "A-1"},
		{[]string{"search", "nobody"}, 1, "nothing was found"},
		{[]string{"search", "?"}, 2, "want words"},
		{[]string{"list", "--outcome", "hold"}, 0, "Harbor Lantern  leaf 2 of 3"},
		{[]string{"list", "--json", "--order", "A-2"}, 0, `"log_size":3`},
		{[]string{"list", "--from", "tomorrow"}, 2, "from"},
		{[]string{"reindex"}, 0, "the old one was the same"},
		{[]string{"list", "--rule", "el-license"}, 0, "license"},
	} {
		var out bytes.Buffer
		root := &cli.Command{Name: "tidegate", Commands: search.Commands(), Writer: &out, ErrWriter: &out, ExitErrHandler: func(context.Context, *cli.Command, error) {}}
		err := root.Run(t.Context(), append([]string{"tidegate", tt.args[0], "--data", data}, tt.args[1:]...))
		code := 0
		if coder, ok := errors.AsType[cli.ExitCoder](err); ok {
			code = coder.ExitCode()
			out.WriteString(err.Error())
		}
		if code != tt.code || !strings.Contains(out.String(), tt.want) {
			t.Errorf("%v: exit %d, want %d\n%s", tt.args, code, tt.code, out.String())
		}
	}
}
