package index

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFindGivesEveryLeafOfAnID(t *testing.T) {
	t.Parallel()
	var b Builder
	var file []byte
	for leaf := range uint64(2*Leaves + 100) {
		b.Add(leaf, fmt.Sprintf("o-%d", leaf%1000), fmt.Sprintf("e-%d", leaf))
		if b.Full() {
			file = append(file, b.Segment()...)
		}
	}
	if got := Covered(int64(len(file)) + 17); got != 2*Leaves {
		t.Fatalf("covers %d leaves", got)
	}
	var want []uint64
	for leaf := uint64(7); leaf < 2*Leaves; leaf += 1000 {
		want = append(want, leaf)
	}
	for id, want := range map[string][]uint64{"o-7": want, "e-20000": {20000}, "nobody": nil} {
		got, err := Find(bytes.NewReader(file), int64(len(file)), id)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", id, diff)
		}
	}
}
