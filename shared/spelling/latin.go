package spelling

import (
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/mozillazg/go-pinyin"
	"github.com/mozillazg/go-unidecode"
)

// mostReadings bounds the readings of one Chinese word: characters with several pronunciations multiply.
const mostReadings = 8

// Latin gives a folded word in Latin letters, in every reading: one for most scripts, several for Chinese.
func Latin(w string) []string {
	switch {
	case IsASCII(w):
		return []string{w}
	case HasHan(w):
		return Readings(w)
	}
	var b strings.Builder
	for _, r := range w {
		if t, ok := letters[r]; ok {
			b.WriteString(t)
			continue
		}
		b.WriteString(strings.ToLower(unidecode.Unidecode(string(r))))
	}
	return []string{onlyLetters(b.String())}
}

func onlyLetters(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// Readings gives the pinyin of a Chinese word, with every pronunciation of each character, the usual ones first.
func Readings(w string) []string {
	out := []string{""}
	for _, r := range w {
		out = extended(out, pronounced(r))
	}
	return out
}

// pronunciations remembers the characters that were asked for: the table behind it is slow.
var pronunciations sync.Map

// pronounced gives the pronunciations of a character without tones, the usual one first.
func pronounced(r rune) []string {
	if ss, ok := pronunciations.Load(r); ok {
		return ss.([]string)
	}
	ss := pinyin.SinglePinyin(r, pinyin.Args{Style: pinyin.Normal, Heteronym: true})
	if len(ss) == 0 {
		ss = []string{onlyLetters(strings.ToLower(unidecode.Unidecode(string(r))))}
	}
	var once []string
	for _, s := range ss {
		if !slices.Contains(once, s) {
			once = append(once, s)
		}
	}
	pronunciations.Store(r, once)
	return once
}

func extended(begun, sounds []string) []string {
	if len(sounds) == 1 {
		for i := range begun {
			begun[i] += sounds[0]
		}
		return begun
	}
	out := make([]string, 0, len(begun)*len(sounds))
	for _, s := range sounds {
		for _, b := range begun {
			next := b + s
			if len(out) < mostReadings {
				out = append(out, next)
			}
		}
	}
	return out
}

// letters are the letters for which passports and company registers do not write what a plain table gives.
var letters = map[rune]string{
	'й': "y", 'х': "kh", 'ц': "ts", 'щ': "shch", 'ю': "yu", 'я': "ya", 'ы': "y", 'э': "e", 'ё': "yo", 'ь': "", 'ъ': "", 'ж': "zh", 'ч': "ch", 'ш': "sh",
	'і': "i", 'ї': "yi", 'є': "ye", 'ґ': "g", 'ў': "u", 'ј': "j", 'љ': "lj", 'њ': "nj", 'ћ': "c", 'ђ': "dj", 'џ': "dz",
	'ə': "a", 'ا': "a", 'أ': "a", 'إ': "i", 'آ': "a", 'ة': "a", 'ى': "a", 'ع': "a", 'ء': "", 'ئ': "", 'ؤ': "", 'ح': "h", 'خ': "kh", 'ذ': "dh", 'ش': "sh", 'ص': "s",
	'ض': "d", 'ط': "t", 'ظ': "z", 'غ': "gh", 'ق': "q", 'و': "u", 'ي': "i", 'پ': "p", 'چ': "ch", 'ژ': "zh", 'گ': "g", 'ک': "k", 'ی': "i", 'ث': "th",
	'χ': "kh", 'η': "i", 'υ': "y", 'ω': "o", 'ψ': "ps", 'ξ': "x", 'θ': "th", 'φ': "f",
}

// HasHan says whether a string has a Chinese character.
func HasHan(s string) bool {
	for _, r := range s {
		if IsHan(r) {
			return true
		}
	}
	return false
}

// IsHan says whether a letter is a Chinese character.
func IsHan(r rune) bool { return unicode.Is(unicode.Han, r) }

// Script names the script of a word's first letter, coarsely: two words of one script are compared as they stand.
func Script(w string) byte {
	r, _ := utf8.DecodeRuneInString(w)
	switch {
	case r < 0x250:
		return 'l'
	case IsHan(r):
		return 'h'
	case unicode.Is(unicode.Cyrillic, r):
		return 'c'
	case unicode.Is(unicode.Arabic, r):
		return 'a'
	case unicode.Is(unicode.Greek, r):
		return 'g'
	case unicode.Is(unicode.Hangul, r):
		return 'k'
	case unicode.Is(unicode.Hiragana, r), unicode.Is(unicode.Katakana, r):
		return 'j'
	}
	return 'o'
}

// AsianWords cuts a folded word of Chinese, Japanese or Korean into places, trade words in English, and what is left between them.
func AsianWords(words []string, w string) []string {
	rest := []rune(WithoutChineseForm(w))
	start := 0
	for i := 0; i < len(rest); {
		n, english := asianWord(rest[i:])
		if n == 0 || (start == 0 && i == 0 && n == len(rest)) {
			i++
			continue
		}
		if i > start {
			words = append(words, string(rest[start:i]))
		}
		words = append(words, strings.Fields(english)...)
		i += n
		start = i
	}
	if start < len(rest) {
		words = append(words, string(rest[start:]))
	}
	return words
}

func asianWord(rs []rune) (n int, english string) {
	for n = min(10, len(rs)); n > 0; n-- {
		if e, ok := asianEnglish[string(rs[:n])]; ok {
			return n, e
		}
	}
	return 0, ""
}

// asianEnglish gives places, trade words and legal forms of Chinese, Japanese and Korean company names in English, in one spelling.
var asianEnglish = map[string]string{
	"北京": "beijing", "上海": "shanghai", "深圳": "shenzhen", "广州": "guangzhou", "成都": "chengdu", "武汉": "wuhan", "南京": "nanjing", "杭州": "hangzhou",
	"苏州": "suzhou", "合肥": "hefei", "长沙": "changsha", "济南": "jinan", "天津": "tianjin", "西安": "xian", "无锡": "wuxi", "厦门": "xiamen", "青岛": "qingdao",
	"珠海": "zhuhai", "重庆": "chongqing", "大连": "dalian", "东莞": "dongguan", "沈阳": "shenyang", "郑州": "zhengzhou", "宁波": "ningbo", "贵阳": "guiyang",
	"福州": "fuzhou", "香港": "hongkong", "澳门": "macau", "台湾": "taiwan", "中国": "china", "哈尔滨": "harbin", "昆山": "kunshan", "浙江": "zhejiang",
	"广东": "guangdong", "江苏": "jiangsu", "山东": "shandong", "四川": "sichuan", "湖北": "hubei", "湖南": "hunan", "河南": "henan", "河北": "hebei",
	"福建": "fujian", "安徽": "anhui", "陕西": "shaanxi", "新疆": "xinjiang", "云南": "yunnan", "东京": "tokyo", "日本": "japan", "市": "",
	"科技": "technology", "技术": "technology", "电子": "electronic", "信息": "information", "半导体": "semiconductor", "微电子": "microelectronic",
	"集成电路": "integrated circuit", "智能": "intelligent", "通信": "communication", "通讯": "communication", "软件": "software", "网络": "network",
	"数据": "data", "系统": "system", "工业": "industry", "实业": "industry", "产业": "industry", "集团": "group", "控股": "holding", "投资": "investment",
	"贸易": "trade", "国际": "international", "进出口": "importandexport", "研究所": "institute", "研究院": "institute", "大学": "university",
	"银行": "bank", "航空": "aviation", "航天": "aerospace", "汽车": "automobile", "机械": "machinery", "设备": "equipment", "存储": "memory", "制造": "manufacturing",
	"材料": "material", "能源": "energy", "石油": "petroleum", "化工": "chemical", "股份": "", "有限": "", "在线": "online",
	"전자": "electronic", "반도체": "semiconductor", "산업": "industry", "공업": "industry", "기술": "technology", "그룹": "group", "은행": "bank", "무역": "trade",
	"건설": "construction", "화학": "chemical", "통신": "communication", "해운": "shipping", "항공": "aviation", "자동차": "automobile", "중공업": "heavy industry",
	"주식회사": "", "유한회사": "", "한국": "korea", "조선": "korea", "서울": "seoul", "평양": "pyongyang",
	"グループ": "group", "ジャパン": "japan", "テクノロジー": "technology", "エレクトロニクス": "electronic", "インターナショナル": "international", "システム": "system",
	"電子": "electronic", "電機": "electric", "工業": "industry", "製作所": "works", "产業": "industry", "商事": "trade", "貿易": "trade", "ホールディングス": "holding",
	"株式会社": "", "有限会社": "", "电机": "electric", "制作所": "works",
}
