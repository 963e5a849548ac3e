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
	return decidedOrder(tb, event.Order{ID: id, OrderDate: date, Parties: []event.Party{{Role: event.Purchaser, Name: party}}}, party, matched, outcome)
}

// decidedWith is a case of an order of items.
func decidedWith(tb testing.TB, id string, items []event.Item, date event.Date, outcome event.Outcome) event.Case {
	tb.Helper()
	return decidedOrder(tb, event.Order{ID: id, OrderDate: date, Parties: []event.Party{{Role: event.Purchaser, Name: "Holm GmbH"}}, Items: items}, "Holm GmbH", "", outcome)
}

func decidedOrder(tb testing.TB, o event.Order, party, matched string, outcome event.Outcome) event.Case {
	tb.Helper()
	id, order := o.ID, encode(tb, o)
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
	a, err := search.Open(t.Context(), filepath.Join(data, "audit"), filepath.Join(data, "index"))
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

func TestThePartyAskedForIsOne(t *testing.T) {
	t.Parallel()
	order := func(id string, names ...string) event.Case {
		o := event.Order{ID: id, OrderDate: "2026-01-05"}
		for _, n := range names {
			o.Parties = append(o.Parties, event.Party{Role: event.EndUser, Name: n, Aliases: []string{"Known as " + n}})
		}
		return decidedOrder(t, o, names[0], "Listed Optics", event.Hold)
	}
	var all []event.Case
	for i := range 40 {
		all = append(all, order(fmt.Sprintf("both-%d", i), "Alpha Shipping AG", "Beta Trading GmbH"))
		if i%10 == 0 {
			all = append(all, order(fmt.Sprintf("one-%d", i), "Gamma", "Alpha Trading AG"))
		}
	}
	data, _ := logged(t, all...)
	a := open(t, data)
	for want, q := range map[string]search.Query{
		"[one-30 one-20 one-10 one-0]": {Party: "alpha trading gmbh"}, "[]": {Party: "gamma optics"}, "[one-30]": {Party: "gamma known", Limit: 1},
	} {
		if got := fmt.Sprint(ids(t, a, q)); got != want {
			t.Errorf("%+v: %s, want %s", q, got, want)
		}
	}
	var pages []string
	for behind := (*search.Place)(nil); ; {
		got, err := a.Ask(t.Context(), search.Query{Party: "alpha trading", Limit: 2}, behind)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range got.Hits {
			pages = append(pages, h.OrderID)
		}
		if behind = got.Behind; behind == nil {
			break
		}
		pages = append(pages, "|")
	}
	if got := fmt.Sprint(pages); got != "[one-30 one-20 | one-10 one-0]" {
		t.Errorf("pages: %s", got)
	}
	var out bytes.Buffer
	trailer, err := a.Export(t.Context(), search.Query{Party: "trading alpha"}, search.NewJSONL(&out), nil)
	if err != nil || trailer.Rows != 4 || strings.Contains(out.String(), "both-") {
		t.Errorf("exported: %v, %d rows", err, trailer.Rows)
	}
	drawn, err := search.Take(t.Context(), filepath.Join(data, "audit"), search.Draw{Query: search.Query{Party: "alpha trading"}, N: 9, Number: 1}, nil)
	if err != nil || drawn.Population != 4 {
		t.Errorf("drawn of a population of %d: %v", drawn.Population, err)
	}
}

func TestAPageLooksAtSoManyPlacesOnly(t *testing.T) {
	t.Parallel()
	both := func(id string) event.Case {
		return decidedOrder(t, event.Order{ID: id, OrderDate: "2026-01-05", Parties: []event.Party{{Name: "Alpha"}, {Name: "Trading Holm"}}}, "Alpha", "", event.Hold)
	}
	block := []event.Case{decided(t, "one", "Alpha Trading", "", "2026-01-05", event.Hold)}
	var further [2][]event.Case
	for i := range 255 {
		block = append(block, both(fmt.Sprintf("a%d", i)))
		further[0], further[1] = append(further[0], both(fmt.Sprintf("b%d", i))), append(further[1], both(fmt.Sprintf("c%d", i)))
	}
	data, more := logged(t, block...)
	more(further[0]...)
	more(further[1]...)
	a := open(t, data)
	if got := fmt.Sprint(ids(t, a, search.Query{Party: "alpha trading"})); got != "[one]" {
		t.Errorf("searched: %s", got)
	}
	got, err := a.Ask(t.Context(), search.Query{Party: "alpha trading"}, nil)
	if err != nil || len(got.Hits) != 0 || got.Behind == nil {
		t.Fatalf("first page: %v, %d records, next %v", err, len(got.Hits), got.Behind)
	}
	if got, err = a.Ask(t.Context(), search.Query{Party: "alpha trading"}, got.Behind); err != nil || len(got.Hits) != 1 || got.Behind != nil {
		t.Errorf("second page: %v, %d records, next %v", err, len(got.Hits), got.Behind)
	}
	if out, code := run(t, data, []string{"search", "alpha trading"}); code != 0 || !strings.Contains(out, "one ") {
		t.Errorf("the verb: exit %d\n%s", code, out)
	}
}

// doctor changes the index as somebody with the file can.
func doctor(t *testing.T, file, statement string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), statement, args...)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestADoctoredIndexShowsNothingFalse(t *testing.T) {
	t.Parallel()
	data, _ := logged(t, cases(t)...)
	file := filepath.Join(t.TempDir(), "index")
	for name, tt := range map[string]struct {
		statement string
		args      func(r search.Row, id int64) []any
		shown     error // by asking for orders released
	}{
		"a hold that looks released": {"INSERT INTO term (rowid, terms) VALUES (?, ?)", func(_ search.Row, id int64) []any {
			return []any{id, strings.Join(search.Terms(search.Row{Outcome: event.Release}), " ")}
		}, search.ErrDoctored},
		"a record of which nothing is found": {"INSERT INTO term (term, rowid, terms) VALUES ('delete', ?, ?)", func(r search.Row, id int64) []any {
			return []any{id, strings.Join(search.Terms(r), " ")}
		}, nil},
		"a record not found by its party": {"INSERT INTO term (term, rowid, terms) VALUES ('delete', ?, 'wharbor')", func(_ search.Row, id int64) []any { return []any{id} }, nil},
		"a place that is none":            {"INSERT INTO term (rowid, terms) VALUES (?, 'wharbor')", func(_ search.Row, id int64) []any { return []any{id + 77} }, nil},
		"a word not found with a slip":    {"DELETE FROM near WHERE word = 'lantern' AND key <> ? AND ? > 0", func(_ search.Row, id int64) []any { return []any{"", id} }, nil},
		"a word that is not known":        {"DELETE FROM word WHERE word = 'lantern' AND ? > 0", func(_ search.Row, id int64) []any { return []any{id} }, nil},
		"a day with other counts":         {`UPDATE day SET counts = replace(counts, '"orders":3', '"orders":2') WHERE ? > 0`, func(_ search.Row, id int64) []any { return []any{id} }, nil},
		"a block that was not seen":       {`UPDATE blocks SET seen = '{}' WHERE ? > 0`, func(_ search.Row, id int64) []any { return []any{id} }, nil},
	} {
		a, err := search.Open(t.Context(), filepath.Join(data, "audit"), file)
		if err != nil {
			t.Fatal(err)
		}
		hits, _, err := a.Search(t.Context(), search.Query{Order: "A-3"})
		if err != nil || len(hits) != 1 {
			t.Fatalf("%s: %v, %d", name, err, len(hits))
		}
		if err := a.Check(t.Context(), nil); err != nil {
			t.Errorf("%s: before: %v", name, err)
		}
		r := hits[0].Row
		doctor(t, file, tt.statement, tt.args(r, int64(r.Log)<<44+int64(r.Leaf))...)
		if hits, _, err := a.Search(t.Context(), search.Query{Outcome: event.Release}); !errors.Is(err, tt.shown) || tt.shown != nil && len(hits) > 0 {
			t.Errorf("%s: shown: %v, %d", name, err, len(hits))
		}
		if err := a.Check(t.Context(), nil); !errors.Is(err, search.ErrDoctored) {
			t.Errorf("%s: compared: %v", name, err)
		}
		if err := errors.Join(a.Close(), os.Remove(file)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnIndexOfAnotherLogIsMadeAnew(t *testing.T) {
	t.Parallel()
	data, _ := logged(t, cases(t)...)
	file := filepath.Join(t.TempDir(), "index")
	for name, statement := range map[string]string{"ahead of the log": "UPDATE covered SET size = 99", "of other leaves": "UPDATE covered SET root = 'x'", "of a log that is none": "INSERT INTO covered VALUES (7, 1, '')"} {
		a, err := search.Open(t.Context(), filepath.Join(data, "audit"), file)
		if err != nil {
			t.Fatal(err)
		}
		ids(t, a, search.Query{})
		doctor(t, file, statement)
		if err := a.Check(t.Context(), nil); !errors.Is(err, search.ErrDoctored) {
			t.Errorf("%s: compared: %v", name, err)
		}
		if got := fmt.Sprint(ids(t, a, search.Query{})); got != "[A-3 A-2 A-1]" {
			t.Errorf("%s: %s", name, got)
		}
		if err := errors.Join(a.Check(t.Context(), nil), a.Close()); err != nil {
			t.Errorf("%s: made anew: %v", name, err)
		}
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
		out, code := run(t, data, tt.args)
		if code != tt.code || !strings.Contains(out, tt.want) {
			t.Errorf("%v: exit %d, want %d\n%s", tt.args, code, tt.code, out)
		}
	}
}

// run runs a verb with an index of its own and gives what it prints and its exit status.
func run(t *testing.T, data string, args []string) (printed string, code int) {
	t.Helper()
	var out bytes.Buffer
	root := &cli.Command{Name: "tidegate", Commands: search.Commands(nil), Writer: &out, ErrWriter: &out, ExitErrHandler: func(context.Context, *cli.Command, error) {}}
	flags := []string{"--data", data, "--index", filepath.Join(data, "index")}
	at := 1
	if args[0] == "report" {
		at, flags = 2, flags[:2]
	}
	err := root.Run(t.Context(), append(append(append([]string{"tidegate"}, args[:at]...), flags...), args[at:]...))
	if coder, ok := errors.AsType[cli.ExitCoder](err); ok {
		code = coder.ExitCode()
		out.WriteString(err.Error())
	}
	return out.String(), code
}

func TestTheIndexIsNeverAheadOfTheCheckpoint(t *testing.T) {
	t.Parallel()
	data, more := logged(t, cases(t)...)
	a := open(t, data)
	size := func() uint64 {
		t.Helper()
		counted, err := a.Completeness(t.Context(), "", "")
		got := counted.Under
		if err != nil || len(got) > 1 {
			t.Fatalf("%v: %v", err, got)
		}
		if len(got) == 0 {
			return 0
		}
		point, err := audit.Published(filepath.Join(data, "audit"))
		if err != nil || got[0].Size > point.Size || got[0].Size == point.Size && got[0].Root != point.Root.String() {
			t.Errorf("%v: covers %+v of %d", err, got[0], point.Size)
		}
		return got[0].Size
	}
	for step, want := range []uint64{0, 3, 3, 4} {
		switch step {
		case 2:
			more(decided(t, "A-4", "Holm", "", "2026-04-05", event.Hold))
		case 1, 3:
			if _, err := a.Update(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
		}
		if got := size(); got != want {
			t.Errorf("step %d: %d leaves, want %d", step, got, want)
		}
	}
}
