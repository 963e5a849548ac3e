package feed_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/tidegate/tidegate/services/ingest/internal/feed"
)

// all reads every piece; the last string says how it ended, where not by the input's end.
func all(r io.Reader, form feed.Form, most int) (got []string) {
	f := feed.New(r, form, most)
	for {
		p, err := f.Next()
		switch {
		case errors.Is(err, io.EOF):
			return got
		case err != nil:
			return append(got, "error: "+err.Error())
		case p.Size > len(p.Bytes):
			got = append(got, fmt.Sprintf("%d bytes, %.4x", p.Size, p.SHA256))
		default:
			got = append(got, string(p.Bytes))
		}
	}
}

func TestPieces(t *testing.T) {
	t.Parallel()
	big := `{"a":"` + strings.Repeat("x", 100) + `"}`
	sum := fmt.Sprintf("%d bytes, %.4x", len(big), sha256.Sum256([]byte(big)))
	for _, row := range []struct {
		name string
		form feed.Form
		in   string
		want []string
	}{
		{"one order keeps the spaces around it", feed.JSON, " {\n}\n", []string{" {\n}\n"}},
		{"nothing is one empty order", feed.JSON, "", []string{""}},
		{"an order too large", feed.JSON, big, []string{sum}},
		{"an empty array", feed.JSON, "[ ]", nil},
		{"an array", feed.JSON, "\n[{\"a\":[1,{}]}, {\"b\":\"],\\\"\"}\n,3]\n", []string{`{"a":[1,{}]}`, `{"b":"],\""}`, "3"}},
		{"an array with a large order", feed.JSON, "[1," + big + ",2]", []string{"1", sum, "2"}},
		{"an array with nothing between commas", feed.JSON, "[1,,2,]", []string{"1", "", "2", ""}},
		{"an array that ends inside an order", feed.JSON, `[1,{"a":`, []string{"1", `{"a":`}},
		{"an array that ends behind a comma", feed.JSON, `[1,`, []string{"1", "error: the array does not end"}},
		{"something behind an array", feed.JSON, "[1] x", []string{"1", "x"}},
		{"lines", feed.Lines, "1\r\n\n  \n 2 \n3", []string{"1", "2", "3"}},
		{"a large line", feed.Lines, "1\n" + big + "\n2\n", []string{"1", sum, "2"}},
		{"no lines", feed.Lines, "", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(row.want, all(strings.NewReader(row.in), row.form, 64)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(row.want, all(iotest.OneByteReader(strings.NewReader(row.in)), row.form, 64)); diff != "" {
				t.Error("byte by byte:", diff)
			}
		})
	}
}

func TestAReadThatFailsIsAnError(t *testing.T) {
	t.Parallel()
	for _, form := range []feed.Form{feed.JSON, feed.Lines} {
		got := all(io.MultiReader(strings.NewReader(`[1,`), iotest.ErrReader(errors.New("gone"))), form, 64)
		if len(got) == 0 || !strings.HasSuffix(got[len(got)-1], "gone") {
			t.Errorf("%v", got)
		}
	}
}

// FuzzPieces holds that no byte of the orders is lost or read twice, and that how the bytes arrive does not matter.
func FuzzPieces(f *testing.F) {
	f.Add([]byte(`[{"a":"\"]"},2]`), true)
	f.Add([]byte("{}\n{}"), false)
	f.Fuzz(func(t *testing.T, b []byte, array bool) {
		form := feed.Lines
		if array {
			form = feed.JSON
		}
		got := all(bytes.NewReader(b), form, 1<<20)
		if diff := cmp.Diff(got, all(iotest.OneByteReader(bytes.NewReader(b)), form, 1<<20)); diff != "" {
			t.Fatal(diff)
		}
		if !array && strings.Join(strings.Fields(strings.Join(got, " ")), " ") != strings.Join(strings.Fields(string(b)), " ") && bytes.IndexFunc(b, odd) < 0 {
			t.Fatalf("%q", got)
		}
	})
}

// odd are the spaces that Fields knows and JSON does not.
func odd(r rune) bool { return r == '\v' || r == '\f' || r >= 0x80 }

func BenchmarkLines(b *testing.B) {
	in := bytes.Repeat(append(bytes.Repeat([]byte("x"), 2000), '\n'), 1000)
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		all(bytes.NewReader(in), feed.Lines, 128<<10)
	}
}

func BenchmarkArray(b *testing.B) {
	in := append([]byte("["), bytes.Repeat(append(bytes.Repeat([]byte("x"), 2000), ','), 1000)...)
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		all(bytes.NewReader(in), feed.JSON, 128<<10)
	}
}
