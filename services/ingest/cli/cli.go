// Package cli holds the verbs of ingest: submit orders to a running server, and try them without one.
package cli

import (
	"fmt"

	"github.com/urfave/cli/v3"
)

// Exit statuses of the verbs.
const (
	exitRefused = 1 // something was refused
	exitTrouble = 2 // not everything is known to be taken or refused
)

// Commands gives the verbs to mount.
func Commands() []*cli.Command {
	return []*cli.Command{submitCommand(), decisionsCommand(), refusalsCommand(), tokensCommand(), {
		Name: "ingest", Usage: "what belongs to the way in", Commands: []*cli.Command{tryCommand(), mapCommand()},
	}}
}

func trouble(format string, v ...any) error { return cli.Exit(fmt.Sprintf(format, v...), exitTrouble) }
