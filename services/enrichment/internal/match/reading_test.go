package match

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOneSlipInAnyReading(t *testing.T) {
	t.Parallel()
	const strong, weak, nothing = "strong", "weak", "nothing"
	for name, tc := range map[string]struct {
		listed, query string
		want          string
	}{
		"in a word that folding changes":              {"Larkspur Technologies Co., Ltd.", "Larkspur Tecnologies Co., Ltd.", strong},
		"in its end, which folding cuts off":          {"Larkspur Technologies Co., Ltd.", "Larkspur Technologes Co., Ltd.", strong},
		"in such a word, with another legal form":     {"Larkspur Technologies Co., Ltd.", "Larkspur Tecnologies GmbH", strong},
		"in such a word, with another spelling":       {"Larkspur Semicon Systems Ltd.", "Larkspur Semiconductors Sysems Inc.", strong},
		"two letters of a short trade word swapped":   {"Larkspur Technologies Ltd.", "Larkspur Tehc", strong},
		"two letters of a legal form swapped":         {"Larkspur Technologies Co., Ltd.", "Larkspur Technologies Co., Ldt.", strong},
		"another letter in a legal form":              {"Larkspur Technologies Co., Ltd.", "Larkspur Technologies Co., Ktd.", strong},
		"in a legal form that is another":             {"Larkspur Technologies Co., Ltd.", "Larkspur Technologies Corporatoin", strong},
		"in the legal form of a short name":           {"GLT Company Limited", "GLT Company Limitde", strong},
		"in the name before a short legal form":       {"GLT Co.", "GLT Cod", nothing},
		"a short name that is another":                {"GLT Company Limited", "GLX Company Limited", nothing},
		"a letter more at the end of the name proper": {"Ostra Co., Ltd.", "Ostrac Co., Ltd.", strong},
		"in a small word":                             {"Institute of Larkspur Optics", "Institute od Larkspur Optics", weak},
		"the blank before the legal form is missing":  {"Larkspur Technologies Limited", "Larkspur TechnologiesLimited", strong},
		"the blank before a trade word is missing":    {"Larkspur Technologies Limited", "LarkspurTechnologies Inc.", strong},
		"a blank too many in a trade word":            {"Larkspur Technologies Limited", "Larkspur Techno logies GmbH", strong},
		"a short name grown together with its form":   {"GLT Co.", "Gltco", nothing},
		"in the first letter":                         {"Larkspur Technologies Limited", "Karkspur Technologies Limited", strong},
		"in a form in front":                          {"OOO Severny Larkspur", "OXO Severny Larkspur", weak},
		"in a Chinese legal form":                     {"月兰技术有限公司", "月兰技术有线公司", strong},
		"in a Chinese trade word":                     {"月兰技术有限公司", "月兰技木有限公司", strong},
		"two characters of a Chinese name swapped":    {"月兰技术有限公司", "兰月技术有限公司", weak},
		"two edits": {"Larkspur Technologies Limited", "Larkspr Tecnologies Limited", Alike},
		"another number before a wrong letter's word": {"Larkspur 12 Technologies", "Larkspur 13 Technologies", nothing},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, _ := NewIndex([]Listed{{Name: tc.listed}}).Find(tc.query)
			got := nothing
			for _, c := range found {
				got = map[bool]string{true: weak, false: strong}[c.Weak]
				if c.Method != OneEdit {
					got = c.Method
				}
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("%q for %q: %s", tc.query, tc.listed, d)
			}
		})
	}
}

func TestReadingsThatComeOutTheSameAreOne(t *testing.T) {
	t.Parallel()
	ts := &texts{}
	for name, want := range map[string][]string{
		"Larkspur Optics":                    {"larkspuroptics"},
		"Larkspur Optics Ltd.":               {"larkspuroptics", "larkspuropticsltd"},
		"The Larkspur Technologies Co., Ltd": {"larkspurtechnology", "thelarkspurtechnologies", "thelarkspurtechnologiescoltd"},
		"有限公司":                               {"有限公司"},
		"":                                   {""},
	} {
		ts.set(name)
		var got []string
		for _, r := range ts.all() {
			got = append(got, string(r.runes))
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q: %s", name, d)
		}
	}
}
