package match

import "strings"

// The weight table: what a word tells about who bears the name. It is shipped with the matcher and versioned with it;
// nothing is learned from the lists that are loaded, so that a row more changes no other row's score.
const (
	weighsRare     = 100 // a word that the table does not know
	weighsGiven    = 60  // a given name that half a country bears
	weighsPlace    = 70  // a place parts two firms of one group
	weighsTrade    = 30  // what a firm does
	weighsEmpty    = 15  // group, holding, international: left out and added freely
	weighsParticle = 8   // al, bin, de, von; titles
	weighsNumber   = 50
	weighsInitial  = 40
)

// class of a word, by which it is compared.
type class uint8

const (
	plain class = iota
	given
	place
	trade
	empty
	particle
	form
	number
	initial
)

var weights = [...]int{
	plain: weighsRare, given: weighsGiven, place: weighsPlace, trade: weighsTrade, empty: weighsEmpty, particle: weighsParticle,
	form: 0, number: weighsNumber, initial: weighsInitial,
}

// sorts is the table. A word that stands in two lines has the sort of the later one.
var sorts = func() map[string]class {
	m := map[string]class{}
	for s, words := range map[class]string{
		given: `mohammad abdul abdullah ali ahmad hasan husayn ibrahim khan omar umar yusuf mahmud mustafa salih said abd rahman karim khalid ismail
			hamid nasir jamal saleh amir haji gul noor nur wali maria jose juan carlos luis antonio john james robert michael david william
			peter paul thomas richard daniel george anna ana elena olga ivan sergey vladimir aleksandr mikhail dmitry andrey nikolay viktor
			alexander natalia kim lee li wang zhang chen liu yang park choi singh kumar nguyen tran silva garcia lopez martinez
			rodriguez gonzalez hernandez perez ivanov smith`,
		place: `china beijing shanghai shenzhen guangzhou chengdu wuhan nanjing hangzhou suzhou hefei changsha tianjin jinan xian wuxi xiamen
			qingdao zhuhai kunshan chongqing dalian dongguan shenyang zhengzhou nanchang ningbo guiyang fuzhou harbin hongkong hong kong kowloon hk macau taiwan
			taipei singapore tokyo japan korea seoul london munich berlin dubai tehran iran iraq syria damascus moscow russia istanbul turkey paris
			france germany deutschland italy spain mexico brazil chile peru argentina canada america usa uk britain unitedkingdom unitedstates
			netherlands holland belgium switzerland sweden norway finland denmark poland ukraine belarus kazakhstan india pakistan
			afghanistan thailand bangkok malaysia indonesia vietnam philippines australia africa egypt cairo nigeria israel emirates uae qatar kuwait
			saudi arabia lebanon jordan yemen cuba venezuela colombia panama cyprus malta greece austria hungary romania bulgaria serbia
			zhejiang guangdong jiangsu shandong sichuan hubei hunan henan hebei fujian anhui shaanxi xinjiang yunnan petersburg minsk kiev
			estonia ethiopia latvia lithuania atlanta boston chicago cleveland york washington texas california florida houston`,
		trade: `technology electronic information semiconductor microelectronic circuit integrated intelligent communication telecommunication
			software network data system industry trade trading investment importandexport import export institute university academy bank aviation aerospace automobile machinery
			equipment memory manufacturing material energy petroleum oil gas chemical shipping marine maritime logistics transport transportation construction
			engineering development research science laboratory design center computing computer cloud digital electric electrical power steel
			metal mining capital finance financial fund trust insurance securities consulting management service security defense
			military aircraft airways air instrument optical optic laser medical pharmaceutical food agricultural textile plastic plant factory works
			bureau ministry department government state national foundation society association federation union party school
			college hospital media entertainment real estate property partners health motor motors device component supply
			supplies commercial general exchange money bureau refinery navigation lines line vessel solution scientific production innovation precision
			robotic internet mobile wireless photonic nuclear space satellite instruments tools general store shop office
			food foods retail wholesale print printing publishing furniture furnishing toys apparel garment garments clothing fashion footwear jewelry
			beauty cosmetics pharma pharmaceuticals biotech healthcare clinic farm farms farming agro seafood beverages restaurant hotel hotels travel
			tours tourism cargo freight courier warehouse packaging paper timber wood glass ceramics cement concrete rubber paint paints
			hardware appliances lighting furnace pumps valves bearings cables wire tyres tires auto automotive vehicles trucks bus railway rail
			port ports shipyard shipbuilding fishing mines coal aluminium aluminum copper petrochemical refining fuel fuels lubricants water solar wind
			broadcasting television radio film studio studios games gaming sports advertising marketing analytics computers servers storage
			venture ventures dynamics enterprises projects contractors contracting builders architects legal accounting audit brokers leasing
			exchange payments money training education schools nursery music museum theater council committee agency administration authority`,
		empty: `group holding international global worldwide europe asia pacific new the and of for in on at branch enterprise business com
			company net overseas joint united advanced universal grand super na first`,
		particle: `al el ul ad ibn bin ben bint abu umm de da do dos das del della di du la le les van von der den ter zu y e i shaikh
			sheikh sayyid sayed mullah maulavi maulawi qari hajji mr mrs ms dr prof sir col colonel eng jr sr s z o`,
	} {
		for w := range strings.FieldsSeq(words) {
			if old, ok := m[w]; !ok || s > old {
				m[w] = s
			}
		}
	}
	return m
}()

