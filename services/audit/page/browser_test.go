package page_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// browser is a headless Chromium with one page, told what to do over a pipe in the DevTools protocol: a few commands that stay the same
// from version to version, and no library between.
type browser struct {
	tb      testing.TB
	to      *os.File
	session string

	mu      sync.Mutex
	next    int
	waiting map[int]chan message
	events  []message
	arrived *sync.Cond
}

type message struct {
	ID        int             `json:"id"`
	Method    string          `json:"method"`
	SessionID string          `json:"sessionId"`
	Params    json.RawMessage `json:"params"`
	Result    json.RawMessage `json:"result"`
	Error     *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// chromium starts a browser that ends with the test, or skips the test where there is none.
func chromium(tb testing.TB) *browser {
	tb.Helper()
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if at, err := exec.LookPath(name); err == nil && program == "" {
			program = at
		}
	}
	if program == "" {
		tb.Skip("no Chromium: the auditor's page is not driven in a browser")
	}
	theirs, to, err := os.Pipe()
	if err != nil {
		tb.Fatal(err)
	}
	from, ours, err := os.Pipe()
	if err != nil {
		tb.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--remote-debugging-pipe", "--user-data-dir="+tb.TempDir(), "--lang=en-GB", "about:blank")
	cmd.ExtraFiles = []*os.File{theirs, ours}
	cmd.Env = append(os.Environ(), "TZ=UTC")
	if err := cmd.Start(); err != nil {
		stop()
		tb.Skipf("Chromium does not start: %v", err)
	}
	_ = theirs.Close()
	_ = ours.Close()
	b := &browser{tb: tb, to: to, waiting: map[int]chan message{}}
	b.arrived = sync.NewCond(&b.mu)
	ended := make(chan struct{})
	go func() { defer close(ended); b.listen(from) }()
	tb.Cleanup(func() {
		_, _ = to.WriteString(`{"id":1000000,"method":"Browser.close"}` + "\x00")
		last := time.AfterFunc(10*time.Second, stop)
		_ = cmd.Wait()
		last.Stop()
		stop()
		_ = to.Close()
		<-ended
		_ = from.Close()
	})
	var made struct{ TargetID, SessionID string }
	b.do("Target.createTarget", map[string]any{"url": "about:blank"}, &made)
	b.do("Target.attachToTarget", map[string]any{"targetId": made.TargetID, "flatten": true}, &made)
	b.session = made.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log", "Network", "Accessibility"} {
		b.do(domain+".enable", nil, nil)
	}
	return b
}

// listen hands out what the browser says.
func (b *browser) listen(from *os.File) {
	r := bufio.NewReaderSize(from, 1<<20)
	for {
		text, err := r.ReadBytes(0)
		if err != nil {
			return
		}
		var m message
		if json.Unmarshal(text[:len(text)-1], &m) != nil {
			continue
		}
		b.mu.Lock()
		if to := b.waiting[m.ID]; m.ID != 0 && to != nil {
			delete(b.waiting, m.ID)
			to <- m
		} else if m.Method != "" {
			b.events = append(b.events, m)
			b.arrived.Broadcast()
		}
		b.mu.Unlock()
	}
}

// do sends a command and reads its answer.
func (b *browser) do(method string, params map[string]any, result any) {
	b.tb.Helper()
	b.mu.Lock()
	b.next++
	id, got := b.next, make(chan message, 1)
	b.waiting[id] = got
	b.mu.Unlock()
	ask := map[string]any{"id": id, "method": method, "params": params}
	if params == nil {
		ask["params"] = map[string]any{}
	}
	if b.session != "" {
		ask["sessionId"] = b.session
	}
	text, err := json.Marshal(ask)
	if err != nil {
		b.tb.Fatal(err)
	}
	if _, err := b.to.Write(append(text, 0)); err != nil {
		b.tb.Fatal(err)
	}
	select {
	case m := <-got:
		if m.Error != nil {
			b.tb.Fatalf("%s: %s", method, m.Error.Message)
		}
		if result != nil {
			if err := json.Unmarshal(m.Result, result); err != nil {
				b.tb.Fatalf("%s: %v", method, err)
			}
		}
	case <-time.After(time.Minute):
		b.tb.Fatalf("%s: no answer", method)
	}
}

