package page_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit/page"
	"github.com/tidegate/tidegate/shared/token"
)

// BenchmarkPage measures the pages, from the request to the last byte, everything proven. It looks into the audit directory that
// TIDEGATE_BENCH_AUDIT names (with its index in TIDEGATE_BENCH_INDEX), as "go run ./deploy/bench -search -search-dir DIR" keeps one; else into a
// small log of its own.
func BenchmarkPage(b *testing.B) {
	dir, order, party := os.Getenv("TIDEGATE_BENCH_AUDIT"), "B-1000", "harbor lantern"
	var s *served
	if dir == "" {
		var cases []event.Case
		for i := range 2000 {
			cases = append(cases, decided(b, placed{fmt.Sprintf("B-%d", i), "shop", "Harbor Lantern Trading", "2026-08-15", event.Hold}))
		}
		h := logged(b, cases[:250]...)
		for some := range slices.Chunk(cases[250:], 250) {
			h.grow(some...)
		}
		s = serve(b, h.data, nil)
	} else {
		order, party = os.Getenv("TIDEGATE_BENCH_ORDER"), os.Getenv("TIDEGATE_BENCH_PARTY")
		data := b.TempDir()
		s = serve(b, data, func(c *page.Config) { c.Dir, c.File = dir, os.Getenv("TIDEGATE_BENCH_INDEX") })
	}
	secret := s.token(token.Record{Name: "kim"})
	s.indexed(secret, order)
	handler := s.Handler()
	for _, one := range []struct{ name, path string }{
		{"case", "/order?id=" + order},
		{"record", "/records/1/17"},
		{"proof", "/records/1/17/proof"},
		{"newest", "/"},
		{"party", "/?party=" + url.QueryEscape(party)},
		{"slip", "/?party=" + url.QueryEscape(party[1:2]+party[:1]+party[2:])},
		{"outcome", "/?outcome=block"},
		{"rule", "/?rule=diffusion-announced"},
		{"days", "/?from=2019-02-03&until=2021-03-04"},
		{"many", "/?from=2019-02-03&outcome=hold&party=" + url.QueryEscape(party)},
		{"none", "/?party=nobody+of+this+name"},
		{"calendar", "/calendar"},
		{"lists", "/lists"},
		{"live", "/live"},
	} {
		b.Run(one.name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				r := httptest.NewRequest(http.MethodGet, one.path, nil)
				r.Header.Set("Authorization", "Bearer "+secret)
				r.Header.Set("Accept", "text/html")
				w := httptest.NewRecorder()
				begin := time.Now()
				handler.ServeHTTP(w, r)
				took = append(took, time.Since(begin))
				if w.Code != http.StatusOK {
					b.Fatalf("%s: %d %s", one.path, w.Code, w.Body)
				}
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}
