package ledger

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tidegate/tidegate/schemas/event"
)

// A shelf is a list whose oldest item goes when it is full.
func TestAShelfDropsWhatWasNotTouchedForLongest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := newShelf[int, int](3)
		var want []int
		for range rapid.IntRange(0, 60).Draw(rt, "steps") {
			k := rapid.IntRange(0, 6).Draw(rt, "key")
			was := slices.Index(want, k)
			if was >= 0 {
				want = slices.Delete(want, was, was+1)
			}
			if rapid.IntRange(0, 4).Draw(rt, "do") == 0 {
				s.remove(k)
			} else {
				if *s.put(k) = k; len(want) == 3 {
					want = want[1:]
				}
				want = append(want, k)
			}
			if diff := cmp.Diff(want, s.keys()); diff != "" && len(want)+len(s.keys()) > 0 {
				rt.Fatal(diff)
			}
		}
	})
}

func TestSumsAreExact(t *testing.T) {
	t.Parallel()
	for d, want := range map[event.Decimal]event.Decimal{
		"": "0", "0": "0", "15832": "15832", "0.1": "0.1", "2.5": "2.5", "1.0005": "1.001", "-3": "0", "999999999999999": "999999999999999", "123456789012345": "123456789012345",
	} {
		if got := exact(d).decimal(); got != want {
			t.Errorf("%q is %q, want %q", d, got, want)
		}
		if err := exact(d).decimal().Check(); err != nil {
			t.Errorf("%q: %v", d, err)
		}
	}
	var sum Amount
	for range 10 {
		sum = sum.Plus("0.1")
	}
	if sum.String() != "1" || sum.Exceeds("1") || !sum.Exceeds("0.999") {
		t.Errorf("ten tenths are %s", sum)
	}
}

func TestNamesThatSoundAlike(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		same bool
	}{
		{"Cambricon Technologies Corporation Limited", "Kambrikon Teknologies", true},
		{"Lantern Bay", "Lan Tern Bey Ltd.", true},
		{"Nordlicht Werke GmbH", "Nordlicht Werke", true},
		{"Nordlicht Werke", "Südlicht Werke", false},
		{"Ferrous Hill", "Lantern Bay", false},
		{"Ex", "Ox", false}, // too short to tell
	} {
		if got := sound(tt.a) != "" && sound(tt.a) == sound(tt.b); got != tt.same {
			t.Errorf("%q and %q: %v (%q, %q)", tt.a, tt.b, got, sound(tt.a), sound(tt.b))
		}
	}
	if Fold("Société Générale S.A.") != "societe generale" || Fold("Co. Ltd") != "co ltd" {
		t.Errorf("%q, %q", Fold("Société Générale S.A."), Fold("Co. Ltd"))
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(`{"v":1,"orders":[{"key":"a","value":{"revision":1}}],"accounts":[{"key":"name:x|DE","value":{"years":{"2026":{"sum":1,"orders":1}}}}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := Load(b)
		if err != nil {
			return
		}
		once, err := l.Save()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Load(once)
		if err != nil {
			t.Fatal(err)
		}
		twice, err := again.Save()
		if err != nil || string(once) != string(twice) {
			t.Errorf("%v: %s, then %s", err, once, twice)
		}
	})
}
