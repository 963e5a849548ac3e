package page_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/shared/token"
)

// total adds up what notes count.
func total(all []event.Note, what, name string) (n int) {
	for _, one := range all {
		for _, c := range one.Counts {
			if one.What == what && c.Name == name {
				n += c.Count
			}
		}
	}
	return n
}

func TestWhatIsAskedIsNotedOnceAndNoneIsLostOnACleanStop(t *testing.T) {
	t.Parallel()
	h := history1(t)
	s := serve(t, h.data, nil)
	kim, lee := s.token(token.Record{Name: "kim"}), s.token(token.Record{Name: "lee"})
	s.indexed(lee, "A-1")
	const many = 300
	for i := range many {
		if a := s.ask("GET", fmt.Sprintf("/?party=word%d", i), kim, nil); a.status != http.StatusOK {
			t.Fatal(a.status)
		}
	}
	for _, path := range []string{"/order?id=A-1", "/records/1/0", "/records/1/0/leaf", "/records/1/0/proof", "/evidence?id=A-1&source=shop", "/export?as=csv&order=A-1", "/checkpoint", "/calendar", "/live"} {
		if a := s.ask("GET", path, kim, nil); a.status != http.StatusOK {
			t.Fatalf("%s: %d %s", path, a.status, a.body)
		}
	}
	if got := s.notes.list(); len(got) != 0 {
		t.Errorf("noted before the time: %v", got)
	}
	s.stop()
	got := s.notes.list()
	if len(got) != 4 { // kim's evidence, exports and questions; lee's questions
		t.Errorf("%d notes", len(got))
	}
	for _, want := range []struct {
		what, name string
		n          int
	}{{"query", "searches", many}, {"export", "leaves", 1}, {"export", "proofs", 1}, {"export", "checkpoints", 1}, {"export", "exports", 1}, {"export", "rows", 1}, {"evidence", "packs", 1}, {"query", "calendars", 1}, {"query", "records", 1}, {"query", "live", 1}} {
		if n := total(got, want.what, want.name); n != want.n {
			t.Errorf("%s: %d %s, want %d", want.what, n, want.name, want.n)
		}
	}
	for _, n := range got {
		if n.What == "query" && n.By == "token:kim" && (!strings.Contains(n.Text, `party "word7"`) || !strings.Contains(n.Text, "more") || len(n.Text) > 4096) {
			t.Errorf("%d bytes: %s", len(n.Text), n.Text)
		}
	}
}

func TestANoteThatIsNotTakenWaits(t *testing.T) {
	t.Parallel()
	h := history1(t)
	s := serve(t, h.data, nil)
	kim := s.token(token.Record{Name: "kim"})
	s.indexed(kim, "A-1")
	s.notes.err = errors.New("the order stream is full")
	for range 3 {
		s.ask("GET", "/?party=lantern", kim, nil)
	}
	s.NoteNow(t.Context())
	s.ask("GET", "/?party=lantern", kim, nil)
	s.NoteNow(t.Context())
	if got := s.notes.list(); len(got) != 0 {
		t.Fatal(got)
	}
	s.notes.mu.Lock()
	s.notes.err = nil
	s.notes.mu.Unlock()
	s.NoteNow(t.Context())
	if n := total(s.notes.list(), "query", "searches"); n != 4 {
		t.Errorf("%d searches noted, want 4", n)
	}
	s.stop()
	if n := total(s.notes.list(), "query", "searches"); n != 4 {
		t.Errorf("%d searches noted in the end, want 4: each once", n)
	}
}

func TestWhatNobodyAskedIsNotNoted(t *testing.T) {
	t.Parallel()
	h := history1(t)
	s := serve(t, h.data, nil)
	s.stop()
	if got := s.notes.list(); len(got) != 0 {
		t.Error(got)
	}
}

// A search that names somebody stands in the log under the auditor's name, however odd the words.
func TestNotesHoldWhateverWasAsked(t *testing.T) {
	t.Parallel()
	h := history1(t)
	s := serve(t, h.data, nil)
	kim := s.token(token.Record{Name: "kim"})
	s.ask("GET", "/?"+url.Values{"party": {"华为 " + strings.Repeat("ä", 200)}}.Encode(), kim, nil)
	s.stop()
	got := s.notes.list()
	if len(got) != 1 || !strings.Contains(got[0].Text, "华为") || strings.ContainsRune(got[0].Text, '\uFFFD') {
		t.Error(got)
	}
}
