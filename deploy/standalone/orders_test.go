package standalone

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"

	"github.com/tidegate/tidegate/deploy/orders"
	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/codec"
)

// day is a clock that stands at noon of a day until it is set to another.
type day struct{ now atomic.Pointer[time.Time] }

func (d *day) set(t *testing.T, on event.Date) {
	t.Helper()
	at, err := time.Parse(time.DateOnly, string(on))
	if err != nil {
		t.Fatal(err)
	}
	at = at.Add(12 * time.Hour)
	d.now.Store(&at)
}

func (d *day) clock() time.Time { return *d.now.Load() }

// desk is a running pipeline with the decisions it publishes.
type desk struct {
	*Standalone

	t         *testing.T
	clock     day
	decisions *nats.Subscription
	alarms    *nats.Subscription
	stop      func() error
}

func newDesk(t *testing.T, dir string, on event.Date) *desk {
	t.Helper()
	d := &desk{t: t}
	d.clock.set(t, on)
	cfg := Config{Data: filepath.Join(dir, "data"), GuardDir: filepath.Join(dir, "guard"), Rejudge: true, Log: slog.New(slog.DiscardHandler)}
	cfg.Ingest.Clock = d.clock.clock
	s, err := New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	d.Standalone = s
	nc, err := s.connect("test")
	if err == nil {
		d.decisions, err = nc.SubscribeSync(subject.PublicDecisionWildcard)
	}
	if err == nil {
		d.alarms, err = nc.SubscribeSync(subject.PublicAlarmWildcard)
	}
	if err == nil {
		err = nc.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	d.stop = running(t, s.Run)
	<-s.Ready()
	return d
}

func (d *desk) submit(order string) {
	d.t.Helper()
	if a, err := d.Ingest.Submit(d.t.Context(), []byte(order), "test"); err != nil || a.Status != "accepted" {
		d.t.Fatalf("%+v %v", a, err)
	}
}

// next is the next decision that is published.
func (d *desk) next() (*nats.Msg, event.Judgement) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), time.Minute)
	defer cancel()
	m, err := d.decisions.NextMsgWithContext(ctx)
	if err != nil {
		d.t.Fatal(err)
	}
	var j event.Judgement
	if err := codec.Decode(m.Data, &j); err != nil {
		d.t.Fatal(err)
	}
	return m, j
}

