package format_test

import (
	"bytes"
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
	"github.com/tidegate/tidegate/services/ingest/internal/format"
)

var update = flag.Bool("update", false, "write what is expected of the documents anew; review it as text")

// entries reads and accepts a document.
func entries(t *testing.T, name string, b []byte) ([]accept.Input, []accept.Entry) {
	t.Helper()
	h := format.Hint{Name: name}
	if strings.HasSuffix(name, ".ndjson") {
		h.Media = "application/x-ndjson"
	}
	inputs, err := format.All(b, h)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]accept.Entry, len(inputs))
	for i := range inputs {
		inputs[i].Actor, inputs[i].At = "test", "2026-11-23T10:15:00.123456Z"
		out[i] = accept.Accept(inputs[i])
	}
	return inputs, out
}

// shown writes what a document became, as people read it: a line for each order or refusal, then the normal form or the faults.
func shown(inputs []accept.Input, all []accept.Entry) string {
	var out strings.Builder
	for i, e := range all {
		in := inputs[i]
		if e.Refused() {
			fmt.Fprintf(&out, "%s refused %s\n", in.Format, e.OrderID)
			for _, f := range e.Faults {
				fmt.Fprintf(&out, "  byte %d %s: %s (%s)\n", f.Offset, f.Pointer, f.Detail, f.Code)
			}
			continue
		}
		fmt.Fprintf(&out, "%s %s %s of %s\n", in.Format, e.Kind, e.OrderID, e.Source)
		if e.Partial() {
			fmt.Fprintf(&out, "only what changed:")
			for _, l := range in.Lines() {
				fmt.Fprintf(&out, " %s", l.Action)
			}
			out.WriteString("\n")
		}
		body := in.Order
		if body == nil {
			body = in.Bytes
		}
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, body, "", "  "); err != nil {
			panic(err)
		}
		out.WriteString(pretty.String() + "\n")
	}
	return out.String()
}

// TestDocuments reads every document in testdata: those in good become orders or events, those in bad refusals, with good
// neighbors taken. What each becomes stands in the file of the same name that ends in .want.
func TestDocuments(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{"good", "bad"} {
		files, err := filepath.Glob("testdata/" + folder + "/*")
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, ".want") {
				continue
			}
			t.Run(folder+"/"+filepath.Base(file), func(t *testing.T) {
				t.Parallel()
				b, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				inputs, all := entries(t, filepath.Base(file), b)
				refused := 0
				for _, e := range all {
					if e.Refused() {
						refused++
					}
					kept(t, b, e)
				}
				if (folder == "good") != (refused == 0) || len(all) == 0 {
					t.Errorf("%d of %d refused", refused, len(all))
				}
				got := shown(inputs, all)
				if *update {
					if err := os.WriteFile(file+".want", []byte(got), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(file + ".want")
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), got); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// kept holds that an accepted line carries the received bytes, and that every byte of them came in.
func kept(t *testing.T, doc []byte, e accept.Entry) {
	t.Helper()
	if e.Refused() || e.Line == nil {
		return
	}
	var c event.Cause
	if err := json.Unmarshal(e.Line, &c); err != nil {
		t.Fatal(err)
	}
	if c.Received.Bytes == "" {
		return
	}
	got := []byte(c.Received.Bytes)
	if c.Received.Encoding == event.Base64 {
		var raw []byte
		if err := json.Unmarshal([]byte(`"`+c.Received.Bytes+`"`), &raw); err != nil {
			t.Fatal(err)
		}
		got = raw
	}
	if len(got) != c.Received.Size || event.Digest(got) != c.Received.SHA256 {
		t.Errorf("received bytes: %d of %d, digest %s", len(got), c.Received.Size, c.Received.SHA256)
	}
	for line := range bytes.Lines(got) {
		if !bytes.Contains(doc, line) {
			t.Errorf("%q never came in", line)
		}
	}
}
