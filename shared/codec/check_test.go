package codec_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/shared/codec"
)

func TestCheckFindsEveryFault(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, in, want string }{
		{"an object", `{"a":[1,-0.5e+7,true,false,null,"é😀\u00e9\ud83d\ude00\n"],"b":{}}`, ""},
		{"spaces around", " {}\r\n\t", ""},
		{"nothing", "", `"" 0 syntax: empty; an order is one JSON object`},
		{"a byte order mark", "\xef\xbb\xbf{}", `"" 0 syntax: starts with a byte order mark; send UTF-8 without one`},
		{"bytes behind", `{} {}`, `"" 3 syntax: 2 bytes behind the end of the value`},
		{
			"two members with one name", `{"a":1,"b":{"c":1,"c":2},"a":3}`,
			`"/b/c" 18 duplicate_member: "c" is given twice` + "\n" + `"/a" 25 duplicate_member: "a" is given twice`,
		},
		{"two members with one name, one escaped", `{"a":1,"\u0061":3}`, `"/a" 7 duplicate_member: "a" is given twice`},
		{"names that differ in case", `{"id":1,"ID":2}`, `"/ID" 8 duplicate_member: "ID" and "id" are one name to a reader that ignores case`},
		{
			"names that differ in folding", "{\"kind\":1,\"\u212aind\":2}",
			"\"/\u212aind\" 10 duplicate_member: \"\u212aind\" and \"kind\" are one name to a reader that ignores case",
		},
		{"a name with pointer characters", `{"a/b~c":{"x":01}}`, `"/a~1b~0c/x" 14 syntax: 01 is not a number`},
		{
			"bad UTF-8 and half surrogates, in several strings", "{\"a\":\"\xff\xfe\",\"b\":\"\\ud800 \",\"c\":\"\\udc00\"}",
			`"/a" 6 utf8: byte 0xff is not UTF-8` + "\n" + `"/b" 15 utf8: \ud800 is half of a surrogate pair` + "\n" + `"/c" 29 utf8: \udc00 is half of a surrogate pair`,
		},
		{"a surrogate followed by another escape", `["\ud800\u0041"]`, `"/0" 2 utf8: \ud800 is half of a surrogate pair`},
		{"a control character", "[\"a\tb\"]", `"/0" 3 syntax: control character 0x09 in a string; write it as \u0009`},
		{"an escape that is none", `["\x41"]`, `"/0" 2 syntax: backslash before 'x' means nothing in JSON`},
		{"numbers that are none", `[01,-,1.,.5]`, `"/0" 1 syntax: 01 is not a number` + "\n" + `"/1" 4 syntax: - is not a number` + "\n" +
			`"/2" 6 syntax: 1. is not a number` + "\n" + `"/3" 9 syntax: '.' where a value should stand`},
		{"a number too long", `[` + strings.Repeat("1", 41) + `]`, `"/0" 1 range: a number of 41 characters; at most 40 are taken`},
		{"words that are no values", `[NaN,nul,True]`, `"/0" 1 syntax: NaN is no JSON value` + "\n" + `"/1" 5 syntax: nul is no JSON value` + "\n" + `"/2" 9 syntax: True is no JSON value`},
		{"no comma", `{"a":1 "b":2}`, `"/a" 7 syntax: want a comma or the object's closing brace, found '"'`},
		{"no end", `{"a":[{"b":"c`, `"/a/0/b" 13 syntax: ends inside a string`},
		{"too deep", strings.Repeat("[", 33), `"` + strings.Repeat("/0", 32) + `" 32 depth: more than 32 arrays and objects inside each other`},
		{"too large", `"` + strings.Repeat("a", event.MaxOrderSize) + `"`, `"" 0 size: 131074 bytes; at most 131072 are taken`},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(row.want, text(codec.Check([]byte(row.in), codec.Foreign))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func text(faults []event.Fault) string {
	var lines []string
	for _, f := range faults {
		lines = append(lines, fmt.Sprintf("%q %d %s: %s", f.Pointer, f.Offset, f.Code, f.Detail))
	}
	return strings.Join(lines, "\n")
}

func TestCheckFindsTwinsAmongManyNames(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(`{"first":0`)
	for i := range 500 {
		fmt.Fprintf(&b, `,"n%d":0`, i)
	}
	b.WriteString(`,"FIRST":0,"n7":0,"first":0}`)
	var got []string
	for _, f := range codec.Check([]byte(b.String()), codec.Foreign) {
		got = append(got, f.Pointer)
	}
	if diff := cmp.Diff([]string{"/FIRST", "/n7", "/first"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestCheckListsAtMostTheLimit(t *testing.T) {
	t.Parallel()
	in := "[" + strings.Repeat("01,", 1000) + "1]"
	if n := len(codec.Check([]byte(in), codec.Foreign)); n != codec.Foreign.Faults {
		t.Errorf("%d faults, want %d", n, codec.Foreign.Faults)
	}
}

// FuzzCheck holds Check against encoding/json: what passes is JSON, and what is JSON has no syntax fault.
func FuzzCheck(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5e-3,"x\u00e9\ud83d\ude00"],"A":null}`, `[01]`, "\"\xff\"", `{"a":}`, `"\ud800"`, `nulll`, `-`, `[1.5.5]`, `{"a" :1, }`} {
		f.Add([]byte(s))
	}
	lim := codec.Limits{Size: 1 << 20, Depth: 1 << 20, Number: 1 << 20, Faults: 1 << 20}
	f.Fuzz(func(t *testing.T, b []byte) {
		faults := codec.Check(b, lim)
		if valid := json.Valid(b); codec.Broken(faults) == valid {
			t.Fatalf("encoding/json says valid=%v, Check says\n%s", valid, text(faults))
		}
		if len(codec.Check(b, codec.Foreign)) > codec.Foreign.Faults {
			t.Fatal("more faults than the limit")
		}
		if !json.Valid(b) {
			return
		}
		var want bytes.Buffer
		if err := json.Compact(&want, b); err != nil {
			t.Fatal(err)
		}
		if got := codec.Compact(nil, b); !bytes.Equal(got, want.Bytes()) {
			t.Fatalf("compacted to %q, encoding/json to %q", got, want.Bytes())
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	doc := []byte(`{"id":"A-1","parties":[` + strings.Repeat(`{"role":"end_user","name":"Example Compute Ltd","address":{"lines":["Street 1"],"city":"Köln","country":"DE"}},`, 18) +
		`{"role":"purchaser"}],"items":[{"quantity":12.5,"value":1000,"datacenter":true}]}`)
	b.Run("order", func(b *testing.B) { benchmarkCheck(b, doc) })
	b.Run("compact", func(b *testing.B) {
		var out []byte
		b.SetBytes(int64(len(doc)))
		for b.Loop() {
			out = codec.Compact(out[:0], doc)
		}
	})
	b.Run("deep brackets", func(b *testing.B) { benchmarkCheck(b, bytes.Repeat([]byte("["), 100_000)) })
	names := []byte("{")
	for i := range 10_000 {
		names = fmt.Appendf(names, `"n%d":0,`, i)
	}
	b.Run("many names", func(b *testing.B) { benchmarkCheck(b, append(names, `"z":0}`...)) })
}

func benchmarkCheck(b *testing.B, doc []byte) {
	b.Helper()
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		codec.Check(doc, codec.Foreign)
	}
}
