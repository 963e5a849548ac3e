package page

import (
	"net/http"
	"time"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit/search"
)

// errPart says why an account of the whole is not given to who sees a part of it.
var errPart = fault{http.StatusForbidden, "This is an account of the whole log, and your token sees some sources or tenants only."}

// calendar is a month of days, each with its account.
type calendar struct {
	Month, Before, After string // 2026-11; After is empty for the newest
	Name                 string
	Weeks                [][7]calendarDay // from Monday
	Report               search.Completeness
	Hidden               int                  // days that lie beyond what the viewer sees
	Beyond               bool                 // all of them do
	Bad                  []search.CompleteDay // days that are not complete
}

// calendarDay is a square of the month; N is 0 for those that are of another month.
type calendarDay struct {
	N     int
	Date  event.Date
	Shown bool // it lies within what the viewer sees
	Today bool
	search.CompleteDay
}

// Gap says that something is missing.
func (d calendarDay) Gap() bool { return d.Leaves+d.Lost() > 0 && !d.Complete }

// Quiet says that nothing came in.
func (d calendarDay) Quiet() bool { return d.Leaves+d.Lost() == 0 }

// Lost is how much of the day is not in the log.
func (d calendarDay) Lost() int { return d.Missing + int(d.MissingWhole) + int(d.CompleteDay.Lost) } //nolint:gosec // far smaller

func (s *Service) getCalendar(w http.ResponseWriter, r *http.Request, who viewer) error {
	if len(who.Sources)+len(who.Tenants) > 0 {
		return errPart
	}
	today := s.cfg.Clock().UTC()
	first := time.Date(today.Year(), today.Month(), 1, 0, 0, 0, 0, time.UTC)
	if text := r.URL.Query().Get("month"); text != "" {
		t, err := time.Parse("2006-01", text)
		if err != nil || t.Year() < 1900 || t.Year() > 2999 {
			return fault{http.StatusBadRequest, "month: want a month such as 2026-11"}
		}
		first = t
	}
	last := first.AddDate(0, 1, -1)
	span := event.Span{From: max(dateOf(first), who.From), Until: dateOf(last)}
	if who.Until != "" {
		span.Until = min(span.Until, who.Until)
	}
	rep, err := s.archive.Completeness(r.Context(), span.From, span.Until)
	if err != nil && !s.empty() {
		return err
	}
	v := calendar{Month: first.Format("2006-01"), Before: first.AddDate(0, -1, 0).Format("2006-01"), Name: first.Format("January 2006"), Report: rep}
	if first.AddDate(0, 1, 0).Before(today) {
		v.After = first.AddDate(0, 1, 0).Format("2006-01")
	}
	v.fill(first, last, dateOf(today), span)
	s.asked.add(who, deed{what: query, count: "calendars", text: "completeness of " + v.Month})
	return s.render(w, r, who, http.StatusOK, "calendar", "Completeness of "+v.Name, v)
}

func dateOf(t time.Time) event.Date { return event.Date(t.Format(time.DateOnly)) }

// fill puts the days into weeks.
func (c *calendar) fill(first, last time.Time, today event.Date, span event.Span) {
	c.Beyond = true
	days := map[event.Date]search.CompleteDay{}
	for _, d := range c.Report.Days {
		days[d.Day] = d
		if !d.Complete {
			c.Bad = append(c.Bad, d)
		}
	}
	at := (int(first.Weekday()) + 6) % 7
	for t := first; !t.After(last); t = t.AddDate(0, 0, 1) {
		if len(c.Weeks) == 0 || at == 7 {
			c.Weeks = append(c.Weeks, [7]calendarDay{})
			at %= 7
		}
		date := dateOf(t)
		c.Weeks[len(c.Weeks)-1][at] = calendarDay{N: t.Day(), Date: date, Shown: span.Holds(date), Today: date == today, CompleteDay: days[date]}
		if at++; span.Holds(date) {
			c.Beyond = false
		} else {
			c.Hidden++
		}
	}
}
