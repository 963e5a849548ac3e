package enrichment

import (
	"slices"
	"strings"
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
)

func itemFacts(r *Reference, it event.Item) event.ItemFacts {
	return r.Facts(&event.Order{Items: []event.Item{it}}, "").Items[0]
}

func yes() *bool { b := true; return &b }
func no() *bool  { b := false; return &b }

// Every chip of the table, as an order would name it, with the class that 3A090's numbers give it.
func TestChipsOfTheCatalog(t *testing.T) {
	t.Parallel()
	r := curated(t)
	for description, want := range map[string]struct {
		id, class, class2022, letter, prc string
	}{
		"NVIDIA A100 80GB SXM4":                     {"nvidia-a100", "a", "controlled", "A100", ""},
		"NVIDIA A800 PCIe 80GB":                     {"nvidia-a800", "a", "none", "", ""},
		"NVIDIA H100 80GB SXM5":                     {"nvidia-h100-sxm", "a", "controlled", "H100", ""},
		"H100 PCIe 80GB":                            {"nvidia-h100-pcie", "a", "controlled", "H100", ""},
		"NVIDIA H100 NVL 94GB":                      {"nvidia-h100-nvl", "a", "controlled", "H100", ""},
		"NVIDIA H800 SXM5":                          {"nvidia-h800-sxm", "a", "none", "", ""},
		"H800 PCIe GPU":                             {"nvidia-h800-pcie", "a", "none", "", ""},
		"NVIDIA H200 141GB SXM5":                    {"nvidia-h200-sxm", "a", "controlled", "", ""},
		"NVIDIA H200 NVL":                           {"nvidia-h200-nvl", "a", "controlled", "", ""},
		"NVIDIA H20 96GB":                           {"nvidia-h20", "none", "none", "H20", ""},
		"NVIDIA L40S 48GB":                          {"nvidia-l40s", "a", "none", "", ""},
		"NVIDIA L20 48GB":                           {"nvidia-l20", "none", "none", "", ""},
		"NVIDIA L2 24GB":                            {"nvidia-l2", "none", "none", "", ""},
		"NVIDIA L4 Tensor Core GPU":                 {"nvidia-l4", "a", "none", "", ""},
		"NVIDIA B200 GPU":                           {"nvidia-b200", "a", "controlled", "", ""},
		"NVIDIA B100 SXM":                           {"nvidia-b100", "a", "controlled", "", ""},
		"NVIDIA GB200 superchip":                    {"nvidia-gb200", "a", "controlled", "", ""},
		"NVIDIA B300 GPU":                           {"nvidia-b300", "a", "controlled", "", ""},
		"NVIDIA B30A GPU":                           {"nvidia-b30a", "a", "unknown", "", ""},
		"GeForce RTX 4090 24GB":                     {"nvidia-rtx-4090", "a", "none", "", ""},
		"MSI GeForce RTX4090 Gaming X":              {"nvidia-rtx-4090", "a", "none", "", ""},
		"GeForce RTX 4090 D":                        {"nvidia-rtx-4090-d", "none", "none", "", ""},
		"GeForce RTX 4090D 24GB":                    {"nvidia-rtx-4090-d", "none", "none", "", ""},
		"GeForce RTX 4080 16GB":                     {"nvidia-rtx-4080", "none", "none", "", ""},
		"GeForce RTX 5090 32GB":                     {"nvidia-rtx-5090", "a", "none", "", ""},
		"GeForce RTX 5090 D":                        {"nvidia-rtx-5090-d", "none", "none", "", ""},
		"NVIDIA RTX PRO 6000 Blackwell Workstation": {"nvidia-rtx-pro-6000-blackwell", "a", "none", "", ""},
		"GeForce RTX 4070 Ti SUPER":                 {"nvidia-rtx-4070-ti", "none", "none", "", ""},
		"AMD Instinct MI210":                        {"amd-mi210", "b", "none", "", ""},
		"AMD Instinct MI250X":                       {"amd-mi250x", "a", "controlled", "MI250", ""},
		"AMD Instinct MI300X OAM":                   {"amd-mi300x", "a", "controlled", "", ""},
		"AMD Instinct MI325X":                       {"amd-mi325x", "a", "controlled", "", ""},
		"AMD Instinct MI355X":                       {"amd-mi355x", "a", "controlled", "", ""},
		"AMD Instinct MI308X":                       {"amd-mi308", "unknown", "unknown", "MI308", ""},
		"Intel Gaudi 2 mezzanine card":              {"intel-gaudi-2", "a", "controlled", "", ""},
		"Intel Gaudi3 PCIe":                         {"intel-gaudi-3", "a", "controlled", "", ""},
		"Huawei Ascend 910":                         {"huawei-ascend-910", "unknown", "none", "", "Ascend 910"},
		"Huawei Ascend 910B NPU":                    {"huawei-ascend-910b", "a", "unknown", "", "Ascend 910B"},
		"Ascend 910C module":                        {"huawei-ascend-910c", "a", "unknown", "", "Ascend 910C"},
		"Ascend 950PR":                              {"huawei-ascend-950pr", "a", "unknown", "", "Ascend 950PR"},
		"Cambricon MLU590":                          {"cambricon-mlu590", "a", "unknown", "", "MLU590"},
		"Biren BR100 OAM":                           {"biren-br100", "a", "unknown", "", "BR100"},
		"Moore Threads MTT S4000":                   {"moorethreads-mtt-s4000", "unknown", "none", "", "MTT S4000"},
		"Kirin 9000S SoC":                           {"huawei-kirin-9000s", "none", "none", "", ""},
		"Google TPU v5p":                            {"google-tpu-v5p", "a", "unknown", "", ""},
		"TPU v6e":                                   {"google-tpu-v6e", "a", "unknown", "", ""},
		"AWS Trainium2":                             {"aws-trainium2", "a", "unknown", "", ""},
		"DGX H100":                                  {"nvidia-dgx-h100", "a", "controlled", "H100", ""},
		"NVIDIA HGX H100 8-GPU":                     {"nvidia-hgx-h100", "a", "controlled", "H100", ""},
		"HGX H200 4-GPU":                            {"nvidia-hgx-h200-4", "a", "controlled", "", ""},
		"NVIDIA GB200 NVL72 rack":                   {"nvidia-gb200-nvl72", "a", "controlled", "", ""},
	} {
		t.Run(description, func(t *testing.T) {
			t.Parallel()
			f := itemFacts(r, event.Item{Description: description})
			if f.Catalog != want.id || f.Class != want.class || f.Class2022 != want.class2022 || f.Letter != want.letter || f.PRCChip != want.prc {
				t.Errorf("catalog %q class %s (2022 %s) letter %q chip %q, want %+v", f.Catalog, f.Class, f.Class2022, f.Letter, f.PRCChip, want)
			}
			if f.How != "catalog" && f.Class != "unknown" {
				t.Errorf("how %q", f.How)
			}
		})
	}
}

