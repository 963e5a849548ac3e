package ingest_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/tidegate/tidegate/services/ingest"
	"github.com/tidegate/tidegate/shared/natstest"
)

// BenchmarkDoor is what an order of about 2 KB costs from the sender to the answer, with a server that syncs every
// block: one stream of lines a door, senders, doors and server in this process. With two doors each order is new to both.
func BenchmarkDoor(b *testing.B) {
	for _, doors := range []int{1, 2} {
		b.Run(fmt.Sprint("doors=", doors), func(b *testing.B) {
			nc := natstest.Server(b)
			var urls []string
			for range doors {
				url, _ := door(b, nc, ingest.Config{})
				urls = append(urls, url)
			}
			before := cpu(b)
			b.ResetTimer()
			var wg sync.WaitGroup
			for d, url := range urls {
				wg.Go(func() { sendLines(b, url, fmt.Sprint("door-", d), b.N/doors) })
			}
			wg.Wait()
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "orders/s")
			b.ReportMetric((cpu(b)-before)/float64(b.N)*1e6, "cpu-µs/order")
		})
	}
}

func sendLines(b *testing.B, url, source string, orders int) {
	b.Helper()
	r, w := io.Pipe()
	go func() {
		out := bufio.NewWriterSize(w, 64<<10)
		text := strings.Repeat("x", 1800)
		for i := range orders {
			_, _ = fmt.Fprintf(out, `{"source":%q,"id":"%d","parties":[{"role":"purchaser","name":"Example"}],"items":[{"description":%q}]}`+"\n", source, i, text)
		}
		_ = out.Flush()
		_ = w.Close()
	}()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, r)
	if err != nil {
		b.Error(err)
		return
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	resp, err := client.Do(req)
	if err != nil {
		b.Error(err)
		return
	}
	n := 0
	for sc := bufio.NewScanner(resp.Body); sc.Scan(); n++ {
		if !strings.Contains(sc.Text(), `"accepted"`) {
			b.Error(sc.Text())
		}
	}
	_ = resp.Body.Close()
	if n != orders {
		b.Errorf("%d answers to %d orders", n, orders)
	}
}

// cpu is the processor time this process used, in seconds.
func cpu(b *testing.B) float64 {
	b.Helper()
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return 0
	}
	f := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+2:]))
	var user, system float64
	_, _ = fmt.Sscan(f[11], &user)
	_, _ = fmt.Sscan(f[12], &system)
	return (user + system) / 100
}
