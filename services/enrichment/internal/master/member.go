package master

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/place"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

// member is a member of a party or an item that a master may know: its name in JSON, and its place, which is a *string,
// *event.Country, *event.Date, *event.Decimal, **bool or *[]string.
type member[T any] struct {
	name  string
	at    func(*T) any
	check func(string) error
	free  bool // free text: order and master may say it each in their way
}

var partyMembers = []member[event.Party]{
	{name: "customer_number", at: func(p *event.Party) any { return &p.Customer }},
	{name: "gln", at: func(p *event.Party) any { return &p.GLN }, check: checkGLN},
	{name: "lei", at: func(p *event.Party) any { return &p.LEI }, check: checkLEI},
	{name: "registration_number", at: func(p *event.Party) any { return &p.Registration }},
	{name: "name", at: func(p *event.Party) any { return &p.Name }},
	{name: "aliases", at: func(p *event.Party) any { return &p.Aliases }, free: true},
	{name: "person", at: func(p *event.Party) any { return &p.Person }},
	{name: "headquarters", at: func(p *event.Party) any { return &p.Headquarters }},
	{name: "no_parent", at: func(p *event.Party) any { return &p.Independent }},
	{name: "directors", at: func(p *event.Party) any { return &p.Directors }, free: true},
	{name: "contacts", at: func(p *event.Party) any { return &p.Contacts }, free: true},
	{name: "email", at: func(p *event.Party) any { return &p.Email }, free: true},
	{name: "phone", at: func(p *event.Party) any { return &p.Phone }, free: true},
	{name: "website", at: func(p *event.Party) any { return &p.Website }, free: true},
	{name: "no_web_presence", at: func(p *event.Party) any { return &p.NoWebsite }},
	{name: "incorporated", at: func(p *event.Party) any { return &p.Incorporated }},
	{name: "line_of_business", at: func(p *event.Party) any { return &p.Business }, free: true},
	{name: "consignee_type", at: func(p *event.Party) any { return &p.ConsigneeType }, check: oneOf("direct_consumer", "government", "reseller", "other")},
}

var itemMembers = []member[event.Item]{
	{name: "sku", at: func(i *event.Item) any { return &i.SKU }},
	{name: "part_number", at: func(i *event.Item) any { return &i.PartNumber }},
	{name: "description", at: func(i *event.Item) any { return &i.Description }, free: true},
	{name: "manufacturer", at: func(i *event.Item) any { return &i.Manufacturer }, free: true},
	{name: "eccn", at: func(i *event.Item) any { return &i.ECCN }, check: checkECCN},
	{name: "hts", at: func(i *event.Item) any { return &i.HTS }, check: checkHTS},
	{name: "origin", at: func(i *event.Item) any { return &i.Origin }},
	{name: "us_origin", at: func(i *event.Item) any { return &i.USOrigin }},
	{name: "us_content_percent", at: func(i *event.Item) any { return &i.USContent }, check: checkPercent},
	{name: "us_direct_product", at: func(i *event.Item) any { return &i.USDirectProduct }},
	{name: "designer", at: func(i *event.Item) any { return &i.Designer }, free: true},
	{name: "designer_headquarters", at: func(i *event.Item) any { return &i.DesignerHQ }},
	{name: "designer_status", at: func(i *event.Item) any { return &i.DesignerStatus }, check: oneOf("approved", "authorized")},
	{name: "foundry", at: func(i *event.Item) any { return &i.Foundry }, free: true},
	{name: "packager", at: func(i *event.Item) any { return &i.Packager }, free: true},
	{name: "packager_country", at: func(i *event.Item) any { return &i.PackagerCountry }},
	{name: "packager_status", at: func(i *event.Item) any { return &i.PackagerStatus }, check: oneOf("approved")},
	{name: "tpp", at: func(i *event.Item) any { return &i.TPP }},
	{name: "performance_density", at: func(i *event.Item) any { return &i.Density }},
	{name: "die_area_mm2", at: func(i *event.Item) any { return &i.DieArea }},
	{name: "memory_bandwidth_gbps", at: func(i *event.Item) any { return &i.Bandwidth }},
	{name: "io_bandwidth_gbps", at: func(i *event.Item) any { return &i.IOBandwidth }},
	{name: "hbm_package_area_mm2", at: func(i *event.Item) any { return &i.HBMArea }},
	{name: "hbm", at: func(i *event.Item) any { return &i.HBM }},
	{name: "node_nm", at: func(i *event.Item) any { return &i.NodeNM }},
	{name: "non_planar", at: func(i *event.Item) any { return &i.NonPlanar }},
	{name: "transistors_billion", at: func(i *event.Item) any { return &i.Transistors }},
	{name: "datacenter", at: func(i *event.Item) any { return &i.Datacenter }},
	{name: "sold_in_us_2026_01_15", at: func(i *event.Item) any { return &i.SoldInUS }},
}

