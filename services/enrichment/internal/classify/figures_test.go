package classify

import (
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

func TestFiguresOfADataSheet(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	dense := func(bits, tops event.Decimal) event.Compute { return event.Compute{BitLength: bits, TOPS: tops} }
	sparse := func(bits, tops event.Decimal) event.Compute {
		return event.Compute{BitLength: bits, TOPS: tops, Sparse: &yes}
	}
	for name, tc := range map[string]struct {
		item                event.Item
		tpp, density, class string
	}{
		"the most over the bit lengths":                  {event.Item{Compute: []event.Compute{dense("16", "989.4"), dense("8", "1979"), dense("32", "67")}}, "15832", "", A},
		"sparse figures do not count":                    {event.Item{Compute: []event.Compute{dense("8", "242"), sparse("8", "485")}}, "1936", "", Unknown},
		"sparse figures alone leave it unknown":          {event.Item{Compute: []event.Compute{sparse("8", "1466")}}, "", "", Unknown},
		"sparse figures alone that are under every line": {event.Item{Compute: []event.Compute{sparse("8", "190")}}, "", "", None},
		"just under 4,800":                               {event.Item{Compute: []event.Compute{dense("8", "599.9")}, Datacenter: &no}, "4799.2", "", None},
		"at 4,800":                                       {event.Item{Compute: []event.Compute{dense("8", "600")}, Datacenter: &no}, "4800", "", A},
		"summed over two dies":                           {event.Item{Compute: []event.Compute{{Count: "2", BitLength: "8", TOPS: "300"}}, Datacenter: &no}, "4800", "", A},
		"summed over kinds of units, each at its best":   {event.Item{Compute: []event.Compute{{Unit: "npu", BitLength: "8", TOPS: "400"}, {Unit: "npu", BitLength: "16", TOPS: "150"}, {Unit: "gpu", BitLength: "16", TOPS: "100"}}, Datacenter: &no}, "4800", "", A},
		"dies on a planar node do not count":             {event.Item{Compute: []event.Compute{dense("8", "592")}, Dies: []event.Die{{Area: "400", Count: "2", NonPlanar: &yes}, {Area: "300", NonPlanar: &no}}, Datacenter: &yes}, "4736", "5.92", A},
		"a little more area is b":                        {event.Item{Compute: []event.Compute{dense("8", "592")}, Dies: []event.Die{{Area: "800.01", NonPlanar: &yes}}, Datacenter: &yes}, "4736", "5.919926", B},
		"a die that does not say what it is made on":     {event.Item{Compute: []event.Compute{dense("8", "592")}, Dies: []event.Die{{Area: "800"}}, Datacenter: &yes}, "4736", "", Unknown},
		"a stated TPP that the figures exceed":           {event.Item{TPP: "100", Compute: []event.Compute{dense("8", "600")}}, "4800", "", A},
		"a stated TPP above the figures":                 {event.Item{TPP: "4800", Compute: []event.Compute{dense("8", "6")}}, "4800", "", A},
		"a figure without its bit length says nothing":   {event.Item{Compute: []event.Compute{{TOPS: "6000"}}}, "", "", Unknown},
		"four bits count at four":                        {event.Item{Compute: []event.Compute{dense("4", "1187.5"), dense("8", "593.7")}, Datacenter: &no}, "4750", "", None},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := NewCatalog([]snapshot.Part{}).Item(&tc.item, &event.Order{})
			if f.Class != tc.class || string(f.TPP) != tc.tpp || string(f.Density) != tc.density {
				t.Errorf("class %s TPP %s density %s (missing %v), want %s %s %s", f.Class, f.TPP, f.Density, f.Missing, tc.class, tc.tpp, tc.density)
			}
		})
	}
}
