package standalone

import "github.com/urfave/cli/v3"
import "context"
import "github.com/tidegate/tidegate/deploy/standalone/samples"
import "io"

func replayCommand() *cli.Command { return &cli.Command{Name: "replay"} }
type DemoReplay struct{}
func (DemoReplay) print(io.Writer) {}
func (r *Result) replay(context.Context, string, []samples.Sample) error { return nil }
