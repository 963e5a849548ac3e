package master

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/match"
)

// partner takes a row of the partner master, or says what is wrong with it.
func (q *reading) partner(row int, p *Partner) {
	var keys []string
	for _, by := range []struct{ key, value string }{{customerKey(p.Customer), p.Customer}, {glnKey(p.GLN), p.GLN}, {leiKey(p.LEI), p.LEI}} {
		if by.value != "" {
			keys = append(keys, by.key)
		}
	}
	if len(keys) == 0 {
		q.fault(row, "neither customer_number nor gln nor lei")
		return
	}
	if err := checkPartner(p); err != nil {
		q.fault(row, "%v", err)
		return
	}
	if q.claim(row, keys, partnerWhat) {
		q.Rows.add(keys, p)
	}
}

func partnerWhat(key string) string {
	what := map[string]string{"c": "customer_number", "g": "gln", "l": "lei"}[key[len(partnerKey):len(partnerKey)+1]]
	return what + " " + key[len(partnerKey)+2:]
}

func checkPartner(p *Partner) error {
	if err := checkAll(partyMembers, &p.Party); err != nil {
		return err
	}
	own := match.Key(p.Name)
	switch {
	case p.Role != "":
		return fmt.Errorf("role %s: a master has no roles", p.Role)
	case p.Parent != nil && p.Independent != nil && *p.Independent:
		return fmt.Errorf("no_parent, but %s %s is its parent", p.Parent.Name, p.Parent.Country)
	case p.Parent != nil && own != "" && match.Key(p.Parent.Name) == own:
		return fmt.Errorf("%s is its own parent; say no_parent instead", p.Name)
	}
	if p.Parent != nil && p.Parent.Country != "" {
		if err := valid(&p.Parent.Country); err != nil {
			return fmt.Errorf("ultimate_parent: %w", err)
		}
	}
	if p.Address != nil && p.Address.Country != "" {
		if err := valid(&p.Address.Country); err != nil {
			return fmt.Errorf("address: %w", err)
		}
	}
	for _, c := range p.Certs {
		if c.Kind == "" {
			return errors.New("a certification without its kind")
		}
	}
	return checkOwners(p, own)
}

func checkOwners(p *Partner, own string) error {
	sums := map[string]decimal.Decimal{}
	for _, o := range p.Owners {
		switch {
		case o.Name == "":
			return errors.New("an owner without a name")
		case o.Of == "" && match.Key(o.Name) == own && own != "":
			return fmt.Errorf("%s is its own owner", p.Name)
		case o.From != "" && o.Until != "" && o.Until < o.From:
			return fmt.Errorf("owner %s: held until %s, before it was held from %s", o.Name, o.Until, o.From)
		}
		if o.Percent == "" {
			continue
		}
		if err := checkPercent(string(o.Percent)); err != nil {
			return fmt.Errorf("owner %s: %w", o.Name, err)
		}
		if err := checkNumber(o.Percent); err != nil {
			return fmt.Errorf("owner %s: %w", o.Name, err)
		}
		if n, err := decimal.NewFromString(string(o.Percent)); err == nil && o.From == "" && o.Until == "" {
			of := match.Key(o.Of)
			if sums[of] = sums[of].Add(n); sums[of].GreaterThan(decimal.NewFromInt(100)) {
				return fmt.Errorf("the owners hold %s percent together", sums[of])
			}
		}
	}
	return nil
}

// item takes a row of the item master, or says what is wrong with it.
func (q *reading) item(row int, it *event.Item) {
	key := skuKey(it.SKU)
	if it.SKU == "" {
		key = partKey(it.PartNumber)
	}
	if it.SKU == "" && it.PartNumber == "" {
		q.fault(row, "neither sku nor part_number")
		return
	}
	if err := checkItem(it); err != nil {
		q.fault(row, "%v", err)
		return
	}
	if !q.claim(row, []string{key}, itemWhat) {
		return
	}
	keys := []string{key}
	if it.PartNumber != "" && it.SKU != "" {
		keys = append(keys, partKey(it.PartNumber))
	}
	q.Rows.add(keys, it)
}

// oneByPart leaves the key of a part number to an item that alone has it: of several SKUs of one part none is meant.
func (r *Rows) oneByPart() {
	n := map[string]int{}
	for i := range r.rows {
		for _, k := range r.rows[i].keys {
			n[k]++
		}
	}
	for i := range r.rows {
		r.rows[i].keys = slices.DeleteFunc(r.rows[i].keys, func(k string) bool { return n[k] > 1 && strings.HasPrefix(k, itemKey+"p/") && len(r.rows[i].keys) > 1 })
	}
}

func itemWhat(key string) string {
	if strings.HasPrefix(key, itemKey+"s/") {
		return "sku " + key[len(itemKey)+2:]
	}
	return "part_number " + key[len(itemKey)+2:]
}

func checkItem(it *event.Item) error {
	if err := checkAll(itemMembers, it); err != nil {
		return err
	}
	switch {
	case it.Quantity != "" || it.Value != "":
		return errors.New("quantity and value are for orders")
	case it.USOrigin != nil && !*it.USOrigin && it.Origin == "US":
		return errors.New("us_origin no, but origin US")
	}
	for _, c := range it.Contains {
		if c.PartNumber == "" || c.Count == "" {
			return errors.New("contains: want part|count")
		}
		if err := checkNumber(c.Count); err != nil {
			return fmt.Errorf("contains: %w", err)
		}
	}
	return nil
}
