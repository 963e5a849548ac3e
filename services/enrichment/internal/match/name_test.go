package match

import (
	"flag"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// init makes the drawn cases the same in every run; -rapid.seed on the command line draws others.
func init() {
	if err := flag.Set("rapid.seed", "20261123"); err != nil {
		panic(err)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		in   string
		want string // words with blanks between
	}{
		"legal forms at the end":        {"Ostrava Robotika Co., Ltd.", "ostrava robotika"},
		"several legal forms":           {"Ostrava Robotika Holding GmbH & Co. KG", "ostrava robotika holding"},
		"a name that is all legal form": {"Co. Ltd.", "co"},
		"a name that is one form":       {"AG", "ag"},
		"forms in front":                {"OOO Severny Les", "severny les"},
		"joint stock company in front":  {"Joint Stock Company Severny Les", "severny les"},
		"Chinese forms":                 {"深圳市某某科技股份有限公司", "深圳市某某科技"},
		"Chinese brackets":              {"某某智能（北京）有限公司", "某某智能 北京"},
		"ampersand and the word and":    {"Vale & Sons", "vale sons"},
		"trade words in one spelling":   {"Kestrel Technologies Centre", "kestrel technology center"},
		"single letters are joined":     {"K. L. M. Electronics", "klm electronic"},
		"an apostrophe joins":           {"Xi’an O'Hara", "xian ohara"},
		"accents":                       {"Société Générale de Câbles", "societe generale de cables"},
		"letters without decomposition": {"Smørrebrød Łódź Straße", "smorrebrod lodz strasse"},
		"full width":                    {"ＡＢＣ　Ｄａｔａ", "abc data"},
		"hyphens part":                  {"North-West Freight", "north west freight"},
		"numbers stay":                  {"Factory No. 12", "factory no 12"},
		"the article":                   {"The Lantern Company", "lantern"},
		"nothing but marks":             {"---", ""},
		"empty":                         {"", ""},
		"dotless i and combining dot":   {"İstanbul Bilişim A.Ş.", "istanbul bilisim"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := strings.Join(Parse(tc.in).Words, " "); got != tc.want {
				t.Errorf("%q gives %q, want %q", tc.in, got, tc.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "Ostrava Robotika Co., Ltd.", "深圳市某某科技股份有限公司", "S.M.I.C.", "\xff\xfe", "İ", "a'b'", "(((", "ＡＢＣ & é"} {
		f.Add(s)
	}
	ix := NewIndex([]Listed{{Entry: 0, Name: "Ostrava Robotika"}, {Entry: 1, Name: "深圳市某某科技有限公司"}})
	f.Fuzz(func(t *testing.T, s string) {
		n := Parse(s)
		if n.Compact != strings.Join(n.Words, "") || n.Letters != utf8.RuneCountInString(n.Compact) {
			t.Fatalf("%q: key %q does not fit words %q", s, n.Compact, n.Words)
		}
		if slices.Contains(n.Words, "") {
			t.Fatalf("%q: an empty word in %q", s, n.Words)
		}
		if again := Parse(s); again.Compact != n.Compact || again.Sorted != n.Sorted {
			t.Fatalf("%q: two readings, %q and %q", s, n.Compact, again.Compact)
		}
		ix.Find(s)
		ParseAddress(s)
	})
}

func TestANameAlwaysFindsItself(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		names := rapid.SliceOfN(rapid.String(), 1, 20).Draw(rt, "names")
		var listed []Listed
		for i, n := range names {
			listed = append(listed, Listed{Entry: int32(i), Name: n})
		}
		ix := NewIndex(listed)
		for i, n := range names {
			found, _ := ix.Find(n)
			ok := slices.ContainsFunc(found, func(c Candidate) bool { return c.Entry == int32(i) && c.Method == Exact })
			if n != "" && !ok {
				rt.Fatalf("%q does not find itself: %v", n, found)
			}
		}
	})
}

func TestOneEditFindsWhatAScanFinds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		word := rapid.StringMatching(`[ab]{3,7}`)
		names := rapid.SliceOfN(word, 1, 12).Draw(rt, "names")
		query := word.Draw(rt, "query")
		var listed []Listed
		for i, n := range names {
			listed = append(listed, Listed{Entry: int32(i), Name: n})
		}
		found, _ := NewIndex(listed).Find(query)
		for i, n := range names {
			_, one := oneEdit([]rune(query), []rune(n))
			want := n == query || one && len(n) >= minEdit && Parse(n).Compact == n && Parse(query).Compact == query
			got := slices.ContainsFunc(found, func(c Candidate) bool { return c.Entry == int32(i) && c.Method != Alike })
			if want && !got {
				rt.Fatalf("%q does not find %q", query, n)
			}
			if got && !want && Parse(n).Compact != Parse(query).Compact && Parse(n).Sorted != Parse(query).Sorted {
				if _, ok := oneEdit([]rune(Parse(query).Compact), []rune(Parse(n).Compact)); !ok {
					rt.Fatalf("%q finds %q", query, n)
				}
			}
		}
	})
}

func TestOneEdit(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		a, b string
		want bool
	}{
		"the same":              {"biren", "biren", false},
		"one letter more":       {"biren", "birren", true},
		"one letter less":       {"biren", "bien", true},
		"another letter":        {"biren", "baren", true},
		"two neighbors swapped": {"biren", "bieren", true},
		"neighbors swapped":     {"biren", "birne", true},
		"two letters that part": {"biren", "bxrxn", false},
		"swapped over a third":  {"abc", "cba", false},
		"two letters more":      {"biren", "bbirenn", false},
		"at the end":            {"biren", "birem", true},
		"empty and one":         {"", "a", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, got := oneEdit([]rune(tc.a), []rune(tc.b)); got != tc.want {
				t.Errorf("%q and %q: %v", tc.a, tc.b, got)
			}
			if _, got := oneEdit([]rune(tc.b), []rune(tc.a)); got != tc.want {
				t.Errorf("%q and %q: %v", tc.b, tc.a, got)
			}
		})
	}
}

func TestContradictingNumbersDoNotMatch(t *testing.T) {
	t.Parallel()
	ix := NewIndex([]Listed{{Name: "Factory No. 2"}, {Entry: 1, Name: "1st Research Institute"}, {Entry: 2, Name: "Lantern 360 Works"}})
	for _, q := range []string{"Factory No. 12", "Factory No. 3", "21st Research Institute", "Lantern 36 Works", "Lantern Works"} {
		if found, _ := ix.Find(q); len(found) > 0 {
			t.Errorf("%q finds %v", q, found)
		}
	}
	if found, _ := ix.Find("Lantern 360 Work"); len(found) != 1 {
		t.Errorf("the same number with one edit elsewhere finds %v", found)
	}
}
