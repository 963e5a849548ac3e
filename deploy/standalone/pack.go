package standalone

import (
	"fmt"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening"
	screeningcli "github.com/tidegate/tidegate/services/screening/cli"
)

// usPack is the shipped pack with parameters set.
func usPack(params map[string]string) (*screening.Pack, error) {
	p, err := screening.USPack()
	if err != nil {
		return nil, err
	}
	return p.With(params)
}

// openPack reads the packs in dirs, or takes the shipped one when there are none, with parameters set. A pack with a case
// that comes out otherwise is refused as one with a fault.
func openPack(dirs []string, params map[string]string) (*screening.Pack, error) {
	p, err := screeningcli.Load(dirs...)
	if err != nil {
		return nil, err
	}
	if len(dirs) > 0 {
		if err := p.Proven(); err != nil {
			return nil, fmt.Errorf("pack %s: %w", p.Ref().ID, err)
		}
	}
	return p.With(params)
}

// Review is the score from which the pack of a folder sends a match to a person; the shipped pack's where it is "".
func Review(dir string) (event.Milli, error) {
	var dirs []string
	if dir != "" {
		dirs = strings.Split(dir, ",")
	}
	p, err := openPack(dirs, nil)
	if err != nil {
		return 0, err
	}
	_, review := p.Thresholds()
	return review, nil
}
