package list

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

// Treasury's files have no header. sdn.csv and cons_prim.csv: ent_num, name, type, program, title, call sign, vessel
// type, tonnage, gross tonnage, flag, owner, remarks. alt.csv: ent_num, alt_num, type, name, remarks. add.csv: ent_num,
// add_num, address, city with state and postal code, country, remarks. comments: ent_num, the rest of long remarks. An
// empty field is "-0-", the last row a lone 0x1A.
const (
	primaryColumns = 12
	altColumns     = 5
	addColumns     = 6
)

var treasuryName = regexp.MustCompile(`^(sdn|cons_prim|prim)\.csv$`)

func isTreasury(name string, head []byte) bool {
	base := strings.ToLower(path.Base(name))
	if base == "alt.csv" || base == "add.csv" || strings.HasPrefix(base, "cons_") || strings.HasSuffix(base, "_comments.csv") {
		return true
	}
	return treasuryName.MatchString(base) || regexp.MustCompile(`^\d{1,6},"`).Match(head) && bytes.Contains(head, []byte("-0- "))
}

// readTreasury reads a set: the primary file, and those that belong to it from the same folder. A set without its
// aliases or addresses is refused, or loaded with the gap when lenient.
func readTreasury(r *reading) error {
	base := strings.ToLower(path.Base(r.name))
	if !treasuryName.MatchString(base) {
		for _, p := range []string{"alt", "add", "comments"} {
			if strings.Contains(base, p) {
				return fmt.Errorf("the rows of %s belong to those of sdn.csv or cons_prim.csv: name that file", base)
			}
		}
	}
	r.feed = "ofac"
	set := treasury{reading: r, rows: map[string]*snapshot.Entry{}, remarks: map[string]string{}, main: strings.HasPrefix(base, "sdn")}
	if err := set.each(r.name, primaryColumns, true, set.primary); err != nil {
		return err
	}
	for _, part := range set.parts() {
		if err := part(); err != nil {
			return err
		}
	}
	return set.finish()
}

type treasury struct {
	*reading
	main    bool // the SDN list, not the others
	order   []string
	rows    map[string]*snapshot.Entry
	remarks map[string]string
}

func (t *treasury) parts() []func() error {
	alt, add, comments := []string{"alt.csv"}, []string{"add.csv", "sdn_address.csv"}, []string{"sdn_comments.csv"}
	if !t.main {
		alt, add, comments = []string{"cons_alt.csv", "alt.csv"}, []string{"cons_add.csv", "add.csv"}, []string{"cons_comments.csv"}
	}
	return []func() error{
		func() error { return t.part("aliases", alt, altColumns, true, t.alias) },
		func() error { return t.part("addresses", add, addColumns, true, t.address) },
		func() error { return t.part("the ends of long remarks", comments, 2, false, t.comment) },
	}
}

func (t *treasury) part(what string, names []string, columns int, needed bool, take func(int, string, []string) error) error {
	for _, n := range names {
		file := path.Join(path.Dir(t.name), n)
		if _, err := fs.Stat(t.fsys, file); err == nil {
			return t.each(file, columns, false, take)
		}
	}
	switch {
	case needed && !t.opt.Lenient:
		return fmt.Errorf("%s is missing beside it: without it the rows have no %s; --lenient loads them so", names[0], what)
	case needed:
		t.gap("", "no "+what+" ("+names[0]+" was missing)")
	}
	return nil
}

func (t *treasury) each(file string, columns int, primary bool, take func(int, string, []string) error) error {
	m, done, err := t.open(file)
	if err != nil {
		return err
	}
	defer done()
	tab := newTable(m, ',')
	base := path.Base(file)
	for {
		f, err := tab.row()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, errQuote) && t.opt.Lenient:
			return t.fault(base, tab.line, "the row is cut off: a quotation mark is not closed")
		case err != nil:
			return fmt.Errorf("%s: %w", base, err)
		case end(f):
			continue
		}
		for i := range f {
			if f[i] = strings.TrimSpace(f[i]); f[i] == "-0-" {
				f[i] = ""
			}
		}
		id := f[0]
		switch {
		case tab.line == 1 && (strings.EqualFold(id, "id") || strings.EqualFold(id, "ent_num")):
			continue // a header that somebody added
		case len(f) != columns:
			err = t.fault(base, tab.line, "%d columns, want %d", len(f), columns)
		case !digits(id):
			err = t.fault(base, tab.line, "%q is no entity number", id)
		case !primary && t.rows[id] == nil:
			err = t.fault(base, tab.line, "entity %s is not in the primary file", id)
		default:
			err = take(tab.line, id, f)
		}
		if err != nil {
			return err
		}
	}
}

