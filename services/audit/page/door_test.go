package page_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit/page"
	"github.com/tidegate/tidegate/shared/token"
)

// beyond are words of records that the tokens of the test below must not be shown.
var beyond = []string{"HIDDEN", "Hidden"}

// asked are the requests that try each route. A route that is not here fails the test: whoever adds one says here how it is tried.
var asked = map[string][]string{
	"GET /{$}": {
		"/", "/?party=hidden", "/?party=lantern", "/?order=HIDDEN-1", "/?source=erp", "/?from=2026-01-01&until=2026-12-31", "/?actor=token:erp", "/?entry=EL-7",
		"/?kind=note", "/?kind=refusal", "/?outcome=hold", "/?rule=possible-match", "/?behind=1.4", "/?order=HIDDEN-2", "/?order=ev-erp-HIDDEN-1",
	},
	"GET /order": {
		"/order?id=HIDDEN-1", "/order?id=HIDDEN-1&source=erp", "/order?id=ev-erp-HIDDEN-1", "/order?id=HIDDEN-2", "/order?id=HIDDEN-2&source=shop", "/order?id=SHOWN-1",
		"/order?id=BOTH", "/order?id=BOTH&source=erp", "/order?id=ev-note", "/order?id=HIDDEN-R",
	},
	"GET /records/{log}/{leaf}":       {"/records/1/0", "/records/1/1", "/records/1/2", "/records/1/3", "/records/1/4", "/records/1/5", "/records/1/6", "/records/1/99", "/records/2/0", "/records/x/y"},
	"GET /records/{log}/{leaf}/leaf":  {"/records/1/0/leaf", "/records/1/1/leaf", "/records/1/2/leaf", "/records/1/3/leaf", "/records/1/4/leaf", "/records/1/5/leaf", "/records/1/6/leaf"},
	"GET /records/{log}/{leaf}/proof": {"/records/1/0/proof", "/records/1/1/proof", "/records/1/2/proof", "/records/1/3/proof", "/records/1/4/proof"},
	"GET /checkpoint":                 {"/checkpoint"},
	"GET /key":                        {"/key"},
	"GET /export":                     {"/export?as=jsonl", "/export?as=csv", "/export?as=jsonl&party=hidden", "/export?as=csv&source=erp", "/export?as=xml"},
	"GET /evidence":                   {"/evidence?id=HIDDEN-1", "/evidence?id=HIDDEN-2", "/evidence?id=BOTH", "/evidence?id=BOTH&source=erp", "/evidence?id=HIDDEN-R"},
	"GET /calendar":                   {"/calendar", "/calendar?month=2026-11"},
	"GET /lists":                      {"/lists", "/lists?from=2026-01-01&until=2026-12-31"},
	"GET /live":                       {"/live", "/live?every=10"},
	"GET /live/events":                {"/live/events?after=1.0", "/live/events?after=1.3", "/live/events?after=2.0"},
	"GET /sign-in":                    {"/sign-in", "/sign-in?next=/order?id=HIDDEN-1"},
	"POST /sign-in":                   {"/sign-in"},
	"POST /sign-out":                  {"/sign-out"},
	"GET /static/{name}":              {"/static/style.css", "/static/live.js"},
	"GET /healthz":                    {"/healthz"},
}

// open are the routes that anybody may use. They show nothing of the log.
var open = []string{"GET /sign-in", "POST /sign-in", "POST /sign-out", "GET /static/{name}", "GET /healthz"}

func scoped(t *testing.T) *history {
	t.Helper()
	return logged(t,
		decided(t, placed{"SHOWN-1", "shop", "Harbor Lantern Trading", "2026-08-15", event.Hold}),
		decided(t, placed{"HIDDEN-1", "erp", "Hidden Party Ltd", "2026-08-15", event.Hold}),  // another source
		decided(t, placed{"HIDDEN-2", "shop", "Hidden Day Ltd", "2026-10-01", event.Hold}),   // another day
		refused(t, "HIDDEN-R", "erp", "Hidden fault"),                                        // another source
		noted(t, "Another auditor asked for Hidden things."),                                 // of no source
		decided(t, placed{"BOTH", "shop", "Vester Lantern GmbH", "2026-09-30", event.Block}), // an id that two sources use
		decided(t, placed{"BOTH", "erp", "Hidden Twin Ltd", "2026-09-30", event.Release}),
	)
}

