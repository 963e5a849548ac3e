// Package varied makes orders for measurements and tests: as a busy seller's stream holds them, and as the history of years does, with
// the audit log of such a history.
package varied

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
)

// Generator makes orders as a busy seller's stream would hold them: a million invented parties of which few order
// often (Zipf), three names in ten never seen before, 1 to 20 items, one order in a hundred with a listed party, one
// in twenty sent twice. The same seed gives the same orders.
type Generator struct {
	rng   *rand.Rand
	zipf  *rand.Zipf
	n     int
	fresh uint64
	past  [64][]byte // orders that may be sent again
}

// knownParties is how many invented parties come back; names above it are new.
const knownParties = 1_000_000

// NewGenerator starts a stream of orders.
func NewGenerator(seed uint64) *Generator {
	rng := rand.New(rand.NewPCG(seed, 0x71de9a7e)) //nolint:gosec // a benchmark wants the same orders every time
	return &Generator{rng: rng, zipf: rand.NewZipf(rng, 1.1, 8, knownParties-1), fresh: knownParties}
}

// Next gives one order of the source named; the caller owns the bytes.
func (g *Generator) Next(source string) []byte {
	if slot := g.rng.IntN(len(g.past)); g.rng.IntN(20) == 0 && g.past[slot] != nil {
		return g.past[slot]
	}
	g.n++
	b := fmt.Appendf(make([]byte, 0, 4096), `{"source":%q,"id":"B-%d","order_date":"2026-11-%02d","expected_ship_date":"2026-12-%02d","transaction":"export","ship_from":"US","parties":[`,
		source, g.n, 1+g.n%20, 1+g.n%28)
	country := Places[g.rng.IntN(len(Places))]
	listed := g.rng.IntN(100) == 0
	for i, role := range roles[:2+g.rng.IntN(3)] {
		if i > 0 {
			b = append(b, ',')
		}
		b = g.party(b, role, country, listed && i == 0)
	}
	b = append(b, `],"items":[`...)
	for i := range 1 + g.rng.IntN(20) {
		if i > 0 {
			b = append(b, ',')
		}
		b = g.item(b)
	}
	b = append(b, `],"end_use":{"text":"general office and engineering use"}}`...)
	g.past[g.n%len(g.past)] = b
	return b
}

// Fresh gives order i of a source, one that was never sent before.
func (g *Generator) Fresh(source string, i int) []byte {
	b := g.Next(source)
	_, rest, _ := bytes.Cut(b, []byte(`"id":"`))
	_, rest, _ = bytes.Cut(rest, []byte{'"'})
	return append(fmt.Appendf(make([]byte, 0, len(b)+16), `{"source":%q,"id":"fresh-%d"`, source, i), rest...)
}

func (g *Generator) party(b []byte, role, country string, listed bool) []byte {
	id := g.zipf.Uint64()
	if g.rng.IntN(10) < 3 {
		g.fresh++
		id = g.fresh
	}
	name := Name(id)
	if listed {
		name, country = listedNames[g.rng.IntN(len(listedNames))], "CN"
	}
	return fmt.Appendf(b, `{"role":%q,"name":%q,"address":{"lines":["%d %s Street"],"city":%q,"country":%q},"headquarters":%q,"no_parent":true,"customer_number":"C%d"}`,
		role, name, 1+id%900, syllables[id%uint64(len(syllables))], "Port "+syllables[(id/7)%uint64(len(syllables))], country, country, id)
}

func (g *Generator) item(b []byte) []byte {
	it := goods[g.rng.IntN(len(goods))]
	q := 1 + g.rng.IntN(50)
	b = append(b, `{"description":"`...)
	b = append(b, it.description...)
	b = append(b, `","part_number":"`...)
	b = append(b, it.part...)
	b = append(b, `","quantity":`...)
	b = strconv.AppendInt(b, int64(q), 10)
	b = append(b, `,"value":`...)
	b = strconv.AppendInt(b, int64(q*it.price), 10)
	b = append(b, `,"currency":"USD"`...)
	if it.eccn != "" {
		b = append(append(append(b, `,"eccn":"`...), it.eccn...), '"')
	}
	return append(append(append(b, `,"hts":"`...), it.hts...), `"}`...)
}

// Name invents the name of party id: the same id always has the same one.
func Name(id uint64) string {
	h := id * 0x9e3779b97f4a7c15
	pick := func(list []string) string {
		s := list[h%uint64(len(list))]
		h = h/uint64(len(list)) ^ h<<13
		return s
	}
	first := pick(syllables) + pick(endings)
	return first + " " + pick(Trades) + " " + strconv.FormatUint(id%9973, 36) + " " + pick(Forms)
}

var (
	roles     = []string{"purchaser", "ultimate_consignee", "end_user", "forwarder"}
	syllables = []string{"Bor", "Calu", "Dinza", "Elmo", "Fertin", "Gorva", "Halim", "Ister", "Jolun", "Kaspe", "Lorri", "Mundo", "Nerta", "Osbec", "Pralin", "Querno", "Rustal", "Selmi", "Torven", "Ulmer", "Vasto", "Wendra", "Xilon", "Yarrow", "Zentri"}
	endings   = []string{"berg", "dale", "field", "gate", "holm", "mark", "nova", "point", "ridge", "stead", "ton", "vale", "worth", "wick"}

	listedNames = []string{"Huawei Technologies Co., Ltd.", "Sugon", "Shanghai Biren Intelligent Technology Co., Ltd.", "Yangtze Memory Technologies Co., Ltd.", "Inspur Group Co., Ltd."}

	goods = []struct {
		description, part, eccn, hts string
		price                        int
	}{
		{"desk fan 30 cm", "DF-30", "EAR99", "8414.51", 40},
		{"USB-C cable 2 m", "UC-2", "EAR99", "8544.42", 9},
		{"office chair", "OC-11", "EAR99", "9401.39", 220},
		{"laptop 14 inch", "NB-14", "5A992.c", "8471.30", 1400},
		{"network switch 24 port", "SW-24", "5A992.c", "8517.62", 600},
		{"thin film resistor reel", "RS-0603", "EAR99", "8533.21", 15},
		{"solid state drive 2 TB", "SD-2T", "5A992.c", "8523.51", 180},
		{"laboratory centrifuge", "LC-5", "EAR99", "8421.19", 3100},
		{"keyboard", "KB-2", "EAR99", "8471.60", 50},
		{"monitor 27 inch", "MN-27", "EAR99", "8528.52", 330},
	}
)

// Words of invented parties.
var (
	Places = []string{"US", "DE", "JP", "TW", "SG", "NL", "FR", "GB", "KR", "IN", "BR", "MX", "CA", "AU", "MY", "VN", "CN"}                                                        // countries that orders go to.
	Trades = []string{"Instruments", "Logistics", "Retail", "Systems", "Foods", "Medical", "Furniture", "Software", "Print", "Energy", "Optics", "Motors", "Supplies", "Research"} // words of invented names.
	Forms  = []string{"Inc", "LLC", "GmbH", "Ltd", "K.K.", "B.V.", "S.A.", "Pte Ltd", "Oy", "AB"}                                                                                  // legal forms of invented names.
)
