package master

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/match"
)

var hundred = decimal.NewFromInt(100)

// firms are the firms of a register on its way in.
type firms struct {
	by     map[string]*Firm
	source string
	rows   map[string]int // "holder firm" → row of the stake, for telling of it

	foreign bool // somebody else's register: what it contradicts itself in is told and taken as unknown
}

func newFirms(source string) *firms {
	return &firms{by: map[string]*Firm{}, source: source, rows: map[string]int{}}
}

// firm gives the firm of an id, new where it was not met yet.
func (f *firms) firm(id string) *Firm {
	x, ok := f.by[id]
	if !ok {
		x = &Firm{ID: id}
		f.by[id] = x
	}
	return x
}

// hold adds a stake.
func (f *firms) hold(row int, of string, h Held) {
	h.Source = f.source
	x := f.firm(of)
	x.Held = append(x.Held, h)
	f.firm(h.By)
	f.rows[h.By+"\x00"+of] = row
}

// done checks what the stakes make together and gives the rows.
func (q *reading) done(f *firms) {
	for _, id := range slices.Sorted(maps.Keys(f.by)) {
		x := f.by[id]
		x.sort()
		q.checkSum(f, x)
		x.Source = f.source
	}
	q.circles(f)
	for _, id := range slices.Sorted(maps.Keys(f.by)) {
		q.Rows.add([]string{firmKey + id}, f.by[id])
	}
}

func (x *Firm) sort() {
	slices.SortStableFunc(x.Held, func(a, b Held) int {
		return cmp.Or(cmp.Compare(a.By, b.By), cmp.Compare(a.From, b.From), cmp.Compare(a.Until, b.Until), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Least, b.Least), cmp.Compare(a.Most, b.Most))
	})
	x.Held = slices.Compact(x.Held)
}

// checkSum tells of a firm of which more than all is held at one time. Where that is taken all the same, the shares that
// contradict each other are taken as unknown: who holds is kept, how much is not.
func (q *reading) checkSum(f *firms, x *Firm) {
	for i := range x.Held {
		at := x.Held[i].From
		sum := decimal.Decimal{}
		for _, h := range x.Held {
			if n, err := decimal.NewFromString(string(h.Least)); err == nil && !h.Indirect && h.Holds(cmp.Or(at, "1900-01-01")) {
				sum = sum.Add(n)
			}
		}
		if !sum.GreaterThan(hundred) {
			continue
		}
		fault := Fault{q.name, f.rows[x.Held[i].By+"\x00"+x.ID], fmt.Sprintf("%s percent of %s are held together; the shares are taken as unknown", sum, cmp.Or(x.Name, x.ID))}
		if f.foreign {
			q.odd = append(q.odd, fault)
		} else {
			q.faults = append(q.faults, fault)
		}
		for j := range x.Held {
			x.Held[j].Least, x.Held[j].Most = "", ""
		}
		return
	}
}

// circles tells of firms that own each other. They are taken as they are: shares through a circle are worked out exactly.
func (q *reading) circles(f *firms) {
	state := map[string]int{} // 1 on the way, 2 done
	var found []string
	for _, start := range slices.Sorted(maps.Keys(f.by)) {
		stack := []string{start}
		for len(stack) > 0 {
			id := stack[len(stack)-1]
			if state[id] != 0 {
				stack = stack[:len(stack)-1]
				state[id] = 2
				continue
			}
			state[id] = 1
			for _, h := range f.by[id].Held {
				switch state[h.By] {
				case 0:
					stack = append(stack, h.By)
				case 1:
					found = append(found, cmp.Or(f.by[id].Name, id)+" and "+cmp.Or(f.by[h.By].Name, h.By))
				}
			}
		}
	}
	if len(found) > 0 {
		slices.Sort(found)
		q.note("%d circles of firms that own each other or themselves, first: %s", len(found), found[0])
	}
}

// firmID is the id of a firm by what a file says of it: "lei:", "customer:", "gln:" or "reg:CC/…" by its identifier, the
// file's own identifier, else the name in a country.
func firmID(id, name string, c event.Country) (string, error) {
	id = strings.TrimSpace(id)
	kind, rest, ok := strings.Cut(id, ":")
	switch {
	case ok && kind == "lei":
		return id, checkLEI(rest)
	case ok && kind == "gln":
		return id, checkGLN(rest)
	case ok && kind == "customer":
		return "customer:" + strings.ToUpper(strings.TrimSpace(rest)), nil
	case ok && kind == "reg":
		country, number, _ := strings.Cut(rest, "/")
		return RegistrationID(event.Country(country), number), nil
	case len(id) == 20 && checkLEI(id) == nil:
		return "lei:" + id, nil
	case id != "":
		return "own:" + id, nil
	case match.Key(name) == "":
		return "", errors.New("neither name nor id")
	}
	return "name:" + string(c) + "/" + match.Key(name), nil
}

