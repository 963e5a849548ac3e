package page

import (
	"net/http"
	"strconv"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit/search"
)

// freshSpan is how many days back the page of lists looks where nothing else is asked for.
const freshSpan = 90

// lists says by which lists and rules was decided, and how old they were.
type lists struct {
	From, Until string
	Days        int
	Problem     string
	Report      search.Freshness
	Reach       string
}

func (s *Service) getLists(w http.ResponseWriter, r *http.Request, who viewer) error {
	if len(who.Sources)+len(who.Tenants) > 0 {
		return errPart
	}
	today := dateOf(s.cfg.Clock().UTC())
	v := lists{From: or(r.URL.Query().Get("from"), string(today.AddDays(-freshSpan))), Until: or(r.URL.Query().Get("until"), string(today)), Days: search.StaleAfter, Reach: reach(who)}
	if n, err := strconv.Atoi(r.URL.Query().Get("days")); err == nil && n > 0 {
		v.Days = n
	}
	from, ferr := event.ParseDate(v.From)
	until, uerr := event.ParseDate(v.Until)
	if ferr != nil || uerr != nil {
		v.Problem = "From and until are days such as 2026-11-23."
		return s.render(w, r, who, http.StatusBadRequest, "lists", "Lists and rules", v)
	}
	from = max(from, who.From)
	if who.Until != "" {
		until = min(until, who.Until)
	}
	rep, err := s.archive.Freshness(r.Context(), from, until, v.Days)
	if err != nil && !s.empty() {
		return err
	}
	v.Report = rep
	s.asked.add(who, deed{what: query, count: "lists", text: "lists from " + string(from) + " to " + string(until)})
	return s.render(w, r, who, http.StatusOK, "lists", "Lists and rules", v)
}
