package accept_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/accept"
	"github.com/tidegate/tidegate/shared/codec"
)

var update = flag.Bool("update", false, "write the expected faults anew; review them as text")

const at = event.Instant("2026-11-23T10:15:00.123456Z")

func input(b []byte) accept.Input { return accept.Input{Bytes: b, Actor: "test", At: at} }

// each reads the examples of a pattern.
func each(t *testing.T, pattern string, test func(t *testing.T, file string, b []byte)) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			t.Parallel()
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			test(t, file, b)
		})
	}
}

// checkFaults holds a refusal to the faults in the file of the same name that ends in .faults.
func checkFaults(t *testing.T, file string, b []byte, e accept.Entry) {
	t.Helper()
	checkRefusal(t, b, e)
	want := strings.TrimSuffix(file, ".json") + ".faults"
	if *update {
		if err := os.WriteFile(want, []byte(text(e.Faults)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	faults, err := os.ReadFile(want)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(faults), text(e.Faults)); diff != "" {
		t.Error(diff)
	}
}

// asNamed holds that an example is refused where its name says so, and only there.
func asNamed(t *testing.T, file string, e accept.Entry) {
	t.Helper()
	if e.Refused() != strings.HasPrefix(filepath.Base(file), "reject-") {
		t.Errorf("refused %v\n%s", e.Refused(), text(e.Faults))
	}
}

// TestOrders reads testdata/order: accept-*.json must become causes, reject-*.json refusals with exactly the faults that are expected.
func TestOrders(t *testing.T) {
	t.Parallel()
	each(t, "testdata/order/*.json", func(t *testing.T, file string, b []byte) {
		t.Helper()
		e := accept.Accept(input(b))
		if asNamed(t, file, e); e.Refused() {
			checkFaults(t, file, b, e)
		} else {
			checkCause(t, b, e)
		}
	})
}

// TestTheContractsExamples holds ingest to the schema's examples: what the schema accepts is taken, what it refuses is refused.
func TestTheContractsExamples(t *testing.T) {
	t.Parallel()
	each(t, "../../../../schemas/event/testdata/order-content/*.json", func(t *testing.T, file string, b []byte) {
		t.Helper()
		asNamed(t, file, accept.Accept(input(b)))
	})
}

func text(faults []event.Fault) string {
	var s strings.Builder
	for _, f := range faults {
		fmt.Fprintf(&s, "%s %s", f.Pointer, f.Code)
		if f.Offset > 0 {
			fmt.Fprintf(&s, " at %d", f.Offset)
		}
		fmt.Fprintf(&s, ": %s\n", f.Detail)
	}
	return s.String()
}

// strict decodes as an outsider with the standard library would: unknown members are errors.
func strict(t *testing.T, line []byte, v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		t.Fatalf("%v\n%s", err, line)
	}
}

func checkLine(t *testing.T, line []byte) {
	t.Helper()
	if bytes.IndexByte(line, '\n') >= 0 || bytes.IndexByte(line, '\r') >= 0 || !json.Valid(line) {
		t.Fatalf("not one line of JSON: %q", line)
	}
}

func checkCause(t *testing.T, in []byte, e accept.Entry) {
	t.Helper()
	checkLine(t, e.Line)
	var c event.Cause
	strict(t, e.Line, &c)
	if c.Line != event.LineOrder || c.V != 1 || c.Event != e.Event || c.OrderID != e.OrderID || c.Source != e.Source || c.At != at || c.Actor != "test" {
		t.Errorf("cause: %+v", c)
	}
	kept := []byte(c.Received.Bytes)
	if len(kept) == 0 {
		_, body, _ := bytes.Cut(e.Line, []byte(`,"order":`))
		kept = body[:len(body)-1]
	}
	if !bytes.Equal(kept, in) {
		t.Errorf("kept %q\nof   %q", kept, in)
	}
	if sum := sha256.Sum256(in); c.Received.SHA256 != hex.EncodeToString(sum[:]) || c.Received.Size != len(in) {
		t.Errorf("received: %+v", c.Received)
	}
	checkRecall(t, e)
}

func checkRefusal(t *testing.T, in []byte, e accept.Entry) {
	t.Helper()
	if !e.Refused() {
		t.Fatal("accepted")
	}
	checkLine(t, e.Line)
	var r event.Refusal
	strict(t, e.Line, &r)
	if r.Line != event.LineRefusal || r.Event != e.Event || r.At != at || !cmp.Equal(r.Faults, e.Faults) || r.Received.Size != len(in) {
		t.Errorf("refusal: %+v", r)
	}
	checkRecall(t, e)
}

// checkRecall holds that an index made again from the stream knows what the index made while storing knew.
func checkRecall(t *testing.T, e accept.Entry) {
	t.Helper()
	got, known, err := accept.Recall(e.Line)
	if err != nil || !known || got.Key != e.Key || got.Content != e.Content || got.Event != e.Event {
		t.Errorf("recalled %x %x of %x %x, known %v, %v", got.Key, got.Content, e.Key, e.Content, known, err)
	}
}

func TestContentDoesNotDependOnSpaces(t *testing.T) {
	t.Parallel()
	a := accept.Accept(input([]byte(`{"id":"1","parties":[{"role":"purchaser","name":"a b"}],"items":[{"sku":"1"}]}`)))
	b := accept.Accept(input([]byte("{\"id\" : \"1\",\n\"parties\":[{\"role\":\"purchaser\",\"name\":\"a b\"}],\r\n\"items\":[{\"sku\":\"1\"}]}\n")))
	c := accept.Accept(input([]byte(`{"id":"1","parties":[{"role":"purchaser","name":"a  b"}],"items":[{"sku":"1"}]}`)))
	if a.Key != b.Key || a.Content != b.Content || a.Event != b.Event || a.Key != c.Key || a.Content == c.Content {
		t.Errorf("\n%+v\n%+v\n%+v", a, b, c)
	}
}

func TestKeysAreEscaped(t *testing.T) {
	t.Parallel()
	if got, want := accept.Key("t/1", "s", "a/b c%", 2), "t%2F1/s/a%2Fb%20c%25/2"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestConflictIsOneRefusalHoweverOftenItComes(t *testing.T) {
	t.Parallel()
	in := []byte(`{"id":"1","source":"shop","parties":[{"role":"purchaser","name":"a"}],"items":[{"sku":"1"}]}`)
	e := accept.Accept(input(in))
	c, again := e.Conflict(7), e.Conflict(7)
	checkRefusal(t, in, c)
	if c.Key == e.Key || c.Key != again.Key || c.Content != again.Content || !bytes.Equal(c.Line, again.Line) {
		t.Errorf("\n%s\n%s", c.Line, again.Line)
	}
	want := "/id conflict: order \"1\" of source \"shop\" was accepted before at revision 0 with other content (block 7); give a change a higher revision\n"
	if diff := cmp.Diff(want, text(c.Faults)); diff != "" {
		t.Error(diff)
	}
}

func TestAnInputTooLargeToKeep(t *testing.T) {
	t.Parallel()
	e := accept.Accept(accept.Input{Bytes: []byte(`{"id":"1"`), Size: 1 << 30, SHA256: [32]byte{1}, Actor: "test", At: at})
	var r event.Refusal
	strict(t, e.Line, &r)
	if r.Received.Size != 1<<30 || r.Received.SHA256[:4] != "0100" || r.Faults[0].Code != "size" {
		t.Errorf("%+v", r)
	}
	checkRecall(t, e)
}

// FuzzAccept holds, for any bytes: no panic, one line of JSON that decodes strictly, the received bytes kept, and an
// index entry that can be made again; and that what is accepted is JSON whose order member decodes.
func FuzzAccept(f *testing.F) {
	files, _ := filepath.Glob("testdata/order/*.json")
	for _, file := range files {
		if b, err := os.ReadFile(file); err == nil && len(b) < 8<<10 {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e := accept.Accept(input(b))
		if e.Refused() {
			checkRefusal(t, b, e)
			return
		}
		if !json.Valid(b) {
			t.Fatal("accepted what is not JSON")
		}
		checkCause(t, b, e)
		var ours event.Cause
		if err := codec.Decode(e.Line, &ours); err != nil {
			t.Fatal(err)
		}
	})
}

// BenchmarkAccept is what one order costs at the door, and BenchmarkRecall what it costs an index made again.
func BenchmarkAccept(b *testing.B) {
	doc := twoKB(b)
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		if accept.Accept(input(doc)).Refused() {
			b.Fatal("refused")
		}
	}
}

func BenchmarkRecall(b *testing.B) {
	e := accept.Accept(input(twoKB(b)))
	b.ReportAllocs()
	for b.Loop() {
		if _, known, err := accept.Recall(e.Line); !known || err != nil {
			b.Fatal(known, err)
		}
	}
}

// twoKB is an order of about 2 KB on one line.
func twoKB(b *testing.B) []byte {
	b.Helper()
	full, err := os.ReadFile("testdata/order/accept-every-member.json")
	if err != nil {
		b.Fatal(err)
	}
	doc := codec.Compact(nil, full)
	b.Logf("%d bytes", len(doc))
	return doc
}
