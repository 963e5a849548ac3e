package outbox_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tidegate/tidegate/services/ingest/source"
	"github.com/tidegate/tidegate/services/ingest/source/outbox"
	"github.com/tidegate/tidegate/services/ingest/source/outbox/outboxtest"
	"github.com/tidegate/tidegate/services/ingest/source/sourcetest"
	"github.com/tidegate/tidegate/shared/clock"
)

func insert(t *testing.T, p *outboxtest.Server, from, n int) {
	t.Helper()
	p.Exec(t, "INSERT INTO tidegate_outbox (body) SELECT convert_to('order ' || i, 'UTF8') FROM generate_series($1::int, $2::int) i ORDER BY i", from, from+n-1)
}

func open(t *testing.T, url string) source.Named {
	t.Helper()
	file := filepath.Join(t.TempDir(), "sources.yaml")
	text := "sources:\n  erp:\n    postgres: {url: '" + url + "', batch: 10, every: 100ms}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := source.Load(file, source.Kinds{"postgres": outbox.Open})
	if err != nil {
		t.Fatal(err)
	}
	return all[0]
}

func run(t *testing.T, n source.Named, door source.Door) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	says := source.NewStanding(n.Name, n.Kind, clock.System)
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			if n.Source.Run(ctx, door, says) != nil {
				_ = clock.Sleep(ctx, 10*time.Millisecond)
			}
		}
	}()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

func await(t *testing.T, door *sourcetest.Door, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if err := door.Await(ctx, func(took []string) bool { return sourcetest.Distinct(took) >= n }); err != nil {
		t.Fatalf("%d of %d taken", sourcetest.Distinct(door.Took()), n)
	}
}

func TestOutbox(t *testing.T) {
	t.Parallel()
	p := outboxtest.Start(t)
	e := open(t, p.URL())
	if advice := e.Source.Check(t.Context()); len(advice) != 1 || !strings.Contains(advice[0].Wrong, "no table") || !strings.Contains(advice[0].Mend, "CREATE TABLE") {
		t.Errorf("no table yet: %+v", advice)
	}
	p.Exec(t, fmt.Sprintf(outbox.Table, "tidegate_outbox", "tidegate_outbox"))
	if advice := e.Source.Check(t.Context()); len(advice) > 0 {
		t.Errorf("nothing is wrong: %+v", advice)
	}

	asked := 0
	door := sourcetest.NewDoor(func() bool { asked++; return asked > 20 && asked <= 30 }) // one batch cannot be stored
	insert(t, p, 0, 35)
	stop := run(t, e, door)
	await(t, door, 35)
	insert(t, p, 35, 5) // notified
	await(t, door, 40)
	p.Restart(t)
	insert(t, p, 40, 20)
	await(t, door, 45)
	stop()
	run(t, e, door)
	await(t, door, 60)
	checkFirstTimes(t, door.Took())

	p.Exec(t, "INSERT INTO tidegate_outbox (body) VALUES ('bad')")
	await(t, door, 61)
	awaitMarked(t, p)
	var refused int
	var why string
	conn, err := pgx.Connect(t.Context(), p.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if err := conn.QueryRow(t.Context(), "SELECT refused, faults FROM tidegate_outbox WHERE body = 'bad'").Scan(&refused, &why); err != nil || refused != 1 || why != "it is bad" {
		t.Errorf("%d %q %v", refused, why, err)
	}
	p.Exec(t, "ALTER TABLE tidegate_outbox DISABLE TRIGGER wake; ALTER TABLE tidegate_outbox DROP COLUMN faults")
	if advice := e.Source.Check(t.Context()); len(advice) != 2 {
		t.Errorf("a column and the trigger are missing: %+v", advice)
	}
	if advice := open(t, strings.Replace(p.URL(), "/postgres?", "/nothing?", 1)).Source.Check(t.Context()); len(advice) != 1 || !strings.Contains(advice[0].Mend, "database's name") {
		t.Errorf("another database: %+v", advice)
	}
}

// awaitMarked waits until every row is marked.
func awaitMarked(t *testing.T, p *outboxtest.Server) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), p.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	for left := 1; left > 0; {
		if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM tidegate_outbox WHERE taken_at IS NULL").Scan(&left); err != nil {
			t.Fatal(err)
		}
	}
}

// checkFirstTimes wants rows in the order of their ids, repeats left out.
func checkFirstTimes(t *testing.T, took []string) {
	t.Helper()
	var first []int
	seen := map[string]bool{}
	for _, text := range took {
		if seen[text] {
			continue
		}
		seen[text] = true
		n, err := strconv.Atoi(strings.TrimPrefix(text, "order "))
		if err != nil {
			t.Fatal(err)
		}
		first = append(first, n)
	}
	if !slices.IsSorted(first) {
		t.Errorf("out of order: %v", first)
	}
}

func TestFaultsOfTheConfigurationAreAllSaid(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "sources.yaml")
	if err := os.WriteFile(file, []byte("sources:\n  erp:\n    postgres: {table: 'a;b', channel: A, batch: 0}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := source.Load(file, source.Kinds{"postgres": outbox.Open})
	for _, want := range []string{"url or url_file", "table:", "channel:", "batch"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
}
