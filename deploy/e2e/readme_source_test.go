package e2e_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tidegate/tidegate/services/ingest/source/outbox/outboxtest"
)

// page is one source's or sink's part of the README.
type page struct {
	files    map[string]string // by path
	commands []string
}

var (
	yamlBlock  = regexp.MustCompile("(?s)```yaml\n# (\\S+)\n(.*?)```")
	shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")
	remark     = regexp.MustCompile(`\s{2,}#.*$`)
)

// readPage reads the README's page with a title, putting this test's addresses in the place of the README's.
func readPage(t *testing.T, title string, addresses ...string) page {
	t.Helper()
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(b), "\n### "+title+"\n")
	if !found {
		t.Fatalf("the README has no page %q", title)
	}
	text, _, _ := strings.Cut(rest, "\n##")
	text = strings.NewReplacer(addresses...).Replace(text)
	p := page{files: map[string]string{}}
	for _, f := range yamlBlock.FindAllStringSubmatch(text, -1) {
		p.files[f[1]] = f[2]
	}
	for _, block := range shellBlock.FindAllStringSubmatch(text, -1) {
		for line := range strings.Lines(block[1]) {
			p.commands = append(p.commands, remark.ReplaceAllString(strings.TrimRight(line, "\n"), ""))
		}
	}
	if len(p.files) == 0 || len(p.commands) == 0 {
		t.Fatalf("the page %q has %d files and %d commands", title, len(p.files), len(p.commands))
	}
	return p
}

// run runs the page's commands as written, in a folder of their own; the last command is run until it says what is wanted.
func (p page) run(t *testing.T, last, wants string) {
	t.Helper()
	dir, door := t.TempDir(), freePort(t)
	if err := os.Symlink(bin, filepath.Join(dir, "bin")); err != nil {
		t.Fatal(err)
	}
	for file, text := range p.files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, file)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := append(os.Environ(), "TIDEGATE_LISTEN="+door, "TIDEGATE_NATS_LISTEN="+freePort(t), "TIDEGATE_LOG_LEVEL=error")
	shell := func(command string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), "sh", "-c", "exec "+command)
		if strings.ContainsAny(command, "|>&") {
			cmd = exec.CommandContext(t.Context(), "sh", "-c", command)
		}
		cmd.Dir, cmd.Env = dir, env
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		return cmd
	}
	for _, command := range p.commands {
		switch command {
		case "bin/tidegate serve":
			serve := shell(command)
			serve.Stderr = os.Stderr
			if err := serve.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = serve.Process.Kill(); _ = serve.Wait() })
			eventually(t, "the door is open", 30*time.Second, func() bool { return ready(door) })
		case last:
			eventually(t, command+" says "+wants, time.Minute, func() bool {
				out, err := shell(command).CombinedOutput()
				return err == nil && regexp.MustCompile(wants).Match(out)
			})
		default:
			if out, err := shell(command).CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s", command, err, out)
			}
		}
	}
}

const status = "bin/tidegate source status"

func TestThePageOnFoldersRunsAsWritten(t *testing.T) {
	t.Parallel()
	readPage(t, "A folder").run(t, status, `drop +\| +folder +\| +1 \|`)
}

func TestThePageOnKafkaRunsAsWritten(t *testing.T) {
	t.Parallel()
	k := startTopic(t)
	at := "127.0.0.1:" + strconv.Itoa(k.port)
	client, err := kgo.NewClient(kgo.SeedBrokers(at), kgo.DefaultProduceTopic("orders"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	order := `{"id":"K-1","parties":[{"role":"purchaser","name":"Holm & Vester GmbH","address":{"country":"DE"}}],"items":[{"description":"desk fan","eccn":"EAR99","quantity":1}]}`
	if err := client.ProduceSync(t.Context(), &kgo.Record{Value: []byte(order)}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	readPage(t, "Kafka", "127.0.0.1:9092", at).run(t, status, `shop +\| +kafka +\| +1 \|`)
}

func TestThePageOnTheOutboxRunsAsWritten(t *testing.T) {
	t.Parallel()
	p := outboxtest.Start(t)
	if _, err := exec.LookPath("psql"); err != nil {
		t.Skip("psql is not on this machine (Debian: apt-get install postgresql-client)")
	}
	readPage(t, "A database's outbox", "psql postgres://tidegate@127.0.0.1/erp", "psql '"+p.URL()+"'", "postgres://tidegate@127.0.0.1/erp", "'"+p.URL()+"'").
		run(t, status, `erp +\| +postgres +\| +1 \|`)
}

func TestThePageOnWebhooksRunsAsWritten(t *testing.T) {
	t.Parallel()
	took := make(chan string, 16)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { took <- r.Header.Get("Webhook-Id") }))
	t.Cleanup(receiver.Close)
	readPage(t, "Webhooks out", "https://erp.example/tidegate", receiver.URL+"\n    allow_private: true").run(t, "bin/tidegate webhook status", `erp`)
	if id := <-took; id != "test" {
		t.Errorf("the endpoint was sent %q, not the test message", id)
	}
}

// TestBentoBringsOrdersIn runs the example configuration with a Bento or Redpanda Connect of this machine.
func TestBentoBringsOrdersIn(t *testing.T) {
	t.Parallel()
	var program string
	for _, name := range []string{os.Getenv("TIDEGATE_BENTO"), "bento", "redpanda-connect"} {
		if path, err := exec.LookPath(name); err == nil && name != "" {
			program = path
			break
		}
	}
	if program == "" {
		t.Skip("neither bento nor redpanda-connect is on this machine")
	}
	data, server, door := t.TempDir(), freePort(t), freePort(t)
	start(t, "tidegate", "serve", "--data", data, "--nats-listen", server, "--listen", door, "--log-level", "error")
	eventually(t, "the door is open", 20*time.Second, func() bool { return ready(door) })
	cmd := exec.CommandContext(t.Context(), program, "-c", "../bento/orders.yaml")
	cmd.Env = append(os.Environ(), "TIDEGATE_NATS=nats://"+server, "TIDEGATE_CREDS="+filepath.Join(data, "nats", "client.nk"))
	cmd.Stdin = strings.NewReader(`{"source":"bento","id":"B-1","parties":[{"role":"purchaser","name":"Holm & Vester GmbH","address":{"country":"DE"}}],"items":[{"description":"desk fan","eccn":"EAR99","quantity":1}]}` + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	eventually(t, "the order is there", 20*time.Second, func() bool {
		resp, err := client.Get("http://" + door + "/v1/orders/B-1?source=bento")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}