func TestEveryRouteKeepsAnAuditorWithinTheToken(t *testing.T) {
	t.Parallel()
	h := scoped(t)
	s := serve(t, h.data, nil)
	whole := s.token(token.Record{Name: "whole"})
	part := s.token(token.Record{Name: "part", Sources: []string{"shop"}, From: "2026-07-01", Until: "2026-09-30"})
	s.indexed(whole, "BOTH")
	seen := map[string]bool{}
	for _, r := range s.Routes() {
		name := r.Method + " " + r.Path
		if asked[name] == nil {
			t.Errorf("%s: no request tries this route: add one to the table", name)
		}
		if isOpen := slices.Contains(open, name); isOpen != (r.Access == "open") {
			t.Errorf("%s is %s", name, r.Access)
		}
		if r.Access != "open" && r.Method != http.MethodGet {
			t.Errorf("%s: what an auditor does changes nothing", name)
		}
		for _, path := range asked[name] {
			a := s.ask(r.Method, path, part, nil)
			for _, word := range beyond {
				if strings.Contains(strings.ReplaceAll(a.body, path, ""), word) && !echoes(a.body, word) {
					t.Errorf("%s %s shows %q", r.Method, path, word)
				}
			}
			if r.Access == "open" {
				continue
			}
			if a := s.ask(r.Method, path, whole, nil); a.status == http.StatusOK && strings.Contains(a.body, "idden") {
				seen[name] = true
			}
		}
	}
	// The test would show nothing if what is hidden were nowhere to be seen.
	for _, name := range []string{"GET /{$}", "GET /order", "GET /records/{log}/{leaf}", "GET /records/{log}/{leaf}/leaf", "GET /live", "GET /live/events", "GET /export"} {
		if !seen[name] {
			t.Errorf("%s shows nothing hidden even to who may see everything: the test is blind", name)
		}
	}
}

// echoes says that a word stands there only because it was asked for: in the form's own fields.
func echoes(body, word string) bool {
	for line := range strings.Lines(body) {
		if strings.Contains(line, word) && !strings.Contains(line, `<input id=`) && !strings.Contains(line, `name="next"`) {
			return false
		}
	}
	return true
}

func TestNoRouteIsForWhoHasNoTokenOfAnAuditor(t *testing.T) {
	t.Parallel()
	h := scoped(t)
	s := serve(t, h.data, nil)
	clerk := s.token(token.Record{Name: "clerk", Scopes: []token.Scope{token.Submit, token.Read, token.Operate}})
	gone := s.token(token.Record{Name: "gone"})
	if err := token.Revoke(s.dir, "gone", time.Now()); err != nil {
		t.Fatal(err)
	}
	for _, r := range s.Routes() {
		if r.Access == "open" {
			continue
		}
		path := asked[r.Method+" "+r.Path][0]
		if a := s.ask(r.Method, path, "", nil); a.status != http.StatusSeeOther || !strings.HasPrefix(a.header.Get("Location"), "/sign-in?") {
			t.Errorf("%s: without a token %d %s", path, a.status, a.header.Get("Location"))
		}
		if a := s.ask(r.Method, path, "", nil, "Accept", "*/*"); a.status != http.StatusUnauthorized || a.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: a program without a token %d", path, a.status)
		}
		if a := s.ask(r.Method, path, clerk, nil); a.status != http.StatusForbidden {
			t.Errorf("%s: without the scope audit %d", path, a.status)
		}
	}
	if a := s.ask("GET", "/", gone, nil); a.status != http.StatusUnauthorized {
		t.Errorf("with a revoked token %d", a.status)
	}
}

func TestEveryAnswerHasItsHeaders(t *testing.T) {
	t.Parallel()
	h := scoped(t)
	s := serve(t, h.data, nil)
	whole := s.token(token.Record{Name: "whole"})
	s.indexed(whole, "BOTH")
	for _, r := range s.Routes() {
		a := s.ask(r.Method, asked[r.Method+" "+r.Path][0], whole, nil)
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if a.header.Get(name) != want {
				t.Errorf("%s: %s is %q", r.Path, name, a.header.Get(name))
			}
		}
		if csp := a.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || !strings.Contains(csp, "frame-ancestors 'none'") {
			t.Errorf("%s: policy %q", r.Path, csp)
		}
		if want := "no-store"; r.Path != "/static/{name}" && a.header.Get("Cache-Control") != want {
			t.Errorf("%s: Cache-Control %q", r.Path, a.header.Get("Cache-Control"))
		}
		for _, foreign := range []string{"http://", "https://", `src="//`, "style=", "onclick=", "<style", "javascript:"} {
			if strings.HasPrefix(a.header.Get("Content-Type"), "text/html") && strings.Contains(a.body, foreign) {
				t.Errorf("%s: the page has %q", r.Path, foreign)
			}
		}
	}
}

