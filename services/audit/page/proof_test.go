package page_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/digitorus/timestamp"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/services/audit/page"
	"github.com/tidegate/tidegate/services/audit/witness"
	"github.com/tidegate/tidegate/shared/certificate"
	"github.com/tidegate/tidegate/shared/token"
)

// signer is a certificate with its key.
func signer(tb testing.TB, usage ...x509.ExtKeyUsage) (*x509.Certificate, *rsa.PrivateKey) {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Tiny"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: usage, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		tb.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return cert, key
}

// authority timestamps what it is asked for, always at the same time.
func authority(tb testing.TB, at time.Time) string {
	tb.Helper()
	cert, key := signer(tb, x509.ExtKeyUsageTimeStamping)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		var ask *timestamp.Request
		if err == nil {
			ask, err = timestamp.ParseRequest(b)
		}
		if err == nil {
			t := timestamp.Timestamp{
				HashAlgorithm: ask.HashAlgorithm, HashedMessage: ask.HashedMessage, Time: at, Nonce: ask.Nonce, Policy: asn1.ObjectIdentifier{1, 2, 3}, Accuracy: time.Second, AddTSACertificate: true,
			}
			b, err = t.CreateResponseWithOpts(cert, key, crypto.SHA256)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = w.Write(b)
	}))
	tb.Cleanup(srv.Close)
	return srv.URL
}

func TestACaseSaysWhoWitnessedItAndWhenItWasTimestamped(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 12, 34, 56, 0, time.UTC)
	exported := t.TempDir()
	var policy []byte
	h := loggedWith(t, func(c *audit.Config) {
		key, err := audit.MakeKey(c.Dir, "")
		if err != nil {
			t.Fatal(err)
		}
		w, err := witness.New(witness.Config{Dir: t.TempDir(), Name: "witness.example.com/own", Logs: []string{key}})
		if err != nil {
			t.Fatal(err)
		}
		srv := httptest.NewServer(w)
		t.Cleanup(srv.Close)
		policy = w.Policy(srv.URL)
		c.Witnesses, c.CheckpointDir, c.TimestampURL = policy, exported, authority(t, at)
	}, decided(t, placed{"A-1", "shop", "Harbor Lantern Trading", "2026-08-15", event.Hold}))
	for name, c := range map[string]struct {
		policy []byte
		want   []string
	}{
		"with the witnesses' policy":     {policy, []string{"by witness.example.com/own at 20", "(checked; the quorum signed)", "2026-11-23 12:34:56 UTC, with checkpoint 1", "witnessed, timestamped"}},
		"without it, nothing is vouched": {nil, []string{"by witness.example.com/own (not checked here", "2026-11-23 12:34:56 UTC, with checkpoint 1"}},
	} {
		s := serve(t, h.data, func(cfg *page.Config) { cfg.Witnesses, cfg.CheckpointDir = c.policy, exported })
		secret := s.token(token.Record{Name: name})
		s.indexed(secret, "A-1")
		body := s.ask("GET", "/order?id=A-1", secret, nil).body
		for _, want := range c.want {
			if !strings.Contains(body, want) {
				t.Errorf("%s: %q is not there", name, want)
			}
		}
		s.stop()
	}
	// What is taken away is proven with what an outsider has.
	s := serve(t, h.data, nil)
	secret := s.token(token.Record{Name: "kim"})
	leaf, proof, key := s.ask("GET", "/records/1/0/leaf", secret, nil).body, s.ask("GET", "/records/1/0/proof", secret, nil).body, s.ask("GET", "/key", secret, nil).body
	if index, point, err := auditverify.CheckProof([]byte(proof), []byte(leaf), key); err != nil || index != 0 || point.Size != 1 {
		t.Error(index, point, err)
	}
}

// A timestamp that is not of this log's checkpoint is not shown as one.
func TestATimestampOfAnotherLogIsNoneOfThisOne(t *testing.T) {
	t.Parallel()
	exported := t.TempDir()
	logs := [2]*history{}
	for i := range logs {
		logs[i] = loggedWith(t, func(c *audit.Config) {
			if i == 0 {
				c.CheckpointDir, c.TimestampURL = exported, authority(t, time.Now())
			}
		}, decided(t, placed{"A-1", "shop", "Harbor Lantern Trading", "2026-08-15", event.Hold}))
	}
	s := serve(t, logs[1].data, func(cfg *page.Config) { cfg.CheckpointDir = exported })
	secret := s.token(token.Record{Name: "kim"})
	s.indexed(secret, "A-1")
	body := s.ask("GET", "/order?id=A-1", secret, nil).body
	if strings.Contains(body, "with checkpoint 1") || !strings.Contains(body, "not of this log") || !strings.Contains(body, "not timestamped") {
		t.Error("a foreign timestamp is shown as this log's")
	}
}

func TestThePageSpeaksTLSAndItsCookieNothingElse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := signer(t)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	files := certificate.Files{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
	err = errors.Join(err, os.WriteFile(files.Cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}), 0o600),
		os.WriteFile(files.Key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, t.TempDir(), func(c *page.Config) { c.TLS = files })
	secret := s.token(token.Record{Name: "kim"})
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	safe := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}, CheckRedirect: client.CheckRedirect}
	defer safe.CloseIdleConnections()
	resp, err := safe.PostForm(s.URL()+"/sign-in", url.Values{"token": {secret}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if set := resp.Header.Get("Set-Cookie"); resp.StatusCode != http.StatusSeeOther || !strings.Contains(set, "Secure") || !strings.HasPrefix(s.URL(), "https://") {
		t.Errorf("%d %q %s", resp.StatusCode, set, s.URL())
	}
}
