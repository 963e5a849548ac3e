package standalone_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/tidegate/tidegate/deploy/standalone"
	"github.com/tidegate/tidegate/services/ingest"
)

// TestAnOrderIsTracedFromTheDoorToItsReceipt sends an order whose sender traces it. The spans say nothing of parties, and
// nothing of them is in the lines.
func TestAnOrderIsTracedFromTheDoorToItsReceipt(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewInMemoryExporter()
	p := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans), sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.NeverSample())))
	s := started(t, standalone.Config{Ingest: ingest.Config{Traces: p}})
	send := func(order string, headers ...string) string {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.HTTP()+"/v1/orders?wait=receipt", strings.NewReader(order))
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		b, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusCreated {
			t.Fatalf("%d %v %s", resp.StatusCode, err, b)
		}
		return string(b)
	}
	send(fan)
	answer := send(huawei, "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	for end := time.Now().Add(10 * time.Second); len(spans.GetSpans()) < 4; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d spans", len(spans.GetSpans()))
		}
	}
	got := map[string]tracetest.SpanStub{}
	for _, one := range spans.GetSpans() {
		got[one.Name] = one
		if one.SpanContext.TraceID().String() != "0af7651916cd43dd8448eb211c80319c" {
			t.Errorf("%s is of another trace", one.Name)
		}
		for _, a := range one.Attributes {
			if strings.Contains(a.Value.String(), "Huawei") {
				t.Errorf("%s names a party", one.Name)
			}
		}
	}
	order := got["order"]
	if order.Parent.SpanID().String() != "b7ad6b7169203331" {
		t.Errorf("order is below %s", order.Parent.SpanID())
	}
	at := order.StartTime
	for _, step := range []string{"accept", "decide", "log"} {
		one, ok := got[step]
		if !ok || one.Parent.SpanID() != order.SpanContext.SpanID() || one.StartTime.Before(at) {
			t.Errorf("%s: %v, below %s", step, ok, one.Parent.SpanID())
		}
		at = one.EndTime
	}
	if len(got) != 4 || order.EndTime.Before(at) {
		t.Errorf("%d kinds of span", len(got))
	}
	if strings.Contains(answer, "0af7651916cd43dd8448eb211c80319c") {
		t.Error("the trace is in the lines")
	}
}
