package ledger

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// snapshotVersion is the form of a snapshot that this program writes and reads. One of another version is no snapshot:
// the ledger is rebuilt from decisions.
const snapshotVersion = 1

type snapshot struct {
	V        int                      `json:"v"`
	Lost     [3]int                   `json:"lost"`
	Orders   []saved[string, order]   `json:"orders"`
	Accounts []saved[string, account] `json:"accounts"`
	Stops    []saved[uint64, stop]    `json:"stops"`
	Licenses []savedLicense           `json:"licenses"`
}

type saved[K comparable, V any] struct {
	Key   K `json:"key"`
	Value V `json:"value"`
}

type savedLicense struct {
	Number string  `json:"number"`
	Kept   license `json:"kept"`
}

// Save writes the ledger as bytes: the same for the same decisions, however often it was saved and loaded between.
func (l *Ledger) Save() ([]byte, error) {
	s := snapshot{
		V: snapshotVersion, Lost: [3]int{l.orders.lost, l.accounts.lost, l.stops.lost},
		Orders: save(l.orders), Accounts: save(l.accounts), Stops: save(l.stops), Licenses: []savedLicense{},
	}
	for _, number := range slices.Sorted(maps.Keys(l.licenses)) {
		s.Licenses = append(s.Licenses, savedLicense{number, *l.licenses[number]})
	}
	b, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("save the ledger: %w", err)
	}
	return b, nil
}

func save[K comparable, V any](s *shelf[K, V]) []saved[K, V] {
	out := make([]saved[K, V], 0, len(s.items))
	for _, k := range s.keys() {
		out = append(out, saved[K, V]{k, *s.get(k)})
	}
	return out
}

// Load reads what Save wrote.
func Load(b []byte) (*Ledger, error) {
	var s snapshot
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("load the ledger: %w", err)
	}
	if s.V != snapshotVersion {
		return nil, fmt.Errorf("load the ledger: version %d is not one this program reads", s.V)
	}
	l := New()
	load(l.orders, s.Orders, s.Lost[0])
	load(l.accounts, s.Accounts, s.Lost[1])
	load(l.stops, s.Stops, s.Lost[2])
	for _, k := range s.Licenses {
		kept := k.Kept
		l.licenses[k.Number] = &kept
	}
	return l, nil
}

func load[K comparable, V any](s *shelf[K, V], from []saved[K, V], lost int) {
	for i := range from {
		*s.put(from[i].Key) = from[i].Value
	}
	s.lost = lost
}
