package page_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/shared/token"
)

// An auditor comes with a question and leaves with evidence, at a desk and on a phone, without a mouse.
func TestAnAuditorsWayWithTheKeyboardAlone(t *testing.T) {
	t.Parallel()
	hostile := `Harbor <script>document.title="taken"</script> Lantern`
	cases := []event.Case{
		decided(t, placed{"HOLD-7", "shop", "Harbor Lantern Trading", "2026-08-15", event.Hold}), refused(t, "BAD-1", "shop", "no item"), noted(t, "Somebody asked."),
		decided(t, placed{"EVIL-1", "shop", hostile, "2026-08-16", event.NeedsLic}),
	}
	for i := range 30 {
		cases = append(cases, decided(t, placed{fmt.Sprintf("FAN-%d", i), "shop", "Nordlicht Werke GmbH", "2026-08-20", event.Release}))
	}
	h := logged(t, cases...)
	s := serve(t, h.data, nil)
	secret := s.token(token.Record{Name: "kim"})
	s.indexed(secret, "FAN-29")
	b := chromium(t)
	downloads := t.TempDir()
	b.do("Page.setDownloadBehavior", map[string]any{"behavior": "allow", "downloadPath": downloads}, nil)
	for _, size := range []struct {
		name  string
		w, h  int
		phone bool
	}{{"desktop", 1280, 900, false}, {"phone", 390, 844, true}} {
		b.wide(size.w, size.h, size.phone)
		walk(b, s, h, secret, size.name, downloads)
	}
	if got := b.complaints(); len(got) > 0 {
		t.Errorf("the browser complains:\n%s", strings.Join(got, "\n"))
	}
	var title string
	if b.js("document.title", &title); title == "taken" {
		t.Error("an order ran a script")
	}
}

func walk(b *browser, s *served, h *history, secret, size, downloads string) {
	t := b.tb
	t.Helper()
	look := func(name string) { b.accessible(size + " " + name); b.shot("test-" + size + "-" + name) }
	has := func(what, selector, want string) {
		t.Helper()
		var got string
		b.js(fmt.Sprintf(`(document.querySelector(%q) || {textContent: "(nothing)"}).textContent`, selector), &got)
		if !strings.Contains(got, want) {
			t.Errorf("%s, %s: %s is %q, want %q in it", size, what, selector, got, want)
		}
	}
	// Sign in: first with a slip of the pen. The field has the focus.
	b.open(s.URL() + "/order?id=HOLD-7")
	look("sign-in")
	b.types(secret[:20])
	b.enter()
	has("a bad token", "[role=alert]", "not a token")
	look("sign-in-again")
	b.types(secret)
	b.enter()
	has("signed in, on to where it began", "h1", "Order HOLD-7")
	// Search: the skip link first, the navigation, the form.
	b.tabTo(".skip")
	b.enterHash()
	b.tabTo(`nav a[href="/"]`)
	b.enter()
	b.tabTo("#party")
	b.types("harbour lantern")
	b.tabTo("summary")
	b.press("Enter")
	b.tabTo("#rule")
	b.types("possible-match")
	b.enter()
	has("the answer", "#found", "2 records")
	has("a name in another spelling", ".hits tbody", "HOLD-7")
	look("found")
	// A case, its evidence, a leaf and its proof.
	b.tabTo(`.hits a[href^="/order?id=HOLD-7"]`)
	b.enter()
	has("the case", "h1", "Order HOLD-7")
	has("the proof", ".proof", "Included as leaf 0, under checkpoint")
	has("the citation", ".findings", "15 CFR 744.11")
	look("case")
	b.download(downloads, `a.button[href^="/evidence"]`, "evidence-HOLD-7.zip")
	b.download(downloads, `a[href$="/leaf"]`, "0.leaf")
	b.download(downloads, `a[href$="/proof"]`, "0.tlog-proof")
	b.tabTo("summary")
	b.press("Enter")
	has("the lines open", "details[open] pre", `"line":"order"`)
	if size == "desktop" {
		printed(t, b.pdf("test-case"))
	}
	// The months.
	b.tabTo(`nav a[href="/calendar"]`)
	b.enter()
	has("the day", "td.full", " decisions")
	look("calendar")
	b.tabTo(`a[rel="prev"]`)
	b.enter()
	has("the month before", ".verdict", "Nothing was received")
	b.tabTo(`nav a[href="/lists"]`)
	b.enter()
	has("the lists", "main", "EL")
	look("lists")
	// What comes in by itself.
	b.tabTo(`nav a[href="/live"]`)
	b.enter()
	until(t, "the live list", func() bool {
		var state string
		b.js(`document.getElementById("state").textContent`, &state)
		return strings.Contains(state, "Connected")
	})
	id := "NEW-" + size
	h.grow(decided(t, placed{id, "shop", "Late <b>Comer</b> Ltd", "2026-08-21", event.Block}))
	until(t, "a new record in the live list", func() bool {
		var first string
		b.js(`document.querySelector("#live tbody tr").textContent`, &first)
		return strings.Contains(first, id) && strings.Contains(first, "Late <b>Comer</b> Ltd")
	})
	until(t, "the news to be told", func() bool {
		var said string
		b.js(`document.getElementById("news").textContent`, &said)
		return strings.Contains(said, "1 new record, 1 not released")
	})
	look("live")
	b.tabTo("#pause")
	b.press("Space")
	has("paused", "#state", "Paused")
	// Out again: the cookie is worth nothing any more.
	b.tabTo(".who button")
	b.enter()
	has("signed out", "h1", "Sign in")
	b.open(s.URL() + "/order?id=HOLD-7")
	has("signed out", "h1", "Sign in")
}

