package enrichment

import (
	"slices"
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
)

func curated(tb testing.TB) *Reference {
	tb.Helper()
	r, err := Curated()
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func party(name string, country event.Country) event.Party {
	return event.Party{Role: event.Purchaser, Name: name, Address: &event.Address{Country: country}}
}

func factsOf(r *Reference, p event.Party) event.PartyFacts {
	return r.Facts(&event.Order{Parties: []event.Party{p}}, "").Parties[0]
}

func TestNamesOfListedParties(t *testing.T) {
	t.Parallel()
	r := curated(t)
	for name, tc := range map[string]struct {
		name    string
		country event.Country
		entry   string
		method  string
		least   event.Milli
		below   event.Milli
	}{
		"the exact name scores one":                      {"Huawei Technologies Co., Ltd.", "CN", "el-cn-huawei-technologies", "exact", 1000, 1001},
		"capitals and missing points are the same name":  {"HUAWEI TECHNOLOGIES CO LTD", "CN", "el-cn-huawei-technologies", "normalized", 950, 1000},
		"the legal form does not matter":                 {"Huawei Technologies", "CN", "el-cn-huawei-technologies", "normalized", 950, 1000},
		"the Chinese name is an alias":                   {"华为技术有限公司", "CN", "el-cn-huawei-technologies", "exact", 950, 1000},
		"the Chinese name in traditional characters":     {"華為技術有限公司", "HK", "el-cn-huawei-technologies", "normalized", 950, 1000},
		"full width letters are folded":                  {"Ｈｕａｗｅｉ Technologies", "CN", "el-cn-huawei-technologies", "normalized", 950, 1000},
		"singular Moore Thread as the row has it":        {"Moore Thread Intelligent Technology (Beijing) Co., Ltd.", "CN", "el-cn-moore-thread-intelligent-technology-beijing", "exact", 1000, 1001},
		"plural Moore Threads as everybody writes it":    {"Moore Threads Intelligent Technology (Beijing) Co., Ltd.", "CN", "el-cn-moore-thread-intelligent-technology-beijing", "one_edit", 900, 950},
		"Techology as the row spells it":                 {"Suma Techology Co., Ltd.", "CN", "el-cn-suma-techology", "exact", 1000, 1001},
		"Technology as it should be":                     {"Suma Technology Co., Ltd.", "CN", "el-cn-suma-techology", "exact", 980, 1000},
		"Higon":                                          {"Higon", "CN", "el-cn-higon", "exact", 1000, 1001},
		"Hygon is the alias of the Chengdu unit":         {"Hygon", "CN", "el-cn-chengdu-haiguang-integrated-circuit", "exact", 980, 1000},
		"Cambrian is Cambricon":                          {"Cambrian Technologies Corporation", "CN", "el-cn-cambricon-technologies", "exact", 980, 1000},
		"Suanneng is Sophgo":                             {"Beijing Suanneng Technology Co Ltd", "CN", "el-cn-sophgo-technologies", "normalized", 950, 1000},
		"Shuguang is Sugon":                              {"Shuguang Information Industry", "CN", "el-cn-sugon", "exact", 980, 1000},
		"Changjiang Cunchu is YMTC":                      {"Changjiang Cunchu", "CN", "el-cn-yangtze-memory-technologies", "exact", 980, 1000},
		"Langchao is Inspur":                             {"Langchao (Beijing) Electronic Information Industry Co., Ltd.", "CN", "el-cn-inspur-beijing-electronic-information-industry", "exact", 980, 1000},
		"Feiteng is Phytium":                             {"Tianjin Feiteng Information Technology", "CN", "el-cn-tianjin-phytium-information-technology", "exact", 980, 1000},
		"iFlytek in its own spelling":                    {"iFlytek", "CN", "el-cn-iflytek", "normalized", 950, 1000},
		"YMTC Japan is its own row":                      {"Yangtze Memory Technologies (Japan) Inc.", "JP", "el-jp-yangtze-memory-technologies-japan", "exact", 1000, 1001},
		"YMTC Japan by its alias":                        {"JYM Technology Co., Ltd.", "JP", "el-jp-yangtze-memory-technologies-japan", "exact", 980, 1000},
		"the alias of NUDT under which it bought":        {"Central South CAD Center", "CN", "el-cn-national-university-of-defense-technology", "exact", 980, 1000},
		"an abbreviation in brackets":                    {"Beijing Academy of Artificial Intelligence (BAAI)", "CN", "el-cn-beijing-academy-of-artificial-intelligence", "normalized", 950, 1000},
		"the words in another order":                     {"Intelligent Technology Biren Shanghai Co., Ltd.", "CN", "el-cn-shanghai-biren-intelligent-technology", "reordered", 900, 950},
		"one letter too many":                            {"Shanghai Birren Intelligent Technology Co., Ltd.", "CN", "el-cn-shanghai-biren-intelligent-technology", "one_edit", 900, 950},
		"two letters swapped":                            {"Cmabricon Technologies Corporation Limited", "CN", "el-cn-cambricon-technologies", "one_edit", 900, 950},
		"joined words":                                   {"MooreThreads", "CN", "el-cn-moore-thread-intelligent-technology-beijing", "normalized", 950, 1000},
		"split words":                                    {"Hi Silicon Technologies Co Ltd", "CN", "el-cn-hisilicon-technologies", "normalized", 950, 1000},
		"points between letters":                         {"S.M.I.C. Beijing", "CN", "el-cn-semiconductor-manufacturing-international-beijing", "normalized", 950, 1000},
		"and for ampersand":                              {"SMIC Advanced Technology R and D (Shanghai) Corporation", "CN", "el-cn-smic-advanced-technology-r-and-d-shanghai", "normalized", 950, 1000},
		"an apostrophe that somebody left out":           {"Xian Cambricon", "CN", "el-cn-cambricon-xian-integrated-circuit", "normalized", 950, 1000},
		"Hong Kong counts as China":                      {"Sugon", "HK", "el-cn-sugon", "exact", 1000, 1001},
		"the country is not known":                       {"PowerAir Pte. Ltd.", "", "el-sg-powerair", "exact", 1000, 1001},
		"a person's name turned around":                  {"Karl Lee", "CN", "sdn-cn-li-fangwei", "exact", 980, 1000},
		"Singapore's own row is a hit there":             {"Huawei International Pte Ltd", "SG", "el-sg-huawei-international", "normalized", 950, 1000},
		"the same name in another country is for review": {"Cambricon Technologies Corporation Limited", "DE", "el-cn-cambricon-technologies", "exact", 800, 900},
		"four letters in another country are for review": {"SMIC", "DE", "el-cn-semiconductor-manufacturing-international", "exact", 800, 900},
		"Loongson in another country is for review":      {"Loongson", "BR", "el-cn-loongson-technology", "exact", 800, 900},
		"a letter missing in a trade word":               {"Huawei Tecnologies Co., Ltd.", "CN", "el-cn-huawei-technologies", "one_edit", 900, 950},
		"a letter missing in another place of it":        {"Huawei Technologes Co., Ltd.", "CN", "el-cn-huawei-technologies", "one_edit", 900, 950},
		"a trade word misspelled under another form":     {"Cambricon Tecnologies Inc.", "CN", "el-cn-cambricon-technologies", "one_edit", 900, 950},
		"letters swapped in the legal form":              {"Huawei Technologies Co., Ldt.", "CN", "el-cn-huawei-technologies", "one_edit", 900, 950},
		"no blank before the trade word":                 {"HuaweiTechnologies Ltd", "CN", "el-cn-huawei-technologies", "one_edit", 900, 950},
		"a listed person with letters swapped":           {"Li Fangwie", "CN", "sdn-cn-li-fangwei", "one_edit", 900, 950},
		"one Chinese character changed is for review":    {"深圳市海航半导体有限公司", "CN", "el-cn-hisilicon-technologies", "one_edit", 800, 900},
		"one edit and the country unknown is for review": {"Sophgo Technologys Ltd.", "", "el-cn-sophgo-technologies", "one_edit", 800, 900},
		"one edit in a short name stays below a hit":     {"Biran", "CN", "el-cn-shanghai-biren-intelligent-technology", "one_edit", 800, 900},
		"a CXMT order is a red flag only":                {"ChangXin Memory Technologies, Inc.", "CN", "1260h-cn-changxin-memory-technologies", "exact", 1000, 1001},
		"Fly Raise stands on the Military End User List": {"Fly Raise International Ltd", "HK", "meu-hk-fly-raise-international", "normalized", 950, 1000},
		"a denied person":                                {"Mahan Airways", "IR", "dpl-ir-mahan-airways", "exact", 1000, 1001},
		"a trade name behind d/b/a":                      {"Siberian Airlines d/b/a S7 Airlines", "RU", "dpl-ru-siberian-airlines", "normalized", 950, 1000},
		"an umlaut written out or not":                   {"Huawei Technologies Düsseldorf GmbH", "DE", "el-de-huawei-technologies-dusseldorf", "exact", 980, 1000},
		"Arrow's Hong Kong unit remains listed":          {"Arrow Electronics (Hong Kong) Co., Ltd.", "HK", "el-hk-arrow-electronics-hong-kong", "exact", 1000, 1001},
		"Russian forms in front":                         {"OOO Serniya Engineering", "RU", "sdn-ru-ooo-serniya-inzhiniring", "normalized", 950, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := factsOf(r, party(tc.name, tc.country))
			i := slices.IndexFunc(f.Matches, func(m event.Match) bool { return m.Entry == tc.entry })
			if i < 0 {
				t.Fatalf("%q does not match %s; it matches %v", tc.name, tc.entry, entries(f.Matches))
			}
			if m := f.Matches[i]; m.Method != tc.method || m.Score < tc.least || m.Score >= tc.below {
				t.Errorf("method %s, score %s; want %s, %s up to below %s (matched %q)", m.Method, m.Score, tc.method, tc.least, tc.below, m.Matched)
			}
		})
	}
}

