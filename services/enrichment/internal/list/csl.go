package list

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

// cslColumns is the header that trade.gov gives the Consolidated Screening List.
var cslColumns = strings.Split("_id,source,entity_number,type,programs,name,title,addresses,federal_register_notice,start_date,end_date,"+
	"standard_order,license_requirement,license_policy,call_sign,vessel_type,gross_tonnage,gross_registered_tonnage,vessel_flag,vessel_owner,"+
	"remarks,source_list_url,alt_names,citizenships,dates_of_birth,nationalities,places_of_birth,source_information_url,ids", ",")

// cslRow is a row of the list in either form.
type cslRow struct {
	source, number, kind, name, notice, start, end string
	requirement, policy, remarks                   string
	programs, addresses, countries, alt            []string
	born, ids                                      []string
}

func isCSLTable(_ string, head []byte) bool { return bytes.HasPrefix(head, []byte("_id,source,")) }

// readCSLTable reads the CSV. Values of one field stand with "; " between them, an address ends in its country's code.
// Some files carry the header twice.
func readCSLTable(r *reading) error {
	m, done, err := r.open(r.name)
	if err != nil {
		return err
	}
	defer done()
	r.feed = "csl"
	t := newTable(m, ',')
	for {
		f, err := t.row()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, errQuote) && r.opt.Lenient:
			return r.fault("", t.line, "the row is cut off: a quotation mark is not closed")
		case err != nil:
			return err
		case slices.Equal(f, cslColumns):
			continue
		case t.line == 1:
			return errors.New("the header is not trade.gov's 29 columns")
		}
		if err := r.cslFields(t.line, f); err != nil {
			return err
		}
	}
}

func (r *reading) cslFields(line int, f []string) error {
	if len(f) != len(cslColumns) {
		return r.fault("", line, "%d columns, want %d", len(f), len(cslColumns))
	}
	row := cslRow{
		source: f[1], number: f[2], kind: f[3], programs: split(f[4]), name: f[5], notice: f[8], start: f[9], end: f[10],
		requirement: f[12], policy: f[13], remarks: f[20], alt: split(f[22]), born: split(f[24]), ids: split(f[28]),
	}
	for _, a := range split(f[7]) {
		row.countries = append(row.countries, a[strings.LastIndex(a, ",")+1:])
		if len(a) > 2 {
			row.addresses = append(row.addresses, a)
		}
	}
	return r.csl("", line, &row)
}

// cslLists are the lists within it, by what their source names hold.
var cslLists = []struct{ holds, list string }{
	{"(SDN)", "SDN"},
	{"(EL)", "EL"},
	{"(DPL)", "DPL"},
	{"(UVL)", "UVL"},
	{"(MEU)", "MEU"},
	{"(CMIC)", "CMIC"},
	{"(SSI)", "SSI"},
	{"(NS-MBS", "MBS"},
	{"(CAP)", "CAP"},
	{"(PLC)", "PLC"},
	{"(FSE)", "FSE"},
	{"(ISN)", "ISN"},
	{"(DTC)", "DTC"},
}

func (r *reading) csl(file string, line int, row *cslRow) error {
	at := slices.IndexFunc(cslLists, func(l struct{ holds, list string }) bool { return strings.Contains(row.source, l.holds) })
	if at < 0 {
		return r.fault(file, line, "source %q is no list known here", row.source)
	}
	from, ok1 := parseDate(row.start)
	until, ok2 := parseDate(row.end)
	switch {
	case squeeze(row.name) == "":
		return r.fault(file, line, "name is missing")
	case !ok1:
		return r.fault(file, line, "start_date %q is no date", row.start)
	case !ok2:
		return r.fault(file, line, "end_date %q is no date", row.end)
	}
	list := cslLists[at].list
	e := snapshot.Entry{
		List: list, Name: row.name, Aliases: row.alt, Programs: row.programs, Addresses: row.addresses, Citation: row.notice,
		Requirement: row.requirement, PolicyText: row.policy, Policy: reviewPolicy(row.policy), Born: row.born, IDs: row.ids,
		Person: row.kind == "Individual", Listed: []event.Span{{From: from, Until: until}},
	}
	if row.kind == "Vessel" || row.kind == "Aircraft" {
		e.Kind = strings.ToLower(row.kind)
	}
	for _, c := range row.countries {
		place(&e, countryOf(c))
	}
	if from == "" && row.notice != "" {
		e.Listed[0].From = firstDate(row.notice, r.limit())
	}
	r.identify(&e, row.number, from)
	commerce(&e)
	dateFootnotes(&e)
	if len(e.Addresses) == 0 && e.AddressOnly {
		r.gap(list, "address rows without their address")
	}
	return r.add(e)
}

// identify names a row: by the publisher's number, a denied person by name and date of the order, else by name,
// country and citation.
func (r *reading) identify(e *snapshot.Entry, number string, order event.Date) {
	switch number = squeeze(number); {
	case number != "":
		e.ID = strings.ToLower(e.List) + "-" + number
	case e.List == "DPL" && order != "":
		e.ID = stableID(e.List, squeeze(e.Name), "", string(order))
	default:
		e.ID = stableID(e.List, squeeze(e.Name), e.Country, firstCitation(e.Citation))
	}
}

// limit is the latest day a date of two year digits can mean.
func (r *reading) limit() event.Date {
	d, _ := r.date()
	return d
}
