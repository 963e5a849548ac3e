package parquet

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/parquet-go/parquet-go"

	"github.com/tidegate/tidegate/services/audit/search"
)

func TestRowsAndTrailerAreReadBack(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	f := New(&b)
	var want []search.Exported
	for i := range 500 {
		r := search.Exported{
			Log: 1, Leaf: uint64(i), LeafHash: strings.Repeat("ab", 32), Kind: "decision", OrderID: fmt.Sprintf("A-%d", i), Names: []string{"Müller", "华为"}, Rules: []string{"r"},
			Block: 7, Place: i, Case: strings.Repeat("x", 100_000) + "\n",
		}
		want = append(want, r)
		if err := f.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(search.Trailer{Line: "trailer", V: 1, Rows: 500}); err != nil {
		t.Fatal(err)
	}
	file, err := parquet.OpenFile(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if text, ok := file.Lookup(Key); !ok || !strings.Contains(text, `"rows":500`) {
		t.Errorf("trailer %q", text)
	}
	if n := len(file.RowGroups()); n < 2 {
		t.Errorf("%d row groups of 50 MB", n)
	}
	got, err := parquet.Read[search.Exported](bytes.NewReader(b.Bytes()), int64(b.Len()))
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff[:min(1000, len(diff))])
	}
}