// enterHash presses Enter on a link within the page.
func (b *browser) enterHash() {
	b.tb.Helper()
	b.press("Enter")
	until(b.tb, "the content to have the focus", func() bool {
		var at string
		b.js("document.activeElement.id", &at)
		return at == "main"
	})
}

// download presses Enter on a link and waits for the file.
func (b *browser) download(dir, selector, name string) {
	b.tb.Helper()
	_ = os.Remove(filepath.Join(dir, name))
	b.tabTo(selector)
	b.press("Enter")
	until(b.tb, name, func() bool { st, err := os.Stat(filepath.Join(dir, name)); return err == nil && st.Size() > 0 })
}

// printed checks what a case is on paper.
func printed(tb testing.TB, pdf []byte) {
	tb.Helper()
	if !bytes.HasPrefix(pdf, []byte("%PDF")) {
		tb.Fatal("no PDF was printed")
	}
	program, err := exec.LookPath("pdftotext")
	if err != nil {
		return // the pictures show it
	}
	cmd := exec.CommandContext(tb.Context(), program, "-layout", "-", "-")
	cmd.Stdin = bytes.NewReader(pdf)
	text, err := cmd.Output()
	if err != nil {
		tb.Fatal(err)
	}
	for _, want := range []string{"Order HOLD-7", "Harbor Lantern Trading", "15 CFR 744.11", "Included as leaf 0", "as the log had it at", "Page 1 of"} {
		if !strings.Contains(string(text), want) {
			tb.Errorf("%q is not on paper", want)
		}
	}
	for _, not := range []string{"Sign out", "Completeness", "exact record", `"line":"order"`} {
		if strings.Contains(string(text), not) {
			tb.Errorf("%q is on paper", not)
		}
	}
}

// Without any script everything can be read, and the live list is loaded again.
func TestNothingNeedsAScript(t *testing.T) {
	t.Parallel()
	h := logged(t, decided(t, placed{"HOLD-7", "shop", "Harbor Lantern Trading", "2026-08-15", event.Hold}))
	s := serve(t, h.data, nil)
	secret := s.token(token.Record{Name: "kim"})
	s.indexed(secret, "HOLD-7")
	b := chromium(t)
	b.do("Emulation.setScriptExecutionDisabled", map[string]any{"value": true}, nil)
	b.open(s.URL() + "/")
	b.types(secret)
	b.enter()
	for path, want := range map[string]string{"/?party=harbor": "HOLD-7", "/order?id=HOLD-7": "Included as leaf 0", "/calendar": "1 orders", "/lists": "EL", "/live?every=5": "HOLD-7"} {
		b.open(s.URL() + path)
		var r struct{ Nodes []axNode }
		b.do("Accessibility.getFullAXTree", nil, &r)
		var said []string
		for _, n := range r.Nodes {
			said = append(said, text(n.Name.Value))
		}
		if !strings.Contains(strings.Join(said, " "), want) {
			t.Errorf("%s: %q is not there", path, want)
		}
	}
	n := len(b.seen("Page.loadEventFired"))
	b.open(s.URL() + "/live?every=5")
	until(t, "the live list to be loaded again", func() bool { return len(b.seen("Page.loadEventFired")) > n+1 })
}

// TestLookAtARunningPage takes pictures of a page that runs elsewhere (TIDEGATE_LOOK is its URL, TIDEGATE_LOOK_TOKEN a token), for people to
// look at.
func TestLookAtARunningPage(t *testing.T) {
	base, one := os.Getenv("TIDEGATE_LOOK"), os.Getenv("TIDEGATE_LOOK_CASE")
	if base == "" || shots == "" {
		t.Skip("TIDEGATE_LOOK and TIDEGATE_SHOTS are not set: no pictures are taken of a page that runs elsewhere")
	}
	b := chromium(t)
	b.open(base + "/")
	b.types(os.Getenv("TIDEGATE_LOOK_TOKEN"))
	b.enter()
	paths := []string{"search /?party=huawei", "case " + one, "calendar /calendar", "lists /lists", "live /live", "record /records/1/0", "none /?order=none"}
	for _, size := range []struct {
		name        string
		w, h        int
		phone, dark bool
	}{{"desktop", 1280, 900, false, false}, {"dark", 1280, 900, false, true}, {"phone", 390, 844, true, false}} {
		b.wide(size.w, size.h, size.phone)
		b.dark(size.dark)
		for path := range slices.Values(paths) {
			name, path, _ := strings.Cut(path, " ")
			b.open(base + path)
			b.accessible(size.name + " " + name)
			b.shot(size.name + "-" + name)
		}
	}
	b.dark(false)
	b.open(base + one)
	b.pdf("case")
}
