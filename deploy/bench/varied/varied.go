package varied

import (
	"fmt"
	"strings"
)

// Varied makes orders as a distributor's history of years would hold them: most of it ordinary trade, one order in six with
// chips, accelerators or servers, one in a hundred with a listed party, dates over three years, headquarters here and there,
// some facts left out, some red flags.
type Varied struct{ *Generator }

// NewVaried starts a stream of varied orders. The same seed gives the same orders.
func NewVaried(seed uint64) Varied { return Varied{NewGenerator(seed)} }

// Next gives order n.
func (v Varied) Next(n int) []byte {
	v.n++
	country := Places[v.rng.IntN(len(Places))]
	b := fmt.Appendf(make([]byte, 0, 2048), `{"source":%q,"id":"V-%d","order_date":%q,`, []string{"shop", "erp", "edi"}[v.rng.IntN(3)], n, v.date(0))
	if v.rng.IntN(3) == 0 {
		b = fmt.Appendf(b, `"expected_ship_date":%q,`, v.date(30))
	}
	b = fmt.Appendf(b, `"ship_from":"US","ship_to":%q,"parties":[`, country)
	listed := v.rng.IntN(100) == 0
	for i, role := range roles[:1+v.rng.IntN(3)] {
		if i > 0 {
			b = append(b, ',')
		}
		b = v.who(b, role, country, listed && i == 0)
	}
	b = append(b, `],"items":[`...)
	advanced := v.rng.IntN(6) == 0
	for i := range 1 + v.rng.IntN(6) {
		if i > 0 {
			b = append(b, ',')
		}
		if advanced && i == 0 {
			b = fmt.Appendf(b, `{"description":%q,"quantity":%d,"value":%d,"currency":"USD"}`, chips[v.rng.IntN(len(chips))], 1+v.rng.IntN(64), 1000*(1+v.rng.IntN(300)))
			continue
		}
		b = v.item(b)
	}
	return append(b, v.rest()...)
}

// date is one of the last three years, some days later at most.
func (v Varied) date(later int) string {
	day := v.rng.IntN(3*360) + later
	return fmt.Sprintf("%d-%02d-%02d", 2024+day/360, 1+day/30%12, 1+day%28)
}

func (v Varied) who(b []byte, role, country string, listed bool) []byte {
	if listed {
		return v.party(b, role, country, true)
	}
	id := v.zipf.Uint64()
	b = fmt.Appendf(b, `{"role":%q,"name":%q,"address":{"lines":["%d %s Street"],"country":%q}`, role, Name(id), 1+id%900, syllables[id%uint64(len(syllables))], country)
	if id%7 != 0 {
		b = fmt.Appendf(b, `,"headquarters":%q`, Places[(id/3)%uint64(len(Places))])
	}
	if id%5 != 0 {
		b = append(b, `,"no_parent":true`...)
	}
	return append(b, '}')
}

func (v Varied) rest() string {
	out := []string{"]"}
	if v.rng.IntN(4) > 0 {
		out = append(out, `"end_use":{"text":"`+[]string{"general office use", "university research", "web hosting", "a data center of its own"}[v.rng.IntN(4)]+`"}`)
	}
	if v.rng.IntN(50) == 0 {
		out = append(out, `"payment":{"method":"cash"}`)
	}
	return strings.Join(out, ",") + "}"
}

var chips = []string{
	"NVIDIA H100 80GB SXM5", "NVIDIA A100 80GB PCIe", "NVIDIA H200 NVL", "NVIDIA L40S", "NVIDIA RTX 4090", "AMD Instinct MI300X", "GPU server, 8 x H100",
	"AI accelerator card", "NVIDIA H20", "server with two Xeon processors",
}
