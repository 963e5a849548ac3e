package samples

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/tidegate/tidegate/services/enrichment/masters"
	"github.com/tidegate/tidegate/services/screening"
)

// mastered is a judge with the masters of testdata.
func mastered(t *testing.T) judge {
	t.Helper()
	s := masters.Open(t.TempDir())
	files, err := filepath.Glob("testdata/masters/*.csv")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		if _, err := s.Import(context.Background(), masters.Import{Path: f}); err != nil {
			t.Fatal(err)
		}
	}
	digest, err := s.Head()
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.Load(digest)
	if err != nil {
		t.Fatal(err)
	}
	j := newJudge(t)
	return judge{j.reference.WithMasters(m), j.pack}
}

// TestOrdersThatSayLittleAreDecidedByTheMasters judges orders of nothing but customer numbers, GLNs, LEIs and SKUs.
func TestOrdersThatSayLittleAreDecidedByTheMasters(t *testing.T) {
	t.Parallel()
	j := mastered(t)
	files, err := filepath.Glob("testdata/orders/*.json")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			input, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			s := Sample{Name: name, Input: input}
			b, err := os.ReadFile(strings.TrimSuffix(name, ".json") + ".expect.yaml")
			if err != nil {
				t.Fatal(err)
			}
			if err := yaml.Unmarshal(b, &s.Expect); err != nil {
				t.Fatal(err)
			}
			got := j.decide(t, s, screening.AsOf{})
			if got.Outcome != s.Expect.Outcome || got.Rule != s.Expect.Rule {
				t.Fatalf("%s by %q, want %s by %q because %s\nfindings: %s", got.Outcome, got.Rule, s.Expect.Outcome, s.Expect.Rule, s.Expect.Why, findings(got))
			}
			checkDeciding(t, got, s.Expect)
		})
	}
}
