package audit_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/shared/natstest"
)

const tsaConfig = `[tsa]
default_tsa = tiny
[tiny]
serial = serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
[req]
distinguished_name = dn
x509_extensions = ext
prompt = no
[dn]
CN = Tiny Timestamps
[ext]
basicConstraints = critical,CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
`

// authority is a timestamping authority made of openssl.
func authority(t *testing.T) (url, cert string) {
	t.Helper()
	tools(t, "openssl")
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	for name, text := range map[string]string{"tsa.cnf": tsaConfig, "serial": "01\n"} {
		if err := os.WriteFile(in(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	openssl := func(args ...string) ([]byte, error) {
		cmd := exec.Command("openssl", args...)
		cmd.Dir = dir
		return cmd.CombinedOutput()
	}
	if b, err := openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "2", "-config", "tsa.cnf"); err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q, err := io.ReadAll(r.Body)
		if err == nil {
			err = os.WriteFile(in("q"), q, 0o600)
		}
		if err == nil {
			var said []byte
			said, err = openssl("ts", "-reply", "-queryfile", "q", "-inkey", "key.pem", "-signer", "cert.pem", "-config", "tsa.cnf", "-out", "r")
			t.Logf("%s", said)
		}
		var b []byte
		if err == nil {
			b, err = os.ReadFile(in("r"))
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = w.Write(b)
	}))
	t.Cleanup(srv.Close)
	return srv.URL, in("cert.pem")
}

func TestExportedCheckpointsAreTimestampedAndKept(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	cfg := config(t.TempDir())
	url, cert := authority(t)
	cfg.CheckpointDir, cfg.TimestampURL = t.TempDir(), url
	grow(t, nc, cfg, 1, 4)
	grow(t, nc, cfg, 5, 4)
	var kept [][]byte
	for _, size := range []string{"00000000000000000100", "00000000000000000200"} {
		point := filepath.Join(cfg.CheckpointDir, size+".checkpoint")
		b, err := os.ReadFile(point)
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, b)
		verify := func(data string) string {
			b, _ := exec.Command("openssl", "ts", "-verify", "-data", data, "-in", filepath.Join(cfg.CheckpointDir, size+".tsr"), "-CAfile", cert).CombinedOutput()
			return string(b)
		}
		if out := verify(point); !strings.Contains(out, "Verification: OK") {
			t.Errorf("openssl: %s", out)
		}
		if out := verify(cert); strings.Contains(out, "Verification: OK") {
			t.Error("the token is good for other bytes, too")
		}
	}
	rep, err := audit.Verify(t.Context(), cfg.Dir, cfg.GuardDir, auditverify.Options{Kept: kept})
	if err != nil || len(rep.Kept) != 3 {
		t.Errorf("verify against the exported checkpoints: %v: %v", err, rep.Kept)
	}
}

func TestAnExportThatFailsIsAnAlarmAndNothingElse(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	cfg := config(t.TempDir())
	rung := listen(&cfg)
	cfg.CheckpointDir = filepath.Join(os.DevNull, "nowhere")
	grow(t, nc, cfg, 1, 2)
	if !strings.Contains(rung.String(), "ALARM: checkpoint was not exported") {
		t.Errorf("no alarm: %s", rung)
	}
}
