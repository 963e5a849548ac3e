package enrichment

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"slices"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/classify"
	"github.com/tidegate/tidegate/services/enrichment/internal/entity"
	"github.com/tidegate/tidegate/services/enrichment/internal/master"
	"github.com/tidegate/tidegate/services/enrichment/internal/match"
	"github.com/tidegate/tidegate/services/enrichment/internal/place"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
	"github.com/tidegate/tidegate/services/enrichment/masters"
	"github.com/tidegate/tidegate/services/enrichment/reference"
)

// MatcherVersion names the matcher and its weights; facts carry it.
const MatcherVersion = match.Matcher

// Reference is a loaded reference set with its indexes. It is immutable and safe for concurrent use.
type Reference struct {
	digest    string
	lists     string // digest of the imported set
	entries   []snapshot.Entry
	editions  []snapshot.Edition // of the imported set
	seen      []event.ListSeen
	objects   [][]byte   // what the digest names, piece by piece
	curated   *Reference // the set without imported lists; itself where there are none
	directory *entity.Directory
	catalog   *classify.Catalog
	groups    *place.Groups
	masters   *master.Set // nil where there are none
	known     *registers
}

// Curated loads the set that the product ships.
func Curated() (*Reference, error) { return LoadReference(reference.Files) }

// LoadReference reads a set from files: parties/*.jsonl, catalog.jsonl and groups.jsonl. The error names every fault.
func LoadReference(fsys fs.FS) (*Reference, error) {
	set, err := snapshot.Load(fsys)
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	return fromSet(set), nil
}

func fromSet(set *snapshot.Snapshot) *Reference {
	r := &Reference{
		digest: set.Digest(), entries: set.Entries, objects: [][]byte{set.Canonical()},
		directory: entity.NewDirectory(set.Entries), catalog: classify.NewCatalog(set.Parts), groups: place.New(set.Groups),
	}
	r.curated = r
	return r
}

// WithLists gives a reference that knows the lists of a compiled set beside its own. Its digest names both.
func (r *Reference) WithLists(file []byte) (*Reference, error) {
	set, digest, err := snapshot.Decode(file)
	if err != nil {
		return nil, fmt.Errorf("lists: %w", err)
	}
	manifest := []byte(r.digest + "\n" + digest + "\n")
	both := sha256.Sum256(manifest)
	out := &Reference{
		digest: hex.EncodeToString(both[:]), lists: digest, entries: snapshot.Beside(r.entries, set.Entries), editions: set.Editions,
		catalog: r.catalog, groups: r.groups,
		objects: append(slices.Clip(r.objects), snapshot.Object(file), manifest), curated: r.curated,
	}
	for _, e := range set.Editions {
		out.seen = append(out.seen, event.ListSeen{List: e.List, Feed: e.Feed, Version: e.Published, Rows: e.Rows, Gaps: few(e.Gaps)})
	}
	out.masters, out.known = r.masters, newRegisters(r.masters)
	out.directory = entity.NewDirectory(out.entries)
	return out, nil
}

// WithMasters gives a reference that fills orders from a company's own masters and follows owners in its registers. The
// digest of the reference stays: facts name the masters beside it.
func (r *Reference) WithMasters(m *masters.Masters) *Reference { return r.with(m.Set()) }

func (r *Reference) with(m *master.Set) *Reference {
	out := *r
	out.masters, out.known = m, newRegisters(m)
	return &out
}

// mastersFile is the compiled masters as they lie on disk; nil where there are none.
func (r *Reference) mastersFile() []byte {
	if r.masters == nil {
		return nil
	}
	return r.masters.File()
}

// few keeps what stands in every line short.
func few(gaps []string) []string {
	const most = 3
	if len(gaps) <= most {
		return gaps
	}
	return append(slices.Clone(gaps[:most]), fmt.Sprintf("and %d more", len(gaps)-most))
}

// Digest is the SHA-256 of the set's canonical content in lower-case hex, the same on every machine. With imported
// lists it is that of the two digests, the curated set's and the lists', each with a line end.
func (r *Reference) Digest() string { return r.digest }

// Facts states what is known of an order's parties, items and countries, and nothing that depends on the date it will
// be judged for. Where the masters know what the order does not say, the facts are of the order as filled. It is a pure function of order and set; prev is the digest of the line before. The name in the
// payment is stated with the party that pays: the one with role payer, else the purchaser, else the first.
func (r *Reference) Facts(o *event.Order, prev string) event.Facts {
	f := event.Facts{
		Line: event.LineFacts, V: 1, Prev: prev, Snapshot: r.Digest(), Lists: r.seen, Matcher: MatcherVersion,
		Parties: make([]event.PartyFacts, 0, len(o.Parties)), Items: make([]event.ItemFacts, 0, len(o.Items)),
	}
	o = r.fill(o, &f)
	paying := paying(o)
	for i := range o.Parties {
		var payment *event.Payment
		if i == paying {
			payment = o.Payment
		}
		f.Parties = append(f.Parties, r.directory.Party(&o.Parties[i], payment, r.register()))
	}
	for i := range o.Items {
		f.Items = append(f.Items, r.catalog.Item(&o.Items[i], o))
	}
	r.attribute(o, &f)
	f.Places = r.groups.Places(countries(o, &f))
	return f
}

// paying is the party that the payment's name is stated with, or -1 where it needs none: nobody is named, or a party
// of the same name is compared anyway.
func paying(o *event.Order) int {
	if o.Payment == nil || o.Payment.Payer == "" {
		return -1
	}
	best := 0
	for i := range o.Parties {
		p := &o.Parties[i]
		if p.Name == o.Payment.Payer {
			return -1
		}
		if p.Role == event.Payer || p.Role == event.Purchaser && o.Parties[best].Role != event.Payer {
			best = i
		}
	}
	if len(o.Parties) == 0 {
		return -1
	}
	return best
}

// countries gathers every country that the order or a fact names.
func countries(o *event.Order, f *event.Facts) []event.Country {
	cs := make([]event.Country, 0, 64)
	cs = append(append(cs, o.ShipFrom, o.ShipTo, o.ReleaseTo), o.Route...)
	if o.Payment != nil {
		cs = append(cs, o.Payment.Country)
	}
	if o.EndUse != nil {
		cs = append(cs, o.EndUse.TrainingFor)
		if o.EndUse.Site != nil {
			cs = append(cs, o.EndUse.Site.Country)
		}
	}
	for i := range o.Parties {
		cs = appendParty(cs, &o.Parties[i], &f.Parties[i])
	}
	for i := range o.Items {
		it := &o.Items[i]
		cs = append(cs, it.Origin, it.DesignerHQ, it.PackagerCountry, f.Items[i].DesignHQ)
	}
	return cs
}

func appendParty(cs []event.Country, p *event.Party, f *event.PartyFacts) []event.Country {
	cs = append(cs, f.Country, f.Headquarters.Country, f.Parent.Country, p.Headquarters)
	if p.Address != nil {
		cs = append(cs, p.Address.Country)
	}
	if p.Parent != nil {
		cs = append(cs, p.Parent.Country)
	}
	for _, o := range p.Owners {
		cs = append(cs, o.Country)
	}
	for _, ms := range [][]event.Match{f.Matches, f.SharedWith} {
		for _, m := range ms {
			cs = append(cs, m.Country)
		}
	}
	for _, o := range f.Owners {
		cs = append(cs, o.Match.Country)
	}
	return cs
}