// sameWord brings words to one spelling that stand for the same: numbers in words, names written in many ways, the
// pinyin of trade words.
var sameWord = map[string]string{
	"one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9", "ten": "10",
	"eleven": "11", "twelve": "12", "twenty": "20", "thirty": "30", "forty": "40", "four" + "ty": "40", "fifty": "50", "sixty": "60", "seventy": "70",
	"eighty": "80", "ninety": "90", "1st": "1", "2nd": "2", "3rd": "3", "second": "2", "third": "3",
	"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9",
	"mohammed": "mohammad", "muhammad": "mohammad", "mohamed": "mohammad", "muhammed": "mohammad", "mohamad": "mohammad", "muhamad": "mohammad",
	"mohd": "mohammad", "ahmed": "ahmad", "achmad": "ahmad", "hassan": "hasan", "hussein": "husayn", "hussain": "husayn", "hossein": "husayn", "husain": "husayn",
	"husein": "husayn", "yousef": "yusuf", "youssef": "yusuf", "yousuf": "yusuf", "mahmoud": "mahmud", "mahmood": "mahmud", "abdallah": "abdullah",
	"moustafa": "mustafa", "omer": "omar", "sergei": "sergey", "serguei": "sergey", "dmitri": "dmitry", "dmitriy": "dmitry", "alexandr": "aleksandr",
	"nikolai": "nikolay", "andrei": "andrey", "yuriy": "yuri", "hadji": "haji",
	"محمد": "mohammad", "احمد": "ahmad", "علي": "ali", "حسن": "hasan", "حسين": "husayn", "ابراهيم": "ibrahim", "يوسف": "yusuf", "محمود": "mahmud", "مصطفى": "mustafa",
	"عبد": "abd", "عبدالله": "abdullah", "صالح": "salih", "خالد": "khalid", "شركة": "company", "مجموعة": "group", "بنك": "bank",
	"keji": "technology", "jishu": "technology", "dianzi": "electronic", "xinxi": "information", "bandaoti": "semiconductor", "jituan": "group",
	"konggu": "holding", "zhineng": "intelligent", "gufen": "youxian", "shiye": "industry", "gongye": "industry", "maoyi": "trade", "tongxin": "communication",
	"weidianzi": "microelectronic", "ruanjian": "software", "yinhang": "bank", "zhongguo": "china", "banco": "bank", "banque": "bank", "bancorp": "bank", "banking": "bank",
	"trading": "trade", "commerce": "trade", "us": "unitedstates", "usa": "unitedstates", "uk": "unitedkingdom", "dept": "department", "govt": "government", "bros": "brothers",
	"gruppe": "group", "grupo": "group", "groupe": "group", "bank": "bank", "mfrs": "manufacturing",
	"assn": "association", "corp": "corporation", "limited": "ltd", "robotics": "robotic", "optics": "optic", "photonics": "photonic",
}

