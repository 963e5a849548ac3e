package match

import (
	"slices"
	"testing"
)

// FuzzFind looks any name up among some that lie near it: nothing panics, the same question has the same answer, and a
// listed name finds itself.
func FuzzFind(f *testing.F) {
	for _, s := range []string{
		"Huawei Technologies Co., Ltd.", "华为技术有限公司", "Ибрагим бин Саиф", "a.k.a. (SMIC)", "2dick Ltd", "AL-MASRI, Saif-al-Din bin Ibrahim", "ＡＢＣ　株式会社", "é\u0301x", "\xff\xfe", "'", "長鑫 2004-1",
		"ﷺ ﷺ", "İstanbul Ticaret ve Sanayi A.Ş.", "ㅏ주식회사 반도체", "0O1l5S",
	} {
		f.Add(s, s+" x")
		f.Add(s, "Brightwater Trading")
	}
	f.Fuzz(func(t *testing.T, name, listed string) {
		ix := NewIndex([]Listed{{Name: listed}, {Entry: 1, Name: listed, Kind: Person}, {Entry: 2, Name: "Brightwater Trading Co., Ltd."}})
		first, n := ix.look(name)
		again, m := ix.look(name)
		if n != m || !slices.Equal(first, again) {
			t.Errorf("%q among %q: %v of %d, then %v of %d", name, listed, first, n, again, m)
		}
		for _, c := range first {
			if c.Like < 0 || c.Like > 1000 {
				t.Errorf("%q among %q: %+v", name, listed, c)
			}
		}
		if listed == "" {
			return
		}
		if own, _ := ix.Find(listed); !slices.ContainsFunc(own, func(c Candidate) bool { return c.Name == listed && c.Method == Exact }) {
			t.Errorf("%q does not find itself: %v", listed, own)
		}
	})
}

// FuzzResemble compares any two names: scores stay in their bounds, only the same string has the full one, and whoever
// asks is told why.
func FuzzResemble(f *testing.F) {
	f.Add("Ibrahim bin Saif", "Saif bin Ibrahim", true)
	f.Add("Forty Four 44", "44", false)
	f.Add("\u0345\u0345", "ı", false)
	f.Fuzz(func(t *testing.T, name, listed string, person bool) {
		kind := Company
		if person {
			kind = Person
		}
		a, b := NewProfile(name, kind), NewProfile(listed, kind)
		l := Resemble(&a, &b)
		if l.Score < 0 || l.Score > 1000 || (l.Score == 1000) != (name == listed) {
			t.Errorf("%q and %q: %d", name, listed, l.Score)
		}
		if l.Score > 0 && len(l.Why()) == 0 {
			t.Errorf("%q and %q: %d without a reason", name, listed, l.Score)
		}
		ix := NewIndex([]Listed{{Name: listed, Kind: kind}})
		found, _ := ix.look(name)
		for _, c := range found {
			if c.Method == Alike && c.Like != l.Score {
				t.Errorf("%q among %q: %d, alone %d", name, listed, c.Like, l.Score)
			}
		}
	})
}