func TestTotalTPP(t *testing.T) {
	t.Parallel()
	r := curated(t)
	for name, tc := range map[string]struct {
		item event.Item
		want event.Decimal
	}{
		"a chip":                          {event.Item{PartNumber: "H100 SXM5", Quantity: "202"}, "3198064"},
		"a system of eight":               {event.Item{Description: "HGX H100 8-GPU", Quantity: "1"}, "126656"},
		"eight in a server's description": {event.Item{Description: "4U GPU server with 8x H100 SXM5", Quantity: "2"}, "253312"},
		"a server that does not say":      {event.Item{Description: "GPU server with H100", Quantity: "2"}, ""},
		"contents as listed":              {event.Item{Description: "training server", Quantity: "2", Contains: []event.Part{{PartNumber: "MI300X", Count: "8"}}}, "334694.4"},
		"a decimal TPP":                   {event.Item{Description: "Instinct MI300X", Quantity: "3"}, "62755.2"},
		"hours are not chips":             {event.Item{Description: "H100 GPU", Quantity: "5000", Unit: "gpu_hour"}, ""},
		"no quantity":                     {event.Item{Description: "NVIDIA H100"}, ""},
		"the order's own TPP":             {event.Item{TPP: "5000", Quantity: "10"}, "50000"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := itemFacts(r, tc.item).TotalTPP; got != tc.want {
				t.Errorf("total %q, want %q", got, tc.want)
			}
		})
	}
}

