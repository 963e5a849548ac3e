package enrichment

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

// Required is a list that must be loaded, and not older than so many days when an order is received.
type Required struct {
	List string
	Days int // 0 is any age
}

// ParseRequired reads "SDN" or "SDN=30" (at most 30 days old).
func ParseRequired(texts []string) ([]Required, error) {
	var out []Required
	for _, t := range texts {
		name, days, aged := strings.Cut(t, "=")
		r := Required{List: name}
		if !slices.Contains(snapshot.Lists, name) && !slices.Contains(snapshot.Others, name) {
			return nil, fmt.Errorf("--require-list %q: there is no such list; known are %s", t, strings.Join(slices.Concat(snapshot.Lists, snapshot.Others), ", "))
		}
		if aged {
			var err error
			if r.Days, err = strconv.Atoi(days); err != nil || r.Days < 1 {
				return nil, fmt.Errorf("--require-list %q: want LIST=DAYS", t)
			}
		}
		out = append(out, r)
	}
	return out, nil
}

// LackingPrefix begins every answer of Lacking.
const LackingPrefix = "the required list "

// Lacking says which required list is missing, incomplete or too old for an order received then; "" when none is. The
// age is counted from the recorded time of receipt, so the answer is the same ever after.
func (r *Reference) Lacking(required []Required, received event.Instant) string {
	for _, q := range required {
		if why := r.lacks(q, received); why != "" {
			return why
		}
	}
	return ""
}

// lacks looks at the newest edition of the list, whole ones only.
func (r *Reference) lacks(q Required, received event.Instant) string {
	var newest *snapshot.Edition
	for i := range r.editions {
		if e := &r.editions[i]; e.List == q.List && !e.Partial && (newest == nil || e.Published > newest.Published) {
			newest = e
		}
	}
	if newest == nil {
		return fmt.Sprintf(LackingPrefix+"%s is not loaded whole", q.List)
	}
	if q.Days == 0 {
		return ""
	}
	day := event.Date(string(received)[:min(10, len(received))])
	if age := snapshot.Days(newest.Published, day); age > q.Days {
		return fmt.Sprintf(LackingPrefix+"%s is of %s, %d days before the order came; %d are allowed", q.List, newest.Published, age, q.Days)
	}
	return ""
}
