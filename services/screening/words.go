package screening

import "github.com/tidegate/tidegate/services/screening/internal/rule"

// Language is the words that rules may use.
type Language struct {
	Conditions []rule.Variable `json:"conditions"` // in when, by what the rule is evaluated per
	Texts      []string        `json:"texts"`      // in explain, in braces
	Needs      []string        `json:"needs"`
}

// Words lists the words that rules may use.
func Words() Language {
	return Language{Conditions: rule.Vocabulary(), Texts: rule.Texts(), Needs: rule.Needs()}
}
