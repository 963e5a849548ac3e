package screening

import "testing"

func us(t testing.TB) *Pack {
	t.Helper()
	p, err := USPack()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestTheUSPackLoads(t *testing.T) {
	t.Parallel()
	us(t)
}
