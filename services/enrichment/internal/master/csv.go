package master

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/list"
)

// delimiter is the one of "," ";" and tab that the header has most of.
func delimiter(head []byte) byte {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	best := byte(',')
	for _, c := range []byte{';', '\t', '|'} {
		if bytes.Count(line, []byte{c}) > bytes.Count(line, []byte{best}) {
			best = c
		}
	}
	return best
}

// header gives the columns of a table's first line in our spelling.
func header(head []byte) []string {
	t := list.NewTable(bytes.NewReader(head), delimiter(head), int64(len(head))+1)
	fields, _, err := t.Row()
	if err != nil {
		return nil
	}
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = column(f)
	}
	return out
}

// column brings a column's name to our spelling: "Customer Number" and "customer-no." are customer_number.
func column(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	s = strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r == '.', r == '#':
			return -1
		}
		return '_'
	}, s), "_")
	for strings.Contains(s, "__") {
		s = strings.ReplaceAll(s, "__", "_")
	}
	if o, ok := otherColumns[s]; ok {
		return o
	}
	return s
}

// otherColumns are names that exports have for ours.
var otherColumns = map[string]string{
	"customer": "customer_number", "customer_no": "customer_number", "customer_id": "customer_number", "account_number": "customer_number", "account_no": "customer_number", "partner": "customer_number",
	"partner_number": "customer_number", "company": "name", "company_name": "name", "legal_name": "name", "customer_name": "name", "street": "address", "address_1": "address", "address_line_1": "address",
	"zip": "postcode", "zip_code": "postcode", "postal_code": "postcode", "state": "region", "country_code": "country", "hq": "headquarters", "hq_country": "headquarters", "headquarters_country": "headquarters",
	"ultimate_parent": "parent_name", "ultimate_parent_name": "parent_name", "ultimate_parent_country": "parent_country", "parent": "parent_name", "registration_no": "registration_number", "e_mail": "email",
	"telephone": "phone", "item": "sku", "item_number": "sku", "item_no": "sku", "material": "sku", "material_number": "sku", "article": "sku", "article_number": "sku", "product_id": "sku", "mpn": "part_number",
	"manufacturer_part_number": "part_number", "maker": "manufacturer", "vendor": "manufacturer", "hs_code": "hts", "hts_code": "hts", "schedule_b": "hts", "country_of_origin": "origin", "export_control_number": "eccn",
	"eccn_number": "eccn", "company_owned": "owned", "subsidiary": "owned", "shareholder": "owner", "share": "percent", "share_percent": "percent", "ownership_percent": "percent",
}

// renamed is the header with the file's columns in our names, as --column gives them.
func (q *reading) renamed() string { return strings.Join(q.columns(header(q.head)), ",") }

func (q *reading) columns(cols []string) []string {
	out := slices.Clone(cols)
	for ours, theirs := range q.opt.Columns {
		if at := slices.Index(cols, column(theirs)); at >= 0 {
			out[at] = ours
		}
	}
	return out
}

// table reads the rows of a CSV file: each is given with its line and its cells by column. Columns that are not known are
// told once.
func (q *reading) table(known []string, row func(line int, cell map[string]string)) error {
	t := list.NewTable(q.in, delimiter(q.head), MaxFile)
	if _, _, err := t.Row(); err != nil {
		return fmt.Errorf("header: %w", err)
	}
	cols, err := q.checkColumns(known)
	if err != nil {
		return err
	}
	cell := make(map[string]string, len(cols))
	for {
		f, line, err := t.Row()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			q.fault(line, "%v; nothing after it was read", err)
			return nil
		case len(f) != len(cols):
			q.fault(line, "%d columns where the header has %d", len(f), len(cols))
			continue
		}
		clear(cell)
		bad := false
		for i, c := range f {
			if bad = bad || !utf8.ValidString(c); cols[i] != "" {
				cell[cols[i]] = strings.TrimSpace(c)
			}
		}
		if bad {
			q.fault(line, "the row is not UTF-8")
			continue
		}
		row(line, cell)
	}
}

func (q *reading) checkColumns(known []string) ([]string, error) {
	cols := q.columns(header(q.head))
	for ours := range q.opt.Columns {
		if !slices.Contains(known, ours) {
			return nil, fmt.Errorf("--column %s: there is no such column; known are %s", ours, strings.Join(known, ", "))
		}
		if !slices.Contains(cols, ours) {
			return nil, fmt.Errorf("--column %s=%s: the file has no such column", ours, q.opt.Columns[ours])
		}
	}
	for i, c := range cols {
		switch {
		case !slices.Contains(known, c):
			if c != "" {
				q.note("column %q is not read", c)
			}
			cols[i] = ""
		case slices.Contains(cols[:i], c):
			return nil, fmt.Errorf("column %s stands twice", c)
		}
	}
	return cols, nil
}

