package page

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tidegate/tidegate/shared/clock"
	"github.com/tidegate/tidegate/shared/token"
)

// How long a browser stays signed in, and how many do.
const (
	sessionAge  = 12 * time.Hour
	sessionIdle = time.Hour
	sessionsMax = 1024
	cookieName  = "tidegate_auditor"
)

// session is a browser that showed a token.
type session struct {
	token       string // SHA-256 of the token, by which its record is found again: one that was revoked ends its sessions
	began, used time.Time
}

// sessions are the browsers that are signed in, by the SHA-256 of what their cookie holds. A restart ends them all.
type sessions struct {
	clock clock.Clock
	mu    sync.Mutex
	all   map[string]session
}

func newSessions(now clock.Clock) *sessions { return &sessions{clock: now, all: map[string]session{}} }

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// begin makes a session and gives what the cookie shall hold.
func (s *sessions) begin(r token.Record) string {
	secret := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock()
	if len(s.all) >= sessionsMax {
		s.drop(now)
	}
	s.all[digest(secret)] = session{r.SHA256, now, now}
	return secret
}

// drop takes away what is over, and where nothing is, the one not used for longest.
func (s *sessions) drop(now time.Time) {
	oldest, at := "", now
	for id, one := range s.all {
		if over(one, now) {
			delete(s.all, id)
		} else if !one.used.After(at) {
			oldest, at = id, one.used
		}
	}
	if len(s.all) >= sessionsMax {
		delete(s.all, oldest)
	}
}

func over(one session, now time.Time) bool {
	return now.Sub(one.began) > sessionAge || now.Sub(one.used) > sessionIdle
}

// find gives the digest of the token that a cookie stands for.
func (s *sessions) find(secret string) (tokenDigest string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, now := digest(secret), s.clock()
	one, ok := s.all[id]
	if !ok || over(one, now) {
		delete(s.all, id)
		return "", false
	}
	one.used = now
	s.all[id] = one
	return one.token, true
}

func (s *sessions) end(secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, digest(secret))
}

// Bad tokens that one address may show in a while, and how many addresses are remembered.
const (
	triesMax   = 10
	triesSpan  = time.Minute
	triesKnown = 4096
)

// tries counts bad tokens by address.
type tries struct {
	clock clock.Clock
	mu    sync.Mutex
	by    map[netip.Prefix]*tried
}

type tried struct {
	bad   int
	until time.Time
}

func newTries(now clock.Clock) *tries { return &tries{clock: now, by: map[netip.Prefix]*tried{}} }

// place is the network that a request comes from: an address, of IPv6 what one house has.
func place(r *http.Request) netip.Prefix {
	host, _, _ := net.SplitHostPort(r.RemoteAddr) // "" where there is none, which is a place, too
	a, _ := netip.ParseAddr(host)
	bits := 32
	if a = a.Unmap(); a.Is6() {
		bits = 64
	}
	p, _ := a.WithZone("").Prefix(bits)
	return p
}

// wait is how long nothing from there is looked at; 0 when it is.
func (t *tries) wait(from netip.Prefix) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if one := t.by[from]; one != nil && one.bad >= triesMax {
		return max(one.until.Sub(t.clock()), 0)
	}
	return 0
}

func (t *tries) failed(from netip.Prefix) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.clock()
	for p, one := range t.by {
		if len(t.by) >= triesKnown && (!one.until.After(now) || len(t.by) > 2*triesKnown) {
			delete(t.by, p)
		}
	}
	one := t.by[from]
	if one == nil || !one.until.After(now) {
		one = &tried{until: now.Add(triesSpan)}
		t.by[from] = one
	}
	one.bad++
}

// errSignIn says that nobody is known to ask.
var errSignIn = fault{http.StatusUnauthorized, "Sign in, or send a token with the scope audit as Authorization: Bearer."}

