package witness

import (
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// log is a tree of one to three leaves whose checkpoints are signed.
type log struct {
	key    string
	signer note.Signer
}

func newLog(t *testing.T) log {
	t.Helper()
	secret, key, err := note.GenerateKey(rand.Reader, "example.com/log")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	return log{key, signer}
}

// hashes are the roots of the tree of one and of two leaves, and what proves the second from the first.
func hashes(second string) (one, two, proof tlog.Hash) {
	one, proof = tlog.RecordHash([]byte("one")), tlog.RecordHash([]byte(second))
	return one, tlog.NodeHash(one, proof), proof
}

func (l log) point(t *testing.T, size string, root tlog.Hash) string {
	t.Helper()
	b, err := note.Sign(&note.Note{Text: "example.com/log\n" + size + "\n" + root.String() + "\n"}, l.signer)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// ask sends a request and gives status and answer.
func ask(w *Witness, path, body string) (int, string) {
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, path, strings.NewReader(body)))
	return rec.Code, rec.Body.String()
}

func TestAWitnessSignsOnlyWhatGoesOn(t *testing.T) {
	t.Parallel()
	l, dir := newLog(t), t.TempDir()
	open := func() *Witness {
		w, err := New(Config{Dir: dir, Name: "witness.example", Logs: []string{l.key}})
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	w := open()
	one, two, step := hashes("two")
	_, fork, forkStep := hashes("another")
	for _, tt := range []struct {
		name, path, body string
		status           int
		says             string
	}{
		{"no request", "/add-checkpoint", "hello", 400, "not an add-checkpoint request"},
		{"another path", "/add", "old 0\n\n", 404, ""},
		{"a log it does not know", "/add-checkpoint", "old 0\n\nother\n1\n", 404, "not known"},
		{"a signature that is none", "/add-checkpoint", "old 0\n\nexample.com/log\n1\n" + one.String() + "\n\n— example.com/log AAAA\n", 403, ""},
		{"the first checkpoint", "/add-checkpoint", "old 0\n\n" + l.point(t, "1", one), 200, "— witness.example "},
		{"the same again", "/add-checkpoint", "old 1\n\n" + l.point(t, "1", one), 200, "— witness.example "},
		{"a proof from nothing", "/add-checkpoint", "old 0\n\n" + l.point(t, "2", two), 409, "1\n"},
		{"no proof", "/add-checkpoint", "old 1\n\n" + l.point(t, "2", two), 422, ""},
		{"a proof of another tree", "/add-checkpoint", "old 1\n" + forkStep.String() + "\n\n" + l.point(t, "2", two), 422, ""},
		{"a tree that goes on", "/add-checkpoint", "old 1\n" + step.String() + "\n\n" + l.point(t, "2", two), 200, "— witness.example "},
		{"a fork of that size", "/add-checkpoint", "old 2\n\n" + l.point(t, "2", fork), 409, "2\n"},
		{"a fork from before", "/add-checkpoint", "old 1\n" + forkStep.String() + "\n\n" + l.point(t, "2", fork), 409, "2\n"},
		{"a smaller tree", "/add-checkpoint", "old 2\n\n" + l.point(t, "1", one), 400, "above"},
	} {
		status, says := ask(w, tt.path, tt.body)
		if status != tt.status || !strings.Contains(says, tt.says) {
			t.Errorf("%s: %d %q, want %d with %q", tt.name, status, says, tt.status, tt.says)
		}
		w = open() // it remembers across restarts, under the same key
	}
}

func FuzzParse(f *testing.F) {
	f.Add("old 0\n\nexample.com/log\n1\n")
	f.Add("old 1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\nx")
	f.Fuzz(func(t *testing.T, body string) {
		_, proof, point, err := parse(body)
		if err == nil && (len(proof) > maxProof || !strings.HasSuffix(body, point)) {
			t.Errorf("%q: %d hashes, %q", body, len(proof), point)
		}
	})
}
