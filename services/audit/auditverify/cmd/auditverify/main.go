// Command auditverify checks a copied audit log, or an evidence pack, offline. It exits with 0 for a good log, 1 for a bad one, 2 for one
// that cannot be judged.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/tidegate/tidegate/services/audit/auditverify"
)

const usage = `usage: auditverify [flags] DIR

DIR is a copy of an audit directory (with log/, blobs/ and key.pub; every log in it is checked) or of a log directory alone.

flags:
`

func main() {
	var kept files
	key := flag.String("key", "", "`file` with the verifier keys of the logs, one a line, got from elsewhere; those in DIR")
	policy := flag.String("witness-policy", "", "`file` with the log's witnesses and their quorum, which must have signed the checkpoint")
	asJSON := flag.Bool("json", false, "print the report as JSON")
	flag.Var(&kept, "checkpoint", "`file` with a checkpoint kept from before, which the log must still contain; more than once")
	flag.Usage = func() { fmt.Fprint(os.Stderr, usage); flag.PrintDefaults() }
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if st, err := os.Stat(flag.Arg(0)); err == nil && st.Mode().IsRegular() {
		os.Exit(verifyPack(flag.Arg(0), *key, *policy, *asJSON))
	}
	os.Exit(verify(flag.Arg(0), *key, *policy, kept, *asJSON))
}

// files is a flag that may be given more than once.
type files []string

func (f *files) String() string     { return fmt.Sprint(*f) }
func (f *files) Set(s string) error { *f = append(*f, s); return nil }

func verify(dir, key, policy string, kept []string, asJSON bool) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	o, err := options(dir, key, policy, kept)
	if err != nil {
		fmt.Fprintln(os.Stderr, "auditverify:", err)
		return 2
	}
	check := auditverify.All
	if alone(dir) {
		check = auditverify.Dir
	}
	rep, err := check(ctx, dir, o)
	if asJSON {
		e := json.NewEncoder(os.Stdout)
		e.SetIndent("", "  ")
		_ = e.Encode(rep)
	} else {
		fmt.Print(rep)
	}
	switch {
	case err == nil:
		return 0
	case errors.Is(err, auditverify.ErrUnusable):
		fmt.Fprintln(os.Stderr, "auditverify:", err)
		return 2
	default:
		fmt.Fprintln(os.Stderr, "auditverify:", err)
		return 1
	}
}

// alone says whether the directory is a log's own.
func alone(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, auditverify.CheckpointFile))
	return err == nil
}

// options reads what to check against. Of a log directory alone it finds key and blobs beside it.
func options(dir, key, policy string, kept []string) (o auditverify.Options, err error) {
	o.Progress = auditverify.Shown(os.Stderr, time.Now)
	base := filepath.Dir(filepath.Clean(dir))
	if key == "" && alone(dir) {
		key = filepath.Join(base, "key.pub")
	}
	if key != "" {
		b, err := os.ReadFile(key)
		if err != nil {
			return o, fmt.Errorf("log key: %w", err)
		}
		o.Key = string(b)
	}
	for _, blobs := range []string{filepath.Join(base, "blobs"), filepath.Join(base, "..", "..", "blobs")} {
		if _, err := os.Stat(blobs); err == nil && alone(dir) && o.Blobs == nil {
			o.Blobs = os.DirFS(blobs)
		}
	}
	if policy != "" {
		b, err := os.ReadFile(policy)
		if err != nil {
			return o, fmt.Errorf("witness policy: %w", err)
		}
		if o.Policy, err = auditverify.ParsePolicy(b); err != nil {
			return o, err
		}
	}
	for _, name := range kept {
		b, err := os.ReadFile(name)
		if err != nil {
			return o, fmt.Errorf("kept checkpoint: %w", err)
		}
		o.Kept = append(o.Kept, b)
	}
	return o, nil
}
