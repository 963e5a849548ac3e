package cli

import (
	"context"

	"github.com/urfave/cli/v3"
)

// Offer shows what an activation would do to orders that are open, before it is done. The zero value shows nothing.
type Offer struct {
	// Flags are the verb's besides its own, new ones each time.
	Flags func() []cli.Flag
	// Show shows what would become of open orders under an object of a kind (bus.Lists, bus.Masters), and asks. An error means that
	// nothing is activated. What it gives is done behind the activation; it may be nil.
	Show func(ctx context.Context, c *cli.Command, what string, object []byte) (after func(context.Context) error, err error)
}

func (o Offer) flags() []cli.Flag {
	if o.Flags == nil {
		return nil
	}
	return o.Flags()
}

func (o Offer) show(ctx context.Context, c *cli.Command, what string, object []byte) (after func(context.Context) error, err error) {
	none := func(context.Context) error { return nil }
	if o.Show == nil {
		return none, nil
	}
	if after, err = o.Show(ctx, c, what, object); after == nil {
		after = none
	}
	return after, err
}
