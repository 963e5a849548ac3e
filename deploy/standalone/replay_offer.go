package standalone

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/services/screening/replay"
	"github.com/tidegate/tidegate/shared/bus"
)

// applyCommand is replay --apply DIGEST.
func applyCommand(ctx context.Context, cmd *cli.Command) error {
	for _, name := range cmd.LocalFlagNames() {
		if !slices.Contains([]string{"apply", "data", "by", "json"}, name) && cmd.IsSet(name) {
			return cli.Exit(fmt.Errorf("--%s does not go with --apply: a report is applied as it was looked at", name), 2)
		}
	}
	out, err := applyReplay(ctx, cmd.String("data"), cmd.String("apply"), cmd.String("by"), countedOn(cmd.Root().ErrWriter))
	if err != nil {
		return cli.Exit(err, 2)
	}
	if cmd.Bool("json") {
		return printJSON(cmd.Root().Writer, out)
	}
	return tellApplied(cmd.Root().Writer, out)
}

// countedOn shows on a terminal how far applying is.
func countedOn(w io.Writer) func(int) {
	if !isTerminal(w) {
		return nil
	}
	return func(n int) {
		if n%100 == 0 {
			fmt.Fprintf(w, "\r%s orders", replay.Grouped(n))
		}
	}
}

// offerApply says how the open orders that changed are judged again, and on a terminal asks whether they shall be, now.
func offerApply(ctx context.Context, cmd *cli.Command, rep replay.Report, digest string) error {
	w, data := cmd.Root().Writer, cmd.String("data")
	nc, err := bus.OperatorOf(ctx, data)
	if err != nil {
		return err
	}
	defer nc.Close()
	if err := applicable(ctx, nc, data, rep.Question); err != nil {
		if errors.Is(err, ErrNotInForce) {
			_, err = fmt.Fprintf(w, "open orders: %s\n", err)
		}
		return err
	}
	now, err := openNow(ctx, data)
	if err != nil {
		return err
	}
	left := 0
	for _, err := range newestOf(rep.Orders.All(), now) {
		if err != nil {
			return err
		}
		left++
	}
	if left == 0 {
		_, err := fmt.Fprintln(w, "open orders: all that changed were decided again since")
		return err
	}
	if _, err := fmt.Fprintf(w, "to have the %s open ones judged again: tidegate replay --data %s --apply %s\n", replay.Grouped(left), data, digest); err != nil {
		return err
	}
	if !asks(cmd) {
		return nil
	}
	said, err := ask(cmd, fmt.Sprintf("Now? The first eight digits of the report's digest (%s) confirm; anything else is no: ", digest[:8]))
	if err != nil {
		return err
	}
	if said != digest[:8] && said != digest {
		_, err := fmt.Fprintln(w, "nothing was applied")
		return err
	}
	out, err := applyReport(ctx, nc, data, rep, digest, cmd.String("by"), countedOn(cmd.Root().ErrWriter))
	if err != nil {
		return err
	}
	return tellApplied(w, out)
}

// asks says whether a person sits at both ends.
func asks(cmd *cli.Command) bool {
	in, ok := cmd.Root().Reader.(*os.File)
	if !ok || cmd.Bool("json") || !isTerminal(cmd.Root().Writer) {
		return false
	}
	st, err := in.Stat()
	return err == nil && st.Mode()&os.ModeCharDevice != 0
}

func ask(cmd *cli.Command, question string) (string, error) {
	if _, err := fmt.Fprint(cmd.Root().Writer, question); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(cmd.Root().Reader).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the answer: %w", err)
	}
	return strings.TrimSpace(line), nil
}
