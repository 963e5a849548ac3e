package enrichment

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/masters"
)

// The sizes that the benchmarks below use, and the share of parties that have owners in a register.
const (
	benchPartners = 1_000_000
	benchItems    = 100_000
	benchStakes   = 1_000_000
)

// largeMastersDir is where they are, removed when everything has run.
var largeMastersDir string

func TestMain(m *testing.M) {
	status := m.Run()
	if largeMastersDir != "" {
		_ = os.RemoveAll(largeMastersDir)
	}
	os.Exit(status)
}

// largeMasters makes the masters once: partners with address, headquarters and parent, items with an ECCN, and for every
// second partner two owners, of whom one has owners again.
var largeMasters = sync.OnceValues(func() (*masters.Store, error) {
	dir, err := os.MkdirTemp("", "tidegate-bench-masters")
	if err != nil {
		return nil, err
	}
	largeMastersDir = dir
	files := map[string]func(*bytes.Buffer){
		"partners.csv": func(b *bytes.Buffer) {
			b.WriteString("customer_number,name,address,city,country,headquarters,parent_name,parent_country,line_of_business\n")
			for i := range benchPartners {
				fmt.Fprintf(b, "C-%07d,%s %s %d GmbH,Kai %d,Bremen,DE,DE,%s Holding AG,CH,wholesale\n", i, syllables(i), syllables(i/1000+7), i, i%500, syllables(i/3))
			}
		},
		"items.csv": func(b *bytes.Buffer) {
			b.WriteString("sku,description,manufacturer,part_number,eccn,hts,us_origin\n")
			for i := range benchItems {
				fmt.Fprintf(b, "SKU-%06d,Axial fan %d mm,Northwind,NW-%06d,EAR99,8414.59,no\n", i, i%400, i)
			}
		},
		"owners.csv": func(b *bytes.Buffer) {
			b.WriteString("owned_id,owned,owned_country,owner_id,owner,owner_country,percent\n")
			for i := range benchStakes / 4 {
				fmt.Fprintf(b, "customer:C-%07d,,DE,h%d,%s Beteiligung %d KG,DE,60\n", 2*i, i, syllables(i+3), i)
				fmt.Fprintf(b, "customer:C-%07d,,DE,k%d,%s Kapital %d KG,DE,40\n", 2*i, i, syllables(i+5), i)
				fmt.Fprintf(b, "h%d,,DE,u%d,%s Familie %d,DE,50\n", i, i/2, syllables(i/2+11), i/2)
				fmt.Fprintf(b, "h%d,,DE,v%d,%s Stiftung %d,DE,50\n", i, i/3, syllables(i/3+13), i/3)
			}
		},
	}
	s := masters.Open(filepath.Join(dir, "masters"))
	for _, name := range []string{"partners.csv", "items.csv", "owners.csv"} {
		var b bytes.Buffer
		files[name](&b)
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			return nil, err
		}
		if _, err := s.Import(context.Background(), masters.Import{Path: path}); err != nil {
			return nil, err
		}
	}
	_, err = s.Activate("")
	return s, err
})

// syllables makes a name that is nobody's.
func syllables(n int) string {
	parts := []string{"Ba", "do", "ki", "lu", "me", "no", "ra", "su", "ti", "vo", "we", "za"}
	out := parts[n%12] + parts[n/12%12] + parts[n/144%12]
	return out + parts[n/1728%12]
}

func benchReference(b *testing.B, with bool) *Reference {
	b.Helper()
	r, err := Curated()
	if err != nil {
		b.Fatal(err)
	}
	if !with {
		return r
	}
	s, err := largeMasters()
	if err != nil {
		b.Fatal(err)
	}
	digest, err := s.Active()
	if err != nil {
		b.Fatal(err)
	}
	m, err := s.Load(digest)
	if err != nil {
		b.Fatal(err)
	}
	return r.WithMasters(m)
}