func TestEvidenceOfAnItem(t *testing.T) {
	t.Parallel()
	r := curated(t)
	for name, tc := range map[string]struct {
		item       event.Item
		class, how string
		missing    []string
		disagrees  bool
	}{
		"nothing known":            {event.Item{Description: "compute module X9"}, "unknown", "unknown", []string{"eccn"}, false},
		"an empty item":            {event.Item{}, "unknown", "unknown", []string{"eccn"}, false},
		"stated EAR99":             {event.Item{Description: "compute module X9", ECCN: "ear99"}, "none", "eccn", nil, false},
		"stated 3A090.a":           {event.Item{Description: "compute module X9", ECCN: "3A090.a"}, "a", "eccn", nil, false},
		"stated and catalog agree": {event.Item{Description: "NVIDIA H100 SXM", ECCN: "3A090.a"}, "a", "eccn", nil, false},
		"stated b against catalog a: stated, and shown": {event.Item{Description: "NVIDIA H100 SXM", ECCN: "3A090.b"}, "b", "eccn", nil, true},
		"stated b for the H20: stated, and shown":       {event.Item{Description: "NVIDIA H20", ECCN: "3A090.b"}, "b", "eccn", nil, true},
		"stated EAR99 for an H100 is never none":        {event.Item{Description: "NVIDIA H100 SXM", ECCN: "EAR99"}, "unknown", "unknown", []string{"eccn"}, true},
		"stated 5A992.c with numbers of class a":        {event.Item{Description: "accelerator", ECCN: "5A992.c", TPP: "6000"}, "unknown", "unknown", []string{"eccn"}, true},
		"stated 5A992.z, the catalog says which":        {event.Item{Description: "AMD Instinct MI210", ECCN: "5A992.z"}, "b", "catalog", nil, false},
		"stated 4A090 without paragraph":                {event.Item{Description: "server", ECCN: "4A090"}, "a", "eccn", nil, true},
		"numbers alone":                                 {event.Item{Description: "accelerator", TPP: "4800"}, "a", "numbers", nil, false},
		"numbers need the area":                         {event.Item{Description: "accelerator", TPP: "2400", Datacenter: yes()}, "unknown", "unknown", []string{"die_area_mm2"}, false},
		"numbers and data center: not in a or b":        {event.Item{Description: "accelerator", TPP: "4799.9", Datacenter: no()}, "none", "numbers", nil, false},
		"own numbers against the catalog":               {event.Item{Description: "NVIDIA H100 SXM", TPP: "1000"}, "unknown", "unknown", []string{"tpp"}, false},
		"own numbers with the catalog":                  {event.Item{Description: "NVIDIA H100 SXM", TPP: "15824"}, "a", "numbers", nil, false},
		"contents":                                      {event.Item{Description: "server", Contains: []event.Part{{PartNumber: "RTX 4060", Count: "1"}, {PartNumber: "H100", Count: "8"}}}, "a", "contains", nil, false},
		"contents nobody knows":                         {event.Item{Description: "server", Contains: []event.Part{{PartNumber: "Q-77", Count: "8"}}}, "unknown", "contains", []string{"eccn"}, false},
		"contents all outside":                          {event.Item{Description: "gaming pc", Contains: []event.Part{{PartNumber: "RTX 4060", Count: "1"}}}, "none", "contains", nil, false},
		"one content known, another controlled":         {event.Item{Description: "server", Contains: []event.Part{{PartNumber: "Q-77", Count: "2"}, {PartNumber: "H200", Count: "8"}}}, "a", "contains", nil, false},
		"HBM above 2 GB/s per mm²":                      {event.Item{Description: "HBM3 stack", HBM: yes(), Bandwidth: "819", HBMArea: "110"}, "c", "numbers", nil, false},
		"HBM at 2 GB/s per mm²":                         {event.Item{Description: "HBM stack", HBM: yes(), Bandwidth: "220", HBMArea: "110"}, "none", "numbers", nil, false},
		"HBM without an area":                           {event.Item{Description: "HBM3 stack", HBM: yes(), Bandwidth: "819"}, "unknown", "unknown", []string{"hbm_package_area_mm2"}, false},
		"HBM beside processing is not c":                {event.Item{Description: "NVIDIA H100 80GB HBM3", HBM: yes(), Bandwidth: "3350", HBMArea: "600"}, "a", "catalog", nil, false},
		"ordinary goods by description":                 {event.Item{Description: "Office chair, black"}, "none", "goods", nil, false},
		"ordinary goods by HTS":                         {event.Item{Description: "Model K", HTS: "9403.10.0040"}, "none", "goods", nil, false},
		"a heading for chips is no ordinary good":       {event.Item{Description: "black cable", HTS: "8473.30"}, "unknown", "unknown", []string{"eccn"}, false},
		"a compute word keeps it unknown":               {event.Item{Description: "cable for server"}, "unknown", "unknown", []string{"eccn"}, false},
		"an accelerator under a heading for toys":       {event.Item{Description: "GPU accelerator", HTS: "9503.00"}, "unknown", "unknown", []string{"eccn"}, false},
		"a fan for a GPU under its own heading":         {event.Item{Description: "fan for GPU", HTS: "8414.59"}, "none", "goods", nil, false},
		"a laptop is no advanced chip":                  {event.Item{Description: "Classroom laptop, 11 inch"}, "none", "goods", nil, false},
		"a laptop with an accelerator nobody knows":     {event.Item{Description: "laptop with GPU accelerator"}, "unknown", "unknown", []string{"eccn"}, false},
		"a catalog chip under a false heading":          {event.Item{Description: "NVIDIA H100 SXM5", HTS: "9503.00"}, "a", "catalog", nil, false},
		"a hose called H100":                            {event.Item{Description: "garden hose H100 green 20 m"}, "none", "goods", nil, false},
		"a part called A100 of nobody we know":          {event.Item{Description: "spare part type A100 for tractor"}, "unknown", "unknown", []string{"eccn"}, false},
		"a part number alone":                           {event.Item{PartNumber: "900-21010-0000-000"}, "a", "catalog", nil, false},
		"a bare A100":                                   {event.Item{PartNumber: "A100"}, "a", "catalog", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := itemFacts(r, tc.item)
			if f.Class != tc.class || f.How != tc.how || !slices.Equal(f.Missing, tc.missing) || (f.Disagrees != "") != tc.disagrees {
				t.Errorf("class %s by %s missing %v disagrees %q; want %s by %s missing %v disagrees %v", f.Class, f.How, f.Missing, f.Disagrees, tc.class, tc.how, tc.missing, tc.disagrees)
			}
		})
	}
}

