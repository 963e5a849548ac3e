package ingest_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/tidegate/tidegate/services/ingest"
	"github.com/tidegate/tidegate/shared/natstest"
)

// BenchmarkDoor is what an order of about 2 KB costs from the sender to the answer, with a server that syncs every
// block: one stream of lines, sender and server in this process.
func BenchmarkDoor(b *testing.B) {
	nc := natstest.Server(b)
	url, _ := door(b, nc, ingest.Config{})
	r, w := io.Pipe()
	go func() {
		out := bufio.NewWriterSize(w, 64<<10)
		text := strings.Repeat("x", 1800)
		for i := range b.N {
			_, _ = fmt.Fprintf(out, `{"source":"shop","id":"%d","parties":[{"role":"purchaser","name":"Example"}],"items":[{"description":"%s"}]}`+"\n", i, text)
		}
		_ = out.Flush()
		_ = w.Close()
	}()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, r)
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	before := cpu(b)
	b.ResetTimer()
	resp, err := client.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	for sc := bufio.NewScanner(resp.Body); sc.Scan(); n++ {
	}
	_ = resp.Body.Close()
	b.StopTimer()
	if n != b.N {
		b.Fatalf("%d answers to %d orders", n, b.N)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "orders/s")
	b.ReportMetric((cpu(b)-before)/float64(b.N)*1e6, "cpu-µs/order")
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
