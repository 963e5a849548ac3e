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
		{"array", &endless{n: n, rest: "[", part: func(i int) string {
			return fmt.Sprintf(`%s{"id":"P%d","parties":[{"role":"purchaser","name":"Omaha"}],"items":[{"description":"%s"}]}`, strings.Repeat(",", min(i, 1)), i, pad)
		}, tail: "]"}},
		{"lines", &endless{n: n, part: func(i int) string {
			return fmt.Sprintf(`{"id":"P%d","parties":[{"role":"purchaser","name":"Omaha"}],"items":[{"description":"%s"}]}`+"\n", i, pad)
		}}},
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

// TestAnOrderOfTooManyRowsIsOneRefusal: what lies beyond the limit is no order by itself, and the next order is taken.
func TestAnOrderOfTooManyRowsIsOneRefusal(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		rows int
		text string
	}{{"too many rows", 1200, "fan"}, {"too many bytes", 300, strings.Repeat("fan ", 700)}} {
		var in strings.Builder
		in.WriteString("order_id,buyer,description,quantity\nP-0,Omaha,fan,5\n")
		for range row.rows {
			fmt.Fprintf(&in, "P-1,Omaha,%s,5\n", row.text)
		}
		in.WriteString("P-2,Omaha,fan,5\n")
		_, all := entries(t, "orders.csv", []byte(in.String()))
		if len(all) != 3 || all[0].Refused() || !all[1].Refused() || all[2].Refused() {
			t.Fatalf("%s: %d orders and refusals", row.name, len(all))
		}
		if detail := fmt.Sprint(all[1].Faults); !strings.Contains(detail, fmt.Sprintf("an order of %d rows", row.rows)) {
			t.Errorf("%s: %s", row.name, detail)
		}
	}
}

// TestWhatIsTooLargeIsToldWhatToDo.
func TestWhatIsTooLargeIsToldWhatToDo(t *testing.T) {
	t.Parallel()
	set := "ST*850*1~BEG*00*SA*P-1**20261120~N1*BY*OMAHA~" + strings.Repeat("PO1*1*1*EA*5~PID*F****"+strings.Repeat("X", 70)+"~", 7000) + "SE*14004*1~"
	for name, doc := range map[string]string{
		"ubl.xml":     string(ublOrder(2000)),
		"orders.edi":  "ISA*00*          *00*          *ZZ*A              *ZZ*B              *261120*0915*U*00401*000000001*0*P*>~GS*PO*A*B*20261120*0915*1*X*004010~" + set + "GE*1*1~IEA*1*000000001~",
		"orders.json": `{"parties":[{"role":"purchaser","name":"Omaha"}],"items":[{"description":"` + strings.Repeat("x", 600<<10) + `"}]}`,
	} {
		_, all := entries(t, name, []byte(doc))
		if len(all) != 1 || !all[0].Refused() || !strings.Contains(fmt.Sprint(all[0].Faults), "at most") || !strings.Contains(fmt.Sprint(all[0].Faults), "as several") {
			t.Errorf("%s: %d, %v", name, len(all), all[0].Faults)
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
