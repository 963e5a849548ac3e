package list

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

// OwnColumns are the columns of the own CSV format. Only name must be there; their order is free, others are refused.
// Several values of aliases, weak_aliases, addresses, ids and born stand with ";" between them.
var OwnColumns = []string{
	"id", "list", "name", "aliases", "weak_aliases", "kind", "country", "addresses", "listed_from", "listed_until", "citation",
	"requirement", "policy", "born", "ids", "note",
}

func isOwn(_ string, head []byte) bool {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	f := strings.Split(strings.TrimSpace(string(line)), ",")
	return slices.Contains(f, "name") && !slices.ContainsFunc(f, func(c string) bool { return !slices.Contains(OwnColumns, c) })
}

// readOwn reads a company's own list. A row's list is OWN unless it names another: letters and notices can so add to
// an official list.
func readOwn(r *reading) error {
	m, done, err := r.open(r.name)
	if err != nil {
		return err
	}
	defer done()
	r.feed = "own"
	t := newTable(m, ',')
	header, err := t.row()
	if err != nil {
		return fmt.Errorf("header: %w", err)
	}
	for i, c := range header {
		if !slices.Contains(OwnColumns, c) || slices.Contains(header[:i], c) {
			return fmt.Errorf("column %q is unknown or stands twice; known are %s", c, strings.Join(OwnColumns, ", "))
		}
	}
	if !slices.Contains(header, "name") {
		return errors.New("the column name is missing")
	}
	for {
		f, err := t.row()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, errQuote) && r.opt.Lenient:
			return r.fault("", t.line, "the row is cut off: a quotation mark is not closed")
		case err != nil:
			return err
		case len(f) != len(header):
			err = r.fault("", t.line, "%d columns, want %d", len(f), len(header))
		default:
			v := map[string]string{}
			for i, c := range header {
				v[c] = strings.TrimSpace(f[i])
			}
			err = r.own(t.line, v)
		}
		if err != nil {
			return err
		}
	}
}

func (r *reading) own(line int, v map[string]string) error {
	from, ok1 := parseDate(v["listed_from"])
	until, ok2 := parseDate(v["listed_until"])
	list := cmp.Or(v["list"], "OWN")
	country := countryOf(v["country"])
	switch {
	case v["name"] == "":
		return r.fault("", line, "name is missing")
	case !slices.Contains(snapshot.Lists, list) && !slices.Contains(snapshot.Others, list):
		return r.fault("", line, "list %q does not exist", list)
	case !ok1, !ok2:
		return r.fault("", line, "listed_from %q or listed_until %q is no date", v["listed_from"], v["listed_until"])
	case v["country"] != "" && country == "":
		return r.fault("", line, "country %q is not known", v["country"])
	case !slices.Contains([]string{"", "entity", "person", "vessel", "aircraft"}, v["kind"]):
		return r.fault("", line, "kind %q is none of entity, person, vessel, aircraft", v["kind"])
	}
	e := snapshot.Entry{
		List: list, Name: v["name"], Aliases: split(v["aliases"]), Weak: split(v["weak_aliases"]), Person: v["kind"] == "person", Country: country,
		Addresses: split(v["addresses"]), Citation: v["citation"], Requirement: v["requirement"], PolicyText: v["policy"], Policy: reviewPolicy(v["policy"]),
		Born: split(v["born"]), IDs: split(v["ids"]), Notes: []string{v["note"]}, Listed: []event.Span{{From: from, Until: until}},
	}
	if v["kind"] == "vessel" || v["kind"] == "aircraft" {
		e.Kind = v["kind"]
	}
	e.ID = "own-" + v["id"]
	if v["id"] == "" {
		e.ID = stableID("own", squeeze(e.Name), country, e.Citation)
	}
	commerce(&e)
	return r.add(e)
}