// Whatever stands in an order stays text.
func TestHostileOrdersBecomeText(t *testing.T) {
	t.Parallel()
	var cases []event.Case
	hostile := []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `'; DROP TABLE leaf; --`, `{{.Data}}`, `</title></head><body onload=alert(1)>`,
		`javascript:alert(1)`, `</pre></details><iframe src=//evil.example>`, "\u202egnp.exe", `<svg/onload=alert(1)>`, `&lt;b&gt;`, "a\r\nSet-Cookie: x=y",
	}
	for _, text := range hostile {
		cases = append(cases, decided(t, placed{text, "shop", text, "2026-08-15", event.Hold}))
	}
	cases = append(cases, refused(t, "<b>R</b>", "shop", `<script>alert(2)</script>`), noted(t, `<script>alert(3)</script>`))
	h := logged(t, cases...)
	s := serve(t, h.data, nil)
	whole := s.token(token.Record{Name: "whole"})
	s.indexed(whole, hostile[0])
	paths := []string{"/", "/live", "/calendar", "/lists", "/records/1/11", "/records/1/12"}
	for _, text := range hostile {
		paths = append(paths, "/order?id="+url.QueryEscape(text), "/?party="+url.QueryEscape(text), "/?order="+url.QueryEscape(text), "/order?id=x&source="+url.QueryEscape(text), "/sign-in?next="+url.QueryEscape(text))
	}
	for _, path := range paths {
		a := s.ask("GET", path, whole, nil)
		text := strings.ToLower(a.body)
		for _, bad := range []string{"<script>", "<img", "<iframe", "<svg", "onload=alert(1)>", `href="javascript:`, "<b>", "<body onload"} {
			if strings.Contains(text, bad) {
				t.Errorf("%s: the page has %s", path, bad)
			}
		}
		if strings.Contains(a.header.Get("Set-Cookie"), "x=y") {
			t.Errorf("%s: a header came from an order", path)
		}
	}
	if a := s.ask("GET", "/order?id="+url.QueryEscape(hostile[0]), whole, nil); !strings.Contains(a.body, "&lt;script&gt;alert(1)&lt;/script&gt;") {
		t.Error("the name is not shown as it is")
	}
	if a := s.ask("GET", "/evidence?id="+url.QueryEscape(hostile[1]), whole, nil); a.status == http.StatusOK && strings.ContainsAny(a.header.Get("Content-Disposition"), "<>\n") {
		t.Errorf("file name %q", a.header.Get("Content-Disposition"))
	}
}

func TestTheAddressWithoutAHostIsThisMachinesOwn(t *testing.T) {
	t.Parallel()
	s := serve(t, t.TempDir(), nil)
	if !strings.HasPrefix(s.URL(), "http://127.0.0.1:") {
		t.Error(s.URL())
	}
}

func TestBeforeAnythingWasLoggedThePageIsEmpty(t *testing.T) {
	t.Parallel()
	s := serve(t, t.TempDir(), nil)
	whole := s.token(token.Record{Name: "whole"})
	for path, want := range map[string]int{"/": 200, "/live": 200, "/calendar": 200, "/lists": 200, "/order?id=A": 404, "/?from=2026-13-01": 400, "/calendar?month=x": 400} {
		if a := s.ask("GET", path, whole, nil); a.status != want {
			t.Errorf("%s: %d, want %d", path, a.status, want)
		}
	}
}

func TestAConfigurationWithFaultsNamesThemAll(t *testing.T) {
	t.Parallel()
	c := page.Config{Witnesses: []byte("nonsense")}
	c.TLS.Cert = "x"
	err := c.Validate()
	if err == nil {
		t.Fatal("taken")
	}
	for _, want := range []string{"log", "tokens", "address", "key", "policy"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
}

// Who sends orders chooses their ids: one that is an event's of somebody else's order is no way to its evidence.
func TestAnOrderCalledAsAnEventGivesItsOwnEvidence(t *testing.T) {
	t.Parallel()
	s := serve(t, logged(t,
		decided(t, placed{"A-1", "erp", "Hidden Party Ltd", "2026-08-15", event.Hold}),
		decided(t, placed{"ev-erp-A-1", "shop", "Harbor Lantern", "2026-08-15", event.Hold}),
	).data, nil)
	part := s.token(token.Record{Name: "part", Sources: []string{"shop"}})
	s.indexed(part, "ev-erp-A-1")
	for _, path := range []string{"/evidence?id=ev-erp-A-1", "/evidence?id=ev-erp-A-1&source=shop"} {
		a := s.ask("GET", path, part, nil)
		if a.status != http.StatusOK || !strings.Contains(a.body, "Harbor Lantern") || strings.Contains(a.body, "Hidden Party") {
			t.Errorf("%s: %d, %d bytes, somebody else's: %v", path, a.status, len(a.body), strings.Contains(a.body, "Hidden Party"))
		}
	}
}

func TestAMonthBeyondTheTokenIsNotSaidToBeQuiet(t *testing.T) {
	t.Parallel()
	s := serve(t, logged(t, decided(t, placed{"A-1", "shop", "Harbor Lantern", "2026-01-15", event.Hold})).data, nil)
	whole := s.token(token.Record{Name: "whole"})
	until, half := s.token(token.Record{Name: "until", Until: "2026-01-31"}), s.token(token.Record{Name: "half", From: "2026-11-10"})
	s.indexed(whole, "A-1")
	for secret, want := range map[string]string{until: "November 2026 lies beyond what your token may see.", half: "9 of its days lie beyond what your token may see."} {
		a := s.ask("GET", "/calendar?month=2026-11", secret, nil)
		if !strings.Contains(a.body, want) || strings.Contains(a.body, "Nothing was received") || strings.Contains(a.body, "every place of the stream") {
			t.Errorf("%d: want %q in\n%s", a.status, want, a.body)
		}
	}
}
