package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	urfave "github.com/urfave/cli/v3"
	"go.uber.org/goleak"

	"github.com/tidegate/tidegate/services/ingest"
	"github.com/tidegate/tidegate/services/ingest/cli"
	"github.com/tidegate/tidegate/shared/natstest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	http.DefaultClient.CloseIdleConnections()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// run runs a command line and gives what it printed and its exit status.
func run(t *testing.T, stdin string, args ...string) (out string, status int) {
	t.Helper()
	var b bytes.Buffer
	root := &urfave.Command{
		Name: "tidegate", Commands: cli.Commands(nil), Writer: &b, ErrWriter: &b, Reader: strings.NewReader(stdin),
		ExitErrHandler: func(context.Context, *urfave.Command, error) {},
	}
	err := root.Run(t.Context(), append([]string{"tidegate"}, args...))
	var exit urfave.ExitCoder
	switch {
	case errors.As(err, &exit):
		return b.String() + exit.Error(), exit.ExitCode()
	case err != nil:
		t.Fatal(err)
	}
	return b.String(), 0
}

func server(t *testing.T) string {
	t.Helper()
	s, err := ingest.New(natstest.Server(t), ingest.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	<-s.Ready()
	return "http://" + s.Addr().String()
}

func order(id string) string {
	return fmt.Sprintf(`{"id":%q,"parties":[{"role":"purchaser","name":"Example Fans GmbH"}],"items":[{"sku":"1"}]}`, id)
}

func TestSubmitReadsEveryForm(t *testing.T) {
	t.Parallel()
	url := server(t)
	for _, row := range []struct{ name, in, want string }{
		{"one order", order("1"), "1 accepted (0 of them were there before), 0 refused\n"},
		{"the same on several lines", strings.ReplaceAll(order("1"), ",", ",\n"), "1 accepted (1 of them were there before), 0 refused\n"},
		{"an array", "[" + order("1") + "," + order("2") + "]", "2 accepted (1 of them were there before), 0 refused\n"},
		{"one a line", order("3") + "\n\n" + order("4") + "\n" + order("3"), "3 accepted (1 of them were there before), 0 refused\n"},
	} {
		out, status := run(t, row.in, "submit", "--url", url, "-")
		if diff := cmp.Diff(row.want, out); diff != "" || status != 0 {
			t.Errorf("%s: status %d %s", row.name, status, diff)
		}
	}
}

func TestSubmitSaysWhatWasRefused(t *testing.T) {
	t.Parallel()
	url := server(t)
	file := filepath.Join(t.TempDir(), "orders.ndjson")
	if err := os.WriteFile(file, []byte(order("1")+"\n"+`{"id":"2","partys":[],"items":[{"sku":"1"}]}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, status := run(t, "", "submit", "--url", url, file)
	want := `2: refused
  /partys: no member of this name is known here; did you mean "parties"? (unknown_member)
  /parties: parties is missing; an order needs at least one party and one item (required)
1 accepted (0 of them were there before), 1 refused
`
	if diff := cmp.Diff(want, out); diff != "" || status != 1 {
		t.Errorf("status %d %s", status, diff)
	}
	tried, status := run(t, "", "ingest", "try", file)
	if !strings.Contains(tried, "2 (tidegate-json): refused\n  /partys: no member of this name is known here") ||
		!strings.Contains(tried, "1 (tidegate-json): placed\n{\n  \"id\": \"1\"") || !strings.HasSuffix(tried, "1 would be accepted, 1 refused\n") || status != 1 {
		t.Errorf("try: status %d %s", status, tried)
	}
	out, status = run(t, order("9"), "submit", "--json", "--url", url, "-")
	var a ingest.Answer
	if err := json.Unmarshal([]byte(out), &a); err != nil || a.OrderID != "9" || status != 0 {
		t.Errorf("status %d %v %s", status, err, out)
	}
}

func TestTroubleIsStatus2(t *testing.T) {
	t.Parallel()
	url := server(t)
	for _, row := range []struct {
		name string
		args []string
		want string
	}{
		{"no file", []string{"submit"}, "no file given"},
		{"a file that is not there", []string{"submit", "--url", url, "nowhere.json"}, "nowhere.json"},
		{"no server", []string{"submit", "--url", "http://127.0.0.1:1", "-"}, "refused"},
		{"a URL that is none", []string{"submit", "--url", "localhost", "-"}, "not the URL"},
		{"a decision that does not come", []string{"submit", "--url", url, "--wait", "--timeout", "1ms", "-"}, "1 not decided in time"},
	} {
		if out, status := run(t, order("1"), row.args...); status != 2 || !strings.Contains(out, row.want) {
			t.Errorf("%s: status %d, %s", row.name, status, out)
		}
	}
}