func entries(ms []event.Match) []string {
	var out []string
	for _, m := range ms {
		out = append(out, m.Entry+" "+m.Score.String())
	}
	return out
}

func TestNamesOfNobodyListed(t *testing.T) {
	t.Parallel()
	r := curated(t)
	const review = event.Milli(800)
	for name, p := range map[string]event.Party{
		"an ordinary firm":                                {Name: "Brightwater Instruments GmbH"},
		"only generic words in common":                    {Name: "Shanghai Information Technology Co., Ltd."},
		"another generic firm of a listed city":           {Name: "Chengdu Microelectronics Technology Co., Ltd."},
		"another number":                                  {Name: "7104 Factory"},
		"a second number":                                 {Name: "Factory No. 12"},
		"part of a listed name":                           {Name: "Beijing Academy"},
		"an abbreviation one letter off":                  {Name: "SMIB"},
		"Arrow in the United States":                      party("Arrow Electronics, Inc.", "US"),
		"a university that is not the listed one":         {Name: "National University of Technology"},
		"a hall named after Cambria":                      {Name: "Cambria Hall Hotel"},
		"Dawn is not Dawning":                             {Name: "Dawn Foods"},
		"the word address and a number is no entry":       {Name: "Address 03"},
		"a contact called Laura is not Naura":             {Name: "Brightwater Instruments", Contacts: []string{"Laura", "Suma", "Biren"}},
		"a car maker under an abbreviation of the list's": party("GMC", "US"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, m := range factsOf(r, p).Matches {
				if m.Score >= review {
					t.Errorf("%q matches %s %q with %s by %s", p.Name, m.Entry, m.Matched, m.Score, m.Method)
				}
			}
		})
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	r := curated(t)
	type want struct{ entry, method string }
	for name, tc := range map[string]struct {
		lines   []string
		country event.Country
		rows    []want // in Matches
		shared  []want // in SharedWith, at room level
	}{
		"the ship-to that must match Address 03 and Cambricon (Hong Kong)": {
			[]string{"RM19C LOCKHART CTR 301-307"},
			"HK",
			[]want{{"el-address-03", "address_room"}},
			[]want{{"el-hk-cambricon-hong-kong", "address_room"}},
		},
		"the same room as a letter has it": {
			[]string{"Room 19C, Lockhart Centre", "301-307 Lockhart Road", "Wan Chai"},
			"HK",
			[]want{{"el-address-03", "address_room"}},
			[]want{{"el-hk-cambricon-hong-kong", "address_room"}},
		},
		"another room of the same house is for review": {
			[]string{"Room 8A, Lockhart Centre", "301-307 Lockhart Road"},
			"HK",
			[]want{{"el-address-03", "address_building"}},
			nil,
		},
		"Ho King, a room of nobody's": {
			[]string{"Room 911, Ho King Commercial Centre, 2-16 Fa Yuen Street, Mong Kok"},
			"HK",
			[]want{{"el-address-05", "address_building"}, {"el-address-06", "address_building"}, {"el-address-13", "address_building"}, {"el-address-17", "address_building"}, {"el-address-18", "address_building"}},
			nil,
		},
		"Ho King, room 1605A is row 17 and not row 18": {
			[]string{"Rm 1605A Ho King Comm. Ctr.", "2-16 Fa Yuen St."},
			"HK",
			[]want{{"el-address-17", "address_room"}, {"el-address-18", "address_building"}},
			nil,
		},
		"Ho King, room 2309 with its floor": {
			[]string{"Flat 2309, 23/F, Ho King Commercial Center"},
			"HK",
			[]want{{"el-address-05", "address_room"}},
			nil,
		},
		"one room of a listed pair of rooms": {
			[]string{"Room 1319, 13/F, Hollywood Plaza, 610 Nathan Road"},
			"HK",
			[]want{{"el-address-07", "address_room"}, {"el-address-08", "address_room"}},
			nil,
		},
		"a whole floor": {[]string{"7/F MW Tower", "111 Bonham Strand", "Sheung Wan"}, "HK", []want{{"el-address-10", "address_room"}}, nil},
		"a house and no room": {
			[]string{"14C Hung Shui Kiu Main Street, Yuen Long"},
			"HK",
			[]want{{"el-address-16", "address_room"}},
			nil,
		},
		"Istanbul":                              {[]string{"52 Hasat Sk., Merkez Mah.", "Sisli, Istanbul"}, "TR", []want{{"el-tr-address-01", "address_room"}}, nil},
		"Address 02 is also that of Fly Raise":  {[]string{"Unit 04, 7/F, Bright Way Tower, 33 Mong Kok Road"}, "HK", []want{{"el-address-02", "address_room"}}, []want{{"meu-hk-fly-raise-international", "address_room"}}},
		"the same street in another country":    {[]string{"18 Luard Road"}, "GB", nil, nil},
		"the same number in another street":     {[]string{"301 Hennessy Road, Wan Chai"}, "HK", nil, nil},
		"a street of that name in another city": {[]string{"No. 1036 Langchao Road, Shanghai"}, "CN", nil, nil},
		"the house of Inspur":                   {[]string{"No. 1036 Langchao Road", "Jinan"}, "CN", nil, []want{{"el-cn-inspur-electronic-information-industry", "address_room"}, {"el-cn-inspur-group", "address_room"}, {"cmic-cn-inspur-group", ""}}},
		"no address":                            {nil, "HK", nil, nil},
		"one floor of Chengdu, two listed firms": {
			[]string{"No. 23-32, 12th Floor, Block E5", "Tianfu Software Park, No. 1366 Middle Section of Tianfu Avenue", "Chengdu"},
			"CN",
			nil,
			[]want{{"el-cn-chengdu-haiguang-microelectronics-technology", "address_room"}, {"el-cn-moore-thread-intelligent-technology-chengdu", ""}},
		},
		"one floor of Longhua, two listed firms": {
			[]string{"Floor 55, Building C, Digital Innovation Center, No. 328 Mintang Road, Longhua District", "Shenzhen"},
			"CN",
			nil,
			[]want{{"el-cn-swaysure-technology", "address_room"}, {"el-cn-shenzhen-pengxinxu-technology", "address_room"}},
		},
		"one house of Lingang, two listed firms": {
			[]string{"No. 888 Huanhu West 2nd Road, Lingang New Area", "Shanghai"},
			"CN",
			nil,
			[]want{{"el-cn-shanghai-cambricon-information-technology", "address_room"}, {"el-cn-suzhou-xinyan-holdings", "address_building"}},
		},
		"one floor of Haidian, two listed institutes": {
			[]string{"B201C-1, 3rd Floor, Building 8, No. 1 Zhongguancun East Road, Haidian District", "Beijing"},
			"CN",
			nil,
			[]want{{"el-cn-beijing-innovation-wisdom-technology", "address_room"}},
		},
		"one floor of Kowloon Bay, two listed firms": {
			[]string{"Room B & C, 30/F, Tower A, Billion Centre, 1 Wang Kwong Road, Kowloon Bay"},
			"HK",
			nil,
			[]want{{"el-hk-inspur-electronic-information-hong-kong", "address_room"}, {"el-hk-inspur-hk-electronics", "address_room"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := party("Harbour Nine Trading", tc.country)
			p.Address.Lines = tc.lines
			f := factsOf(r, p)
			for _, w := range tc.rows {
				if !slices.ContainsFunc(f.Matches, func(m event.Match) bool {
					return m.Entry == w.entry && m.Method == w.method && m.Field == "address" && m.Scope == "ccl"
				}) {
					t.Errorf("no %s by %s in %v", w.entry, w.method, f.Matches)
				}
			}
			if tc.rows == nil && len(f.Matches) > 0 {
				t.Errorf("matches %v", f.Matches)
			}
			for _, w := range tc.shared {
				if w.method != "" && !slices.ContainsFunc(f.SharedWith, func(m event.Match) bool { return m.Entry == w.entry && m.Method == w.method }) {
					t.Errorf("does not share with %s by %s: %v", w.entry, w.method, entries(f.SharedWith))
				}
			}
			if tc.shared == nil && slices.ContainsFunc(f.SharedWith, func(m event.Match) bool { return m.Score >= 800 }) {
				t.Errorf("shares with %v", entries(f.SharedWith))
			}
		})
	}
}

func TestAPartyAtItsOwnAddressSharesWithNobody(t *testing.T) {
	t.Parallel()
	p := party("Inspur Group Co., Ltd.", "CN")
	p.Address.Lines = []string{"No. 1036 Langchao Road", "Jinan City"}
	for _, m := range factsOf(curated(t), p).SharedWith {
		if m.Entry == "el-cn-inspur-group" {
			t.Errorf("shares with itself: %v", m)
		}
	}
}

func footnote(n int, from event.Date) []event.Footnote {
	return []event.Footnote{{Number: n, Span: event.Span{From: from}}}
}

func TestDatedFactsOfListings(t *testing.T) {
	t.Parallel()
	r := curated(t)
	for name, tc := range map[string]struct {
		party event.Party
		entry string
		from  event.Date
		fn    []event.Footnote
	}{
		"Huawei from the effective day, before publication": {party("Huawei Technologies Co., Ltd.", "CN"), "el-cn-huawei-technologies", "2019-05-16", footnote(1, "2020-05-15")},
		"SwaySure from the effective day":                   {party("SwaySure Technology Co., Ltd.", "CN"), "el-cn-swaysure-technology", "2024-12-02", footnote(5, "2024-12-02")},
		"SMIC in 2020, footnote 5 in 2024":                  {party("SMIC Beijing", "CN"), "el-cn-semiconductor-manufacturing-international-beijing", "2020-12-18", footnote(5, "2024-12-02")},
		"SMIC Shenzhen has no footnote":                     {party("SMIC Shenzhen", "CN"), "el-cn-semiconductor-manufacturing-international-shenzhen", "2020-12-18", nil},
		"Sugon in 2019, footnote 4 in 2022":                 {party("Sugon", "CN"), "el-cn-sugon", "2019-06-24", footnote(4, "2022-10-21")},
		"a row of 2025 with footnote 4 from its first day":  {party("Inspur Taiwan", "TW"), "el-tw-inspur-taiwan", "2025-03-25", footnote(4, "2025-03-25")},
		"footnote 3 of a distributor":                       {party("Allchips Limited", "HK"), "el-cn-allchips", "2024-08-27", footnote(3, "2024-08-27")},
		"1260H from the notice":                             {party("BYD Company Limited", "CN"), "1260h-cn-byd", "2026-06-10", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := factsOf(r, tc.party)
			i := slices.IndexFunc(f.Matches, func(m event.Match) bool { return m.Entry == tc.entry })
			if i < 0 {
				t.Fatalf("no %s in %v", tc.entry, entries(f.Matches))
			}
			m := f.Matches[i]
			if m.Listed[0].From != tc.from || !slices.Equal(m.Footnotes, tc.fn) {
				t.Errorf("listed from %s with footnotes %v, want %s and %v", m.Listed[0].From, m.Footnotes, tc.from, tc.fn)
			}
		})
	}
}

