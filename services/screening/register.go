package screening

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
)

// LicenseColumns are the columns that a CSV file of licenses may have, in any order. Several values in one cell are
// parted by semicolons.
var LicenseColumns = []string{
	"number", "kind", "issuer", "parties", "countries", "eccns", "parts", "quantity", "value", "currency", "from", "until", "rules", "conditions", "revoked",
}

// maxLicenses bounds what is read of one file, in bytes.
const maxLicenses = 16 << 20

// ReadLicenses reads licenses for the register: a JSON array, JSON objects one after the other, or CSV with a head line.
// The error lists every fault with its place; then nothing of the file is to be used.
func ReadLicenses(r io.Reader) ([]event.Licensed, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxLicenses+1))
	if err != nil {
		return nil, fmt.Errorf("licenses: %w", err)
	}
	b = bytes.TrimSpace(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")))
	var out []event.Licensed
	var places []string
	switch {
	case len(b) == 0:
		return nil, errors.New("licenses: the file is empty")
	case len(b) > maxLicenses:
		return nil, fmt.Errorf("licenses: more than %d bytes", maxLicenses)
	case b[0] == '{' || b[0] == '[':
		out, places, err = licensesOfJSON(b)
	default:
		out, places, err = licensesOfCSV(b)
	}
	faults := []error{err}
	seen := map[string]bool{}
	for i := range out {
		for _, why := range licenseFaults(&out[i]) {
			faults = append(faults, fmt.Errorf("%s: license %q: %s", places[i], out[i].Number, why))
		}
		if seen[out[i].Number] {
			faults = append(faults, fmt.Errorf("%s: license %q stands twice in the file", places[i], out[i].Number))
		}
		seen[out[i].Number] = true
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return out, nil
}

func licensesOfJSON(b []byte) (out []event.Licensed, places []string, err error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if b[0] == '[' {
		err = d.Decode(&out)
	}
	for b[0] == '{' && err == nil {
		var one event.Licensed
		if err = d.Decode(&one); err == nil {
			out = append(out, one)
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	for i := range out {
		places = append(places, fmt.Sprintf("license %d", i+1))
	}
	if err != nil {
		line := 1 + bytes.Count(b[:min(int(d.InputOffset()), len(b))], []byte{'\n'})
		err = fmt.Errorf("line %d: %w", line, err)
	}
	return out, places, err
}

func licensesOfCSV(b []byte) (out []event.Licensed, places []string, err error) {
	r := csv.NewReader(bytes.NewReader(b))
	r.TrimLeadingSpace = true
	head, err := r.Read()
	if err != nil {
		return nil, nil, fmt.Errorf("head line: %w", err)
	}
	var faults []error
	for i, name := range head {
		if head[i] = strings.ToLower(strings.TrimSpace(name)); !slices.Contains(LicenseColumns, head[i]) {
			faults = append(faults, fmt.Errorf("line 1: column %q is none of %s", name, strings.Join(LicenseColumns, ", ")))
		}
	}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out, places, errors.Join(faults...)
		}
		if err != nil {
			return out, places, errors.Join(append(faults, err)...)
		}
		line, _ := r.FieldPos(0)
		out, places = append(out, licenseOfRow(head, row)), append(places, fmt.Sprintf("line %d", line))
	}
}

func licenseOfRow(head, row []string) event.Licensed {
	var l event.Licensed
	for i, cell := range row {
		cell = strings.TrimSpace(cell)
		if cell == "" {
			continue
		}
		switch head[i] {
		case "number":
			l.Number = cell
		case "kind":
			l.Kind = cell
		case "issuer":
			l.Issuer = cell
		case "parties":
			l.Parties = several(cell)
		case "countries":
			l.Countries = several(cell)
		case "eccns":
			l.ECCNs = several(cell)
		case "parts":
			l.Parts = several(cell)
		case "quantity":
			l.Quantity = event.Decimal(cell)
		case "value":
			l.Value = event.Decimal(cell)
		case "currency":
			l.Currency = cell
		case "from":
			l.From = event.Date(cell)
		case "until":
			l.Until = event.Date(cell)
		case "rules":
			l.Rules = several(cell)
		case "conditions":
			l.Conditions = several(cell)
		case "revoked":
			l.Revoked = strings.EqualFold(cell, "true") || strings.EqualFold(cell, "yes")
		}
	}
	return l
}

func several(cell string) []string {
	var out []string
	for part := range strings.SplitSeq(cell, ";") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// licenseFaults lists what is wrong with a license: the register takes only what says whom and what it is for.
func licenseFaults(l *event.Licensed) []string {
	var out []string
	bad := func(when bool, format string, args ...any) {
		if when {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	bad(l.Number == "", "number is required")
	bad(!slices.Contains([]string{"license", "certification", "agency_letter"}, l.Kind), "kind %q is not one of license, certification, agency_letter", l.Kind)
	bad(l.Issuer == "", "issuer is required")
	bad(len(l.Parties) == 0, "parties is required: whom it is for")
	for _, d := range []event.Date{l.From, l.Until} {
		_, err := event.ParseDate(string(d))
		bad(d != "" && err != nil, "%v", err)
	}
	bad(l.Until != "" && l.Until < l.From, "until lies before from")
	for _, n := range []event.Decimal{l.Quantity, l.Value} {
		bad(n.Check() != nil || strings.HasPrefix(string(n), "-"), "%q is not a number of 0 or more", n)
	}
	bad((l.Value == "") != (l.Currency == ""), "value and currency go together")
	for _, c := range l.Countries {
		bad(len(c) != 2 || strings.ToUpper(c) != c, "country %q is not a code of two capitals", c)
	}
	return out
}
