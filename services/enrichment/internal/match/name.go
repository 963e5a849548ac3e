// Package match compares the names and addresses of an order with those of listed parties. It looks up, it never
// scans: what a name costs does not grow with the lists.
package match

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MaxName is the number of bytes of a name that are compared; the rest is cut off.
const MaxName = 512

// Name is a name taken apart: folded words without legal forms, "and", "of" and "the".
type Name struct {
	Words   []string
	Compact string // the words written together: joined and split words are the same
	Sorted  string // the words in alphabetical order, with blanks between
	Letters int    // letters and digits in Compact
}

// Parse normalizes a name: NFKC and case folding, no accents, no punctuation, legal forms taken away, a few trade
// words brought to one spelling, single letters joined (S.M.I.C. is smic). The result is empty only for names without
// letters and digits.
func Parse(s string) Name {
	raw := rawWords(make([]string, 0, 8), s)
	from, to := withoutForms(raw)
	n := Name{Words: foldedWords(make([]string, 0, len(raw)), raw, raw[from:to])}
	n.Compact = strings.Join(n.Words, "")
	n.Letters = utf8.RuneCountInString(n.Compact)
	n.Sorted = n.Compact
	if len(n.Words) > 1 {
		sorted := slices.Clone(n.Words)
		slices.Sort(sorted)
		n.Sorted = strings.Join(sorted, " ")
	}
	return n
}

// Key is a name as one word, folded but with its legal forms: what two spellings of one registered name have in common.
func Key(s string) string { return strings.Join(rawWords(make([]string, 0, 8), s), "") }

// rawWords appends a name's words, folded to lower case without accents. Most are parts of one folded string, so that a
// name costs one allocation.
func rawWords(words []string, s string) []string {
	if len(s) > MaxName {
		s = strings.ToValidUTF8(s[:MaxName], "")
	}
	return joinLetters(split(words, fold(s)))
}

// foldedWords appends the words between the legal forms without small words and in one spelling; all words where
// nothing else is left.
func foldedWords(words, raw, core []string) []string {
	for _, w := range core {
		if w == "and" || w == "of" || w == "the" {
			continue
		}
		if w = oneSpelling(withoutChineseForm(w)); w != "" {
			words = append(words, w)
		}
	}
	if len(words) == 0 {
		words = append(words, raw...)
	}
	return words
}

// bareWords appends the words between the legal forms as they stand; all words where nothing else is left.
func bareWords(words, raw, core []string) []string {
	for _, w := range core {
		if w = withoutChineseForm(w); w != "" {
			words = append(words, w)
		}
	}
	if len(words) == 0 {
		words = append(words, raw...)
	}
	return words
}

// fold brings a string to lower case without accents. Plain ASCII, nearly every name, takes the short way.
func fold(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range norm.NFKD.String(norm.NFKC.String(s)) {
		if unicode.Is(unicode.Mn, r) && isAccent(r) {
			continue
		}
		r = unicode.ToLower(r)
		if t, ok := foldedRunes[r]; ok {
			b.WriteString(t)
			continue
		}
		b.WriteRune(r)
	}
	return norm.NFC.String(b.String())
}

// isAccent says whether a mark falls away: accents, points of Hebrew and Arabic. In kana and the scripts of India and
// its neighbors the marks make other letters.
func isAccent(r rune) bool { return r < 0x0700 }

// foldedRunes are letters that no decomposition brings to ASCII, and traditional characters of company names with
// their simplified forms.
var foldedRunes = map[rune]string{
	'ß': "ss", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th", 'æ': "ae", 'œ': "oe", 'ı': "i", 'ħ': "h",
	'華': "华", '為': "为", '術': "术", '國': "国", '際': "际", '電': "电", '體': "体", '導': "导", '業': "业", '團': "团",
	'責': "责", '發': "发", '開': "开", '實': "实", '驗': "验", '學': "学", '計': "计", '雲': "云", '長': "长", '儲': "储",
	'製': "制", '設': "设", '備': "备", '軟': "软", '訊': "讯", '騰': "腾", '東': "东", '廣': "广", '灣': "湾", '區': "区",
	'貿': "贸", '資': "资", '鑫': "鑫", '龍': "龙", '馬': "马", '進': "进", '網': "网", '絡': "络", '機': "机", '動': "动",
	'湯': "汤", '曠': "旷", '視': "视", '圖': "图", '飛': "飞", '聯': "联", '號': "号", '萬': "万", '興': "兴", '達': "达",
	'縣': "县", '門': "门", '阿': "阿", '裡': "里", '滬': "沪", '無': "无", '錫': "锡", '寧': "宁", '濟': "济", '鄭': "郑",
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// split cuts a folded string into words. Apostrophes join (xi'an is xian), ampersand is "and", all other marks part.
func split(words []string, s string) []string {
	start := -1
	var joined []byte // the word so far, when an apostrophe fell out of it
	end := func(i int) {
		if start >= 0 || joined != nil {
			w := string(joined)
			if start >= 0 {
				w += s[start:i]
			}
			if w != "" {
				words = append(words, w)
			}
		}
		start, joined = -1, nil
	}
	for i, r := range s {
		switch {
		case r < utf8.RuneSelf && (r >= 'a' && r <= 'z' || r >= '0' && r <= '9'),
			r >= utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Mc, r) || r == 'ー'):
			if start < 0 {
				start = i
			}
		case r == '\'' || r == '’' || r == '‘' || r == '`' || r == 'ʼ':
			if start >= 0 {
				joined, start = append(joined, s[start:i]...), -1
			}
		case r == '&' || r == '+':
			end(i)
			words = append(words, "and")
		default:
			end(i)
		}
	}
	end(len(s))
	return words
}