// text shows a member's value; "" for one that is not given.
func text(at any) string {
	switch v := at.(type) {
	case *string:
		return *v
	case *event.Country:
		return string(*v)
	case *event.Date:
		return string(*v)
	case *event.Decimal:
		return string(*v)
	case **bool:
		switch {
		case *v == nil:
			return ""
		case **v:
			return "yes"
		}
		return "no"
	case *[]string:
		return strings.Join(*v, "; ")
	}
	return ""
}

// empty says whether a member is not given.
func empty(at any) bool {
	switch v := at.(type) {
	case *string:
		return *v == ""
	case *event.Country:
		return *v == ""
	case *event.Date:
		return *v == ""
	case *event.Decimal:
		return *v == ""
	case **bool:
		return *v == nil
	case *[]string:
		return len(*v) == 0
	}
	return true
}

// take gives a member another's value.
func take(to, from any) {
	switch v := to.(type) {
	case *string:
		*v = *from.(*string) //nolint:forcetypeassert // both are the same member of two values
	case *event.Country:
		*v = *from.(*event.Country) //nolint:forcetypeassert // as above
	case *event.Date:
		*v = *from.(*event.Date) //nolint:forcetypeassert // as above
	case *event.Decimal:
		*v = *from.(*event.Decimal) //nolint:forcetypeassert // as above
	case **bool:
		*v = *from.(**bool) //nolint:forcetypeassert // as above
	case *[]string:
		*v = *from.(*[]string) //nolint:forcetypeassert // as above
	}
}

// agree says whether two given values say the same.
func agree(a, b any) bool {
	switch v := a.(type) {
	case *event.Decimal:
		x, errX := decimal.NewFromString(string(*v))
		y, errY := decimal.NewFromString(string(*b.(*event.Decimal))) //nolint:forcetypeassert // both are the same member of two values
		return errX == nil && errY == nil && x.Equal(y)
	case *string:
		return folded(*v) == folded(*b.(*string)) //nolint:forcetypeassert // as above
	case *event.Country:
		return snapshot.Mainland(*v) == snapshot.Mainland(*b.(*event.Country)) //nolint:forcetypeassert // as above
	default:
		return text(a) == text(b)
	}
}

// folded leaves case, blanks and points aside: "3a090 .a" is 3A090.a, "Harbor Co., Ltd." is "HARBOR CO LTD".
func folded(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" .,-/\t", r) {
			return -1
		}
		return r
	}, strings.ToUpper(s))
}

// parse reads a member from a cell of a table.
func parse(at any, cell string) error {
	switch v := at.(type) {
	case *string:
		*v = cell
	case *event.Country:
		if *v = place.Code(cell); *v == "" {
			return fmt.Errorf("%q is no country", cell)
		}
	case *event.Date:
		d, err := event.ParseDate(cell)
		if err != nil {
			return err
		}
		*v = d
	case *event.Decimal:
		*v = event.Decimal(cell)
		return checkNumber(*v)
	case **bool:
		yes, err := parseBool(cell)
		if err != nil {
			return err
		}
		*v = &yes
	case *[]string:
		*v = parts(cell)
	}
	return nil
}