// A part number of two characters is a chip's where its maker says so.
func TestTheShortestPartNumbersAreThoseOfTheirMaker(t *testing.T) {
	t.Parallel()
	r := curated(t)
	for _, tt := range []struct {
		item event.Item
		want string
	}{
		{event.Item{Description: "L4 card", PartNumber: "L4", Manufacturer: "NVIDIA"}, "nvidia-l4"},
		{event.Item{PartNumber: "L2", Manufacturer: "NVIDIA Corporation"}, "nvidia-l2"},
		{event.Item{Description: "bracket", PartNumber: "L4", Manufacturer: "Steelworks Ltd"}, ""},
	} {
		if got := itemFacts(r, tt.item).Catalog; got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.item, got, tt.want)
		}
	}
}

// An order may be long, but what it costs grows with its length and no faster: this text took seconds once.
func TestALongDescriptionIsReadOnce(t *testing.T) {
	t.Parallel()
	r := curated(t)
	for _, description := range []string{
		strings.Repeat("h100 ", 24000), strings.Repeat("ssd ", 24000) + "gpu", strings.Repeat("fan and ", 24000) + "for h100",
	} {
		if f := itemFacts(r, event.Item{Description: description}); f.Catalog != "" || f.Class == "a" {
			t.Errorf("%.20s: recognized %s without a word of context", description, f.Catalog)
		}
	}
}

