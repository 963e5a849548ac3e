// Package cli holds the verbs of ingest: submit orders to a running server, and try them without one.
package cli

import (
	"fmt"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/services/ingest/source"
)

// Exit statuses of the verbs.
const (
	exitRefused = 1 // something was refused
	exitTrouble = 2 // not everything is known to be taken or refused
)

// Commands gives the verbs to mount; convert turns files with some extensions into ones that are read, none where it is nil.
func Commands(convert map[string]source.Convert) []*cli.Command {
	return []*cli.Command{submitCommand(convert), decisionsCommand(), refusalsCommand(), tokensCommand(), doorsCommand(), {
		Name: "ingest", Usage: "what belongs to the way in", Commands: []*cli.Command{tryCommand(convert), mapCommand()},
	}}
}

func trouble(format string, v ...any) error { return cli.Exit(fmt.Sprintf(format, v...), exitTrouble) }
