package standalone

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/tidegate/tidegate/deploy/standalone/samples"
	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/shared/bus"
)

// DemoStep is one step of the story with what became of it.
type DemoStep struct {
	Step    string        `json:"step"`
	OrderID string        `json:"order_id"`
	Kind    event.Kind    `json:"kind"`
	Outcome event.Outcome `json:"outcome,omitempty"` // empty for what is of no order
	Rule    string        `json:"rule,omitempty"`
	Why     string        `json:"why"` // what the step is there for
	Leaf    uint64        `json:"leaf"`
	Miss    string        `json:"miss,omitempty"`
}

// tellStory sends the story's steps through their doors, one after the other, waits until they are logged, and compares.
func (r *Result) tellStory(ctx context.Context, s *Standalone, before int) error {
	steps, err := samples.Story()
	if err != nil {
		return err
	}
	nc, err := s.connect("demo-operator")
	if err != nil {
		return err
	}
	events := make([]string, len(steps))
	for i, step := range steps {
		if step.Act != nil {
			taken, err := bus.Act(ctx, nc, *step.Act)
			if err != nil {
				return fmt.Errorf("story %s: %w", step.Name, err)
			}
			events[i] = taken.Event
			continue
		}
		a, err := submitOne(ctx, s.HTTP()+"/v1/orders", "application/json", step.Order)
		if err != nil || a.Status != "accepted" {
			return fmt.Errorf("story %s: %+v: %w", step.Name, a, err)
		}
		events[i] = a.Event
	}
	logged, err := awaitRecords(ctx, s, before+len(steps))
	if err != nil {
		return err
	}
	for i, step := range steps {
		l, ok := logged[events[i]]
		if !ok {
			return fmt.Errorf("story %s: event %s is not in the log", step.Name, events[i])
		}
		if err := r.step(step, l); err != nil {
			return fmt.Errorf("story %s: %w", step.Name, err)
		}
	}
	r.Records = len(logged)
	return nil
}

func (r *Result) step(step samples.Step, l audit.Logged) error {
	d := DemoStep{Step: step.Name, Why: step.Why, Leaf: l.Index}
	var c event.Cause
	if err := json.Unmarshal(l.Case.Line(0), &c); err != nil {
		return err
	}
	if d.OrderID, d.Kind = c.OrderID, c.Kind; c.License != nil {
		d.OrderID = c.License.Number
	}
	if !l.Case.Passes() {
		var j event.Judgement
		if err := json.Unmarshal(l.Case.Line(2), &j); err != nil {
			return err
		}
		if d.Outcome, d.Rule, d.Miss = j.Outcome, j.Rule, step.Expect.Missed(&j); d.Miss != "" {
			r.Misses = append(r.Misses, "story "+step.Name+": "+d.Miss)
		}
		if r.Decided++; step.Act == nil {
			r.Orders++
		}
	}
	r.Story = append(r.Story, d)
	return nil
}

func (r Result) printStory(w io.Writer, color func(event.Outcome) string) {
	t := newTable(w, "What earlier orders, licenses and persons do to an order", "order", "event", "outcome", "rule", "why")
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 5, WidthMax: 90, WidthMaxEnforcer: text.WrapSoft}})
	for _, d := range r.Story {
		outcome := "registered"
		if d.Outcome != event.NoOutcome {
			outcome = color(d.Outcome)
		}
		t.AppendRow(table.Row{d.OrderID, d.Kind, outcome, d.Rule, d.Why})
	}
	t.Render()
	fmt.Fprintln(w)
}
