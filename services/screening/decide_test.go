package screening

import "testing"

func us(tb testing.TB) *Pack {
	tb.Helper()
	p, err := USPack()
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func TestTheUSPackLoads(t *testing.T) {
	t.Parallel()
	us(t)
}
