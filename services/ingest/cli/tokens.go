package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/services/ingest"
	"github.com/tidegate/tidegate/services/ingest/internal/token"
	"github.com/tidegate/tidegate/shared/clock"
)

func tokensCommand() *cli.Command {
	jsonFlag := &cli.BoolFlag{Name: "json", Usage: "print JSON"}
	return &cli.Command{
		Name: "tokens", Usage: "who may use the HTTP door",
		Description: "Without any token the door is open to its own machine and to nobody else. With the first one it is closed to everybody without.\n" +
			"Scopes: submit (orders, shipped, cancelled, ad hoc screening), read (orders, decisions, receipts), operate (acts, metrics), audit (refusals with their bytes, and all that read sees).",
		Commands: []*cli.Command{
			{
				Name: "create", Usage: "make a token and print it, this once", ArgsUsage: "NAME",
				Flags: []cli.Flag{
					dataFlag(), jsonFlag,
					&cli.StringSliceFlag{Name: "scope", Usage: "submit, read, operate or audit; several times for several", Required: true},
					&cli.StringSliceFlag{Name: "source", Usage: "`SOURCE` it may act for and see; every one when not given"},
					&cli.StringSliceFlag{Name: "tenant", Usage: "`TENANT` it may act for and see; every one when not given"},
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
	r := ingest.Token{Name: cmd.Args().First(), Sources: cmd.StringSlice("source"), Tenants: cmd.StringSlice("tenant")}
	for _, s := range cmd.StringSlice("scope") {
		r.Scopes = append(r.Scopes, token.Scope(s))
	}
	secret, r, err := ingest.CreateToken(tokensDir(cmd), r, clock.System())
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
	all, err := ingest.ReadTokens(tokensDir(cmd))
	if err != nil {
		return trouble("tokens list: %v", err)
	}
	w := cmd.Root().Writer
	if cmd.Bool("json") {
		return printLine(w, append([]ingest.Token{}, all...))
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
	if err := ingest.RevokeToken(tokensDir(cmd), cmd.Args().First(), clock.System()); err != nil {
		return trouble("tokens revoke: %v", err)
	}
	return nil
}