func TestSubjectToTheEAR(t *testing.T) {
	t.Parallel()
	r := curated(t)
	abroad := event.Order{ShipFrom: "MY", Transaction: event.Reexport}
	for name, tc := range map[string]struct {
		order event.Order
		item  event.Item
		want  string
	}{
		"from the United States":                    {event.Order{ShipFrom: "US"}, event.Item{Description: "chair"}, "yes"},
		"an export when nothing is said":            {event.Order{}, event.Item{Description: "chair"}, "yes"},
		"an exporter in the United States":          {event.Order{Transaction: event.Reexport, Parties: []event.Party{{Role: event.Exporter, Address: &event.Address{Country: "US"}}}}, event.Item{}, "yes"},
		"an exporter elsewhere":                     {event.Order{Parties: []event.Party{{Role: event.Exporter, Address: &event.Address{Country: "DE"}}}}, event.Item{}, "unknown"},
		"US origin abroad":                          {abroad, event.Item{USOrigin: yes()}, "yes"},
		"origin US abroad":                          {abroad, event.Item{Origin: "US"}, "yes"},
		"a direct product":                          {abroad, event.Item{USDirectProduct: yes()}, "yes"},
		"content above de minimis":                  {abroad, event.Item{USContent: "25.1"}, "yes"},
		"content within de minimis":                 {abroad, event.Item{USContent: "25", USOrigin: no(), USDirectProduct: no()}, "unknown"},
		"content below every line":                  {abroad, event.Item{USContent: "4", USOrigin: no(), USDirectProduct: no()}, "no"},
		"little content, to Iran":                   {event.Order{ShipFrom: "MY", ShipTo: "IR", Transaction: event.Reexport}, event.Item{USContent: "11", USOrigin: no(), USDirectProduct: no()}, "yes"},
		"little content, to Germany":                {event.Order{ShipFrom: "MY", ShipTo: "DE", Transaction: event.Reexport}, event.Item{USContent: "25", USOrigin: no(), USDirectProduct: no()}, "no"},
		"little content in a chip of a US designer": {abroad, event.Item{Description: "NVIDIA H100 SXM", USContent: "4", USOrigin: no(), USDirectProduct: no()}, "yes"},
		"all three denied":                          {abroad, event.Item{USContent: "0", USOrigin: no(), USDirectProduct: no()}, "no"},
		"two denied":                                {abroad, event.Item{USOrigin: no(), USDirectProduct: no()}, "unknown"},
		"denied, but it leaves the United States":   {event.Order{ShipFrom: "US"}, event.Item{USContent: "0", USOrigin: no(), USDirectProduct: no()}, "yes"},
		"a controlled chip of a US designer":        {abroad, event.Item{Description: "NVIDIA H100 SXM"}, "yes"},
		"an ECCN of a US vendor":                    {abroad, event.Item{Manufacturer: "Cisco Systems", ECCN: "5A992.c"}, "yes"},
		"nothing known":                             {abroad, event.Item{Description: "module"}, "unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tc.order.Items = []event.Item{tc.item}
			if got := r.Facts(&tc.order, "").Items[0].Subject; got != tc.want {
				t.Errorf("subject %s, want %s", got, tc.want)
			}
		})
	}
}

func TestHongKongHasChinasGroupsFromTheEndOf2020(t *testing.T) {
	t.Parallel()
	f := curated(t).Facts(&event.Order{ShipTo: "HK", Route: []event.Country{"MO", "SG"}}, "")
	in := func(c event.Country, group string, d event.Date) bool {
		for _, p := range f.Places {
			if p.Country == c {
				return slices.ContainsFunc(p.Groups, func(g event.Group) bool { return g.Group == group && g.Holds(d) })
			}
		}
		t.Fatalf("no place %s", c)
		return false
	}
	if in("HK", "D:5", "2020-12-22") || !in("HK", "D:5", "2020-12-23") {
		t.Error("Hong Kong changes on 2020-12-23")
	}
	if in("MO", "D:5", "2026-01-01") || !in("MO", "D:1", "2026-01-01") || !in("MO", "D:4", "2026-01-01") {
		t.Error("Macau stands in D:1 and D:4, not in D:5")
	}
	if !in("SG", "A:6", "2026-01-01") {
		t.Error("Singapore stands in A:6")
	}
}
