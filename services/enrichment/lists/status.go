package lists

import (
	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/list"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

// Status is what the store holds.
type Status struct {
	Active   string             `json:"active"` // digest of the set in force; "" for none
	Head     string             `json:"head"`   // digest of the newest set
	Editions []snapshot.Edition `json:"editions"`
	Lists    []Held             `json:"lists"`   // of the active set, else of the newest
	Formats  []Known            `json:"formats"` // what can be imported
}

// Held is one series of a set.
type Held struct {
	List    string     `json:"list"`
	Feed    string     `json:"feed"`
	Version event.Date `json:"version"`
	Age     int        `json:"age_days"`
	Rows    int        `json:"rows"`
	Rules   bool       `json:"rules"` // the shipped pack has rules for the list
	Gaps    []string   `json:"gaps,omitempty"`
}

// Known is a format.
type Known struct {
	Name  string `json:"name"`
	Usage string `json:"usage"`
	Tried bool   `json:"tried"` // on a file as published
}

// Status reads the state.
func (s *Store) Status() (Status, error) {
	var st Status
	h, err := s.head()
	if err != nil {
		return st, err
	}
	st.Head, st.Editions = h.Set, h.Editions
	for _, f := range list.Formats() {
		st.Formats = append(st.Formats, Known{f.Name, f.Usage, f.Tried})
	}
	if st.Active, err = s.Active(); err != nil {
		return st, err
	}
	shown := st.Active
	if shown == "" {
		shown = st.Head
	}
	if shown == "" {
		return st, nil
	}
	set, err := s.Set(shown)
	if err != nil {
		return st, err
	}
	today := s.today()
	for _, e := range set.Editions {
		st.Lists = append(st.Lists, Held{
			List: e.List, Feed: e.Feed, Version: e.Published, Age: snapshot.Days(e.Published, today), Rows: e.Rows,
			Rules: snapshot.Ruled(e.List), Gaps: e.Gaps,
		})
	}
	return st, nil
}

func (s *Store) today() event.Date { return event.Date(s.clock().UTC().Format("2006-01-02")) }
