package cli

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/shared/clock"
	"github.com/tidegate/tidegate/shared/token"
)

func tokensCommand() *cli.Command {
	jsonFlag := &cli.BoolFlag{Name: "json", Usage: "print JSON"}
	return &cli.Command{
		Name: "tokens", Usage: "who may use the HTTP door and the auditor's page",
		Description: "Without any token the door is open to its own machine and to nobody else. With the first one it is closed to everybody without.\n" +
			"Scopes: submit (orders, shipped, cancelled, ad hoc screening), read (orders, decisions, receipts), operate (acts, metrics), audit (refusals with their bytes, and all that read sees; the auditor's page).",
		Commands: []*cli.Command{
			{
				Name: "create", Usage: "make a token and print it, this once", ArgsUsage: "NAME",
				Flags: []cli.Flag{
					dataFlag(), jsonFlag,
					&cli.StringSliceFlag{Name: "scope", Usage: "submit, read, operate or audit; several times for several", Required: true},
					&cli.StringSliceFlag{Name: "source", Usage: "`SOURCE` it may act for and see; every one when not given"},
					&cli.StringSliceFlag{Name: "tenant", Usage: "`TENANT` it may act for and see; every one when not given"},
					&cli.StringFlag{Name: "from", Usage: "of an auditor's: first `DATE` of the orders it may see"},
					&cli.StringFlag{Name: "until", Usage: "of an auditor's: last `DATE`, inclusive"},
				},
				Action: createToken,
			},
			{Name: "list", Usage: "list the tokens", Flags: []cli.Flag{dataFlag(), jsonFlag}, Action: listTokens},
			{Name: "revoke", Usage: "end a token", ArgsUsage: "ID|NAME", Flags: []cli.Flag{dataFlag()}, Action: revokeToken},
		},
	}
}

func tokensDir(cmd *cli.Command) string { return filepath.Join(cmd.String("data"), "ingest") }

func createToken(_ context.Context, cmd *cli.Command) error {
	r := token.Record{
		Name: cmd.Args().First(), Sources: cmd.StringSlice("source"), Tenants: cmd.StringSlice("tenant"),
		From: event.Date(cmd.String("from")), Until: event.Date(cmd.String("until")),
	}
	for _, s := range cmd.StringSlice("scope") {
		r.Scopes = append(r.Scopes, token.Scope(s))
	}
	secret, r, err := token.Create(tokensDir(cmd), r, clock.System())
	if err != nil {
		return trouble("tokens create: %v", err)
	}
	w := cmd.Root().Writer
	if cmd.Bool("json") {
		return printLine(w, map[string]any{"token": secret, "id": r.ID, "name": r.Name})
	}
	_, err = fmt.Fprintln(w, secret)
	return err
}

func listTokens(_ context.Context, cmd *cli.Command) error {
	all, err := token.Load(tokensDir(cmd))
	if err != nil {
		return trouble("tokens list: %v", err)
	}
	w := cmd.Root().Writer
	if cmd.Bool("json") {
		return printLine(w, append([]token.Record{}, all...))
	}
	if len(all) == 0 {
		_, err := fmt.Fprintln(w, "no token: the door is open to its own machine only")
		return err
	}
	for _, t := range all {
		scopes := make([]string, len(t.Scopes))
		for i, s := range t.Scopes {
			scopes[i] = string(s)
		}
		state := "since " + string(t.Created)
		if t.Spans() {
			state = fmt.Sprintf("orders of %s to %s, %s", cmp.Or(string(t.From), "…"), cmp.Or(string(t.Until), "…"), state)
		}
		if t.Revoked != "" {
			state = "revoked " + string(t.Revoked)
		}
		fmt.Fprintf(w, "%s  %-16s %-28s sources %s, tenants %s, %s\n", t.ID, t.Name, strings.Join(scopes, ","), orAll(t.Sources), orAll(t.Tenants), state)
	}
	return nil
}

func orAll(list []string) string {
	if len(list) == 0 {
		return "all"
	}
	return strings.Join(list, ",")
}

func revokeToken(_ context.Context, cmd *cli.Command) error {
	if err := token.Revoke(tokensDir(cmd), cmd.Args().First(), clock.System()); err != nil {
		return trouble("tokens revoke: %v", err)
	}
	return nil
}
