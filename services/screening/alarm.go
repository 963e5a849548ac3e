package screening

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/nats-io/nats.go"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/screening/internal/verdict"
	"github.com/tidegate/tidegate/shared/codec"
)

// alarmOf finds what somebody must hear of at once: an order left that was not released, or after the last day its release was
// valid. nil for everything else.
func alarmOf(h *head, c event.Case) (*event.Finding, error) {
	if h.Kind != event.Shipped {
		return nil, nil //nolint:nilnil // nothing to hear of is no error
	}
	var j struct {
		Findings []event.Finding `json:"findings"`
	}
	if err := codec.Decode(c.Line(2), &j); err != nil {
		return nil, err
	}
	at := slices.IndexFunc(j.Findings, func(f event.Finding) bool { return f.Rule == verdict.ShippedUnreleased && f.AnsweredBy == nil })
	if at < 0 {
		return nil, nil //nolint:nilnil // as above
	}
	return &j.Findings[at], nil
}

// sayAlarm says it in the log. Text names no party.
func (s *Service) sayAlarm(ctx context.Context, h *head, f *event.Finding) {
	s.cfg.Log.ErrorContext(ctx, "ALARM: an order left without a release", slog.String("source", h.Source), slog.String("order_id", h.OrderID),
		slog.String("event", h.Event), slog.String("rule", f.Rule), slog.String("outcome", string(h.Outcome)), slog.String("why", f.Text))
}

// alarmMessage is the alarm about a decision: the same judgement line on a subject of its own.
func alarmMessage(decision *nats.Msg, f *event.Finding) *nats.Msg {
	h := maps.Clone(decision.Header)
	h[subject.HeaderCEType] = []string{subject.TypeAlarm}
	h[subject.HeaderCEID] = []string{decision.Header.Get(subject.HeaderCEID) + ".alarm"}
	source, _, _ := strings.Cut(strings.TrimPrefix(decision.Subject, subject.PublicDecisionPrefix), ".")
	return &nats.Msg{Subject: subject.PublicAlarmPrefix + source + "." + subject.Token(f.Rule), Header: h, Data: decision.Data}
}