func digits(s string) bool {
	return s != "" && len(s) < 12 && strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

func (t *treasury) primary(line int, id string, f []string) error {
	switch {
	case f[1] == "":
		return t.fault(path.Base(t.name), line, "name is missing")
	case t.rows[id] != nil:
		return t.fault(path.Base(t.name), line, "entity %s stands twice", id)
	case len(t.order) >= MaxRows:
		return fmt.Errorf("more than %d rows", MaxRows)
	}
	e := &snapshot.Entry{Name: f[1], Person: f[2] == "individual", Programs: strings.Split(f[3], "] ["), Listed: []event.Span{{}}}
	if f[2] == "vessel" || f[2] == "aircraft" {
		e.Kind = f[2]
	}
	place(e, countryOf(f[9]))
	t.rows[id], t.remarks[id] = e, f[11]
	t.order = append(t.order, id)
	return nil
}

func (t *treasury) alias(_ int, id string, f []string) error {
	e := t.rows[id]
	e.Aliases = append(e.Aliases, f[3])
	return nil
}

func (t *treasury) address(_ int, id string, f []string) error {
	e := t.rows[id]
	place(e, countryOf(f[4]))
	if f[2] != "" {
		e.Addresses = append(e.Addresses, joined(f[2], f[3], f[4]))
	}
	return nil
}

func (t *treasury) comment(_ int, id string, f []string) error {
	t.remarks[id] += f[1]
	return nil
}

func (t *treasury) finish() error {
	t.lists = []string{"SDN"}
	if !t.main {
		t.lists = nil
	}
	for _, id := range t.order {
		e := t.rows[id]
		e.List = "SDN"
		if !t.main {
			e.List = treasuryList(e.Programs)
		}
		readRemarks(e, t.remarks[id])
		if e.Citation == "" && len(e.Programs) > 0 && e.Programs[0] != "" {
			e.Citation = "31 CFR chapter V; programs " + strings.Join(e.Programs, ", ")
		}
		t.identify(e, id, "")
		commerce(e)
		if err := t.add(*e); err != nil {
			return err
		}
	}
	return nil
}

// treasuryList tells the lists of the consolidated set apart by their programs, as the Consolidated Screening List does.
func treasuryList(programs []string) string {
	has := func(p string) bool { return slices.Contains(programs, p) }
	switch {
	case has("CMIC-EO13959"):
		return "CMIC"
	case has("NS-PLC"):
		return "PLC"
	case has("561-Related"):
		return "CAP"
	case has("FSE-IR"), has("FSE-SY"), has("FSE-WMD"):
		return "FSE"
	case has("UKRAINE-EO13662"):
		return "SSI"
	}
	return "MBS"
}

var (
	weakAlias = regexp.MustCompile(`^(?:a\.k\.a\.|f\.k\.a\.|n\.k\.a\.) '(.+)'\.?$`)
	idWords   = []string{
		"Passport ", "National ID", "Tax ID", "Registration", "Vessel Registration", "Legal Entity Number", "SWIFT/BIC", "Identification Number", "Unified Social Credit", "Cedula", "C.U.R.P.", "D.N.I.",
		"Government Gazette", "Aircraft ", "MMSI", "Company Number", "Commercial Registry", "Business Number", "SSN", "Chinese Commercial Code", "Digital Currency Address", "UK Company Number", "Trade License",
	}
)

// readRemarks takes dates of birth, numbers, weak aliases and the country of a nationality from remarks.
func readRemarks(e *snapshot.Entry, remarks string) {
	for part := range strings.SplitSeq(strings.TrimSuffix(remarks, "."), ";") {
		part = strings.TrimSpace(part)
		if m := weakAlias.FindStringSubmatch(part); m != nil {
			e.Weak = append(e.Weak, m[1])
			continue
		}
		switch {
		case strings.HasPrefix(part, "DOB "), strings.HasPrefix(part, "alt. DOB "):
			e.Born = append(e.Born, part[strings.Index(part, "DOB ")+4:])
		case strings.HasPrefix(part, "nationality "), strings.HasPrefix(part, "citizen "):
			place(e, countryOf(part[strings.IndexByte(part, ' ')+1:]))
		case slices.ContainsFunc(idWords, func(w string) bool { return strings.HasPrefix(strings.TrimPrefix(part, "alt. "), w) }):
			e.IDs = append(e.IDs, part)
		}
	}
}
