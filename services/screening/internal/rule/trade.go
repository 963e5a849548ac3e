package rule

import (
	"strings"
	"unicode"

	"github.com/tidegate/tidegate/schemas/event"
)

// unrelatedTrades have no use for advanced chips. The list is this product's own.
var unrelatedTrades = func() map[string]bool {
	m := map[string]bool{}
	for _, t := range []string{
		"real estate", "realty", "realtor", "realtors", "restaurant", "restaurants", "catering", "bakery", "grocery", "furniture",
		"garment", "garments", "textile", "textiles", "clothing", "apparel", "footwear", "toy", "toys", "fishery", "seafood", "tea house",
		"travel agency", "beauty", "salon", "cosmetics", "jewelry", "florist", "flowers", "laundry", "car wash", "timber", "fruit",
	} {
		m[t] = true
	}
	return m
}()

// unrelatedTrade finds a trade of one or two words in the party's line of business or name.
func unrelatedTrade(p *event.Party) string {
	for _, text := range []string{p.Business, p.Name} {
		before := ""
		for w := range strings.FieldsFuncSeq(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			if unrelatedTrades[w] {
				return w
			}
			if pair := before + " " + w; unrelatedTrades[pair] {
				return pair
			}
			before = w
		}
	}
	return ""
}
