package xmldoc_test

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/tidegate/tidegate/services/ingest/internal/xmldoc"
)

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, in, want string }{
		{"nothing", "", "no root"},
		{"a document type", "<!DOCTYPE a><a/>", "document type"},
		{"a document type with entities", `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`, "document type"},
		{"an external entity", `<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>`, "document type"},
		{"an entity of nobody", "<a>&b;</a>", "no entity"},
		{"a reference to nothing", "<a>&#0;</a>", "no entity"},
		{"an ampersand", "<a>b & c</a>", "begins no reference"},
		{"an attribute twice", `<a b="1" b="2"/>`, "given twice"},
		{"an attribute twice by two prefixes", `<a xmlns:p="u" xmlns:q="u" p:b="1" q:b="2"/>`, "given twice"},
		{"a prefix declared twice", `<a xmlns:p="u" xmlns:p="v"/>`, "declared twice"},
		{"a prefix that is not declared", "<p:a/>", "not declared"},
		{"two roots", "<a/><b/>", "second root"},
		{"text behind the root", "<a/> x", "behind the root"},
		{"text before the root", "x<a/>", "before the root"},
		{"an end tag of another", "<a><b></a></b>", "</b> should stand"},
		{"an end that is missing", "<a><b>", "ends inside <b>"},
		{"less-than in an attribute", `<a b="<"/>`, "< in the value"},
		{"a control character", "<a>\x01</a>", "control character"},
		{"bytes that are not UTF-8", "<a>\xff</a>", "not UTF-8"},
		{"UTF-16 without a byte order mark", "<\x00a\x00/\x00>\x00", "UTF-16 without"},
		{"UTF-32", "\xff\xfe\x00\x00<\x00\x00\x00", "UTF-32"},
		{"half a character of UTF-16", "\xff\xfe<\x00a\x00/\x00>", "half a character"},
		{"half a surrogate pair of UTF-16", "\xff\xfe<\x00a\x00>\x00\x00\xd8/\x00", "surrogate"},
		{"UTF-16 that says it is UTF-8", utf16le(`<?xml version="1.0" encoding="utf-8"?><a/>`), "byte order mark before"},
		{"an encoding nobody reads", `<?xml version="1.0" encoding="EBCDIC-CP-US"?><a/>`, "encoding"},
		{"too deep", strings.Repeat("<a>", 65) + strings.Repeat("</a>", 65), "inside each other"},
		{"too many attributes", "<a " + strings.Join(numbered(65), " ") + "/>", "more than 64 attributes"},
		{"a comment that does not end", "<a><!-- </a>", "comment"},
		{"a comment with two hyphens", "<a><!-- -- --></a>", "comment"},
		{"CDATA that does not end", "<a><![CDATA[</a>", "CDATA"},
		{"a declaration inside", `<a><?xml version="1.0"?></a>`, "declaration inside"},
	} {
		doc, fault := xmldoc.Parse([]byte(row.in))
		if fault == nil {
			t.Errorf("%s: read as %v", row.name, doc.Root)
		} else if !strings.Contains(fault.Detail, row.want) {
			t.Errorf("%s: %s", row.name, fault.Detail)
		}
	}
}

func utf16le(s string) string {
	out := []byte("\xff\xfe")
	for _, c := range utf16.Encode([]rune(s)) {
		out = binary.LittleEndian.AppendUint16(out, c)
	}
	return string(out)
}

func numbered(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = "a" + strings.Repeat("b", i) + `=""`
	}
	return out
}

func TestWhatIsRead(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, in, want string }{
		{"text", "<a>b</a>", "b"},
		{"entities and references", "<a>&lt;&amp;&gt;&quot;&apos;&#65;&#x42;</a>", `<&>"'AB`},
		{"CDATA between text", "<a>b<![CDATA[<c>]]>d</a>", "b<c>d"},
		{"comments and instructions", "<!-- x --><?x y?><a>b<!-- c -->d</a><!-- e -->", "bd"},
		{"a byte order mark", "\xef\xbb\xbf<a>b</a>", "b"},
		{"ISO-8859-1", "<?xml version='1.0' encoding='ISO-8859-1'?><a>M\xfcnchen</a>", "München"},
		{"UTF-16, little end first", utf16le("<?xml version='1.0' encoding='UTF-16'?><a>München \U0001f600</a>"), "München \U0001f600"},
		{"UTF-16, big end first", "\xfe\xff\x00<\x00a\x00>\x00\xfc\x00<\x00/\x00a\x00>", "ü"},
		{"Windows-1252", "<?xml version='1.0' encoding='windows-1252'?><a>\x80 5</a>", "€ 5"},
	} {
		doc, fault := xmldoc.Parse([]byte(row.in))
		if fault != nil {
			t.Errorf("%s: %v", row.name, fault)
		} else if doc.Root.Text() != row.want {
			t.Errorf("%s: %q", row.name, doc.Root.Text())
		}
	}
}

func TestPlacesAreThoseOfTheReceivedBytes(t *testing.T) {
	t.Parallel()
	for in, tag := range map[string]string{
		"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xfc\xfc<b/></a>": "<b/>",
		utf16le("<a>ü\U0001f600<b/></a>"):                                utf16le("<b/>")[2:],
	} {
		doc, fault := xmldoc.Parse([]byte(in))
		if fault != nil {
			t.Fatal(fault)
		}
		for k := range doc.Root.Kids {
			if want := strings.Index(in, tag); k.Offset != want || doc.Path(k) != "/a/b" {
				t.Errorf("<b/> at %d %s, want %d", k.Offset, doc.Path(k), want)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`<?xml version="1.0"?><a xmlns="u" b="c"><d>e&amp;f</d><![CDATA[g]]></a>`))
	f.Fuzz(func(t *testing.T, b []byte) {
		doc, fault := xmldoc.Parse(b)
		if (doc == nil) == (fault == nil) {
			t.Fatal("want a document or a fault")
		}
		if fault != nil && (fault.Offset < 0 || fault.Offset > len(b)) {
			t.Fatalf("offset %d of %d", fault.Offset, len(b))
		}
	})
}