// logged waits until so many leaves have their receipts.
func (d *desk) logged(leaves int) {
	d.t.Helper()
	js, err := d.jetStream("receipts")
	if err == nil {
		err = awaitReceipts(d.t.Context(), js, leaves)
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

// affiliate is an order that half a listed owner's firm is a party to: released while the Affiliates Rule is stayed, which is until
// 2026-11-09.
func affiliate(id string) string {
	return `{"source":"shop","id":"` + id + `","order_date":"2026-11-08","ship_from":"US","ship_to":"MY","parties":[{"role":"ultimate_consignee","name":"Lantern Bay Components Sdn. Bhd.",
		"address":{"country":"MY"},"headquarters":"MY","owners":[{"name":"Huawei Technologies Co., Ltd.","country":"CN","percent":50}]}],
		"items":[{"description":"power supply","eccn":"EAR99","quantity":4}]}`
}

func TestReleasedBeforeTheRuleCameBackAndShippedAfterDoesNotPass(t *testing.T) {
	t.Parallel()
	d := newDesk(t, t.TempDir(), "2026-11-08")
	d.submit(affiliate("A-1"))
	if m, j := d.next(); j.Outcome != event.Release || j.ValidUntil != "2026-11-09" {
		t.Fatalf("on the day of the order: %s until %s: %s %s", j.Outcome, j.ValidUntil, m.Subject, m.Data)
	}
	d.clock.set(t, "2026-11-10") // the day behind the last one it was valid
	d.orders.Look()
	m, j := d.next()
	if j.Outcome != event.NeedsLic || j.Rule != "affiliates-50" || m.Header.Get(subject.HeaderCESubject) != "A-1" {
		t.Errorf("when it came due: %s by %s: %s", j.Outcome, j.Rule, m.Data)
	}
	if m.Header.Get(subject.HeaderKind) != "rejudge" || m.Header.Get(subject.HeaderWhy) != "valid_until" {
		t.Errorf("the owner is not told why: %v", m.Header)
	}
	d.clock.set(t, "2026-11-12")
	d.submit(`{"source":"shop","id":"A-1","event":"shipped","shipment":{"date":"2026-11-12","document":"DN-1"}}`)
	if _, j := d.next(); j.Outcome != event.NeedsLic || j.Dates[0] != (event.DateSay{AsOf: "shipped_date", Date: "2026-11-12", Outcome: event.NeedsLic}) || !finds(&j, "shipped-unreleased") {
		t.Errorf("when it left: %s by %s on %v", j.Outcome, j.Rule, j.Dates)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	alarm, err := d.alarms.NextMsgWithContext(ctx)
	if err != nil || alarm.Subject != "tidegate.v1.alarm.shop.shipped-unreleased" || alarm.Header.Get(subject.HeaderCESubject) != "A-1" || alarm.Header.Get(subject.HeaderCEType) != subject.TypeAlarm {
		t.Errorf("no alarm: %v %+v", err, alarm)
	}
	d.logged(3)
	if err := d.stop(); err != nil {
		t.Fatal(err)
	}
	var all []orders.Order
	for o, err := range OrdersOf(t.Context(), d.cfg.Data, "") {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, o)
	}
	if len(all) != 1 || all[0].State != orders.Shipped || all[0].Left != "2026-11-12" || all[0].Unreleased != "its newest decision was license" {
		t.Errorf("%+v", all)
	}
}

func finds(j *event.Judgement, rule string) bool {
	for i := range j.Findings {
		if j.Findings[i].Rule == rule {
			return true
		}
	}
	return false
}

func TestNewEntriesOfTheListsAreAskedAboutEveryOrderThereWas(t *testing.T) {
	t.Parallel()
	d := newDesk(t, t.TempDir(), "2026-11-20")
	order := func(id, name string) string {
		return `{"source":"shop","id":"` + id + `","order_date":"2026-11-20","ship_to":"DE","parties":[{"role":"purchaser","name":"` + name + `","address":{"country":"DE"},"headquarters":"DE","no_parent":true}],
			"items":[{"description":"desk fan","eccn":"EAR99"}]}`
	}
	for id, name := range map[string]string{"open": "Norvik Turbine Works", "left": "Norvik Turbine Works GmbH", "other": "Holm Brewery"} {
		d.submit(order(id, name))
		if _, j := d.next(); j.Outcome != event.Release {
			t.Fatalf("%s: %s by %s", id, j.Outcome, j.Rule)
		}
	}
	d.submit(`{"source":"shop","id":"left","event":"shipped","shipment":{"date":"2026-11-20","document":"DN-2"}}`)
	if _, j := d.next(); j.Outcome != event.Release {
		t.Fatal(j.Outcome, j.Rule)
	}
	nc, err := d.connect("operator")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := bus.Activate(t.Context(), nc, event.Activation{What: bus.Lists, By: "kim", Why: "test"}, objectOf(t, "Norvik Turbine Works")); err != nil {
		t.Fatal(err)
	}
	m, j := d.next()
	if m.Header.Get(subject.HeaderCESubject) != "open" || j.Outcome != event.Block || j.Rule != "dpl-block" {
		t.Errorf("%s: %s by %s", m.Header.Get(subject.HeaderCESubject), j.Outcome, j.Rule)
	}
	d.logged(7) // 3 orders, 1 left, 1 activation, 1 judged again, 1 note
	if err := d.stop(); err != nil {
		t.Fatal(err)
	}
	reports := orders.ReportsOf(OrdersDir(d.cfg.Data))
	name, err := reports.Newest()
	if err != nil || name == "" {
		t.Fatal(name, err)
	}
	sum, touched, err := reports.Read(name)
	if err != nil || sum.Changed != 1 || sum.Parties != 3 || sum.Matched != 2 || sum.Orders != 3 || sum.Open != 1 || sum.Shipped != 1 {
		t.Errorf("%+v %v", sum, err)
	}
	var ids []string
	for o, err := range touched {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, o.ID+" "+o.Touched[0].Touches[0].Name+" "+o.Touched[0].Touches[0].What)
	}
	if diff := cmp.Diff([]string{"open Norvik Turbine Works new", "left Norvik Turbine Works new"}, ids); diff != "" {
		t.Error(diff)
	}
}
