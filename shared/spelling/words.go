// Package spelling brings names to the form in which two spellings of one name are the same: folded words without marks, the legal
// forms known, other scripts in Latin letters. It compares nothing and knows no list.
package spelling

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MaxName is the number of bytes of a name that are compared; the rest is cut off.
const MaxName = 512

// AppendWords appends a name's words, folded to lower case without accents. Most are parts of one folded string, so that a
// name costs one allocation.
func AppendWords(words []string, s string) []string {
	if len(s) > MaxName {
		s = strings.ToValidUTF8(s[:MaxName], "")
	}
	return joinLetters(split(words, Fold(s)))
}

// Fold brings a string to lower case without accents. Plain ASCII, nearly every name, takes the short way.
func Fold(s string) string {
	if IsASCII(s) {
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

// IsASCII says whether a string is plain ASCII.
func IsASCII(s string) bool {
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

// OneSpelling brings trade words to one spelling.
func OneSpelling(w string) string {
	if t, ok := TradeWords[w]; ok {
		return t
	}
	return w
}

// TradeWords are trade words with their one spelling.
var TradeWords = map[string]string{
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

// WithoutForms says which words stand between the legal forms at both ends; at least one word is left.
func WithoutForms(words []string) (from, to int) {
	to = len(words)
	for to > 1 && (TailForms[words[to-1]] || words[to-1] == "and") {
		to--
	}
	for from < to-1 && HeadForms[words[from]] {
		from++
	}
	return from, to
}

// WithoutChineseForm takes the legal form off the end of a Chinese word; nothing is left of one that is all form.
func WithoutChineseForm(w string) string {
	if IsASCII(w) {
		return w
	}
	for _, f := range chineseForms {
		if t, ok := strings.CutSuffix(w, f); ok {
			return WithoutChineseForm(t)
		}
	}
	return w
}

var chineseForms = []string{"股份有限公司", "有限责任公司", "有限公司", "株式会社", "公司"}

// TailForms are legal forms at the end of a name, HeadForms those that Russian, Indonesian and Thai names carry in front.
var (
	TailForms = set(`ltd limited co company companies corp corporation inc incorporated llc llp lp plc gmbh mbh ag kg kgaa ohg se sa
		sas sasu sarl sl slu srl spa sro zoo nv bv cv ua ab as asa oy oyj aps kft zrt pte pty pvt private bhd sdn berhad jsc pjsc ojsc
		cjsc ooo ao oao zao pao tbk pt kk yk gk fze fzco fzc fzllc dmcc est establishment coltd colimited youxian gongsi sociedad anonima ltda
		eood ood jse sal wll`)
	HeadForms = set(`ooo ao oao zao pao pjsc jsc ojsc cjsc pt public joint stock limited liability company open closed private`)
)

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}
