package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/urfave/cli/v3"
)

func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var b bytes.Buffer
	root := &cli.Command{Name: "tidegate", Commands: Commands(Offer{}), Writer: &b, ErrWriter: &b, ExitErrHandler: func(context.Context, *cli.Command, error) {}}
	err := root.Run(context.Background(), append([]string{"tidegate", "rules"}, args...))
	return b.String(), err
}

func code(err error) int {
	if f, ok := errors.AsType[failure](err); ok {
		return f.code
	}
	return 0
}

func TestWhatTheVerbsPrint(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		args []string
		want []string
	}{
		{"the list names rules and their dates", []string{"list"}, []string{"ac-headquarters", "stayed", "2026-11-10", "rules, digest"}},
		{"the list as of a date in the stay", []string{"list", "--as-of", "2026-01-01"}, []string{"stayed until 2026-11-09"}},
		{"a rule that another parameter brings in", []string{"list", "--set", "diffusion=codified"}, []string{"diffusion=announced"}},
		{"one rule with its condition", []string{"show", "affiliates-50", "--as-of", "2026-11-10"}, []string{"party.held_by_listed >= 50.0", "90 FR 50857", "on 2026-11-10"}},
		{"the shipped pack keeps its cases", []string{"test"}, []string{"ok:", "cases"}},
		{"the rules of a day with their citations", []string{"show", "--as-of", "2025-10-01"}, []string{"affiliates-50 [license]", "90 FR 47201", "Rules in force on 2025-10-01"}},
		{"the same pack twice", []string{"diff", "shipped", "../packs/us"}, []string{"no rule and no setting differs"}},
		{"a pack beside another", []string{"diff", "shipped", "../packs/jp"}, []string{"id was: us", "removed rule ac-destination", "added rule jp-"}},
		{"several packs together", []string{"list", "--pack", "us", "--pack", "jp", "--pack", "../packs/example"}, []string{"ac-destination", "jp-end-user-list", "blocked-customer", "us+jp+example"}},
		{"a company's pack with the one it stands on", []string{"test", "../packs/example"}, []string{"ok:", "us+example"}},
		{"a shipped pack by its name", []string{"test", "jp"}, []string{"ok:", "(jp "}},
		{"when an act was published", []string{"show", "cn-case-by-case-2026"}, []string{"published 2026-01-15"}},
		{"the pack's folder is checked", []string{"check", "../packs/us"}, []string{"ok: us"}},
		{"the pack's folder is tested", []string{"test", "../packs/us"}, []string{"ok:"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out, err := run(t, tt.args...)
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range tt.want {
				if !strings.Contains(out, w) {
					t.Errorf("no %q in\n%s", w, out)
				}
			}
		})
	}
}

func TestEveryVerbPrintsJSON(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"list"}, {"list", "--as-of", "2026-01-01"}, {"show", "el-license"}, {"check", "../packs/us"}, {"test"}, {"diff", "shipped", "../packs/jp"}, {"show", "--as-of", "2025-10-01"}} {
		out, err := run(t, append(args, "--json")...)
		if err != nil || !json.Valid([]byte(out)) {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
}

func TestErrorsAndTheirExitStatus(t *testing.T) {
	t.Parallel()
	broken := t.TempDir()
	if err := os.WriteFile(filepath.Join(broken, "pack.yaml"), []byte("id: x\nverse: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"a rule that is not there names its likes", []string{"show", "affiliates"}, 2, "there is affiliates-50"},
		{"a date that no calendar has", []string{"list", "--as-of", "2026-02-30"}, 2, "--as-of"},
		{"a parameter that is not declared", []string{"list", "--set", "speed=high"}, 2, "no parameter"},
		{"a folder that is not there", []string{"check", "nowhere"}, 2, "nowhere"},
		{"a misspelled member", []string{"check", broken}, 1, "pack.yaml:2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := run(t, tt.args...)
			if err == nil || code(err) != tt.code || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("code %d: %v", code(err), err)
			}
		})
	}
}
