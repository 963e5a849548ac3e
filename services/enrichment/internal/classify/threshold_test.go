package classify

import (
	"slices"
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
)

func TestThresholds(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		tpp, density, area event.Decimal
		dc                 string
		class              string
		missing            []string
	}{
		"TPP just under 4,800 with low density":                {"4799.9", "1.59", "", "yes", None, nil},
		"TPP at 4,800":                                         {"4800", "", "", "yes", A, nil},
		"TPP at 4,800, not for data centers":                   {"4800", "", "", "no", A, nil},
		"TPP just under 4,800, not for data centers":           {"4799.9", "8", "", "no", None, nil},
		"TPP 1,600 with density just under 5.92 is b":          {"1600", "5.919", "", "yes", B, nil},
		"TPP 1,600 with density 5.92 is a":                     {"1600", "5.92", "", "yes", A, nil},
		"TPP just under 1,600 whatever the density":            {"1599.9", "50", "", "yes", None, nil},
		"TPP 2,399 with density 1.6":                           {"2399", "1.6", "", "yes", None, nil},
		"TPP 2,400 with density 1.59":                          {"2400", "1.59", "", "yes", None, nil},
		"TPP 2,400 with density 1.6 is b":                      {"2400", "1.6", "", "yes", B, nil},
		"TPP 1,600 with density 3.2 is b":                      {"1600", "3.2", "", "yes", B, nil},
		"TPP 1,600 with density just under 3.2":                {"1600", "3.199", "", "yes", None, nil},
		"density from the area, exactly at 5.92":               {"4736", "", "800", "yes", A, nil},
		"density from the area, a hair under 5.92":             {"4736", "", "800.0001", "yes", B, nil},
		"density 1.6 from an area that does not divide evenly": {"2400", "", "1500", "yes", B, nil},
		"TPP unknown":                                {"", "3", "", "yes", Unknown, []string{"tpp"}},
		"TPP from density and area":                  {"", "6", "800", "no", A, nil},
		"area unknown between 1,600 and 4,800":       {"4096", "", "", "yes", Unknown, []string{"die_area_mm2"}},
		"area and data center unknown":               {"4096", "", "", "unknown", Unknown, []string{"die_area_mm2", "datacenter"}},
		"data center unknown where it decides":       {"2400", "2", "", "unknown", Unknown, []string{"datacenter"}},
		"data center unknown where it cannot matter": {"1600", "3", "", "unknown", None, nil},
		"an area of zero is no area":                 {"2400", "", "0", "yes", Unknown, []string{"die_area_mm2"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := specs{tpp: number(tc.tpp), density: number(tc.density), area: number(tc.area), datacenter: tc.dc}
			class, missing := s.class()
			if class != tc.class || !slices.Equal(missing, tc.missing) {
				t.Errorf("class %s missing %v, want %s %v", class, missing, tc.class, tc.missing)
			}
		})
	}
}

func TestPrintedDensityComparesAsTheExactOne(t *testing.T) {
	t.Parallel()
	s := specs{tpp: number("4735.999999"), area: number("800")}
	if got := s.printed(); got != "5.919999" {
		t.Errorf("printed %s: rounded up to a threshold it does not reach", got)
	}
}

func TestFormOf2022(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		tpp, io event.Decimal
		class   string
	}{
		"both at the line":                    {"4800", "600", Controlled},
		"input and output just under":         {"4992", "599.9", None},
		"TPP just under":                      {"4799.9", "900", None},
		"TPP above, input and output unknown": {"4992", "", Unknown},
		"input and output above, TPP unknown": {"", "600", Unknown},
		"input and output under, TPP unknown": {"", "400", None},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if class, _ := (specs{tpp: number(tc.tpp), io: number(tc.io)}).class2022(); class != tc.class {
				t.Errorf("class %s, want %s", class, tc.class)
			}
		})
	}
}

func TestECCN(t *testing.T) {
	t.Parallel()
	for stated, want := range map[string]struct {
		normal, class string
		vague         bool
	}{
		"3A090.a":     {"3A090.a", A, false},
		" 3a090 .A.1": {"3A090.a.1", A, false},
		"3A090.b":     {"3A090.b", B, false},
		"3A090.c":     {"3A090.c", C, false},
		"4A090.a":     {"4A090.a", A, false},
		"3A090":       {"3A090", A, true},
		"5A992.z":     {"5A992.z", A, true},
		"5A992.z.1":   {"5A992.z.1", A, false},
		"4A003.z.2":   {"4A003.z.2", B, false},
		"5A992.c":     {"5A992.c", None, false},
		"EAR99":       {"EAR99", None, false},
		"ear-99":      {"EAR99", None, false},
		"8A992":       {"8A992", None, false},
		"3A991.p":     {"3A991.p", None, false},
		"n/a":         {"N/A", "", false},
		"":            {"", "", false},
		"TBD":         {"TBD", "", false},
	} {
		t.Run("stated "+stated, func(t *testing.T) {
			t.Parallel()
			normal := Normal(stated)
			if class, vague := ofECCN(normal); normal != want.normal || class != want.class || vague != want.vague {
				t.Errorf("%q: %q %q %v, want %+v", stated, normal, class, vague, want)
			}
		})
	}
}
