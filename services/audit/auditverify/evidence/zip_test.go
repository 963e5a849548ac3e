package evidence_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/tidegate/tidegate/services/audit/auditverify/evidence"
)

func TestOthersReadTheZip(t *testing.T) {
	t.Parallel()
	files := []evidence.File{{Name: "README.txt", Data: []byte("read")}, {Name: "a/b.bin", Data: bytes.Repeat([]byte{1, 2, 3}, 1000)}, {Name: "empty"}}
	b, err := evidence.Encode(files)
	if err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(in)
		if err != nil || f.Name != files[i].Name || !bytes.Equal(got, files[i].Data) || f.Mode() != 0o644 || f.Modified.Year() != 1980 {
			t.Errorf("%s: %v, mode %s, of %s", f.Name, err, f.Mode(), f.Modified)
		}
	}
	got, err := evidence.Decode(b)
	if err != nil || !slices.EqualFunc(got, files, func(a, b evidence.File) bool { return a.Name == b.Name && bytes.Equal(a.Data, b.Data) }) {
		t.Errorf("%v: %v", err, got)
	}
}

// forged is a zip as other tools write it, with any header.
func forged(tb testing.TB, method uint16, headers ...zip.FileHeader) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, h := range headers {
		h.Method = method
		f, err := w.CreateHeader(&h)
		if err == nil && !strings.HasSuffix(h.Name, "/") {
			_, err = f.Write(make([]byte, 1<<20))
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func TestHostileZipsAreRefused(t *testing.T) {
	t.Parallel()
	link := zip.FileHeader{Name: "link"}
	link.SetMode(0o777 | 1<<27)
	plain := zip.FileHeader{Name: "README.txt"}
	many := make([]evidence.File, 10_001)
	for i := range many {
		many[i] = evidence.File{Name: fmt.Sprintf("f%05d", i)}
	}
	for name, b := range map[string][]byte{
		"nothing":                 {},
		"an empty zip":            forged(t, zip.Store),
		"no zip":                  []byte("%PDF-1.7 and more"),
		"a bomb":                  forged(t, zip.Deflate, plain),
		"stored by another tool":  forged(t, zip.Store, plain),
		"a folder":                forged(t, zip.Store, zip.FileHeader{Name: "dir/"}),
		"a link":                  forged(t, zip.Store, link),
		"a length beyond the end": []byte("PK\x03\x04\x14\x00\x00\x00\x00\x00\x00\x00\x21\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00\x00\x00a"),
		"a name beyond the end":   []byte("PK\x03\x04\x14\x00\x00\x00\x00\x00\x00\x00\x21\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x00\x00a"),
	} {
		if _, err := evidence.Decode(b); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	for name, files := range map[string][]evidence.File{
		"up and out":               {{Name: "../x"}},
		"from the root":            {{Name: "/etc/x"}},
		"a drive":                  {{Name: "c:x"}},
		"a backslash":              {{Name: `a\b`}},
		"a line break":             {{Name: "a\nb"}},
		"no name":                  {{Name: ""}},
		"a dot":                    {{Name: "."}},
		"an option":                {{Name: "-rf"}},
		"a name too long":          {{Name: strings.Repeat("x", 201)}},
		"one name twice":           {{Name: "a"}, {Name: "a"}},
		"one name in another case": {{Name: "A"}, {Name: "a"}},
		"a file that is a folder":  {{Name: "a"}, {Name: "a/b"}},
		"not in order":             {{Name: "b"}, {Name: "a"}},
		"too many":                 many,
	} {
		if _, err := evidence.Encode(files); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func FuzzDecode(f *testing.F) {
	good, err := evidence.Encode([]evidence.File{{Name: "a", Data: []byte("x")}, {Name: "b/c", Data: []byte("yy")}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(forged(f, zip.Deflate, zip.FileHeader{Name: "a"}))
	f.Fuzz(func(t *testing.T, b []byte) {
		files, err := evidence.Decode(b)
		if err != nil {
			return
		}
		again, err := evidence.Encode(files)
		if err != nil || !bytes.Equal(again, b) {
			t.Errorf("taken, and written otherwise: %v", err)
		}
	})
}