func person(c event.Country, evidence string) event.Known {
	return event.Known{Country: c, How: "person", Evidence: evidence}
}

func TestHeadquartersAndParent(t *testing.T) {
	t.Parallel()
	r := curated(t)
	yes, no := true, false
	for name, tc := range map[string]struct {
		party      event.Party
		hq, parent event.Known
	}{
		"nothing stated is unknown":                      {party("Brightwater Instruments GmbH", "DE"), event.Known{}, event.Known{}},
		"stated":                                         {event.Party{Name: "Kestrel Compute", Headquarters: "SG", Parent: &event.Parent{Name: "Kestrel Holdings", Country: "GB"}}, event.Known{Country: "SG", How: "stated", Evidence: "SG"}, event.Known{Country: "GB", How: "stated", Evidence: "Kestrel Holdings"}},
		"no parent is its own headquarters":              {event.Party{Name: "Kestrel Compute", Headquarters: "SG", Independent: &yes}, event.Known{Country: "SG", How: "stated", Evidence: "SG"}, event.Known{Country: "SG", How: "stated_none", Evidence: "no parent; headquarters SG"}},
		"no parent and no headquarters":                  {event.Party{Name: "Kestrel Compute", Independent: &yes}, event.Known{}, event.Known{How: "stated_none"}},
		"a listed entry is evidence":                     {party("Sugon", ""), event.Known{Country: "CN", How: "listed_entry", Evidence: "el-cn-sugon"}, event.Known{}},
		"a possible match is none":                       {party("Sugon", "DE"), event.Known{}, event.Known{}},
		"a natural person is where the address is":       {event.Party{Name: "Mara Lindqvist", Person: &yes, Address: &event.Address{Country: "SG"}}, person("SG", "a natural person in SG"), person("SG", "a natural person has no parent")},
		"a natural person whose address names a country": {event.Party{Name: "Mara Lindqvist", Person: &yes, Address: &event.Address{Lines: []string{"4 Quay Lane, Singapore"}}}, person("SG", "a natural person in SG"), person("SG", "a natural person has no parent")},
		"a natural person nowhere is unknown":            {event.Party{Name: "Mara Lindqvist", Person: &yes}, event.Known{}, event.Known{}},
		"a stated seat of a person goes first":           {event.Party{Name: "Mara Lindqvist", Person: &yes, Headquarters: "CN", Address: &event.Address{Country: "SG"}}, event.Known{Country: "CN", How: "stated", Evidence: "CN"}, person("CN", "a natural person has no parent")},
		"a parent stated of a person is not thrown away": {event.Party{Name: "Mara Lindqvist", Person: &yes, Address: &event.Address{Country: "SG"}, Parent: &event.Parent{Name: "Kestrel Holdings", Country: "GB"}}, person("SG", "a natural person in SG"), event.Known{Country: "GB", How: "stated", Evidence: "Kestrel Holdings"}},
		"stated to be no person":                         {event.Party{Name: "Mara Lindqvist", Person: &no, Address: &event.Address{Country: "SG"}}, event.Known{}, event.Known{}},
		"a listed parent is evidence":                    {event.Party{Name: "Kestrel Compute", Parent: &event.Parent{Name: "Inspur Group Co., Ltd."}}, event.Known{}, event.Known{Country: "CN", How: "listed_entry", Evidence: "el-cn-inspur-group"}},
		"the group of a listed unit abroad":              {party("Inspur Taiwan", "TW"), event.Known{Country: "TW", How: "listed_entry", Evidence: "el-tw-inspur-taiwan"}, event.Known{Country: "CN", How: "listed_entry", Evidence: "el-tw-inspur-taiwan"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := factsOf(r, tc.party)
			if f.Headquarters != tc.hq || f.Parent != tc.parent {
				t.Errorf("headquarters %+v, parent %+v; want %+v, %+v", f.Headquarters, f.Parent, tc.hq, tc.parent)
			}
		})
	}
}

