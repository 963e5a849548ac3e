// Package recent remembers what was worked out before and is asked for again. What is remembered must be a function of its
// key alone: then a remembered answer is the one that would be found again, and nothing depends on what was asked before.
package recent

import (
	"hash/maphash"
	"sync"
)

// shards keep processors that ask at once out of each other's way.
const shards = 8

// Cache remembers at most twice as many answers as it was made for, in two generations: a full one replaces the older,
// so that what is asked for stays and the rest goes. It is safe for concurrent use.
type Cache[K comparable, V any] struct {
	seed   maphash.Seed
	shards [shards]shard[K, V]
}

// shard has a plain lock: it is held so shortly that those who wait for a sync.RWMutex cost more than sharing it saves.
type shard[K comparable, V any] struct {
	mu          sync.Mutex
	most        int
	now, before map[K]kept[K, V]
}

// kept is an answer with its key: the one that asks may hold memory that is used again.
type kept[K comparable, V any] struct {
	key   K
	value V
}

// New gives a cache of two generations of most answers each, a multiple of 8; it remembers nothing where that is 0.
func New[K comparable, V any](most int) *Cache[K, V] {
	c := &Cache[K, V]{seed: maphash.MakeSeed()}
	for i := range c.shards {
		c.shards[i].most = most / shards
	}
	return c
}

func (c *Cache[K, V]) shard(k K) *shard[K, V] {
	return &c.shards[maphash.Comparable(c.seed, k)%shards]
}

// Get gives the answer remembered for a key.
func (c *Cache[K, V]) Get(k K) (v V, ok bool) {
	s := c.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	got, ok := s.now[k]
	if !ok {
		if got, ok = s.before[k]; ok {
			s.put(got)
		}
	}
	return got.value, ok
}

// Put remembers an answer, which nobody may change from then on. The key must hold no memory that is used again.
func (c *Cache[K, V]) Put(k K, v V) {
	s := c.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(kept[K, V]{k, v})
}

func (s *shard[K, V]) put(what kept[K, V]) {
	if s.most == 0 {
		return
	}
	if s.now == nil || len(s.now) >= s.most {
		s.before, s.now = s.now, make(map[K]kept[K, V], min(s.most, 128))
	}
	s.now[what.key] = what
}
