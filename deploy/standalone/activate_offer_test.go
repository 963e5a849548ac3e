package standalone

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v3"

	enrichmentcli "github.com/tidegate/tidegate/services/enrichment/cli"
	screeningcli "github.com/tidegate/tidegate/services/screening/cli"
)

// tidegate runs a command line on the shop's data and gives what it printed and its exit status.
func (s *shop) tidegate(args ...string) (out string, status int) {
	s.t.Helper()
	var b bytes.Buffer
	root := &cli.Command{
		Name: "tidegate", Commands: slices.Concat(Commands(), screeningcli.Commands(OfferRules()), enrichmentcli.Commands(Review, OfferSets(), ListsCommands())),
		Writer: &b, ErrWriter: &b, Reader: strings.NewReader(""), ExitErrHandler: func(context.Context, *cli.Command, error) {},
	}
	err := root.Run(s.t.Context(), append([]string{"tidegate"}, args...))
	if coder, ok := errors.AsType[cli.ExitCoder](err); ok {
		return b.String() + err.Error(), coder.ExitCode()
	}
	if err != nil {
		return b.String() + err.Error(), -1
	}
	return b.String(), 0
}

func TestAnActivationShowsFirstWhatItDoesToOpenOrders(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	activate := []string{"rules", "activate", "--data", s.data, "--set", "diffusion=codified", "--why", "our reading", "--by", "ann"}
	for i := range 8 {
		s.order(string(rune('A' + i)))
	}
	s.records()
	s.indexed(0)
	page := filepath.Join(t.TempDir(), "open.html")
	out, status := s.tidegate(append(activate, "--dry-run", "--html", page)...)
	if status != 0 || !strings.Contains(out, "8 of 8 decisions would come out otherwise") || !strings.Contains(out, "would be put in force") {
		t.Errorf("dry run: %d %s", status, out)
	}
	if b, err := os.ReadFile(page); err != nil || !bytes.Contains(b, []byte("What would become of the open orders under pack us")) {
		t.Errorf("page: %v", err)
	}
	out, status = s.tidegate(activate...)
	if status != 1 || !strings.Contains(out, "nothing was activated: 8 open orders would come out otherwise") {
		t.Errorf("nobody to ask: %d %s", status, out)
	}
	out, status = s.tidegate(append(activate, "--apply")...)
	if status != 0 || !strings.Contains(out, "8 are judged again") {
		t.Errorf("with --apply: %d %s", status, out)
	}
	out, status = s.tidegate(append(activate, "--dry-run")...)
	for end := 0; strings.Contains(out, "come out otherwise") && end < 50; end++ { // until the index has the new decisions
		out, status = s.tidegate(append(activate, "--dry-run")...)
	}
	if status != 0 || !strings.Contains(out, "open orders: Nothing changes: all 8 decisions") {
		t.Errorf("once it is in force: %d %s", status, out)
	}
}