func TestOwnersDirectorsAndPayers(t *testing.T) {
	t.Parallel()
	r := curated(t)
	held := event.Span{From: "2025-01-01"}
	o := &event.Order{
		Parties: []event.Party{
			{Role: event.EndUser, Name: "Kestrel Compute", Owners: []event.Owner{{Name: "Inspur Group Co., Ltd.", Percent: "50", Span: held}, {Name: "Kestrel Staff Trust"}}, Directors: []string{"LEE, Karl"}},
			{Role: event.Purchaser, Name: "Harbour Nine Trading"},
		},
		Payment: &event.Payment{Payer: "Suma-USI Electronics", Country: "CN"},
	}
	f := r.Facts(o, "")
	if n := len(f.Parties[0].Owners); n == 0 || f.Parties[0].Owners[0].Match.Field != "owner" || f.Parties[0].Owners[0].Held != held || f.Parties[0].Owners[0].Percent != "50" {
		t.Errorf("owners %+v", f.Parties[0].Owners)
	}
	if slices.ContainsFunc(f.Parties[0].Matches, func(m event.Match) bool { return m.Field == "owner" }) {
		t.Error("an owner is no match of the party itself")
	}
	if !slices.ContainsFunc(f.Parties[0].Matches, func(m event.Match) bool { return m.Field == "director" && m.List == "SDN" }) {
		t.Errorf("no director in %v", f.Parties[0].Matches)
	}
	if !slices.ContainsFunc(f.Parties[1].Matches, func(m event.Match) bool { return m.Field == "payer" && m.Score >= 900 }) {
		t.Errorf("no payer with the purchaser: %v", f.Parties[1].Matches)
	}
	if !slices.ContainsFunc(f.Places, func(p event.Place) bool { return p.Country == "CN" }) {
		t.Errorf("places %v lack the payer's country", f.Places)
	}
}