func hasColumn(head []byte, any ...string) bool {
	cols := header(head)
	return slices.ContainsFunc(any, func(c string) bool { return slices.Contains(cols, c) })
}

func isPartnersCSV(head []byte) bool { return hasColumn(head, "customer_number", "gln", "lei") }
func isItemsCSV(head []byte) bool    { return hasColumn(head, "sku", "part_number") }
func isStakesCSV(head []byte) bool {
	return hasColumn(head, "owned", "owned_id") && hasColumn(head, "owner", "owner_id")
}

func names[T any](ms []member[T]) []string {
	out := make([]string, 0, len(ms)+16)
	for _, m := range ms {
		out = append(out, m.name)
	}
	return out
}

// PartnerColumns are the columns of a partner master in CSV beside those of the address, parent, owners and statement.
func PartnerColumns() []string {
	return append(names(partyMembers), "address", "city", "region", "postcode", "country", "address_kind", "parent_name", "parent_country", "owners", "end_user_statement", "end_user_statement_number")
}

// ItemColumns are the columns of an item master in CSV.
func ItemColumns() []string { return append(names(itemMembers), "contains") }

func cells[T any](ms []member[T], v *T, cell map[string]string) error {
	for _, m := range ms {
		if c := cell[m.name]; c != "" {
			if err := parse(m.at(v), c); err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
		}
	}
	return nil
}

func readPartnersCSV(q *reading) error {
	return q.table(PartnerColumns(), func(line int, cell map[string]string) {
		var p Partner
		err := cells(partyMembers, &p.Party, cell)
		if err == nil {
			err = partnerCells(&p, cell)
		}
		if err != nil {
			q.fault(line, "%v", err)
			return
		}
		q.partner(line, &p)
	})
}

// partnerCells reads the columns that are more than one member.
func partnerCells(p *Partner, cell map[string]string) error {
	a := event.Address{Lines: parts(cell["address"]), City: cell["city"], Region: cell["region"], Postcode: cell["postcode"], Kind: cell["address_kind"]}
	if c := cell["country"]; c != "" {
		if err := parse(&a.Country, c); err != nil {
			return fmt.Errorf("country: %w", err)
		}
	}
	if len(a.Lines) > 0 || a.City != "" || a.Country != "" || a.Kind != "" {
		p.Address = &a
	}
	if n, c := cell["parent_name"], cell["parent_country"]; n != "" || c != "" {
		p.Parent = &event.Parent{Name: n}
		if c != "" {
			if err := parse(&p.Parent.Country, c); err != nil {
				return fmt.Errorf("parent_country: %w", err)
			}
		}
	}
	for _, o := range parts(cell["owners"]) {
		one, err := ownerCell(o)
		if err != nil {
			return fmt.Errorf("owners: %w", err)
		}
		p.Owners = append(p.Owners, one)
	}
	if d := cell["end_user_statement"]; d != "" {
		c := event.Cert{Kind: "end_user_statement", By: p.Name, Number: cell["end_user_statement_number"]}
		if err := parse(&c.Date, d); err != nil {
			return fmt.Errorf("end_user_statement: %w", err)
		}
		p.Certs = append(p.Certs, c)
	}
	return nil
}

// ownerCell reads "name", "name|percent", "name|percent|country" or "name|percent|country|of".
func ownerCell(s string) (event.Owner, error) {
	f := strings.Split(s, "|")
	o := event.Owner{Name: strings.TrimSpace(f[0])}
	for i, c := range f[1:] {
		if c = strings.TrimSpace(c); c == "" {
			continue
		}
		switch i {
		case 0:
			o.Percent = event.Decimal(strings.TrimSuffix(c, "%"))
		case 1:
			if err := parse(&o.Country, c); err != nil {
				return o, err
			}
		case 2:
			o.Of = c
		default:
			return o, fmt.Errorf("%q: want name|percent|country|of", s)
		}
	}
	return o, nil
}

func readItemsCSV(q *reading) error {
	return q.table(ItemColumns(), func(line int, cell map[string]string) {
		var it event.Item
		err := cells(itemMembers, &it, cell)
		for _, c := range parts(cell["contains"]) {
			part, count, _ := strings.Cut(c, "|")
			it.Contains = append(it.Contains, event.Part{PartNumber: strings.TrimSpace(part), Count: event.Decimal(strings.TrimSpace(count))})
		}
		if err != nil {
			q.fault(line, "%v", err)
			return
		}
		q.item(line, &it)
	})
}
