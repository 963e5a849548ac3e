package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/services/audit/auditverify/evidence"
)

// verifyPack checks an evidence pack.
func verifyPack(name, key, policy string, asJSON bool) int {
	b, o, err := readPack(name, key, policy)
	if err != nil {
		fmt.Fprintln(os.Stderr, "auditverify:", err)
		return 2
	}
	rep, err := evidence.Verify(b, o)
	if asJSON {
		e := json.NewEncoder(os.Stdout)
		e.SetIndent("", "  ")
		_ = e.Encode(rep)
	} else {
		fmt.Print(rep)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "auditverify:", err)
		return 1
	}
	return 0
}

// readPack reads no more of a pack than one may have.
func readPack(name, key, policy string) (b []byte, o evidence.Options, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, o, err
	}
	defer func() { _ = f.Close() }() // only read
	if b, err = io.ReadAll(io.LimitReader(f, evidence.MaxSize+1)); err != nil {
		return nil, o, fmt.Errorf("evidence pack: %w", err)
	}
	if key != "" {
		k, err := os.ReadFile(key)
		if err != nil {
			return nil, o, fmt.Errorf("log key: %w", err)
		}
		o.Keys = string(k)
	}
	if policy != "" {
		p, err := os.ReadFile(policy)
		if err != nil {
			return nil, o, fmt.Errorf("witness policy: %w", err)
		}
		if o.Policy, err = auditverify.ParsePolicy(p); err != nil {
			return nil, o, err
		}
	}
	return b, o, nil
}
