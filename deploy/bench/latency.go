package main

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/google/pprof/profile"
)

// Latency is the time from submission to decision and to receipt, in milliseconds.
type Latency struct {
	Orders      int     `json:"orders"`
	DecisionP50 float64 `json:"decision_p50_ms"`
	DecisionP99 float64 `json:"decision_p99_ms"`
	ReceiptP50  float64 `json:"receipt_p50_ms"`
	ReceiptP99  float64 `json:"receipt_p99_ms"`
}

// take gives what was measured since the last take.
func (w *watch) take() Latency {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := Latency{
		Orders:      len(w.receipts),
		DecisionP50: quantile(w.decisions, 0.5), DecisionP99: quantile(w.decisions, 0.99),
		ReceiptP50: quantile(w.receipts, 0.5), ReceiptP99: quantile(w.receipts, 0.99),
	}
	w.decisions, w.receipts = nil, nil
	clear(w.start)
	return l
}

func quantile(d []time.Duration, q float64) float64 {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return float64(d[int(q*float64(len(d)-1))].Microseconds()) / 1000
}

// byStage splits a CPU profile by the stage label of its goroutines, in µs per order. What has no label is the NATS
// server, which does the bus's work for all, and the runtime.
func byStage(raw []byte, orders int) (map[string]float64, error) {
	p, err := profile.Parse(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("read the CPU profile: %w", err)
	}
	value := len(p.SampleType) - 1 // nanoseconds
	out := map[string]float64{}
	for _, s := range p.Sample {
		stage := "nats server and runtime"
		if l := s.Label["stage"]; len(l) > 0 {
			stage = l[0]
		}
		out[stage] += float64(s.Value[value]) / 1000 / float64(max(orders, 1))
	}
	return out, nil
}
