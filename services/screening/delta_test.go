package screening

import (
	"bytes"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/shared/codec"
)

// packFiles are the files of the shipped US pack.
func packFiles(t *testing.T) fstest.MapFS {
	t.Helper()
	sub, err := fs.Sub(packs, "packs/us")
	if err != nil {
		t.Fatal(err)
	}
	out := fstest.MapFS{}
	err = fs.WalkDir(sub, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".yaml") {
			return err
		}
		b, err := fs.ReadFile(sub, name)
		out[name] = &fstest.MapFile{Data: b}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var (
	outcomeLine = regexp.MustCompile(`(?m)^  outcome: (\w+)$`)
	activeLine  = regexp.MustCompile(`(?m)^  - \{state: active(.*)\}$`)
)

// changed is the US pack with one rule otherwise: another outcome, gone, or in force on other dates. Nil where that makes no
// usable pack.
func changed(t *testing.T, files fstest.MapFS, at, how int) *Pack {
	t.Helper()
	out := maps.Clone(files)
	names := slices.Sorted(maps.Keys(files))
	names = slices.DeleteFunc(names, func(n string) bool { return path.Dir(n) != "rules" })
	for _, name := range names {
		parts := strings.Split(string(files[name].Data), "\n- id: ")
		if at >= len(parts)-1 {
			at -= len(parts) - 1
			continue
		}
		one := &parts[at+1]
		switch how {
		case 0:
			was := outcomeLine.FindStringSubmatch(*one)
			if was == nil {
				return nil
			}
			*one = outcomeLine.ReplaceAllString(*one, "  outcome: "+map[string]string{"release": "hold", "hold": "block", "license": "hold", "block": "license"}[was[1]])
		case 1:
			delete(out, "cases/"+strings.TrimSpace(strings.SplitN(*one, "\n", 2)[0])+".yaml")
			parts = slices.Delete(parts, at+1, at+2)
		case 2:
			*one = activeLine.ReplaceAllString(*one, "  - {state: active, from: 2025-05-15, until: 2026-11-09}")
		}
		out[name] = &fstest.MapFile{Data: []byte(strings.Join(parts, "\n- id: "))}
		p, err := LoadPack(out)
		if err != nil {
			return nil
		}
		return p
	}
	return nil
}

// Where a delta says that nothing of an order can be otherwise, the full judgement has the same outcome and findings.
func TestADeltaFindsEveryChange(t *testing.T) {
	t.Parallel()
	own := us(t)
	codified, err := own.With(map[string]string{"diffusion": "codified"})
	if err != nil {
		t.Fatal(err)
	}
	example, err := ShippedPack("example")
	if err != nil {
		t.Fatal(err)
	}
	others := []*Pack{codified, example, own}
	files := packFiles(t)
	for i := 0; i < len(own.Rules()); i += 2 {
		if p := changed(t, files, i, i/2%3); p != nil {
			others = append(others, p)
		}
	}
	if len(others) < len(own.Rules())/4 {
		t.Fatalf("only %d changed packs can be loaded", len(others))
	}
	deltas := make([]*Delta, len(others))
	for i, p := range others {
		deltas[i] = DeltaOf(own, p)
	}
	if !deltas[2].None() || deltas[0].None() || deltas[0].Whole() {
		t.Fatal("deltas of the pack from itself and with a parameter changed")
	}
	short, silent, all := 0, 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		c, f := drawOrder(rt)
		facts, err := codec.Append(nil, f)
		if err != nil {
			rt.Fatal(err)
		}
		was := own.Decide(c, f, "x", AsOf{})
		line := encode(t, was)
		for i, p := range others {
			d := deltas[i]
			all++
			if d.Whole() || d.Named(line) {
				continue
			}
			if d.Possible(facts) {
				if d.Speaks(c, f, nil, AsOf{}) {
					continue
				}
				silent++
			} else {
				short++
			}
			is := p.Decide(c, f, "x", AsOf{})
			if is.Outcome != was.Outcome || is.Rule != was.Rule || !bytes.Equal(findingsOf(t, is), findingsOf(t, was)) {
				rt.Fatalf("pack %d: a delta says nothing changed:\n%s\n%s", i, encode(t, was), encode(t, is))
			}
		}
	})
	t.Logf("of %d pairs %d answered by bytes, %d by the changed rules alone", all, short, silent)
	if short == 0 || silent == 0 {
		t.Error("a short way is never taken")
	}
}

func findingsOf(t *testing.T, j event.Judgement) []byte {
	t.Helper()
	b, err := codec.Append(nil, j.Findings)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