// parts cuts a cell of several values.
func parts(cell string) []string {
	var out []string
	for s := range strings.SplitSeq(cell, ";") {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

func parseBool(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "yes", "y", "true", "1", "x":
		return true, nil
	case "no", "n", "false", "0":
		return false, nil
	}
	return false, fmt.Errorf("%q is neither yes nor no", s)
}

func checkNumber(d event.Decimal) error {
	if err := d.Check(); err != nil {
		return fmt.Errorf("%q: %w", string(d), err)
	}
	if strings.HasPrefix(string(d), "-") {
		return fmt.Errorf("%s is negative", string(d))
	}
	return nil
}

func checkPercent(s string) error {
	n, err := decimal.NewFromString(s)
	if err != nil {
		return fmt.Errorf("%q is no number", s)
	}
	if n.IsNegative() || n.GreaterThan(decimal.NewFromInt(100)) {
		return fmt.Errorf("%s percent is not between 0 and 100", s)
	}
	return nil
}

var errLEI = errors.New("is no LEI (ISO 17442): 18 capital letters and digits and two check digits")

// checkLEI checks form and check digits (ISO 7064, modulus 97-10).
func checkLEI(s string) error {
	if len(s) != 20 {
		return fmt.Errorf("%q %w", s, errLEI)
	}
	rest := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			rest = (rest*10 + int(c-'0')) % 97
		case c >= 'A' && c <= 'Z' && i < 18:
			rest = (rest*100 + int(c-'A') + 10) % 97
		default:
			return fmt.Errorf("%q %w", s, errLEI)
		}
	}
	if rest != 1 {
		return fmt.Errorf("%q: the check digits are wrong", s)
	}
	return nil
}

// checkGLN checks form and check digit of a Global Location Number.
func checkGLN(s string) error {
	if len(s) != 13 {
		return fmt.Errorf("%q is no GLN: 13 digits", s)
	}
	sum := 0
	for i := range 13 {
		if s[i] < '0' || s[i] > '9' {
			return fmt.Errorf("%q is no GLN: 13 digits", s)
		}
		sum += int(s[i]-'0') * (1 + 2*(i%2))
	}
	if sum%10 != 0 {
		return fmt.Errorf("%q: the check digit is wrong", s)
	}
	return nil
}

// checkECCN wants the form of an ECCN, or EAR99.
func checkECCN(s string) error {
	f := folded(s)
	if f == "EAR99" || len(f) >= 5 && f[0] >= '0' && f[0] <= '9' && f[1] >= 'A' && f[1] <= 'E' && allDigits(f[2:5]) {
		return nil
	}
	return fmt.Errorf("%q is no ECCN such as 3A090.a, nor EAR99", s)
}

func checkHTS(s string) error {
	f := strings.ReplaceAll(s, ".", "")
	if len(f) >= 4 && len(f) <= 10 && allDigits(f) {
		return nil
	}
	return fmt.Errorf("%q is no HTS or Schedule B number", s)
}

func allDigits(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

func oneOf(words ...string) func(string) error {
	return func(s string) error {
		if slices.Contains(words, s) {
			return nil
		}
		return fmt.Errorf("%q is none of %s", s, strings.Join(words, ", "))
	}
}

// checkAll checks every given member of a row, whatever file it came from.
func checkAll[T any](members []member[T], v *T) error {
	for _, m := range members {
		at := m.at(v)
		if empty(at) {
			continue
		}
		t := text(at)
		if !utf8.ValidString(t) || len(t) > 8192 {
			return fmt.Errorf("%s: not UTF-8, or longer than 8192 bytes", m.name)
		}
		if err := valid(at); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		if m.check != nil {
			if err := m.check(t); err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
		}
	}
	return nil
}

// valid checks what the type of a member itself asks for.
func valid(at any) error {
	switch v := at.(type) {
	case *event.Country:
		if place.Code(string(*v)) != *v {
			return fmt.Errorf("%q is no country", string(*v))
		}
	case *event.Date:
		_, err := event.ParseDate(string(*v))
		return err
	case *event.Decimal:
		return checkNumber(*v)
	}
	return nil
}
