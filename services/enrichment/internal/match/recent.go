package match

import (
	"strings"
	"sync"
)

// The names remembered: at most twice so many, none longer than that.
const (
	recentNames = 1 << 16
	recentBytes = 200
)

// recentWords remembers the words of the names looked for: most names are made of words that others have, too. What is
// kept of a word is a function of the word and the index alone. Two generations, as in recent.
type recentWords struct {
	mu          sync.RWMutex
	now, before map[string]*word
}

// mostRecent is how many words one generation holds.
const mostRecent = 1 << 13

func (r *recentWords) get(shown string) (*word, bool) {
	r.mu.RLock()
	w, ok := r.now[shown]
	old := false
	if !ok {
		w, old = r.before[shown]
	}
	r.mu.RUnlock()
	if old {
		r.put(w)
	}
	return w, ok || old
}

func (r *recentWords) put(w *word) {
	if len(w.shown) > recentBytes {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.now == nil || len(r.now) >= mostRecent {
		r.before, r.now = r.now, make(map[string]*word, 1024)
	}
	r.now[w.shown] = w
}

// recent remembers what was found for names seen before, for most names of an order stream come again. What is found is
// a function of the name and the index alone, so a remembered answer is the one that would be found again. Two
// generations: a full one replaces the older, so that what is asked for stays and the rest goes.
type recent struct {
	mu          sync.RWMutex
	now, before map[string]answer
}

// answer is what Find gives. Nobody changes it.
type answer struct {
	found      []Candidate
	considered int
}

func (r *recent) get(name string) (a answer, ok bool) {
	r.mu.RLock()
	a, ok = r.now[name]
	old := false
	if !ok {
		a, old = r.before[name]
	}
	r.mu.RUnlock()
	if old {
		r.put(name, a)
	}
	return a, ok || old
}

// put keeps an answer under a copy of the name: the caller's belongs to an order and must not be held by it.
func (r *recent) put(name string, a answer) {
	if len(name) > recentBytes {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.now == nil || len(r.now) >= recentNames {
		r.before, r.now = r.now, make(map[string]answer, 1024)
	}
	r.now[strings.Clone(name)] = a
}
