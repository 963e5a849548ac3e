package lifecycle

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v3"
)

// refuseExtras gives every command of a tree that says nothing of arguments an error for one that comes: what nobody reads must
// not look as if it had been heeded. A group without an action of its own names the verb it does not have.
func refuseExtras(cmd *cli.Command) {
	for _, c := range cmd.Commands {
		refuseExtras(c)
	}
	action := cmd.Action
	switch {
	case len(cmd.Commands) > 0 && action == nil:
		cmd.Action = func(_ context.Context, c *cli.Command) error {
			if c.Args().Present() {
				return noVerb(c)
			}
			return cli.ShowSubcommandHelp(c)
		}
	case len(cmd.Commands) == 0 && action != nil && cmd.ArgsUsage == "" && cmd.Arguments == nil:
		cmd.Action = func(ctx context.Context, c *cli.Command) error {
			if c.Args().Present() {
				return cli.Exit(fmt.Errorf("%s takes no arguments, and %q is no flag", c.FullName(), c.Args().First()), 2)
			}
			return action(ctx, c)
		}
	}
}

func noVerb(c *cli.Command) error {
	asked, means := c.Args().First(), ""
	if like := cli.SuggestCommand(c.Commands, asked); like != "" {
		means = fmt.Sprintf("; perhaps %q", like)
	}
	return cli.Exit(fmt.Errorf("%s has no verb %q%s: see %s --help", c.FullName(), asked, means, c.FullName()), 2)
}
