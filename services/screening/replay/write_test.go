package replay

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening"
)

func TestTheReportAsJSONIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	p := us(t, nil)
	for name, r := range map[string]Report{
		"nothing changed": run(t, history(t, p, 20), Options{Pack: p}),
		"many changed":    run(t, history(t, p, 100), Options{Pack: us(t, map[string]string{"diffusion": "codified"})}),
	} {
		var b bytes.Buffer
		if err := r.WriteJSON(&b); err != nil {
			t.Fatal(err)
		}
		var got Report
		if err := json.Unmarshal(b.Bytes(), &got); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, b.Bytes())
		}
		if diff := cmp.Diff(listed(t, r), listed(t, got)); diff != "" {
			t.Errorf("%s: (-written +read)\n%s", name, diff)
		}
		digest, err := r.Digest()
		if err != nil || digest != event.Digest(b.Bytes()) {
			t.Errorf("%s: digest %s: %v", name, digest, err)
		}
		again, err := got.Digest()
		if err != nil || again != digest {
			t.Errorf("%s: read again it is %s, not %s: %v", name, again, digest, err)
		}
		kept, err := ReadJSON(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil })
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for range 2 {
			if streamed, err := kept.Digest(); err != nil || streamed != digest {
				t.Errorf("%s: read as a stream it is %s, not %s: %v", name, streamed, digest, err)
			}
		}
		members := map[string]json.RawMessage{}
		if err := json.Unmarshal(b.Bytes(), &members); err != nil {
			t.Fatal(err)
		}
		for _, m := range []string{"judged", "changed", "by_transition", "by_rule", "by_country", "by_month", "orders", "asks", "question"} {
			if members[m] == nil {
				t.Errorf("%s: no %s", name, m)
			}
		}
	}
}

func TestTheCSVHasARowForEachChangeAndNoFormula(t *testing.T) {
	t.Parallel()
	c := Change{Source: "shop", OrderID: "=HYPERLINK()", Date: "2026-11-10", From: event.Release, To: event.Hold, Rule: "possible-match", Why: "a, \"b\"\nc", Parties: []string{"A", "B"}}
	var b bytes.Buffer
	if err := (Report{Orders: Listed(c, c)}).WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("%v: %q", err, rows)
	}
	got := map[string]string{}
	for i, name := range rows[0] {
		got[name] = rows[1][i]
	}
	if got["order_id"] != "'=HYPERLINK()" || got["why"] != "a, \"b\"\nc" || got["parties"] != "A; B" || got["to"] != "hold" {
		t.Errorf("%v", got)
	}
}

func TestAListThatCannotBeReadIsNoReport(t *testing.T) {
	t.Parallel()
	gone := errors.New("gone")
	r := Report{Orders: Streamed(func(yield func(Change, error) bool) { yield(Change{}, gone) })}
	for name, write := range map[string]func(*bytes.Buffer) error{
		"json": func(b *bytes.Buffer) error { return r.WriteJSON(b) },
		"csv":  func(b *bytes.Buffer) error { return r.WriteCSV(b) },
	} {
		if err := write(&bytes.Buffer{}); !errors.Is(err, gone) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheReportNamesTheQuestionItAnswers(t *testing.T) {
	t.Parallel()
	us := &event.PackRef{ID: "us", Version: "2026.11"}
	for want, q := range map[string]Question{
		"What would we have decided with what we knew at 2026-05-01 00:00 UTC?":              {A: Side{Recorded: true}, B: Side{KnownAt: "2026-05-01T00:00:00.000000Z", Pack: us}},
		"What was the law that day, as pack us 2026.11 tells it?":                            {A: Side{Recorded: true}, B: Side{Pack: us}},
		"What was the law that day, as today's lists tell it?":                               {A: Side{Recorded: true}, B: Side{Reference: &Reference{Snapshot: "5e1f"}}},
		"What is decided otherwise on 2026-11-10 than on 2026-11-09, under pack us 2026.11?": {A: Side{Pack: us, AsOf: screening.AsOf{Fixed: "2026-11-09"}}, B: Side{Pack: us, AsOf: screening.AsOf{Fixed: "2026-11-10"}}},
		"What would have been decided with diffusion codified?":                              {A: Side{Recorded: true}, B: Side{Set: map[string]string{"diffusion": "codified"}}},
		"Does every decision come out the same under its own rules and lists?":               {A: Side{Recorded: true}},
	} {
		if got := q.Words(); got != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
}

func TestAReportThatIsCutOffIsNone(t *testing.T) {
	t.Parallel()
	p := us(t, nil)
	var b bytes.Buffer
	if err := run(t, history(t, p, 30), Options{Pack: us(t, map[string]string{"diffusion": "codified"})}).WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	for n := 0; n < b.Len()-3; n += 7 {
		r, err := ReadJSON(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes()[:n])), nil })
		if err != nil {
			continue
		}
		if _, err := r.Digest(); err == nil {
			t.Fatalf("the first %d of %d bytes are read as a report", n, b.Len())
		}
	}
}
