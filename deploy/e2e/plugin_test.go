package e2e_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/shared/natsembed"
)

// chapter is the README's chapter "Plug in".
func chapter(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(b), "\n## Plug in\n")
	if !ok {
		t.Fatal("the README has no chapter \"Plug in\"")
	}
	text, _, _ := strings.Cut(rest, "\n## ")
	return text
}

// blocks are the chapter's code blocks of a language.
func blocks(text, language string) (all []string) {
	for _, m := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	return all
}

// TestReadmePlugIn runs the starts of the README's chapter as they stand there, one after the other in one shell, against
// the real binary; only addresses are others.
func TestReadmePlugIn(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"bash", "curl", "openssl", "gzip"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	text, dir := chapter(t), t.TempDir()
	door, bus := freePort(t), freePort(t)
	erp := customersServer(t, filepath.Join(dir, "erp"))
	if err := os.Symlink(bin, filepath.Join(dir, "bin")); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	seed, err := os.ReadFile(filepath.Join(dir, "erp", natsembed.ServiceCreds))
	if err != nil {
		t.Fatal(err)
	}
	yaml := blocks(text, "yaml")
	if len(yaml) != 1 {
		t.Fatalf("%d yaml blocks", len(yaml))
	}
	for name, content := range map[string]string{"erp.nk": string(seed), "doors.yaml": strings.ReplaceAll(yaml[0], "nats://erp.example:4222", erp)} {
		if err := os.WriteFile(filepath.Join(dir, "data", name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	start(t, "tidegate", "serve", "--data", filepath.Join(dir, "data"), "--listen", door, "--nats-listen", bus, "--log-level", "error")
	eventually(t, "the door is open", 20*time.Second, func() bool { return ready(door) })

	at := strings.NewReplacer("127.0.0.1:8080", door, "127.0.0.1:4222", bus)
	out := shell(t, dir, at.Replace(strings.Join(blocks(text, "sh"), "\n")))
	for _, want := range []string{
		`"line":"record"`,                              // one order, waited for
		`"order_id":"M-50"`,                            // many, over HTTP
		"50 accepted (50 of them were there before)",   // and again as a file
		`"status":"accepted"`,                          // shipped, cancelled
		`"kind":"shipped"`,                             // the order with its history
		"P-1: release (an inquiry, no decision)",       // a quote
		`"inquiry":true`,                               // the same over HTTP
		`"receipts":[`,                                 // a page
		"shop P-1: release",                            // decisions
		`"status":"accepted","duplicate":true`,         // the webhook: the shop's order was there already
		`/itmes: no member of this name is known here`, // a refusal
		"1 accepted (0 of them were there before), 0 refused",
		`tidegate_orders_total{door="http"`,
		`"openapi": "3.1.0"`,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the starts do not say %s", want)
		}
	}
	if t.Failed() {
		t.Log(out)
	}
	said := program(t, dir, at.Replace(blocks(text, "go")[0]))
	if !regexp.MustCompile(`durable in ORDER, released by leaf \d+`).MatchString(said) {
		t.Errorf("the program: %s", said)
	}
	eventually(t, "the customer's stream was read", 20*time.Second, func() bool {
		cmd := exec.Command(filepath.Join(bin, "tidegate"), "decisions", "--data", filepath.Join(dir, "data"), "--source", "erp")
		got, err := cmd.CombinedOutput()
		return err == nil && bytes.Contains(got, []byte("erp E-1: release"))
	})
}

// customersServer is a customer's NATS server with a stream and an order in it; it ends with the test.
func customersServer(t *testing.T, dir string) (url string) {
	t.Helper()
	srv, err := natsembed.Start(natsembed.Config{Dir: dir, Port: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Shutdown)
	nc, err := srv.Connect("customer")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "ERP", Subjects: []string{"erp.>"}}); err != nil {
		t.Fatal(err)
	}
	order := `{"id":"E-1","ship_to":"DE","parties":[{"role":"purchaser","name":"Holm GmbH","address":{"country":"DE"}}],"items":[{"description":"desk fan","eccn":"EAR99"}]}`
	if _, err := js.PublishMsg(t.Context(), &nats.Msg{Subject: "erp.orders.new", Data: []byte(order)}); err != nil {
		t.Fatal(err)
	}
	return srv.URL()
}

func shell(t *testing.T, dir, script string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", script)
	cmd.Dir = dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Fatalf("the starts: %v\n%s", err, out.Bytes())
	}
	return out.String()
}

// program runs a Go program in a directory. It is built within this module, for its libraries are there.
func program(t *testing.T, dir, text string) string {
	t.Helper()
	at, err := os.MkdirTemp(".", "readme-program-") //nolint:usetesting // it must lie within this module
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(at) }()
	if err := os.WriteFile(filepath.Join(at, "main.go"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(t.TempDir(), "program")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./"+at).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}
