package ingest

import (
	"slices"
	"testing"
	"time"
)

func TestWhatFailsOnIsSaidAtGrowingIntervals(t *testing.T) {
	t.Parallel()
	var r repeats
	start := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	var at, counts []int
	for second := range 3600 {
		if n, say := r.add(2, start.Add(time.Duration(second)*time.Second)); say {
			at, counts = append(at, second), append(counts, n)
		}
	}
	if want := []int{0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 1023, 1623, 2223, 2823, 3423}; !slices.Equal(at, want) {
		t.Errorf("said at %v", at)
	}
	if counts[0] != 2 || counts[2] != 4 || counts[14] != 1200 {
		t.Errorf("counts %v", counts)
	}
	r.reset()
	if n, say := r.add(1, start); n != 1 || !say {
		t.Errorf("after a success: %d %v", n, say)
	}
}
