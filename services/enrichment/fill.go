package enrichment

import (
	"strconv"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/entity"
	"github.com/tidegate/tidegate/services/enrichment/internal/master"
	"github.com/tidegate/tidegate/services/enrichment/internal/owner"
	"github.com/tidegate/tidegate/services/enrichment/internal/recent"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

// fill gives the order as the masters fill it and notes what was filled, or the order itself.
func (r *Reference) fill(o *event.Order, f *event.Facts) *event.Order {
	if r.masters == nil {
		return o
	}
	f.Masters = r.masters.Digest()
	filling := r.masters.Fill(o)
	f.Disagrees = filling.Disagrees
	if filling.Order == nil {
		return o
	}
	f.Filled = &event.Filled{Order: *filling.Order, From: filling.From}
	return &f.Filled.Order
}

// register is the masters as the directory asks them; nil where there are none.
func (r *Reference) register() entity.Register {
	if r.masters == nil {
		return nil
	}
	return r.known
}

// registers are the masters with what was found in them together with one set of lists.
type registers struct {
	*master.Set
	owners *recent.Cache[string, owner.Found]
	seats  *recent.Cache[string, seat]
}

// recentParties is how many parties stay known with their owners and seat, twice.
const recentParties = 8192

func newRegisters(m *master.Set) *registers {
	if m == nil {
		return nil
	}
	return &registers{m, recent.New[string, owner.Found](recentParties), recent.New[string, seat](recentParties)}
}

// Owners remembers owners.
func (k *registers) Owners() *recent.Cache[string, owner.Found] { return k.owners }

// seat is where a party and its ultimate parent have their headquarters, by a register.
type seat struct{ hq, parent event.Known }

// Seat remembers seats.
func (k *registers) Seat(p *event.Party) (hq, parent event.Known) {
	ids := k.IDs(p)
	if len(ids) == 0 {
		return hq, parent
	}
	key := strings.Join(ids, "\x00")
	s, ok := k.seats.Get(key)
	if !ok {
		s.hq, s.parent = k.Set.Seat(p)
		k.seats.Put(key, s)
	}
	return s.hq, s.parent
}

// attribute says of what the masters filled that they, not the order, stated it, and where a register contradicts what is
// stated.
func (r *Reference) attribute(o *event.Order, f *event.Facts) {
	if r.masters == nil {
		return
	}
	if f.Filled != nil {
		for _, from := range f.Filled.From {
			if strings.HasSuffix(from.Pointer, "/headquarters") || strings.Contains(from.Pointer, "parent") {
				credit(f, from)
			}
		}
	}
	for i := range o.Parties {
		hq, parent := r.known.Seat(&o.Parties[i])
		at := "/parties/" + strconv.Itoa(i) + "/"
		contradict(f, at+"headquarters", f.Parties[i].Headquarters, hq)
		contradict(f, at+"ultimate_parent", f.Parties[i].Parent, parent)
	}
}

// credit names the master as the evidence of a headquarters or parent that it filled.
func credit(f *event.Facts, from event.FilledFrom) {
	index, member, _ := strings.Cut(strings.TrimPrefix(from.Pointer, "/parties/"), "/")
	i, err := strconv.Atoi(index)
	if err != nil || i >= len(f.Parties) || !strings.HasPrefix(from.Pointer, "/parties/") {
		return
	}
	p := &f.Parties[i]
	switch {
	case member == "headquarters" && p.Headquarters.How == "stated":
		p.Headquarters.How, p.Headquarters.Evidence = "master", from.Source
	case strings.HasPrefix(member, "ultimate_parent") && p.Parent.How == "stated":
		p.Parent.How, p.Parent.Evidence = "master", from.Source
	case member == "no_parent" && p.Parent.How == "stated_none":
		p.Parent.Evidence = from.Source + ": no parent"
	}
}

func contradict(f *event.Facts, pointer string, stated, known event.Known) {
	if known.Country == "" || stated.Country == "" || stated.How == known.How || snapshot.Mainland(stated.Country) == snapshot.Mainland(known.Country) {
		return
	}
	f.Disagrees = append(f.Disagrees, event.Disagreement{Pointer: pointer, Stated: string(stated.Country), Master: string(known.Country), Source: known.Evidence})
}
