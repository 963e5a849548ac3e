package standalone

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/services/screening/replay"
)

// sliceFlags say which decisions are judged again.
func sliceFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "from", Usage: "first order `DATE` of the slice"},
		&cli.StringFlag{Name: "until", Usage: "last order `DATE` of the slice, inclusive"},
		&cli.StringFlag{Name: "received-from", Usage: "first `DATE` or moment (2026-11-23T10:15:00Z) at which an order came in"},
		&cli.StringFlag{Name: "received-until", Usage: "last `DATE` or moment, inclusive"},
		&cli.StringSliceFlag{Name: "source", Usage: "only orders of this `SOURCE`; more than once for several"},
		&cli.StringFlag{Name: "party", Usage: "only orders with a party of this `NAME`, in any spelling, as given or as a list writes it"},
		&cli.StringSliceFlag{Name: "country", Usage: "only orders that go to, or have a party in, `CC`; more than once for several"},
		&cli.StringFlag{Name: "item", Usage: "only orders with this `ITEM`: ECCN, part number, catalog id, class (a, b, c, none, unknown) or words of the description"},
		&cli.StringSliceFlag{Name: "rule", Usage: "only decisions with a finding of `RULE`; more than once for several"},
		&cli.StringSliceFlag{Name: "outcome", Usage: "only decisions with `OUTCOME`; more than once for several"},
		&cli.StringSliceFlag{Name: "stand", Usage: "only orders that are open, shipped, cancelled or revised now: `HOW`; more than once for several"},
		&cli.StringSliceFlag{Name: "order", Usage: "only the order with this `ID`; more than once for several"},
	}
}

// sideFlags say under what a side is judged; the names of the old side's begin with base-.
func sideFlags(prefix, whose string) []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: prefix + "pack", Usage: "rules of " + whose + ": `DIR` of a pack, us, jp, example, or current (in force now); more than once for several together; each decision's own when not given"},
		&cli.StringMapFlag{Name: prefix + "set", Usage: "parameter of " + whose + "'s pack, `NAME=VALUE`"},
		&cli.StringFlag{Name: prefix + "snapshot", Usage: "lists, places and catalog of " + whose + ": current, shipped, a `DIR` or a digest; orders are enriched again where theirs were others"},
		&cli.StringFlag{Name: prefix + "masters", Usage: "item and partner masters of " + whose + ": current, none or a `DIGEST`"},
		&cli.StringFlag{Name: prefix + "as-of", Usage: "judge " + whose + " for this `DATE`, or by order-date or ship-date alone, instead of the dates that each order gives"},
		&cli.StringFlag{Name: prefix + "known-at", Usage: whose + ": " + knownAtUsage},
		&cli.BoolFlag{Name: prefix + "enrich", Usage: "state " + whose + "'s facts again with this program's matcher, under each decision's own lists"},
	}
}

// flagged reads values and gathers what is wrong with them.
type flagged struct {
	cmd    *cli.Command
	faults []error
}

func (f *flagged) fault(flag string, err error) {
	if err != nil {
		f.faults = append(f.faults, fmt.Errorf("--%s: %w", flag, err))
	}
}

func (f *flagged) date(flag string) event.Date {
	s := f.cmd.String(flag)
	if s == "" {
		return ""
	}
	d, err := event.ParseDate(s)
	f.fault(flag, err)
	return d
}

// moment reads a moment, or the first or last of a day.
func (f *flagged) moment(flag string, last bool) event.Instant {
	s := f.cmd.String(flag)
	if s == "" {
		return ""
	}
	if d, err := event.ParseDate(s); err == nil {
		if last {
			return event.Instant(d + "T23:59:59.999999Z")
		}
		return event.Instant(d + "T00:00:00.000000Z")
	}
	at := event.Instant(s).Time()
	if at.IsZero() {
		f.fault(flag, fmt.Errorf("%q is neither a date nor a moment such as 2026-11-23T10:15:00Z", s))
	}
	return event.At(at)
}

func (f *flagged) slice() replay.Slice {
	s := replay.Slice{
		From: f.date("from"), Until: f.date("until"), ReceivedFrom: f.moment("received-from", false), ReceivedUntil: f.moment("received-until", true),
		Sources: f.cmd.StringSlice("source"), Party: f.cmd.String("party"), Item: f.cmd.String("item"), Rules: f.cmd.StringSlice("rule"), Orders: f.cmd.StringSlice("order"),
	}
	for _, c := range f.cmd.StringSlice("country") {
		s.Countries = append(s.Countries, event.Country(strings.ToUpper(c)))
		if len(c) != 2 || strings.Trim(strings.ToUpper(c), "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			f.fault("country", fmt.Errorf("%q is not the two letters of a country", c))
		}
	}
	for _, o := range f.cmd.StringSlice("outcome") {
		s.Outcomes = append(s.Outcomes, event.Outcome(o))
		if event.Outcome(o).Severity() < 0 {
			f.fault("outcome", fmt.Errorf("%q is not release, hold, license or block", o))
		}
	}
	for _, o := range f.cmd.StringSlice("stand") {
		s.Stands = append(s.Stands, replay.Stand(o))
		if !slices.Contains([]replay.Stand{replay.Open, replay.Shipped, replay.Cancelled, replay.Revised}, replay.Stand(o)) {
			f.fault("stand", fmt.Errorf("%q is not open, shipped, cancelled or revised", o))
		}
	}
	if s.Until != "" && s.From > s.Until {
		f.fault("from", fmt.Errorf("%s is later than --until %s", s.From, s.Until))
	}
	if s.ReceivedUntil != "" && s.ReceivedFrom > s.ReceivedUntil {
		f.fault("received-from", fmt.Errorf("%s is later than --received-until %s", s.ReceivedFrom, s.ReceivedUntil))
	}
	return s
}

func (f *flagged) side(prefix string) replayChoice {
	c := replayChoice{
		packs: f.cmd.StringSlice(prefix + "pack"), set: f.cmd.StringMap(prefix + "set"), snapshot: f.cmd.String(prefix + "snapshot"),
		masters: f.cmd.String(prefix + "masters"), knownAt: f.cmd.String(prefix + "known-at"), enriching: f.cmd.Bool(prefix + "enrich"),
	}
	switch s := f.cmd.String(prefix + "as-of"); s {
	case "order-date":
		c.asOf.By = screening.ByOrderDate
	case "ship-date":
		c.asOf.By = screening.ByShipDate
	default:
		c.asOf.Fixed = f.date(prefix + "as-of")
	}
	return c
}

// based says whether anything is said of the old side.
func (f *flagged) based() bool {
	return slices.ContainsFunc(sideFlags("base-", ""), func(flag cli.Flag) bool { return f.cmd.IsSet(flag.Names()[0]) })
}

func (f *flagged) state() replay.State {
	s := replay.State(f.cmd.String("state"))
	if s != replay.Recorded && s != replay.Recomputed {
		f.fault("state", fmt.Errorf("%q is not recorded or recomputed", s))
	}
	return s
}

func (f *flagged) err() error { return errors.Join(f.faults...) }
