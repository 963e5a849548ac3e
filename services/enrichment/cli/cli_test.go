package cli_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	urfave "github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/services/enrichment/cli"
)

func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var b bytes.Buffer
	root := &urfave.Command{
		Name: "tidegate", Commands: cli.Commands(nil, cli.Offer{}, nil), Writer: &b, ErrWriter: &b,
		ExitErrHandler: func(context.Context, *urfave.Command, error) {},
	}
	err := root.Run(t.Context(), append([]string{"tidegate", "lists"}, args...))
	return b.String(), err
}

func TestTheWayOfAListFromAFileIntoForce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, second := filepath.Join(dir, "own-2026-01-01.csv"), filepath.Join(dir, "own-2026-02-01.csv")
	for path, rows := range map[string]string{first: "1,Lantern\n2,Pier\n3,Mill\n4,Moon\n5,Tide\n", second: "1,Lantern\n2,Pier\n3,Mill\n4,Moons\n6,Gate\n"} {
		if err := os.WriteFile(path, []byte("id,name\n"+rows), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		args  string
		wants []string
		fails bool
	}{
		{"status", []string{"no lists were imported", "own-csv", "eu-xml", "(not tried on a real file)"}, false},
		{"activate", []string{"no list was imported yet"}, true},
		{"import", []string{"name a file"}, true},
		{"import " + first, []string{"OWN (own) of 2026-01-01: 5 rows", "dated by name"}, false},
		{"activate", []string{"is in force from the next start on"}, false},
		{"import " + second, []string{"5 rows, +1 -1 since 2026-01-01"}, false},
		{"diff active head", []string{"+ own-6 Gate", "- own-5 Tide", "~ own-4 Moons (was Moon)", "added 1, removed 1, renamed 1, otherwise changed 0"}, false},
		{"diff " + first + " " + second, []string{"added 1, removed 1, renamed 1, otherwise changed 0"}, false},
		{"status", []string{"in force: set", "newest:   set", "OWN    own", "the shipped pack has no rule for this list"}, false},
		{"import --published 2026-02-30 " + first, []string{"--published"}, true},
		{"fetch moon", []string{`there is no source "moon"`}, true},
	} {
		args := strings.Fields(step.args)
		out, err := run(t, append(append(args[:1:1], "--data", filepath.Join(dir, "data")), args[1:]...)...)
		if (err != nil) != step.fails {
			t.Fatalf("%s: %v", step.args, err)
		}
		if err != nil {
			out += err.Error()
		}
		for _, w := range step.wants {
			if !strings.Contains(out, w) {
				t.Errorf("%s: %q is not in\n%s", step.args, w, out)
			}
		}
	}
}
