// Command auditverify checks a copied audit log offline. It exits with 0 for a good log, 1 for a bad one, 2 for one
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

DIR is a copy of an audit directory (with log/, blobs/ and key.pub) or of a log directory alone.

flags:
`

func main() {
	var kept files
	key := flag.String("key", "", "`file` with the log's verifier key, got from elsewhere; DIR/key.pub")
	policy := flag.String("witness-policy", "", "`file` with the log's witnesses and their quorum, which must have signed the checkpoint")
	asJSON := flag.Bool("json", false, "print the report as JSON")
	flag.Var(&kept, "checkpoint", "`file` with a checkpoint kept from before, which the log must still contain; more than once")
	flag.Usage = func() { fmt.Fprint(os.Stderr, usage); flag.PrintDefaults() }
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
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
	log, o, err := options(dir, key, policy, kept)
	if err != nil {
		fmt.Fprintln(os.Stderr, "auditverify:", err)
		return 2
	}
	rep, err := auditverify.Dir(ctx, log, o)
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

// options finds the log, its blobs and its key below the directory.
func options(dir, key, policy string, kept []string) (log string, o auditverify.Options, err error) {
	log = dir
	if _, err := os.Stat(filepath.Join(dir, auditverify.CheckpointFile)); err != nil {
		log = filepath.Join(dir, "log")
	}
	o.Progress = auditverify.Shown(os.Stderr, time.Now)
	base := filepath.Dir(filepath.Clean(log))
	if _, err := os.Stat(filepath.Join(base, "blobs")); err == nil {
		o.Blobs = os.DirFS(filepath.Join(base, "blobs"))
	}
	if key == "" {
		key = filepath.Join(base, "key.pub")
	}
	b, err := os.ReadFile(key)
	if err != nil {
		return log, o, fmt.Errorf("log key: %w", err)
	}
	o.Key = string(b)
	if policy != "" {
		b, err := os.ReadFile(policy)
		if err != nil {
			return log, o, fmt.Errorf("witness policy: %w", err)
		}
		if o.Policy, err = auditverify.ParsePolicy(b); err != nil {
			return log, o, err
		}
	}
	for _, name := range kept {
		b, err := os.ReadFile(name)
		if err != nil {
			return log, o, fmt.Errorf("kept checkpoint: %w", err)
		}
		o.Kept = append(o.Kept, b)
	}
	return log, o, nil
}
