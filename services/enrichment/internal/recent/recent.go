// Package recent remembers what was worked out before and is asked for again. What is remembered must be a function of its
// key alone: then a remembered answer is the one that would be found again, and nothing depends on what was asked before.
package recent

import "sync"

// Cache remembers at most twice as many answers as it was made for, in two generations: a full one replaces the older,
// so that what is asked for stays and the rest goes. The zero value remembers nothing. It is safe for concurrent use.
type Cache[K comparable, V any] struct {
	mu          sync.RWMutex
	most        int
	now, before map[K]kept[K, V]
}

// kept is an answer with its key: the one that asks may hold memory that is used again.
type kept[K comparable, V any] struct {
	key   K
	value V
}

// New gives a cache of two generations of most answers each.
func New[K comparable, V any](most int) *Cache[K, V] { return &Cache[K, V]{most: most} }

// Get gives the answer remembered for a key.
func (c *Cache[K, V]) Get(k K) (v V, ok bool) {
	c.mu.RLock()
	got, ok := c.now[k]
	old := false
	if !ok {
		got, old = c.before[k]
	}
	c.mu.RUnlock()
	if old {
		c.Put(got.key, got.value)
	}
	return got.value, ok || old
}

// Put remembers an answer, which nobody may change from then on. The key must hold no memory that is used again.
func (c *Cache[K, V]) Put(k K, v V) {
	if c.most == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now == nil || len(c.now) >= c.most {
		c.before, c.now = c.now, make(map[K]kept[K, V], min(c.most, 1024))
	}
	c.now[k] = kept[K, V]{k, v}
}
