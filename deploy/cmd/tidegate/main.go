// Command tidegate is the whole product in one binary: it runs the four services with an embedded NATS server, and
// carries every verb of the services. This file only mounts them.
package main

import (
	"os"
	"slices"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/deploy/standalone"
	auditcli "github.com/tidegate/tidegate/services/audit/cli"
	"github.com/tidegate/tidegate/services/audit/search"
	"github.com/tidegate/tidegate/services/audit/search/parquet"
	enrichmentcli "github.com/tidegate/tidegate/services/enrichment/cli"
	ingestcli "github.com/tidegate/tidegate/services/ingest/cli"
	screeningcli "github.com/tidegate/tidegate/services/screening/cli"
	"github.com/tidegate/tidegate/shared/lifecycle"
)

func main() {
	os.Exit(lifecycle.Main(&cli.Command{
		Name:                  "tidegate",
		Usage:                 "screen order streams against export controls (not legal advice)",
		EnableShellCompletion: true,
		Suggest:               true,
		Commands: slices.Concat(
			standalone.Commands(), ingestcli.Commands(standalone.Spreadsheets()), enrichmentcli.Commands(standalone.Review, standalone.OfferSets(), standalone.ListsCommands(), standalone.MastersCommands()...),
			screeningcli.Commands(standalone.OfferRules()),
			auditcli.Commands(slices.Concat(standalone.AuditCommands(), search.Commands(parquet.New))...),
		),
	}))
}
