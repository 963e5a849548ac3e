package ledger

import "slices"

// shelf is a map of bounded size: when it is full, what was not touched for longest goes. It depends on nothing but the
// order of its calls.
type shelf[K comparable, V any] struct {
	max   int
	tick  uint64
	items map[K]*shelved[V]
	queue []touch[K] // every touch, oldest first; only an item's last counts
	lost  int        // how many went
}

type shelved[V any] struct {
	touched uint64
	value   V
}

type touch[K comparable] struct {
	key  K
	tick uint64
}

func newShelf[K comparable, V any](most int) *shelf[K, V] {
	return &shelf[K, V]{max: most, items: map[K]*shelved[V]{}}
}

// get gives an item; nil when there is none.
func (s *shelf[K, V]) get(k K) *V {
	if i, ok := s.items[k]; ok {
		return &i.value
	}
	return nil
}

// put gives an item to be changed, a new one when there is none, and makes it the youngest.
func (s *shelf[K, V]) put(k K) *V {
	i, ok := s.items[k]
	if !ok {
		if len(s.items) >= s.max {
			s.drop()
		}
		i = new(shelved[V])
		s.items[k] = i
	}
	s.tick++
	i.touched = s.tick
	s.queue = append(s.queue, touch[K]{k, s.tick})
	if len(s.queue) > 2*len(s.items)+1024 {
		s.queue = slices.DeleteFunc(s.queue, s.stale)
	}
	return &i.value
}

func (s *shelf[K, V]) stale(t touch[K]) bool {
	i, ok := s.items[t.key]
	return !ok || i.touched != t.tick
}

func (s *shelf[K, V]) drop() {
	for len(s.queue) > 0 {
		t := s.queue[0]
		s.queue = s.queue[1:]
		if !s.stale(t) {
			delete(s.items, t.key)
			s.lost++
			return
		}
	}
}

func (s *shelf[K, V]) remove(k K) { delete(s.items, k) }

// keys lists the items' keys, oldest touch first.
func (s *shelf[K, V]) keys() []K {
	out := make([]K, 0, len(s.items))
	for _, t := range s.queue {
		if !s.stale(t) {
			out = append(out, t.key)
		}
	}
	return out
}
