package screening

import (
	"github.com/tidegate/tidegate/services/screening/internal/ledger"
	"github.com/tidegate/tidegate/services/screening/internal/rule"
)

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

// FoldName writes a name the way names are compared with each other: small letters without marks, words of letters and
// digits with a blank between, without legal forms.
func FoldName(name string) string { return ledger.Fold(name) }
