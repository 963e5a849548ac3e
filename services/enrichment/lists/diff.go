package lists

import (
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/services/enrichment/internal/list"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

// Row names a row in a difference.
type Row struct {
	ID   string `json:"id"`
	List string `json:"list"`
	Name string `json:"name"`
	Was  string `json:"was,omitempty"` // its name before
}

// Diff is what changed between two states of lists. A row whose listing ended counts as removed.
type Diff struct {
	Added   []Row `json:"added"`
	Removed []Row `json:"removed"`
	Renamed []Row `json:"renamed"`
	Changed []Row `json:"changed"` // anything else
}

// Compare gives the difference between two things that each are a file, a folder with an OFAC set, or the digest of a
// set in the store (or its start, or head, or active). Files are read leniently: what is skipped is in the second
// result. Only one list is compared where only is not empty.
func (s *Store) Compare(from, to, only string) (Diff, []string, error) {
	a, notes1, err := s.rows(from)
	if err != nil {
		return Diff{}, nil, err
	}
	b, notes2, err := s.rows(to)
	if err != nil {
		return Diff{}, nil, err
	}
	if only != "" {
		other := func(e snapshot.Entry) bool { return e.List != only }
		a, b = slices.DeleteFunc(a, other), slices.DeleteFunc(b, other)
	}
	return compare(a, b), append(notes1, notes2...), nil
}

func (s *Store) rows(name string) ([]snapshot.Entry, []string, error) {
	if _, err := os.Stat(name); err == nil {
		return s.fileRows(name)
	}
	digest, err := s.named(name)
	if err != nil {
		return nil, nil, err
	}
	set, err := s.Set(digest)
	if err != nil {
		return nil, nil, err
	}
	newest := ""
	for _, e := range set.Editions {
		newest = max(newest, string(e.Published))
	}
	ended := func(e snapshot.Entry) bool {
		last := e.Listed[len(e.Listed)-1]
		return last.Until != "" && string(last.Until) < newest
	}
	return slices.DeleteFunc(set.Entries, ended), nil, nil
}

func (s *Store) named(name string) (digest string, err error) {
	switch name {
	case "head":
		return s.resolve("")
	case "active":
		digest, err = s.Active()
		if err == nil && digest == "" {
			err = errors.New("no set is active")
		}
		return digest, err
	}
	return s.resolve(name)
}

func (s *Store) fileRows(name string) (rows []snapshot.Entry, notes []string, err error) {
	f, err := Read(Import{Path: name, Lenient: true})
	if errors.Is(err, list.ErrUndated) {
		f, err = Read(Import{Path: name, Lenient: true, Published: s.today()}) // its rows can be compared all the same
	}
	if err != nil {
		return nil, nil, err
	}
	for _, ed := range f.Editions {
		rows = append(rows, ed.Entries...)
		for _, g := range ed.Gaps {
			notes = append(notes, name+": "+ed.List+": "+g)
		}
	}
	for _, skipped := range f.Skipped {
		notes = append(notes, name+": "+skipped.String())
	}
	slices.SortFunc(rows, func(a, b snapshot.Entry) int { return strings.Compare(a.ID, b.ID) })
	return rows, notes, nil
}

// compare walks two sorted lists of rows.
func compare(a, b []snapshot.Entry) Diff {
	var d Diff
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(a) == 0 || len(b) > 0 && b[0].ID < a[0].ID:
			d.Added = append(d.Added, Row{ID: b[0].ID, List: b[0].List, Name: b[0].Name})
			b = b[1:]
		case len(b) == 0 || a[0].ID < b[0].ID:
			d.Removed = append(d.Removed, Row{ID: a[0].ID, List: a[0].List, Name: a[0].Name})
			a = a[1:]
		default:
			d.same(&a[0], &b[0])
			a, b = a[1:], b[1:]
		}
	}
	return d
}

func (d *Diff) same(a, b *snapshot.Entry) {
	row := Row{ID: b.ID, List: b.List, Name: b.Name}
	switch {
	case a.Name != b.Name:
		row.Was = a.Name
		d.Renamed = append(d.Renamed, row)
	case !slices.Equal(a.Aliases, b.Aliases) || !slices.Equal(a.Addresses, b.Addresses) || a.Requirement != b.Requirement ||
		a.PolicyText != b.PolicyText || a.Citation != b.Citation || !slices.Equal(a.Listed, b.Listed) || !slices.Equal(a.Programs, b.Programs):
		d.Changed = append(d.Changed, row)
	}
}
