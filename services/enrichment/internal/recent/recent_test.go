package recent_test

import (
	"strconv"
	"sync"
	"testing"

	"github.com/tidegate/tidegate/services/enrichment/internal/recent"
)

func TestWhatIsAskedForStaysAndTheRestGoes(t *testing.T) {
	t.Parallel()
	c := recent.New[int, string](80)
	for i := range 1000 {
		c.Put(i, strconv.Itoa(i))
		if v, ok := c.Get(0); !ok || v != "0" {
			t.Fatalf("after %d: %q %t", i, v, ok)
		}
	}
	held := 0
	for i := range 1000 {
		if v, ok := c.Get(i); ok {
			held++
			if v != strconv.Itoa(i) {
				t.Errorf("%d: %q", i, v)
			}
		}
	}
	if held < 40 || held > 160 {
		t.Errorf("%d answers held", held)
	}
}

func TestManyAskAtOnce(t *testing.T) {
	t.Parallel()
	c := recent.New[int, int](16)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 1000 {
				if v, ok := c.Get(i % 30); ok && v != i%30 {
					t.Errorf("%d for %d", v, i%30)
				}
				c.Put(i%30, i%30)
			}
		})
	}
	all.Wait()
}
