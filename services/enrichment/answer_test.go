package enrichment_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/enrichment"
	"github.com/tidegate/tidegate/shared/natstest"
)

// running gives a connection on which enrichment answers questions.
func running(t *testing.T) *nats.Conn {
	t.Helper()
	nc := natstest.Server(t)
	s, err := enrichment.New(nc, enrichment.Config{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return nc
}

// question asks until somebody answers: the endpoint opens while Run starts.
func question(t *testing.T, nc *nats.Conn, q string) *nats.Msg {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		m, err := nc.Request(subject.MatchSubject, []byte(q), 10*time.Second)
		if err == nil {
			return m
		}
		select {
		case <-deadline:
			t.Fatal(err)
		default:
		}
	}
}

func TestQuestionsAreAnsweredOnTheBus(t *testing.T) {
	t.Parallel()
	nc := running(t)
	m := question(t, nc, `{"name": "Hua Wei Technologies Co Ltd", "country": "CN", "type": "company"}`)
	var got event.Found
	if err := json.Unmarshal(m.Data, &got); err != nil || len(got.Candidates) == 0 {
		t.Fatalf("%s: %v", m.Data, err)
	}
	best := got.Candidates[0]
	if best.List != "EL" || best.Score < 900 || len(best.Why) == 0 || got.Considered == 0 || got.Floor != enrichment.MatchFloor || got.Matcher != enrichment.MatcherVersion {
		t.Errorf("%s", m.Data)
	}
	if !slices.IsSortedFunc(got.Candidates, func(a, b event.Candidate) int { return int(b.Score - a.Score) }) {
		t.Error("the best does not stand first")
	}
}

func TestQuestionsWithoutSenseAreRefused(t *testing.T) {
	t.Parallel()
	nc := running(t)
	for name, q := range map[string]string{
		"nothing asked":     `{}`,
		"no JSON":           `Huawei`,
		"an unknown member": `{"nom": "x"}`,
		"an unknown type":   `{"name": "x", "type": "ship"}`,
		"no country":        `{"name": "x", "country": "china"}`,
		"no day":            `{"name": "x", "as_of": "2026-02-30"}`,
	} {
		if m := question(t, nc, q); m.Header.Get("Nats-Service-Error-Code") != "400" || m.Header.Get("Nats-Service-Error") == "" {
			t.Errorf("%s: %v %s", name, m.Header, m.Data)
		}
	}
}
