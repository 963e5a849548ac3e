package lifecycle

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/urfave/cli/v3"
)

func TestArgumentsThatNobodyReadsAreRefused(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"app open":            "",
		"app open extra":      `app open takes no arguments, and "extra" is no flag`,
		"app show one":        "",
		"app group list":      "",
		"app group list more": `app group list takes no arguments, and "more" is no flag`,
		"app group lst":       `app group has no verb "lst"; perhaps "list": see app group --help`,
		"app group":           "",
		"app opn":             `app has no verb "opn"; perhaps "open": see app --help`,
		"app":                 "",
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			does := func(context.Context, *cli.Command) error { return nil }
			cmd := &cli.Command{
				Name: "app", Writer: &bytes.Buffer{}, ErrWriter: &bytes.Buffer{}, ExitErrHandler: func(context.Context, *cli.Command, error) {},
				Commands: []*cli.Command{
					{Name: "open", Action: does},
					{Name: "show", ArgsUsage: "ORDER", Action: does},
					{Name: "group", Commands: []*cli.Command{{Name: "list", Action: does}}},
				},
			}
			refuseExtras(cmd)
			err := cmd.Run(t.Context(), strings.Fields(line))
			switch status, ok := errors.AsType[cli.ExitCoder](err); {
			case want == "" && err != nil:
				t.Error(err)
			case want != "" && (!ok || status.ExitCode() != 2 || err.Error() != want):
				t.Errorf("%v, not %q with exit status 2", err, want)
			}
		})
	}
}
