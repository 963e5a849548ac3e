package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"syscall"
	"time"

	"github.com/tidegate/tidegate/shared/clock"
)

// ErrPrivate says that an endpoint's address is inside a network that is not to be reached from here.
var ErrPrivate = errors.New("the address is loopback, private or link-local; allow_private: true permits it")

// poster sends one message.
type poster struct {
	url    string
	keys   [][]byte
	client *http.Client
	now    clock.Clock
}

func newPoster(e Endpoint, now clock.Clock) (*poster, error) {
	keys, err := keysOf(e.Secrets)
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	if !e.AllowPrivate {
		dialer.Control = publicOnly
	}
	return &poster{url: e.URL, keys: keys, now: now, client: &http.Client{
		Timeout: e.Timeout,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: 10 * time.Second, IdleConnTimeout: time.Minute,
			MaxIdleConns: e.Parallel, MaxIdleConnsPerHost: e.Parallel, MaxConnsPerHost: e.Parallel, ForceAttemptHTTP2: true,
		},
		// A redirect could lead inside, and past the signature's receiver.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// publicOnly looks at the address a name resolved to, right before the connection: no name leads inside.
func publicOnly(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %s", ErrPrivate, address)
	}
	if private(at.Addr().Unmap()) {
		return fmt.Errorf("%s: %w", at.Addr(), ErrPrivate)
	}
	return nil
}

// inside are address blocks that the methods of netip.Addr do not name (RFC 6598, 2544, 5737, 6890, 6052, 3849).
var inside = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("2001:db8::/32"),
}

func private(a netip.Addr) bool {
	if a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsLinkLocalMulticast() || a.IsMulticast() || a.IsUnspecified() || a.IsInterfaceLocalMulticast() {
		return true
	}
	for _, p := range inside {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// answer is what came of an attempt.
type answer struct {
	ok     bool
	status int           // 0 without an answer
	wait   time.Duration // what Retry-After asks for
	why    string        // in words, where it is not ok
}

// gone says that this endpoint will never take this message.
func (a answer) gone() bool { return a.status == http.StatusGone }

// refused says that the fault is the message's, not the endpoint's.
func (a answer) refused() bool {
	return a.status >= 400 && a.status < 500 && a.status != http.StatusTooManyRequests && a.status != http.StatusRequestTimeout
}

// post sends the message once. Any 2xx is a success.
func (p *poster) post(ctx context.Context, m *message) answer {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(m.body))
	if err != nil {
		return answer{why: err.Error()}
	}
	req.Header["Content-Type"] = []string{"application/json"}
	req.Header["User-Agent"] = []string{"tidegate-webhook/1"}
	sign(req.Header, p.keys, m.id, p.now(), m.body)
	resp, err := p.client.Do(req)
	if err != nil {
		return answer{why: err.Error()}
	}
	defer func() { _ = resp.Body.Close() }()
	said, _ := io.ReadAll(io.LimitReader(resp.Body, 512))
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // the connection is used again only when its answer was read
	if resp.StatusCode/100 == 2 {
		return answer{ok: true, status: resp.StatusCode}
	}
	a := answer{status: resp.StatusCode, why: fmt.Sprintf("answered %s %q", resp.Status, said)}
	if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && s > 0 {
		a.wait = time.Duration(s) * time.Second
	}
	return a
}
