package standalone

import (
	"fmt"
	"os"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening"
)

// usPack is the shipped pack with parameters set.
func usPack(params map[string]string) (*screening.Pack, error) {
	p, err := screening.USPack()
	if err != nil {
		return nil, err
	}
	return p.With(params)
}

// openPack reads the pack in dir, or takes the shipped one when dir is empty, with parameters set. A pack with a case that
// comes out otherwise is refused as one with a fault.
func openPack(dir string, params map[string]string) (*screening.Pack, error) {
	if dir == "" {
		return usPack(params)
	}
	p, err := screening.LoadPack(os.DirFS(dir))
	if err != nil {
		return nil, fmt.Errorf("pack %s: %w", dir, err)
	}
	if err := p.Proven(); err != nil {
		return nil, fmt.Errorf("pack %s: %w", dir, err)
	}
	return p.With(params)
}

// Review is the score from which the pack of a folder sends a match to a person; the shipped pack's where it is "".
func Review(dir string) (event.Milli, error) {
	p, err := openPack(dir, nil)
	if err != nil {
		return 0, err
	}
	_, review := p.Thresholds()
	return review, nil
}
