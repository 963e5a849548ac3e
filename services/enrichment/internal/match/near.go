package match

import (
	"slices"
	"strings"

	"github.com/tidegate/tidegate/services/enrichment/internal/recent"
)

// Level says how near two addresses are.
type Level int

// The levels: not known to be near, the same building, the same room or floor.
const (
	Apart Level = iota
	SameBuilding
	SameRoom
)

// Compare says whether two addresses are the same room (or floor, or both the whole house) or the same building.
func Compare(a, b Address) Level {
	if !overlap(a.Anchors, b.Anchors) || contradict(cityNames(a), cityNames(b)) {
		return Apart
	}
	switch {
	case contradict(a.Blocks, b.Blocks), contradict(a.Floors, b.Floors), contradict(a.Rooms, b.Rooms):
		return SameBuilding
	case len(a.Rooms) > 0 && len(b.Rooms) > 0:
		if slices.ContainsFunc(a.Rooms, func(r string) bool { return len(r) > 2 && slices.Contains(b.Rooms, r) }) || overlap(a.Floors, b.Floors) {
			return SameRoom
		}
		return SameBuilding // "Unit D" without its floor
	case len(a.Rooms) != len(b.Rooms):
		return SameBuilding
	case overlap(a.Floors, b.Floors), len(a.Floors) == 0 && len(b.Floors) == 0 && len(a.Blocks) == len(b.Blocks):
		return SameRoom
	}
	return SameBuilding
}

func cityNames(a Address) []string {
	out := make([]string, 0, len(a.Cities))
	for _, c := range a.Cities {
		if c == "kowloon" {
			c = "hongkong"
		}
		out = append(out, c)
	}
	return out
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

// contradict says that both sides name something and nothing in common.
func contradict(a, b []string) bool { return len(a) > 0 && len(b) > 0 && !overlap(a, b) }

// ListedAddress is an address of a listed entry, as the index takes it.
type ListedAddress struct {
	Entry int32
	Text  string
}

// Near is a listed address near one of the order.
type Near struct {
	ListedAddress
	Level Level
}

// AddressIndex holds the addresses of listed entries by what names their buildings. Immutable, safe for concurrent use.
type AddressIndex struct {
	listed   []ListedAddress
	parsed   []Address
	byAnchor map[string][]int32
	recent   *recent.Cache[string, nearby]
}

// NewAddressIndex builds the index.
func NewAddressIndex(listed []ListedAddress) *AddressIndex {
	ix := &AddressIndex{listed: listed, byAnchor: map[string][]int32{}, recent: recent.New[string, nearby](remembered(len(listed), recentAddresses))}
	for i, l := range listed {
		a := ParseAddress(l.Text)
		ix.parsed = append(ix.parsed, a)
		for _, k := range a.Anchors {
			ix.byAnchor[k] = append(ix.byAnchor[k], int32(i))
		}
	}
	return ix
}

// Find gives the listed addresses near one, the nearest one per entry, sorted by entry, and how many were compared.
func (ix *AddressIndex) Find(lines ...string) ([]Near, int) {
	text := strings.Join(lines, ", ")
	n, seen := ix.recent.Get(text)
	if !seen {
		n.found, n.considered = ix.look(ParseAddress(text))
		if len(text) <= recentBytes {
			ix.recent.Put(strings.Clone(text), n)
		}
	}
	return n.found, n.considered
}

// look is Find for an address not seen before.
func (ix *AddressIndex) look(a Address) ([]Near, int) {
	var out []Near
	considered := 0
	for _, k := range a.Anchors {
		for _, row := range ix.byAnchor[k] {
			considered++
			if level := Compare(a, ix.parsed[row]); level != Apart {
				out = append(out, Near{ix.listed[row], level})
			}
		}
	}
	slices.SortStableFunc(out, func(x, y Near) int {
		if x.Entry != y.Entry {
			return int(x.Entry) - int(y.Entry)
		}
		if x.Level != y.Level {
			return int(y.Level) - int(x.Level)
		}
		return strings.Compare(x.Text, y.Text)
	})
	return slices.CompactFunc(out, func(x, y Near) bool { return x.Entry == y.Entry }), considered
}