// joinLetters makes one word of single letters in a row: s m i c is smic, b v is bv.
func joinLetters(words []string) []string {
	out := words[:0]
	for i := 0; i < len(words); {
		j := i
		for j < len(words) && len(words[j]) == 1 && words[j][0] >= 'a' {
			j++
		}
		if j-i > 1 {
			out = append(out, strings.Join(words[i:j], ""))
			i = j
			continue
		}
		out = append(out, words[i])
		i++
	}
	return out
}

// oneSpelling brings trade words to one spelling.
func oneSpelling(w string) string {
	if t, ok := spellings[w]; ok {
		return t
	}
	return w
}

var spellings = map[string]string{
	"technologies": "technology", "tech": "technology", "techs": "technology", "technol": "technology",
	"electronics": "electronic", "info": "information", "intl": "international", "int": "international",
	"centre": "center", "centers": "center", "centres": "center", "semiconductors": "semiconductor", "semicon": "semiconductor",
	"industries": "industry", "ind": "industry", "systems": "system", "univ": "university", "inst": "institute",
	"microelectronics": "microelectronic", "communications": "communication", "telecommunications": "telecommunication",
	"manuf": "manufacturing", "mfg": "manufacturing", "dev": "development", "devt": "development", "svc": "service",
	"services": "service", "supercomputer": "supercomputing", "sciences": "science", "sci": "science", "labs": "laboratory",
	"lab": "laboratory", "laboratories": "laboratory", "ic": "ic", "defence": "defense", "holdings": "holding",
	"rd": "researchdevelopment", "solutions": "solution", "grp": "group", "res": "research", "natl": "national",
	"airline": "airways", "airlines": "airways",
}

// withoutForms says which words stand between the legal forms at both ends; at least one word is left.
func withoutForms(words []string) (from, to int) {
	to = len(words)
	for to > 1 && (tailForms[words[to-1]] || words[to-1] == "and") {
		to--
	}
	for from < to-1 && headForms[words[from]] {
		from++
	}
	return from, to
}

// withoutChineseForm takes the legal form off the end of a Chinese word; nothing is left of one that is all form.
func withoutChineseForm(w string) string {
	if isASCII(w) {
		return w
	}
	for _, f := range chineseForms {
		if t, ok := strings.CutSuffix(w, f); ok {
			return withoutChineseForm(t)
		}
	}
	return w
}

var chineseForms = []string{"股份有限公司", "有限责任公司", "有限公司", "株式会社", "公司"}

// withoutChineseTrade takes the trade word off the end of a Chinese word that has two characters before it.
func withoutChineseTrade(w string) string {
	for _, f := range chineseTrades {
		if t, ok := strings.CutSuffix(w, f); ok && utf8.RuneCountInString(t) >= 2 {
			return t
		}
	}
	return w
}

var chineseTrades = []string{"科技", "技术", "集团", "控股", "电子", "信息", "半导体"}

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

// Legal forms at the end of a name, and those that Russian, Indonesian and Thai names carry in front.
var (
	tailForms = set(`ltd limited co company companies corp corporation inc incorporated llc llp lp plc gmbh mbh ag kg kgaa ohg se sa
		sas sasu sarl sl slu srl spa sro zoo nv bv cv ua ab as asa oy oyj aps kft zrt pte pty pvt private bhd sdn berhad jsc pjsc ojsc
		cjsc ooo ao oao zao pao tbk pt kk yk gk fze fzco fzc fzllc dmcc est establishment coltd colimited youxian gongsi sociedad anonima ltda
		eood ood jse sal wll`)
	headForms = set(`ooo ao oao zao pao pjsc jsc ojsc cjsc pt public joint stock limited liability company open closed private`)
)
