package match

import "testing"

func TestResemble(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		a, b  string
		kind  Kind
		least int
		most  int
	}{
		"the same string": {"Ostrava Robotika", "Ostrava Robotika", Company, 1000, 1000},

		"never as much for another string": {"OSTRAVA ROBOTIKA", "Ostrava Robotika", Company, 950, 990},

		"Cyrillic": {"Лантерн Вест", "Lantern Vest", Company, 950, 990},

		"Greek": {"Λαντερν", "Lantern", Company, 900, 990},

		"Arabic writes few vowels": {"محمد كريم", "Mohammad Karim", Person, 800, 990},

		"kana": {"ランタングループ株式会社", "Rantan Group Co., Ltd.", Company, 850, 990},

		"Korean": {"란턴전자", "Ranteon Electronics", Company, 850, 990},

		"Chinese and its pinyin": {"深圳灯塔科技有限公司", "Shenzhen Dengta Keji Youxian Gongsi", Company, 900, 990},

		"a second pronunciation": {"重庆长灯银行", "Chongqing Changdeng Bank", Company, 900, 990},

		"a trade word in English": {"灯塔半导体", "Dengta Semiconductor", Company, 900, 990},

		"words in another order": {"Robotika Ostrava", "Ostrava Robotika", Company, 900, 975},

		"words joined": {"Brightwater Harbour", "BrightWater Harbour", Company, 950, 990},

		"words split": {"Bright Water Harbour", "Brightwater Harbour", Company, 900, 990},

		"a form spelled out": {"Kestrel Aktiengesellschaft", "Kestrel AG", Company, 950, 990},

		"a form of another language": {"ОАО Кестрель", "Kestrel JSC", Company, 900, 990},

		"a number in words": {"Workshop Forty-Two Lantern", "Workshop 42 Lantern", Company, 930, 990},

		"another number": {"Lantern Factory No. 2", "Lantern Factory No. 12", Company, 0, 799},

		"another city": {"Brightwater Shanghai", "Brightwater Shenzhen", Company, 0, 799},

		"another trade": {"Brightwater Bank", "Brightwater Trust", Company, 0, 799},

		"only trade words in common": {"Beacon Information Technology", "Kestrel Information Technology", Company, 0, 700},

		"an initial": {"J. Brightwater", "Jonas Brightwater", Person, 800, 950},

		"another initial": {"K. Brightwater", "Jonas Brightwater", Person, 0, 799},

		"a middle name left out": {"Jonas Brightwater", "Jonas Emil Brightwater", Person, 800, 950},

		"another middle name": {"Jonas Karl Brightwater", "Jonas Emil Brightwater", Person, 0, 799},

		"one name alone is not the person": {"Brightwater", "Jonas Emil Brightwater", Person, 0, 799},

		"a word that tells much left out of a firm": {"Lantern Trading", "Lantern Kestrel Trading", Company, 0, 799},

		"a word that tells nothing left out": {"Lantern Kestrel", "Lantern Kestrel Group", Company, 850, 990},

		"two slips in two words": {"Brihgtwater Robotica", "Brightwater Robotika", Company, 800, 990},

		"nothing in common": {"Lantern", "Kestrel", Company, 0, 100},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := NewProfile(tc.a, tc.kind), NewProfile(tc.b, tc.kind)
			l := Resemble(&a, &b)
			if l.Score < tc.least || l.Score > tc.most {
				t.Errorf("%q and %q: %d, want %d to %d: %q", tc.a, tc.b, l.Score, tc.least, tc.most, l.Why())
			}
			if len(l.Why()) == 0 {
				t.Error("no reasons")
			}
		})
	}
}