// seen gives the events of a kind that came so far.
func (b *browser) seen(method string) (out []message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range b.events {
		if m.Method == method {
			out = append(out, m)
		}
	}
	return out
}

// js evaluates an expression.
func (b *browser) js(expression string, result any) {
	b.tb.Helper()
	var r struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct{ Text string }
	}
	b.do("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &r)
	if r.ExceptionDetails != nil {
		b.tb.Fatalf("%s: %s: %s", expression, r.ExceptionDetails.Text, r.Result.Value)
	}
	if result != nil {
		if err := json.Unmarshal(r.Result.Value, result); err != nil {
			b.tb.Fatalf("%s: %v", expression, err)
		}
	}
}

// open goes to a page and waits until it is loaded.
func (b *browser) open(url string) {
	b.tb.Helper()
	n := len(b.seen("Page.loadEventFired"))
	b.do("Page.navigate", map[string]any{"url": url}, nil)
	b.loaded(n)
}

// loaded waits for one more page than n.
func (b *browser) loaded(n int) {
	b.tb.Helper()
	until(b.tb, "a page", func() bool { return len(b.seen("Page.loadEventFired")) > n })
}

// keys are the keys used, as the protocol names them.
var keys = map[string]map[string]any{
	"Tab":   {"key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9},
	"Enter": {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"},
	"Space": {"key": " ", "code": "Space", "windowsVirtualKeyCode": 32, "text": " "},
	"Down":  {"key": "ArrowDown", "code": "ArrowDown", "windowsVirtualKeyCode": 40},
}

// press presses a key.
func (b *browser) press(name string) {
	b.tb.Helper()
	for _, kind := range []string{"keyDown", "keyUp"} {
		p := map[string]any{"type": kind}
		for k, v := range keys[name] {
			if k != "text" || kind == "keyDown" {
				p[k] = v
			}
		}
		b.do("Input.dispatchKeyEvent", p, nil)
	}
}

// enter presses Enter and waits for the page that it leads to.
func (b *browser) enter() {
	b.tb.Helper()
	n := len(b.seen("Page.loadEventFired"))
	b.press("Enter")
	b.loaded(n)
}

// types types a text into what has the focus.
func (b *browser) types(text string) {
	b.tb.Helper()
	b.do("Input.insertText", map[string]any{"text": text}, nil)
}

// tabTo presses Tab until something has the focus, and demands that one can see that it has.
func (b *browser) tabTo(selector string) {
	b.tb.Helper()
	for range 80 {
		b.press("Tab")
		var at struct {
			There, Visible bool
			What           string
		}
		b.js(fmt.Sprintf(`(() => { const a = document.activeElement || document.body, s = getComputedStyle(a); return {
			there: a.matches(%q), what: a.outerHTML.slice(0, 120),
			visible: a === document.body || (s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2) }; })()`, selector), &at)
		if !at.Visible {
			b.tb.Errorf("nothing shows that this has the focus: %s", at.What)
		}
		if at.There {
			return
		}
	}
	b.tb.Fatalf("Tab does not lead to %s", selector)
}

// wide sets the size of the window.
func (b *browser) wide(width, height int, phone bool) {
	b.tb.Helper()
	scale := 1
	if phone {
		scale = 2
	}
	b.do("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": scale, "mobile": phone}, nil)
}

// dark asks for dark or light.
func (b *browser) dark(on bool) {
	b.tb.Helper()
	v := "light"
	if on {
		v = "dark"
	}
	b.do("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]any{{"name": "prefers-color-scheme", "value": v}}}, nil)
}

// shots is where pictures are kept to be looked at; nothing is kept when it is empty.
var shots = os.Getenv("TIDEGATE_SHOTS")

// shot takes a picture of the whole page.
func (b *browser) shot(name string) {
	b.tb.Helper()
	if shots == "" {
		return
	}
	var r struct{ Data string }
	b.do("Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": true}, &r)
	b.keep(name+".png", r.Data)
}

// pdf prints the page and gives it.
func (b *browser) pdf(name string) []byte {
	b.tb.Helper()
	var r struct{ Data string }
	b.do("Page.printToPDF", map[string]any{"preferCSSPageSize": true, "printBackground": false}, &r)
	return b.keep(name+".pdf", r.Data)
}

func (b *browser) keep(name, data string) []byte {
	b.tb.Helper()
	raw, err := base64.StdEncoding.DecodeString(data)
	if err == nil && shots != "" {
		err = os.WriteFile(filepath.Join(shots, name), raw, 0o644)
	}
	if err != nil {
		b.tb.Fatal(err)
	}
	return raw
}

// complaints are what the browser said against the pages: what the policy stopped, what failed in a script.
func (b *browser) complaints() (out []string) {
	for _, kind := range []string{"Log.entryAdded", "Runtime.exceptionThrown", "Security.securityStateChanged"} {
		for _, m := range b.seen(kind) {
			text := string(m.Params)
			if kind == "Log.entryAdded" && (!strings.Contains(text, `"level":"error"`) || strings.Contains(text, "401 (Unauthorized)")) {
				continue
			}
			out = append(out, kind+" "+text)
		}
	}
	return out
}

// axNode is a node of the accessibility tree.
type axNode struct {
	Ignored    bool
	Role, Name struct{ Value any }
	Properties []struct {
		Name  string
		Value struct{ Value any }
	}
}

func text(v any) string {
	s, _ := v.(string)
	return strings.TrimSpace(s)
}

// accessible checks the page as somebody meets it who hears it: names, headings in order, landmarks, contrast of every text.
func (b *browser) accessible(where string) {
	b.tb.Helper()
	var tree struct{ Nodes []axNode }
	b.do("Accessibility.getFullAXTree", nil, &tree)
	roles, level := map[string]int{}, 0
	for _, n := range tree.Nodes {
		role := text(n.Role.Value)
		if n.Ignored {
			continue
		}
		roles[role]++
		switch role {
		case "button", "link", "textbox", "searchbox", "combobox", "Date", "spinbutton", "navigation", "table", "heading", "image":
			if text(n.Name.Value) == "" {
				b.tb.Errorf("%s: a %s has no name", where, role)
			}
		}
		if role == "heading" {
			for _, p := range n.Properties {
				if l, ok := p.Value.Value.(float64); ok && p.Name == "level" {
					if int(l) > level+1 {
						b.tb.Errorf("%s: heading %q is of level %d behind one of level %d", where, text(n.Name.Value), int(l), level)
					}
					level = int(l)
				}
			}
		}
	}
	for _, want := range []string{"banner", "main", "contentinfo"} {
		if roles[want] != 1 {
			b.tb.Errorf("%s: %d landmarks %s", where, roles[want], want)
		}
	}
	var low []string
	b.js(contrast, &low)
	for _, l := range low {
		b.tb.Errorf("%s: too little contrast: %s", where, l)
	}
	var overflow int
	b.js(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, &overflow)
	if overflow > 0 {
		b.tb.Errorf("%s: the page is %d pixels wider than the window", where, overflow)
	}
}

// contrast lists the texts whose contrast is below 4.5 to 1, of large ones 3 to 1 (WCAG 2.2, 1.4.3).
const contrast = `(() => {
	const rgb = (c) => { const m = c.match(/[\d.]+/g).map(Number); return m.length > 3 ? m : [...m, 1]; };
	const over = (t, u) => [0, 1, 2].map((i) => t[i] * t[3] + u[i] * (1 - t[3])).concat(1);
	const lum = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
	const back = (e) => { const chain = []; for (; e; e = e.parentElement) chain.unshift(rgb(getComputedStyle(e).backgroundColor));
		return chain.reduce((under, c) => over(c, under), matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18, 1] : [255, 255, 255, 1]); };
	const low = [];
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walk.nextNode()) {
		const e = walk.currentNode.parentElement, s = getComputedStyle(e), box = e.getBoundingClientRect();
		if (!walk.currentNode.data.trim() || s.visibility === "hidden" || !box.width || e.closest(".hidden, .skip, details:not([open]) > :not(summary)")) continue;
		const under = back(e), ink = over(rgb(s.color), under), [a, b] = [lum(ink), lum(under)].sort((x, y) => y - x), ratio = (a + 0.05) / (b + 0.05);
		const px = parseFloat(s.fontSize), large = px >= 24 || px >= 18.66 && s.fontWeight >= 700;
		if (ratio < (large ? 3 : 4.5)) low.push(ratio.toFixed(2) + " " + walk.currentNode.data.trim().slice(0, 40));
	}
	return low;
})()`
