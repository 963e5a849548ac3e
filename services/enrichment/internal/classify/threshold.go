// Package classify states what an item is under 3A090 and 4A090 of the Commerce Control List: from the ECCN the order
// states, from the catalog, from the numbers, or from what a system contains.
package classify

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/tidegate/tidegate/schemas/event"
)

// The classes of the 2023-11-17 form, and those of the 2022-10-21 form.
const (
	A          = "a"
	B          = "b"
	C          = "c"
	None       = "none"
	Unknown    = "unknown"
	Controlled = "controlled"
)

// Names of facts that would settle an unknown class.
const (
	missTPP  = "tpp"
	missArea = "die_area_mm2"
	missDC   = "datacenter"
	missECCN = "eccn"
	missHBM  = "hbm_package_area_mm2"
	missIO   = "io_bandwidth_gbps"
)

// Thresholds of 3A090 (Supplement 1 to part 774), compared exactly.
var (
	tpp4800   = decimal.RequireFromString("4800")
	tpp2400   = decimal.RequireFromString("2400")
	tpp1600   = decimal.RequireFromString("1600")
	density59 = decimal.RequireFromString("5.92")
	density32 = decimal.RequireFromString("3.2")
	density16 = decimal.RequireFromString("1.6")
	hbm2      = decimal.RequireFromString("2")
	io600     = decimal.RequireFromString("600")
)

// specs are the numbers of one IC or package. A nil number is unknown.
type specs struct {
	tpp, density, area, bandwidth, io *decimal.Decimal
	datacenter                        string // yes, no, unknown
}

func number(d event.Decimal) *decimal.Decimal {
	if d == "" {
		return nil
	}
	n, err := decimal.NewFromString(string(d))
	if err != nil || n.IsNegative() {
		return nil
	}
	return &n
}

// known says whether any number speaks about processing.
func (s specs) known() bool { return s.tpp != nil || s.density != nil || s.area != nil }

// total is the TPP: stated, or density times area.
func (s specs) total() *decimal.Decimal {
	if s.tpp != nil {
		return s.tpp
	}
	if s.density != nil && s.area != nil {
		t := s.density.Mul(*s.area)
		return &t
	}
	return nil
}

// dense says whether the performance density is at or above a limit: TPP ≥ limit × area, without dividing.
func (s specs) dense(limit decimal.Decimal) bool {
	if s.density != nil {
		return s.density.GreaterThanOrEqual(limit)
	}
	return s.total().GreaterThanOrEqual(limit.Mul(*s.area))
}

// class applies 3A090.a and .b with their exclusion: an IC not designed or marketed for data centers and below TPP
// 4,800 is in neither. It names the facts that would settle an unknown class.
func (s specs) class() (string, []string) {
	tpp := s.total()
	switch {
	case tpp == nil:
		return Unknown, s.missingTPP()
	case tpp.GreaterThanOrEqual(tpp4800):
		return A, nil
	case s.datacenter == "no", tpp.LessThan(tpp1600):
		return None, nil
	case s.density == nil && (s.area == nil || s.area.IsZero()):
		if s.datacenter != "yes" {
			return Unknown, []string{missArea, missDC}
		}
		return Unknown, []string{missArea}
	}
	class := s.byDensity(tpp)
	if class != None && s.datacenter != "yes" {
		return Unknown, []string{missDC}
	}
	return class, nil
}

func (s specs) missingTPP() []string {
	if s.datacenter == "" || s.datacenter == Unknown {
		return []string{missTPP, missDC}
	}
	return []string{missTPP}
}

// byDensity is for TPP from 1,600 to under 4,800.
func (s specs) byDensity(tpp *decimal.Decimal) string {
	switch {
	case s.dense(density59):
		return A
	case s.dense(density32):
		return B
	case tpp.GreaterThanOrEqual(tpp2400) && s.dense(density16):
		return B
	}
	return None
}

// class2022 applies the form in force from 2022-10-21: 600 GB/s of input and output, and 4,800 bits × TOPS, both.
func (s specs) class2022() (string, []string) {
	tpp := s.total()
	switch {
	case tpp != nil && tpp.LessThan(tpp4800), s.io != nil && s.io.LessThan(io600):
		return None, nil
	case tpp != nil && s.io != nil:
		return Controlled, nil
	case tpp == nil:
		return Unknown, []string{missTPP}
	}
	return Unknown, []string{missIO}
}

// printed is the density as a fact: cut off, never rounded up, at six decimals, so that it compares with every
// threshold as the exact quotient does.
func (s specs) printed() event.Decimal {
	if s.density != nil {
		return plain(*s.density)
	}
	tpp := s.total()
	if tpp == nil || s.area == nil || s.area.IsZero() {
		return ""
	}
	q, _ := tpp.QuoRem(*s.area, 6)
	return plain(q)
}

// plain writes a number in the form of event.Decimal, or nothing where it has too many digits.
func plain(n decimal.Decimal) event.Decimal {
	d := event.Decimal(n.String())
	if d.Check() != nil {
		return ""
	}
	return d
}

// worse gives the class with the stricter control of two: a before b before c, then unknown, then none.
func worse(x, y string) string {
	order := []string{A, B, C, Unknown, None, ""}
	if slices.Index(order, x) <= slices.Index(order, y) {
		return x
	}
	return y
}

func controlled(class string) bool { return class == A || class == B || class == C }