// benchOrder is the n-th order: a purchaser and an end user by customer number, two items by SKU. Bare says nothing more; else the order
// says itself what the masters know, so that it costs what an order costs without them.
func benchOrder(n int, bare bool) *event.Order {
	i, j := n*7919%benchPartners, n*104_729%benchPartners
	o := &event.Order{OrderDate: "2026-11-20", ShipTo: "DE", Transaction: event.Export}
	for k, c := range []int{i, j} {
		p := event.Party{Role: []event.Role{event.Purchaser, event.EndUser}[k]}
		if bare {
			p.Customer = fmt.Sprintf("C-%07d", c)
		} else {
			p.Name = syllables(c) + " " + syllables(c/1000+7) + " " + strconv.Itoa(c) + " GmbH"
			p.Address = &event.Address{Lines: []string{"Kai 1"}, City: "Bremen", Country: "DE"}
			p.Headquarters, p.Parent = "DE", &event.Parent{Name: syllables(c/3) + " Holding AG", Country: "CH"}
		}
		o.Parties = append(o.Parties, p)
	}
	for k := range 2 {
		it := event.Item{Quantity: "4"}
		if bare {
			it.SKU = fmt.Sprintf("SKU-%06d", (n*31+k)%benchItems)
		} else {
			it.Description, it.ECCN, it.Manufacturer, it.HTS = "Axial fan 80 mm", "EAR99", "Northwind", "8414.59"
		}
		o.Items = append(o.Items, it)
	}
	return o
}

// BenchmarkMasters compares the facts of orders that say everything themselves with those of orders that carry nothing but customer
// numbers and SKUs, every party another one: the difference is what masters and registers cost.
func BenchmarkMasters(b *testing.B) {
	for _, bare := range []bool{false, true} {
		name := map[bool]string{false: "stated", true: "filled"}[bare]
		b.Run(name, func(b *testing.B) {
			r := benchReference(b, bare)
			orders := make([]*event.Order, 2_000)
			for i := range orders {
				orders[i] = benchOrder(i, bare)
			}
			f := r.Facts(orders[0], "")
			if bare && (f.Filled == nil || f.Items[0].Class != "none") {
				b.Fatalf("not filled: %+v", f)
			}
			for _, o := range orders {
				r.Facts(o, "") // a customer is not new with every order
			}
			b.ReportAllocs()
			b.ResetTimer()
			before := processTime(b)
			for i := range b.N {
				r.Facts(orders[i%len(orders)], "")
			}
			b.ReportMetric(float64(processTime(b)-before)/float64(b.N), "cpu-ns/op")
		})
	}
	b.Run("fill", func(b *testing.B) {
		r := benchReference(b, true)
		orders := make([]*event.Order, 2_000)
		for i := range orders {
			orders[i] = benchOrder(i, true)
		}
		b.ReportAllocs()
		b.ResetTimer()
		before := processTime(b)
		for i := range b.N {
			var f event.Facts
			r.fill(orders[i%len(orders)], &f)
		}
		b.ReportMetric(float64(processTime(b)-before)/float64(b.N), "cpu-ns/op")
	})
}

// processTime is the CPU time that this process has taken: on a shared machine it says more than the clock.
func processTime(b *testing.B) int64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

// BenchmarkMastersLoad maps the set and checks its digest; heap-bytes is what it leaves on the heap.
func BenchmarkMastersLoad(b *testing.B) {
	s, err := largeMasters()
	if err != nil {
		b.Fatal(err)
	}
	digest, err := s.Active()
	if err != nil {
		b.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var kept []*masters.Masters
	b.ResetTimer()
	for range b.N {
		m, err := s.Load(digest)
		if err != nil {
			b.Fatal(err)
		}
		kept = append(kept, m)
	}
	b.StopTimer()
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/float64(b.N), "heap-bytes/set")
	b.ReportMetric(float64(len(kept[0].Set().File())), "file-bytes")
	b.ReportMetric(float64(kept[0].Len()), "rows")
}
