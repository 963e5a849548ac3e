package enrichment

import "github.com/tidegate/tidegate/schemas/event"

// Sought is all that the lists are asked about one party of an order, and nothing else: what stands alike here is matched
// alike under any lists.
type Sought struct {
	Party event.Party    `json:"party"`
	Payer *event.Payment `json:"payer,omitempty"` // named in the payment, where this party answers for it
}

// Ask gives what the lists are asked about each party of an order as it is judged (event.Facts.Judged). Customer numbers and
// GLNs are looked up in masters alone: without masters they are left out, so that more parties stand alike.
func Ask(o *event.Order, masters bool) []Sought {
	out := make([]Sought, len(o.Parties))
	paying := paying(o)
	for i := range o.Parties {
		out[i].Party = sought(&o.Parties[i], masters)
		if i == paying {
			out[i].Payer = &event.Payment{Payer: o.Payment.Payer, Country: o.Payment.Country}
		}
	}
	return out
}

func sought(p *event.Party, masters bool) event.Party {
	q := event.Party{
		Name: p.Name, Aliases: p.Aliases, Person: p.Person, Parent: p.Parent, Owners: p.Owners, Directors: p.Directors, Contacts: p.Contacts,
		LEI: p.LEI, Registration: p.Registration, Identifiers: p.Identifiers, Born: p.Born,
	}
	if a := p.Address; a != nil {
		q.Address = &event.Address{Lines: a.Lines, City: a.City, Region: a.Region, Country: a.Country}
	}
	if masters {
		q.GLN, q.Customer = p.GLN, p.Customer
	}
	return q
}
