package cli_test

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// flaky answers so many orders of each request and then breaks the connection; it remembers what it answered.
type flaky struct {
	mu       sync.Mutex
	most     int
	status   string // of the last one before it breaks; accepted when empty
	answered []string
}

func (f *flaky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	rc := http.NewResponseController(w)
	_ = rc.EnableFullDuplex()
	w.Header().Set("Content-Type", "application/x-ndjson")
	n := 0
	for sc := bufio.NewScanner(r.Body); sc.Scan(); n++ {
		if strings.TrimSpace(sc.Text()) == "" {
			n--
			continue
		}
		if n == f.most {
			panic(http.ErrAbortHandler)
		}
		status := "accepted"
		if n == f.most-1 && f.status != "" {
			status = f.status
		} else {
			f.answered = append(f.answered, sc.Text())
		}
		_, _ = fmt.Fprintf(w, `{"status":%q}`+"\n", status)
		_ = rc.Flush()
	}
}

func TestAFileGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	f := &flaky{most: 40}
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	file := filepath.Join(t.TempDir(), "orders.ndjson")
	var want []string
	var text strings.Builder
	for i := range 100 {
		want = append(want, order(strconv.Itoa(i)))
		text.WriteString(want[i] + "\n")
		if i%7 == 0 {
			text.WriteString("  \n\n")
		}
	}
	if err := os.WriteFile(file, []byte(strings.TrimSuffix(text.String(), "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	for i, wantSays := range []string{"", "going on behind 40 orders", "going on behind 80 orders"} {
		out, status := run(t, "", "submit", "--url", srv.URL, file)
		if !strings.Contains(out, wantSays) || (status == 0) != (i == 2) {
			t.Errorf("run %d: status %d %s", i, status, out)
		}
	}
	if diff := cmp.Diff(want, f.answered); diff != "" {
		t.Error(diff)
	}
	if _, err := os.Stat(file + ".position"); !os.IsNotExist(err) {
		t.Errorf("the position is left: %v", err)
	}
}

func TestThePositionStaysBeforeWhatWasNotTaken(t *testing.T) {
	t.Parallel()
	f := &flaky{most: 3, status: "unavailable"}
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	file := filepath.Join(t.TempDir(), "orders.ndjson")
	if err := os.WriteFile(file, []byte(order("1")+"\n"+order("2")+"\n"+order("3")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, status := run(t, "", "submit", "--url", srv.URL, file); status != 2 {
		t.Errorf("status %d %s", status, out)
	}
	if out, status := run(t, "", "submit", "--url", srv.URL, file); status != 0 || !strings.Contains(out, "going on behind 2 orders") {
		t.Errorf("status %d %s", status, out)
	}
	if diff := cmp.Diff([]string{order("1"), order("2"), order("3")}, f.answered); diff != "" {
		t.Error(diff)
	}
	// Another file under the same name begins anew.
	if err := os.WriteFile(file+".position", []byte(`{"head":"00","offset":5}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, status := run(t, "", "submit", "--url", srv.URL, file); status != 2 || strings.Contains(out, "going on") {
		t.Errorf("status %d %s", status, out)
	}
}
