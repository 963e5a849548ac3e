package audit_test

import (
	"fmt"
	"os"
	"testing"
)

// TestMain keeps guards out of the developer's home: a test that forgets to give a directory writes into a temporary one.
func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if said := os.Getenv(childEnv); said != "" {
		return child(said)
	}
	dir, err := os.MkdirTemp("", "tidegate-state-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.Setenv("XDG_STATE_HOME", dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	return m.Run()
}
