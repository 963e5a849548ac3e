package rule

import (
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
)

// deciding are the members whose value may change an answer.
var deciding = strings.Fields(`name person headquarters ultimate_parent no_parent owners lei gln registration_number
	tpp performance_density die_area_mm2 memory_bandwidth_gbps io_bandwidth_gbps hbm_package_area_mm2 hbm datacenter node_nm non_planar
	transistors_billion us_origin us_content_percent us_direct_product origin designer_headquarters`)

// conflict says whether order and masters differ where it may count. Of two ECCNs it counts where one is of the 3A090 and
// 4A090 family.
func (s *Scene) conflict() bool {
	return slices.ContainsFunc(s.facts.Disagrees, func(d event.Disagreement) bool {
		member := memberOf(d.Pointer)
		if member == "eccn" {
			return advancedECCN(d.Stated) || advancedECCN(d.Master)
		}
		return slices.Contains(deciding, member)
	})
}

// memberOf is the member of a party or item that a pointer leads to: "/parties/0/owners/1/percent" is owners.
func memberOf(pointer string) string {
	f := strings.Split(pointer, "/")
	if len(f) < 4 {
		return ""
	}
	if f[3] == "address" && len(f) > 4 {
		return "address/" + f[4]
	}
	return f[3]
}

// advancedECCN says whether an ECCN is 3A090, 4A090 or one with .z (15 CFR part 774, Supplement 1).
func advancedECCN(s string) bool {
	s = strings.ToUpper(strings.ReplaceAll(s, " ", ""))
	return strings.HasPrefix(s, "3A090") || strings.HasPrefix(s, "4A090") || strings.Contains(s, ".Z")
}

func (s *Scene) disagreements() string {
	const most = 8
	var out []string
	for i, d := range s.facts.Disagrees {
		if i == most {
			out = append(out, "and "+itoa(len(s.facts.Disagrees)-most)+" more")
			break
		}
		out = append(out, strings.TrimPrefix(d.Pointer, "/")+" is "+d.Stated+", "+d.Master+" by the "+d.Source)
	}
	return strings.Join(out, "; ")
}
