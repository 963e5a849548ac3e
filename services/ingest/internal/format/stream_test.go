package format_test

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/tidegate/tidegate/services/ingest/internal/accept"
	"github.com/tidegate/tidegate/services/ingest/internal/format"
)

// endless gives a head, then n parts made one by one, then a tail, without ever holding more than one.
type endless struct {
	part  func(int) string
	n, at int
	rest  string
	tail  string
}

func (e *endless) Read(b []byte) (int, error) {
	for e.rest == "" {
		switch {
		case e.at < e.n:
			e.rest = e.part(e.at)
		case e.at == e.n:
			e.rest = e.tail
		default:
			return 0, io.EOF
		}
		e.at++
	}
	n := copy(b, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

// TestManyOrdersStreamInBoundedMemory reads some 40 MB of each format that holds many orders in memory that does not grow.
func TestManyOrdersStreamInBoundedMemory(t *testing.T) {
	const n = 40_000
	pad := strings.Repeat("X", 900)
	for _, row := range []struct {
		name string
		in   *endless
	}{
		{"x12", &endless{
			n: n, rest: "ISA*00*          *00*          *ZZ*A              *ZZ*B              *261120*0915*U*00401*000000001*0*P*>~GS*PO*A*B*20261120*0915*1*X*004010~",
			part: func(i int) string {
				return fmt.Sprintf("ST*850*%d~BEG*00*SA*P%d**20261120~N1*BY*OMAHA~PO1*1*1*EA*5~PID*F****%s~CTT*1~SE*7*%d~", i, i, pad, i)
			}, tail: fmt.Sprintf("GE*%d*1~IEA*1*000000001~", n),
		}},
		{"edifact", &endless{n: n, rest: "UNB+UNOA:1+A+B+261120:0915+1'", part: func(i int) string {
			return fmt.Sprintf("UNH+%d+ORDERS:D:96A:UN'BGM+220+P%d+9'DTM+137:20261120:102'NAD+BY+++OMAHA'LIN+1'IMD+F++:::%s'QTY+21:5'UNS+S'UNT+9+%d'", i, i, pad, i)
		}, tail: fmt.Sprintf("UNZ+%d+1'", n)}},
		{"csv", &endless{n: n, rest: "order_id,buyer,description,quantity\n", part: func(i int) string { return fmt.Sprintf("P%d,Omaha,%s,5\n", i, pad) }}},
	} {
		before, high, got := heap(), uint64(0), 0
		r := format.New(row.in, format.Hint{})
		for {
			in, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			in.At, in.Actor = "2026-11-23T10:15:00.123456Z", "test"
			if e := accept.Accept(in); e.Refused() {
				t.Fatalf("%s %d: %v", row.name, got, e.Faults)
			}
			if got++; got%10_000 == 0 {
				high = max(high, heap())
			}
		}
		if got != n || high > before+8<<20 {
			t.Errorf("%s: %d orders, %d bytes before, %d at the highest", row.name, got, before, high)
		}
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// FuzzAll reads whatever bytes as whatever they are taken for: a refusal says why, and nothing panics.
func FuzzAll(f *testing.F) {
	f.Add([]byte("ISA*00*          *00*          *ZZ*A              *ZZ*B              *261120*0915*U*00401*000000001*0*P*>~"))
	f.Add([]byte("UNB+UNOA:1+A+B+261120:0915+1'UNH+1+ORDERS:D:96A:UN'BGM+220+P+9'UNT+3+1'UNZ+1+1'"))
	f.Add([]byte("order_id,buyer,description,quantity\n1,A,fan,2\n"))
	f.Add([]byte(`{"object":"event","data":{"object":{"object":"invoice"}}}`))
	f.Add([]byte(`<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2"/>`))
	f.Fuzz(func(t *testing.T, b []byte) {
		inputs, err := format.All(b, format.Hint{})
		if err != nil && len(inputs) > 1<<16 {
			t.Fatal(err)
		}
		for _, in := range inputs {
			in.At, in.Actor = "2026-11-23T10:15:00.123456Z", "fuzz"
			for _, fault := range accept.Accept(in).Faults {
				if fault.Code == "" || fault.Detail == "" {
					t.Fatalf("%+v", fault)
				}
			}
		}
	})
}
