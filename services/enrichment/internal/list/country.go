package list

import (
	"github.com/tidegate/tidegate/schemas/event"
	geography "github.com/tidegate/tidegate/services/enrichment/internal/place"
)

// countryOf reads a country as lists write it: a code or an English name. Unknown is "".
func countryOf(s string) event.Country { return geography.Code(squeeze(s)) }
