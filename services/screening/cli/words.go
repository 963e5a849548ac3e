package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/services/screening"
)

func wordsCommand() *cli.Command {
	return &cli.Command{
		Name: "words", Usage: "list the words that conditions, texts and needs of rules may use", Flags: []cli.Flag{jsonFlag()},
		Action: func(_ context.Context, c *cli.Command) error {
			l := screening.Words()
			if c.Bool("json") {
				return exit(printJSON(c.Root().Writer, l))
			}
			var b strings.Builder
			per := ""
			for _, w := range l.Conditions {
				if w.Per != per {
					per = w.Per
					fmt.Fprintf(&b, "\nIn conditions of rules per %s\n", per)
				}
				fmt.Fprintf(&b, "  %-28s %-7s %s\n", w.Name, w.Type, w.Means)
			}
			fmt.Fprintf(&b, "\nIn explanations, in braces\n  %s\n\nAs needs\n  %s\n", strings.Join(l.Texts, ", "), strings.Join(l.Needs, ", "))
			return exit(printf(c.Root().Writer, "%s", strings.TrimPrefix(b.String(), "\n")))
		},
	}
}