// moreForms are legal forms of further languages, and spelled out. Phrases are joined before the words are sorted.
var (
	moreForms = set(`aktiengesellschaft kommanditgesellschaft gesellschaft akcionernoe obshchestvo aktsionernoe aktsionernoye akcionerno jointstock
		openjointstock limitedliability publiclimited sp limitada srls oue dooel doo dd ad as ans ooo oof pc gp lllp ulc unlimited chaebol jusikhoesa yuhanhoesa
		kabushiki kaisha yugen gaisha tbk ehf hf ofk pmc saoc saog qsc psc bsc wll spc eirl saci sca scs snc sapi sab sofom cia companhia compania societe anonyme anonim sirketi
		sanayi ticaret ve limitedsirketi ltdsti sti aksionerno druzhestvo ev eg vof cvba bvba nyrt bt zao oao pao ooo cooperative perusahaan perseroan terbatas
		otvetstvennostyu ogranichennoy chastnoe publichnoe zakrytoe otkrytoe incorporation  joint stock liability`)
	phrases = [][]string{
		{"open", "joint", "stock"},
		{"public", "joint", "stock"},
		{"closed", "joint", "stock"},
		{"joint", "stock"},
		{"limited", "liability"},
		{"public", "limited"},
		{"gesellschaft", "mit", "beschrankter", "haftung"},
		{"obshchestvo", "s", "ogranichennoy", "otvetstvennostyu"},
		{"sp", "z", "oo"},
		{"sp", "zoo"},
		{"sa", "de", "cv"},
		{"s", "de", "rl"},
		{"spolka", "z", "ograniczona", "odpowiedzialnoscia"},
		{"sociedad", "anonima"},
		{"societe", "anonyme"},
		{"s", "p", "a"},
		{"kabushiki", "kaisha"},
		{"aktsionernoe", "obshchestvo"},
	}
	spelledOut = map[string][]string{"unitedstates": {"united", "states"}, "unitedkingdom": {"united", "kingdom"}, "hongkong": {"hong", "kong"}}
)

// russian gives what Russian firms call themselves by in English, in one spelling: as folded Cyrillic, and as lists
// write it in Latin letters.
var russian = func() map[string]string {
	m := map[string]string{}
	for english, words := range map[string]string{
		"plant":         "завод комбинат zavod kombinat",
		"institute":     "институт institut",
		"scientific":    "научно научныи научное научная nauchno nauchnyy nauchny nauchnoe nauchnoye",
		"research":      "исследовательскии исследовательское issledovatelskiy issledovatelsky issledovatelskii issledovatelskoe issledovatelskoye",
		"production":    "производственныи производственное производственная proizvodstvennyy proizvodstvenny proizvodstvennoe proizvodstvennoye proizvodstvennaya",
		"association":   "объединение ассоциация obedinenie obyedinenie obedineniye obyedineniye",
		"design":        "конструкторское konstruktorskoe konstruktorskoye",
		"bureau":        "бюро byuro",
		"instrument":    "приборостроительныи priborostroitelnyy priborostroitelny",
		"machinery":     "машиностроительныи машиностроение mashinostroitelnyy mashinostroitelny mashinostroenie",
		"state":         "государственныи государственное государственная gosudarstvennyy gosudarstvennoe gosudarstvennoye",
		"enterprise":    "предприятие predpriyatie predpriyatiye",
		"company":       "компания фирма kompaniya firma",
		"group":         "группа gruppa",
		"bank":          "банк",
		"trade":         "торговыи торговая торговля torgovyy torgovy torgovaya torgovlya",
		"center":        "центр tsentr",
		"technology":    "технологии технология технологическии tekhnologii tekhnologiya",
		"system":        "системы система sistemy sistema",
		"electronic":    "электроника электронныи elektronika elektronnyy",
		"aviation":      "авиационныи авиация aviatsionnyy aviatsiya",
		"marine":        "морскои морская morskoy morskaya",
		"shipping":      "судоходная пароходство sudokhodnaya parokhodstvo",
		"transport":     "транспортная транспорт транспортныи transportnaya transportnyy",
		"investment":    "инвестиционная инвестиции investitsionnaya",
		"construction":  "строительная строительство stroitelnaya stroitelstvo",
		"chemical":      "химическии химическая khimicheskiy khimicheskaya",
		"oil":           "нефтяная нефть neftyanaya neft",
		"space":         "космическии космическая kosmicheskiy",
		"ministry":      "министерство ministerstvo",
		"defense":       "обороны oborony",
		"university":    "университет universitet",
		"academy":       "академия akademiya",
		"science":       "наук nauk",
		"fund":          "фонд fond",
		"insurance":     "страховая strakhovaya",
		"international": "международныи международная международное mezhdunarodnyy mezhdunarodnaya",
		"industry":      "промышленность промышленная promyshlennost promyshlennaya",
	} {
		for w := range strings.FieldsSeq(words) {
			m[w] = english
		}
	}
	return m
}()

func init() {
	for w, english := range russian {
		if _, ok := sameWord[w]; !ok {
			sameWord[w] = english
		}
	}
}
