package standalone

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/deploy/standalone/samples"
	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/ingest"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/clock"
)

// answer is what the door said of one sample.
type answer struct {
	Status string        `json:"status"` // accepted, refused
	Event  string        `json:"event"`
	Faults []event.Fault `json:"faults"`
}

// submitAll sends every sample through the HTTP door, one request each; the web shop's as its webhook.
func submitAll(ctx context.Context, s *Standalone, secret string, set []samples.Sample) (out []answer, err error) {
	select {
	case <-s.Ready():
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	out = make([]answer, len(set))
	for i, sample := range set {
		if byWebhook(sample) {
			out[i], err = submitHook(ctx, s, secret, sample.Name, sample.Input)
		} else {
			out[i], err = submitOne(ctx, s.HTTP()+"/v1/orders", media(sample.File), sample.Input)
		}
		if err != nil {
			return nil, fmt.Errorf("submit %s: %w", sample.Name, err)
		}
	}
	return out, nil
}

// media is the media type of a sample. The door goes by the content; this is what a sender would say.
func media(file string) string {
	switch path.Ext(file) {
	case ".xml":
		return "application/xml"
	case ".csv":
		return "text/csv"
	case ".edi":
		return "application/octet-stream"
	default:
		return "application/json"
	}
}

func submitOne(ctx context.Context, url, media string, body []byte) (answer, error) {
	return submitWith(ctx, url, http.Header{"Content-Type": {media}}, body)
}

func submitWith(ctx context.Context, url string, header http.Header, body []byte) (a answer, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return a, err
	}
	req.Header = header
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return a, err
	}
	defer func() { _ = resp.Body.Close() }()
	said, err := io.ReadAll(resp.Body)
	if err != nil {
		return a, err
	}
	got, err := ingest.ReadAnswer(resp.Header.Get("Content-Type"), said)
	if err != nil {
		return a, fmt.Errorf("status %d: %w", resp.StatusCode, err)
	}
	a = answer{got.Status, got.Event, got.Faults}
	if a.Event == "" {
		return a, fmt.Errorf("status %d: the order was not taken", resp.StatusCode)
	}
	return a, nil
}

// awaitRecords waits until n receipts are out, then reads the cases from the log, by event.
func awaitRecords(ctx context.Context, s *Standalone, n int) (map[string]audit.Logged, error) {
	js, err := s.jetStream("demo")
	if err != nil {
		return nil, err
	}
	if err := awaitReceipts(ctx, js, n); err != nil {
		return nil, err
	}
	out := make(map[string]audit.Logged, n)
	for l, err := range audit.ReadCases(ctx, AuditDir(s.cfg.Data), 1) {
		if err != nil {
			return nil, err
		}
		var head struct {
			Event string `json:"event"`
		}
		if err := json.Unmarshal(l.Case.Line(0), &head); err != nil {
			return nil, fmt.Errorf("leaf %d: %w", l.Index, err)
		}
		out[head.Event] = l
	}
	return out, nil
}

func awaitReceipts(ctx context.Context, js jetstream.JetStream, n int) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		b, err := bus.Look(ctx, js, subject.PublicRecordStream)
		if err != nil {
			return err
		}
		if b.Last >= uint64(n) {
			return nil
		}
		if err := clock.Sleep(ctx, 20*time.Millisecond); err != nil {
			return fmt.Errorf("%d of %d receipts after a minute: %w", b.Last, n, err)
		}
	}
}
