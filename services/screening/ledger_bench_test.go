package screening

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
)

// benchBlock is 256 orders of many parties, one in every stateful of advanced chips, with e-mail, telephone and address.
func benchBlock(b *testing.B, stateful, from int) []event.Case {
	b.Helper()
	out := make([]event.Case, 256)
	for i := range out {
		c, f := ordinary()
		if stateful > 0 && i%stateful == 0 {
			c, f = advanced()
			for k := range f.Parties {
				f.Parties[k].Headquarters, f.Parties[k].Parent = event.Known{Country: "DE"}, event.Known{Country: "DE"}
			}
		}
		for k := range c.Order.Parties {
			p := &c.Order.Parties[k]
			p.Name = fmt.Sprintf("Nordlicht Werke %d GmbH", (from+i*7+k)%5000)
			p.Email, p.Phone = fmt.Sprintf("buy%d@nordlicht.example", (from+i)%5000), "+49 30 1234567"
			p.Address = &event.Address{Lines: []string{"Hafenstr. 12"}, City: "Hamburg", Country: "DE"}
		}
		c.Kind, c.Tenant, c.Source, c.OrderID, c.Event, c.At = event.Placed, "default", "shop", strconv.Itoa(from+i), strconv.Itoa(from+i), "2026-11-01T10:00:00.000000Z"
		out[i] = caseOf(b, c, f)
	}
	return out
}

// BenchmarkBlock judges blocks of 256 orders on one processor: with no order that the ledger has a say in, one in a
// hundred, one in ten, every one. Plain is the same work without a ledger.
func BenchmarkBlock(b *testing.B) {
	p := us(b)
	one := func(n int, do func(int)) {
		for i := range n {
			do(i)
		}
	}
	for _, bb := range []struct {
		name     string
		stateful int
		plain    bool
	}{{"plain", 0, true}, {"none", 0, false}, {"one_percent", 100, false}, {"ten_percent", 10, false}, {"all_plain", 1, true}, {"all", 1, false}} {
		b.Run(bb.name, func(b *testing.B) {
			l := NewLedger()
			var blocks [][]event.Case
			for i := range 64 {
				blocks = append(blocks, benchBlock(b, bb.stateful, i*256))
			}
			i := 0
			for b.Loop() {
				cases := blocks[i%len(blocks)]
				if i++; bb.plain {
					for _, c := range cases {
						Judge(p, c)
					}
					continue
				}
				l.block(p, cases, one)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/256, "ns/order")
		})
	}
}

// BenchmarkSerialStep is what one processor does alone of a block, for each order: nothing of the ledger's concern, and all.
func BenchmarkSerialStep(b *testing.B) {
	p := us(b)
	for name, stateful := range map[string]int{"none": 0, "ten_percent": 10, "all": 1} {
		b.Run(name, func(b *testing.B) {
			l := NewLedger()
			var blocks [][]event.Case
			for i := range 64 {
				blocks = append(blocks, benchBlock(b, stateful, i*256))
			}
			i := 0
			for b.Loop() {
				l.block(p, blocks[i%len(blocks)], func(n int, do func(int)) {
					b.StopTimer()
					for k := range n {
						do(k)
					}
					b.StartTimer()
				})
				i++
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/256, "ns/order")
		})
	}
}