// RegistrationID is the id of a firm by its number in a country's register.
func RegistrationID(c event.Country, number string) string {
	return "reg:" + string(c) + "/" + folded(number)
}

var stakeColumns = []string{
	"owned", "owned_id", "owned_country", "owner", "owner_id", "owner_country", "owner_person", "percent", "at_least", "at_most", "from", "until",
}

// StakeColumns are the columns of an own register of owners in CSV.
func StakeColumns() []string { return slices.Clone(stakeColumns) }

func readStakesCSV(q *reading) error {
	f := newFirms("own register " + q.name)
	err := q.table(stakeColumns, func(line int, cell map[string]string) {
		if err := f.stakeCells(line, cell); err != nil {
			q.fault(line, "%v", err)
		}
	})
	q.done(f)
	return err
}

func (f *firms) stakeCells(line int, cell map[string]string) error {
	var owned, owner event.Country
	var person *bool
	h := Held{Least: event.Decimal(cell["at_least"]), Most: event.Decimal(cell["at_most"])}
	for _, c := range []struct {
		name string
		at   any
	}{{"owned_country", &owned}, {"owner_country", &owner}, {"owner_person", &person}, {"from", &h.From}, {"until", &h.Until}} {
		if cell[c.name] != "" {
			if err := parse(c.at, cell[c.name]); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
		}
	}
	if p := strings.TrimSpace(strings.TrimSuffix(cell["percent"], "%")); p != "" {
		if h.Least != "" || h.Most != "" {
			return errors.New("percent and at_least or at_most")
		}
		h.Least, h.Most = event.Decimal(p), event.Decimal(p)
	}
	if err := h.check(); err != nil {
		return err
	}
	of, err := firmID(cell["owned_id"], cell["owned"], owned)
	if err != nil {
		return fmt.Errorf("owned: %w", err)
	}
	if h.By, err = firmID(cell["owner_id"], cell["owner"], owner); err != nil {
		return fmt.Errorf("owner: %w", err)
	}
	if of == h.By {
		return fmt.Errorf("%s is its own owner", cmp.Or(cell["owned"], of))
	}
	if first, ok := f.twice(of, h); ok {
		return fmt.Errorf("the stake of %s in %s stands already in row %d with another share for the same time", cmp.Or(cell["owner"], h.By), cmp.Or(cell["owned"], of), first)
	}
	f.know(of, cell["owned"], owned, nil)
	f.know(h.By, cell["owner"], owner, person)
	f.hold(line, of, h)
	return nil
}

// twice says whether a stake of the same time is there with another share.
func (f *firms) twice(of string, h Held) (row int, ok bool) {
	x, known := f.by[of]
	if !known {
		return 0, false
	}
	for _, o := range x.Held {
		if o.By == h.By && o.Holds(cmp.Or(h.From, o.From, "1900-01-01")) && (h.Until == "" || o.From <= h.Until) && (o.Least != h.Least || o.Most != h.Most) {
			return f.rows[h.By+"\x00"+of], true
		}
	}
	return 0, false
}

func (f *firms) know(id, name string, c event.Country, person *bool) {
	x := f.firm(id)
	x.Name, x.Country = cmp.Or(x.Name, name), cmp.Or(x.Country, c)
	if name != "" && x.Name != name && !slices.Contains(x.Also, name) {
		x.Also = append(x.Also, name)
	}
	x.Person = x.Person || person != nil && *person
}

// check checks a stake's bounds and dates. One bound alone leaves the other open; a most of all is no bound.
func (h *Held) check() error {
	for _, d := range []event.Decimal{h.Least, h.Most} {
		if d == "" {
			continue
		}
		if err := checkPercent(string(d)); err != nil {
			return err
		}
		if err := checkNumber(d); err != nil {
			return err
		}
	}
	if h.Least != "" && h.Most == "" {
		h.Most = "100"
	}
	if h.Most != "" && h.Least == "" {
		h.Least = "0"
	}
	if h.Least != "" {
		least, _ := decimal.NewFromString(string(h.Least))
		most, _ := decimal.NewFromString(string(h.Most))
		if least.GreaterThan(most) {
			return fmt.Errorf("at least %s and at most %s percent", h.Least, h.Most)
		}
	}
	if h.From != "" && h.Until != "" && h.Until < h.From {
		return fmt.Errorf("held until %s, before it was held from %s", h.Until, h.From)
	}
	return nil
}
