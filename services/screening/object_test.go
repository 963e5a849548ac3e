package screening_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening"
)

func TestAPackComesBackFromItsObject(t *testing.T) {
	t.Parallel()
	us, err := screening.USPack()
	if err != nil {
		t.Fatal(err)
	}
	if event.Digest(us.Object()) != us.Ref().Digest || !bytes.Equal(us.Activation(), us.Object()) {
		t.Error("the object's SHA-256 is not the pack's digest")
	}
	codified, err := us.With(map[string]string{"diffusion": "codified"})
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(codified.Activation(), us.Object()) {
		t.Error("the parameter is lost")
	}
	for _, p := range []*screening.Pack{us, codified} {
		again, err := screening.OpenPack(p.Activation())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(p.Ref(), again.Ref()); diff != "" {
			t.Error(diff)
		}
		if err := again.AtDefaults().Proven(); err != nil {
			t.Error(err)
		}
	}
}

func TestObjectsThatAreNoPack(t *testing.T) {
	t.Parallel()
	us, err := screening.USPack()
	if err != nil {
		t.Fatal(err)
	}
	whole := string(us.Object())
	for _, row := range []struct{ name, object string }{
		{"nothing", ""},
		{"cut off", whole[:len(whole)-1]},
		{"a file more that no pack has", whole + "zzz 1\nx"},
		{"a length that is none", "pack.yaml x\n"},
		{"a negative length", "pack.yaml -1\n"},
		{"a path out of the pack", "../x.yaml 1\nx" + whole},
		{"no line break", strings.Repeat("x", 100)},
	} {
		if p, err := screening.OpenPack([]byte(row.object)); err == nil || p != nil {
			t.Errorf("%s: loaded", row.name)
		}
	}
	if _, err := screening.OpenPack([]byte("pack.yaml 1\nx")); !errors.Is(err, screening.ErrPack) {
		t.Errorf("a pack with faults: %v", err)
	}
}

func FuzzOpenPack(f *testing.F) {
	us, err := screening.USPack()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(us.Object())
	f.Add([]byte("pack.yaml 3\na: \nrules/a.yaml 0\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := screening.OpenPack(b)
		if err == nil && !bytes.Equal(p.Activation(), b) && !bytes.Equal(p.Object(), b) {
			t.Error("what was loaded is not what was given")
		}
	})
}
