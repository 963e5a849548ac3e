package page_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/shared/token"
)

// watch opens the live list and gives its lines.
func (s *served) watch(ctx context.Context, secret, after string) (*http.Response, *bufio.Scanner) {
	s.tb.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL()+"/live/events", nil)
	if err != nil {
		s.tb.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+secret)
	req.Header.Set("Last-Event-ID", after)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.tb.Fatal(err)
	}
	return resp, bufio.NewScanner(resp.Body)
}

// next is the next message's data.
func next(lines *bufio.Scanner) (id, data string) {
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
			id = text
		}
		if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			return id, text
		}
	}
	return id, ""
}

func TestTheLiveListTellsWhatIsLoggedAsItIsLogged(t *testing.T) {
	t.Parallel()
	h := history1(t)
	s := serve(t, h.data, nil)
	whole, part := s.token(token.Record{Name: "whole"}), s.token(token.Record{Name: "part", Sources: []string{"shop"}})
	s.indexed(whole, "A-1")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	all, allLines := s.watch(ctx, whole, "1.1")
	some, someLines := s.watch(ctx, part, "1.1")
	defer func() { _, _ = all.Body.Close(), some.Body.Close() }()
	h.grow(decided(t, placed{"E-1", "erp", "Hidden Ltd", "2026-08-15", event.Block}))
	if id, data := next(allLines); id != "1.2" || !strings.Contains(data, "E-1") {
		t.Errorf("%s %s", id, data)
	}
	h.grow(decided(t, placed{"S-1", "shop", "Harbor <b>", "2026-08-15", event.Release}))
	if id, data := next(someLines); id != "1.3" || strings.Contains(data, "E-1") || !strings.Contains(data, "S-1") || strings.Contains(data, "<b>") {
		t.Errorf("%s %s", id, data)
	}
	// A browser that comes back goes on where it was.
	again, lines := s.watch(ctx, whole, "1.1")
	defer func() { _ = again.Body.Close() }()
	if id, data := next(lines); id != "1.3" || !strings.Contains(data, "E-1") || !strings.Contains(data, "S-1") {
		t.Errorf("%s %s", id, data)
	}
	s.stop() // ends the lists, too
	if _, data := next(lines); data != "" {
		t.Error("the list goes on behind the end")
	}
}

func TestAFloodIsToldByItsNewest(t *testing.T) {
	t.Parallel()
	h := history1(t)
	var many []event.Case
	for i := range 120 {
		many = append(many, decided(t, placed{fmt.Sprintf("F-%d", i), "shop", "Nordlicht Werke GmbH", "2026-08-15", event.Release}))
	}
	h.grow(many...)
	s := serve(t, h.data, nil)
	whole := s.token(token.Record{Name: "whole"})
	s.indexed(whole, "F-119")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	resp, lines := s.watch(ctx, whole, "1.0")
	defer func() { _ = resp.Body.Close() }()
	_, data := next(lines)
	if strings.Count(data, `"path"`) != 50 || !strings.Contains(data, `"passed":71`) || !strings.Contains(data, "F-119") {
		t.Error(data)
	}
}

// What others do in a flood does not push out what a token with a part of the history sees, and is not told to it.
func TestAFloodOfOthersHidesNothingOfOnesOwn(t *testing.T) {
	t.Parallel()
	h := history1(t)
	many := []event.Case{decided(t, placed{"OWN-1", "mill", "Nordlicht Werke GmbH", "2026-08-15", event.Release})}
	for i := range 120 {
		many = append(many, decided(t, placed{fmt.Sprintf("F-%d", i), "shop", "Nordlicht Werke GmbH", "2026-08-15", event.Release}))
	}
	h.grow(many...)
	s := serve(t, h.data, nil)
	s.indexed(s.token(token.Record{Name: "whole"}), "F-119")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for source, want := range map[string]struct {
		records int
		more    bool
	}{"mill": {1, false}, "shop": {50, true}} {
		resp, lines := s.watch(ctx, s.token(token.Record{Name: source, Sources: []string{source}}), "1.0")
		defer func() { _ = resp.Body.Close() }()
		_, data := next(lines)
		if strings.Count(data, `"path"`) != want.records || strings.Contains(data, `"more":true`) != want.more || strings.Contains(data, "passed") || strings.Contains(data, "OWN-1") != (source == "mill") {
			t.Errorf("%s: %s", source, data)
		}
	}
}

func TestSoManyWatchAndNoMore(t *testing.T) {
	t.Parallel()
	h := history1(t)
	s := serve(t, h.data, nil)
	whole := s.token(token.Record{Name: "whole"})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	refused := 0
	for range 20 {
		resp, _ := s.watch(ctx, whole, "")
		defer func() { _ = resp.Body.Close() }()
		if resp.StatusCode == http.StatusServiceUnavailable {
			refused++
		}
	}
	if refused != 4 {
		t.Errorf("%d of 20 are refused", refused)
	}
	if a := s.ask("GET", "/live", whole, nil); a.status != http.StatusOK {
		t.Errorf("the list without events: %d", a.status)
	}
}

// The index says where to look and no more: one that was changed shows nothing of another record.
func TestADoctoredIndexShowsNothingFalse(t *testing.T) {
	t.Parallel()
	h := logged(t, decided(t, placed{"A-1", "shop", "Harbor Lantern Trading", "2026-08-15", event.Hold}), decided(t, placed{"A-2", "shop", "Holm & Vester GmbH", "2026-08-15", event.Release}))
	s := serve(t, h.data, nil)
	whole := s.token(token.Record{Name: "whole"})
	s.indexed(whole, "A-2")
	s.stop()
	db, err := sql.Open("sqlite", filepath.Join(h.data, "audit", "search.db"))
	if err != nil {
		t.Fatal(err)
	}
	// Leaf 0 stands under the terms of leaf 1, and the other way round.
	var terms []string
	rows, err := db.QueryContext(t.Context(), "SELECT DISTINCT term FROM term_of")
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			t.Fatal(err)
		}
		terms = append(terms, one)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	_ = rows.Close()
	if _, err := db.ExecContext(t.Context(), "INSERT INTO term (rowid, terms) VALUES (?, ?)", int64(1)<<44, strings.Join(terms, " ")); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	again := serve(t, h.data, nil)
	a := again.ask("GET", "/order?id=A-2", whole, nil)
	if a.status != http.StatusInternalServerError || strings.Contains(a.body, "Harbor") || !strings.Contains(a.body, "audit reindex") {
		t.Errorf("%d %s", a.status, a.body)
	}
}
