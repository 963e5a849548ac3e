package page_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit/page"
	"github.com/tidegate/tidegate/shared/token"
)

func history1(t *testing.T) *history {
	t.Helper()
	return logged(t, decided(t, placed{"A-1", "shop", "Harbor Lantern Trading", "2026-08-15", event.Hold}))
}

// moving is a clock that is set by the test.
type moving struct{ ns atomic.Int64 }

func (m *moving) now() time.Time          { return time.Unix(0, m.ns.Load()).UTC() }
func (m *moving) forward(d time.Duration) { m.ns.Add(int64(d)) }

func moved(t *testing.T) *moving {
	t.Helper()
	m := &moving{}
	m.ns.Store(time.Now().UnixNano())
	return m
}

// cookie signs in and gives the cookie as a request carries it.
func (s *served) cookie(secret string) string {
	s.tb.Helper()
	a := s.ask("POST", "/sign-in", "", url.Values{"token": {secret}, "next": {"/live"}})
	if a.status != http.StatusSeeOther || a.header.Get("Location") != "/live" {
		s.tb.Fatalf("sign in: %d %s", a.status, a.header.Get("Location"))
	}
	set := a.header.Get("Set-Cookie")
	for _, want := range []string{"HttpOnly", "SameSite=Strict", "Path=/"} {
		if !strings.Contains(set, want) {
			s.tb.Errorf("cookie %q: want %s", set, want)
		}
	}
	if strings.Contains(set, secret) || strings.Contains(set, "Expires") {
		s.tb.Errorf("cookie %q", set)
	}
	value, _, _ := strings.Cut(set, ";")
	return value
}

func (s *served) with(cookie, path string) int {
	s.tb.Helper()
	return s.ask("GET", path, "", nil, "Cookie", cookie).status
}

func TestASessionEndsWithItsTokenItsTimeOrByItself(t *testing.T) {
	t.Parallel()
	h, clock := history1(t), moved(t)
	s := serve(t, h.data, func(c *page.Config) { c.Clock = clock.now })
	secret := s.token(token.Record{Name: "kim"})
	s.indexed(secret, "A-1")
	one, two, three := s.cookie(secret), s.cookie(secret), s.cookie(secret)
	if one == two {
		t.Error("two sessions are one")
	}
	if got := s.with(one, "/order?id=A-1"); got != http.StatusOK {
		t.Errorf("signed in: %d", got)
	}
	if a := s.ask("POST", "/sign-out", "", url.Values{}, "Cookie", one); a.status != http.StatusSeeOther || s.with(one, "/") != http.StatusSeeOther {
		t.Error("signed out, and yet in")
	}
	if s.with(two, "/") != http.StatusOK {
		t.Error("the other session ended, too")
	}
	clock.forward(61 * time.Minute)
	if s.with(three, "/") != http.StatusSeeOther {
		t.Error("an idle session goes on")
	}
	four := s.cookie(secret)
	for range 13 {
		clock.forward(56 * time.Minute)
		s.with(four, "/")
	}
	if s.with(four, "/") != http.StatusSeeOther {
		t.Error("a session goes on for ever")
	}
	five := s.cookie(secret)
	if err := token.Revoke(s.dir, "kim", clock.now()); err != nil {
		t.Fatal(err)
	}
	clock.forward(2 * time.Second)
	if s.with(five, "/") != http.StatusSeeOther {
		t.Error("a session outlives its token")
	}
	if s.with("tidegate_auditor=made-up", "/") != http.StatusSeeOther {
		t.Error("a made-up cookie counts")
	}
}

func TestBadTokensAreSlowedDownAndSessionsGoOn(t *testing.T) {
	t.Parallel()
	h, clock := history1(t), moved(t)
	s := serve(t, h.data, func(c *page.Config) { c.Clock = clock.now })
	secret := s.token(token.Record{Name: "kim"})
	signed := s.cookie(secret)
	var last answer
	for i := range 12 {
		if i%2 == 0 {
			last = s.ask("GET", "/", "tidegate_bad", nil)
		} else {
			last = s.ask("POST", "/sign-in", "", url.Values{"token": {"tidegate_bad"}})
		}
	}
	if last.status != http.StatusTooManyRequests {
		t.Errorf("after twelve bad tokens: %d", last.status)
	}
	if a := s.ask("GET", "/", secret, nil); a.status != http.StatusTooManyRequests {
		t.Errorf("a good token from there is told apart: %d", a.status)
	}
	if got := s.with(signed, "/"); got != http.StatusOK {
		t.Errorf("who was signed in is out: %d", got)
	}
	clock.forward(61 * time.Second)
	if a := s.ask("GET", "/", secret, nil); a.status != http.StatusOK {
		t.Errorf("a minute later: %d", a.status)
	}
}

func TestSigningInLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	h := history1(t)
	s := serve(t, h.data, nil)
	secret := s.token(token.Record{Name: "kim"})
	for _, next := range []string{"https://evil.example/", "//evil.example/", `/\evil.example`, "javascript:alert(1)", "evil", "", "http:/x", "/\t/evil.example"} {
		a := s.ask("POST", "/sign-in", "", url.Values{"token": {secret}, "next": {next}})
		if at := a.header.Get("Location"); a.status != http.StatusSeeOther || at != "/" {
			t.Errorf("%q leads to %q", next, at)
		}
	}
	if a := s.ask("POST", "/sign-in", "", url.Values{"token": {secret}}, "Sec-Fetch-Site", "cross-site"); a.status != http.StatusForbidden || a.header.Get("Set-Cookie") != "" {
		t.Errorf("another site's page signs in: %d", a.status)
	}
}
