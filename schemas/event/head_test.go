package event

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// heads are headers of every form.
var heads = []Leaf{
	{Line: "leaf", V: 1, Kind: LeafDecision, Stream: "DECISION", Sequence: 12, Place: 3, Cases: 25, At: "2026-11-23T10:15:00.123456Z"},
	{Line: "leaf", V: 1, Kind: LeafGap, Stream: "DECISION", Sequence: 5, Cases: 1, To: 9, At: "2026-11-23T10:15:00.123456Z", SHA256: Digest(nil), Size: 7},
	{Line: "leaf", V: 2, Kind: "R&D", Stream: "a\"b", Sequence: 1 << 63, Place: -1, At: "ü", SHA256: "\\"},
	{},
}

func TestHeadersAreWrittenAsJSONWritesThem(t *testing.T) {
	t.Parallel()
	for _, l := range heads {
		want, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		got, err := appendHead(nil, l)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%v: %s, want %s", err, got, want)
		}
		back, err := parseHead(got)
		if diff := cmp.Diff(l, back); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
	}
	if _, ok := readHead([]byte(`{"line":"leaf","v":1,"kind":"decision","stream":"DECISION","sequence":12,"place":3,"cases":25,"at":"2026-11-23T10:15:00.123456Z"}`)); !ok {
		t.Error("the usual form is not read by hand")
	}
}

func FuzzReadHead(f *testing.F) {
	for _, l := range heads {
		b, err := json.Marshal(l)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, ok := readHead(b)
		if !ok {
			return
		}
		var want Leaf
		if err := json.Unmarshal(b, &want); err != nil {
			t.Fatalf("%q is read as %+v, but it is not JSON: %v", b, got, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q:\n%s", b, diff)
		}
	})
}

func BenchmarkParseHead(b *testing.B) {
	head, err := json.Marshal(heads[0])
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for range b.N {
		if _, err := parseHead(head); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendHead(b *testing.B) {
	b.ReportAllocs()
	var buf []byte
	for range b.N {
		var err error
		if buf, err = appendHead(buf[:0], heads[0]); err != nil {
			b.Fatal(err)
		}
	}
}