// whoIs finds out who sends a request: by the token it carries, else by the session of its browser.
func (s *Service) whoIs(r *http.Request) (viewer, error) {
	if secret, given := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); given {
		rec, err := s.check(r, secret)
		return viewer{Record: rec}, err
	}
	c, err := r.Cookie(cookieName)
	if err != nil {
		return viewer{}, errSignIn
	}
	want, ok := s.sessions.find(c.Value)
	if !ok {
		return viewer{}, errSignIn
	}
	all, err := s.tokens.List(false)
	if err != nil {
		return viewer{}, err
	}
	for _, rec := range all {
		if rec.SHA256 == want && rec.Revoked == "" && rec.May(token.Audit) {
			return viewer{rec, c.Value}, nil
		}
	}
	s.sessions.end(c.Value)
	return viewer{}, errSignIn
}

// check says whose token it is. Too many bad ones from one place are not looked at any more, good or bad.
func (s *Service) check(r *http.Request, secret string) (token.Record, error) {
	from := place(r)
	if wait := s.tries.wait(from); wait > 0 {
		return token.Record{}, busyFault(wait)
	}
	rec, ok, err := s.tokens.Find(secret)
	if err != nil {
		return rec, err
	}
	if !ok {
		s.tries.failed(from)
		s.cfg.Log.WarnContext(r.Context(), "a token that does not count was shown to the auditor's page", slog.String("from", from.String()))
		if err := token.Check(secret); err != nil {
			return rec, fault{http.StatusUnauthorized, "This is " + err.Error() + "."}
		}
		return rec, fault{http.StatusUnauthorized, "This token does not count here."}
	}
	if !rec.May(token.Audit) {
		return rec, fault{http.StatusForbidden, "Token " + rec.Name + " has not the scope audit."}
	}
	return rec, nil
}

func busyFault(wait time.Duration) fault {
	return fault{http.StatusTooManyRequests, "Too many bad tokens came from your address. Try again in " + strconv.Itoa(int(wait.Seconds())+1) + " seconds."}
}

// signIn is what the form shows.
type signIn struct{ Next, Problem string }

func (s *Service) getSignIn(w http.ResponseWriter, r *http.Request, _ viewer) error {
	return s.render(w, r, viewer{}, http.StatusOK, "sign-in", "Sign in", signIn{Next: ownPath(r.URL.Query().Get("next"))})
}

func (s *Service) postSignIn(w http.ResponseWriter, r *http.Request, _ viewer) error {
	_ = http.NewResponseController(w).SetReadDeadline(clock.System().Add(takeWithin)) // where it can be set
	r.Body = http.MaxBytesReader(w, r.Body, 8<<10)
	if err := r.ParseForm(); err != nil {
		return fault{http.StatusBadRequest, "The form could not be read."}
	}
	next := ownPath(r.PostForm.Get("next"))
	rec, err := s.check(r, strings.TrimSpace(r.PostForm.Get("token")))
	if f, ok := errors.AsType[fault](err); ok {
		return s.render(w, r, viewer{}, f.status, "sign-in", "Sign in", signIn{next, f.says})
	}
	if err != nil {
		return err
	}
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: s.sessions.begin(rec), Path: "/", HttpOnly: true, Secure: s.cfg.TLS.Set(), SameSite: http.SameSiteStrictMode,
	})
	s.asked.add(viewer{Record: rec}, deed{what: query, count: "sign_ins"})
	http.Redirect(w, r, next, http.StatusSeeOther)
	return nil
}

func (s *Service) postSignOut(w http.ResponseWriter, r *http.Request, _ viewer) error {
	if c, err := r.Cookie(cookieName); err == nil {
		s.sessions.end(c.Value)
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName, Path: "/", MaxAge: -1, HttpOnly: true, Secure: s.cfg.TLS.Set(), SameSite: http.SameSiteStrictMode})
	http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
	return nil
}

// ownPath is where to go on: a path of this page, whatever was asked for.
func ownPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.Contains(next, "\\") {
		return "/"
	}
	return next
}
