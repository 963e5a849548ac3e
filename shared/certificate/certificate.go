// Package certificate puts TLS around a door's listener, from files that are read again when they change: a certificate is renewed
// without a restart.
package certificate

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/tidegate/tidegate/shared/clock"
)

// Files names a door's certificate and key, in PEM. What changes is read again within a second.
type Files struct{ Cert, Key string }

// Set says whether the door speaks TLS.
func (t Files) Set() bool { return t.Cert != "" || t.Key != "" }

// Wrap puts TLS around a listener where files are given.
func (t Files) Wrap(l net.Listener, now clock.Clock) (net.Listener, error) {
	if !t.Set() {
		return l, nil
	}
	k := &certificate{files: t, clock: now}
	if _, err := k.get(nil); err != nil {
		return nil, err
	}
	return tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: k.get, NextProtos: []string{"http/1.1"}}), nil
}

// certificate is the one in use. Files that cannot be read leave the one before in use.
type certificate struct {
	files Files
	clock clock.Clock

	mu      sync.Mutex
	looked  time.Time
	changed [2]time.Time
	cert    *tls.Certificate
}

func (k *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.clock()
	if k.cert != nil && now.Sub(k.looked) < time.Second {
		return k.cert, nil
	}
	k.looked = now
	c, cerr := os.Stat(k.files.Cert)
	y, kerr := os.Stat(k.files.Key)
	err := errors.Join(cerr, kerr)
	if err == nil {
		changed := [2]time.Time{c.ModTime(), y.ModTime()}
		if k.cert != nil && changed == k.changed {
			return k.cert, nil
		}
		var pair tls.Certificate
		if pair, err = tls.LoadX509KeyPair(k.files.Cert, k.files.Key); err == nil {
			k.cert, k.changed = &pair, changed
		}
	}
	if k.cert == nil {
		return nil, fmt.Errorf("TLS certificate and key: %w", err)
	}
	return k.cert, nil
}
