package masters

import "github.com/tidegate/tidegate/services/enrichment/internal/master"

// Named is a number of rows with the first of them by name.
type Named = master.Named

// Status is what a store holds.
type Status struct {
	Head     string     `json:"head,omitempty"`
	Active   string     `json:"active,omitempty"`
	Editions []Edition  `json:"editions,omitempty"`
	Formats  []Readable `json:"formats"`
}

// Readable is a kind of file that can be imported.
type Readable struct {
	Name  string `json:"name"`
	Usage string `json:"usage"`
}

// Status says what is held and in force.
func (s *Store) Status() (Status, error) {
	h, err := s.head()
	if err != nil {
		return Status{}, err
	}
	st := Status{Head: h.Set, Editions: h.Editions}
	if st.Active, err = s.Active(); err != nil {
		return Status{}, err
	}
	for _, f := range master.Formats() {
		st.Formats = append(st.Formats, Readable{f.Name, f.Usage})
	}
	return st, nil
}

// PartnerColumns are the columns of a partner master in CSV.
func PartnerColumns() []string { return master.PartnerColumns() }

// ItemColumns are the columns of an item master in CSV.
func ItemColumns() []string { return master.ItemColumns() }

// StakeColumns are the columns of an own register of owners in CSV.
func StakeColumns() []string { return master.StakeColumns() }
