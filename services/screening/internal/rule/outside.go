package rule

import (
	"slices"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/tidegate/tidegate/schemas/event"
)

// otherControls says whether an ECCN is controlled for more than anti-terrorism, by an entry other than 3A090 and 4A090:
// the number of the entry is below 900 (15 CFR 738.2(d)), or it is one of the 990s with regional stability controls of
// 2024 (89 FR 96790).
func otherControls(eccn string) bool {
	entry, _, _ := strings.Cut(eccn, ".")
	switch entry {
	case "3A090", "4A090":
		return false
	case "3B993", "3D993", "3E993":
		return true
	}
	return len(entry) == 5 && entry[0] >= '0' && entry[0] <= '9' && entry[2] >= '0' && entry[2] < '9'
}

// otherECCNs lists the ECCNs of items subject to the EAR whose controls are not those of advanced computing.
func (s *Scene) otherECCNs() []string {
	var out []string
	for i := range s.facts.Items {
		f := &s.facts.Items[i]
		known := f.Class == "a" || f.Class == "b" || f.Class == "c" // with .z: judged as what it is
		if f.Subject != "no" && !known && otherControls(f.ECCN) && !slices.Contains(out, f.ECCN) {
			out = append(out, f.ECCN)
		}
	}
	return out
}

func (s *Scene) otherCCL() ref.Val { return types.Bool(len(s.otherECCNs()) > 0) }

// outside says whether the order may touch rules that no pack of chip controls has: a destination under embargo on any
// date, or an item with other controls.
func (s *Scene) outside() bool {
	for _, c := range s.places {
		embargoed := slices.ContainsFunc(s.facts.Places, func(p event.Place) bool {
			return p.Country == c && slices.ContainsFunc(p.Groups, func(g event.Group) bool { return g.Group == "E:1" || g.Group == "E:2" })
		})
		if embargoed || c == "RU" || c == "BY" {
			return true
		}
	}
	return len(s.otherECCNs()) > 0
}
