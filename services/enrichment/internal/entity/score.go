// Package entity states what is known of an order's parties: listed parties they resemble by name or address, where
// they are located and headquartered, and which listed parties own them.
package entity

import (
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/match"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

// The weights. A score is a fact; the pack's thresholds (hit 0.900, review 0.800) say what it means. They are fixed
// and shipped with the matcher: no row changes another row's score.
const (
	Floor = event.Milli(650) // Floor is the least score that is stated

	scoreExact      = event.Milli(1000)
	scoreNormalized = event.Milli(970)
	scoreReordered  = event.Milli(940)
	costAlias       = event.Milli(10)  // the string compared is an alias of the entry
	costWeak        = event.Milli(100) // the list itself calls the alias weak: half a village may bear it
	mostWeak        = event.Milli(890)

	scoreEdit        = event.Milli(910) // one edit in a name of eight letters or more, both in the same country
	scoreEditUnknown = event.Milli(850) // the same, country unknown
	scoreEditElse    = event.Milli(820) // five to seven letters, or the edit lies in a short word
	scoreEditShort   = event.Milli(700) // fewer than five letters

	costElsewhere      = event.Milli(100) // the entry is not listed in the party's country
	mostElsewhere      = event.Milli(890)
	scoreAbbreviation  = event.Milli(850) // up to four letters, country unknown
	scoreFourElsewhere = event.Milli(800) // four letters, such as SMIC: one letter more is far fewer strangers
	scoreAbbrElsewhere = event.Milli(750) // up to three letters

	scoreRoom          = event.Milli(950) // same building and same room or floor
	scoreBuilding      = event.Milli(820) // same building as an address-only row
	scoreBuildingParty = event.Milli(700) // same building as a listed party: offices of strangers, mostly
)

// hit is what the matcher itself takes for the same party when it uses an entry's country as evidence.
const hit = event.Milli(900)

// review is where people begin to look: what is less is no evidence that hides other evidence.
const review = event.Milli(800)

// score weighs a candidate. The country relation is same, different or unknown. A weak alias alone is no hit.
func score(c match.Candidate, e *snapshot.Entry, countries string) event.Milli {
	s := scoreName(c, e, countries)
	if c.Low {
		s = min(s-costWeak, mostWeak)
	}
	return s
}

func scoreName(c match.Candidate, e *snapshot.Entry, countries string) event.Milli {
	if c.Method == match.OneEdit {
		return scoreOneEdit(c, countries)
	}
	if c.Method == match.Alike {
		return scoreAlike(c, countries)
	}
	s := map[string]event.Milli{match.Exact: scoreExact, match.Normalized: scoreNormalized, match.Reordered: scoreReordered}[c.Method]
	if c.Alias {
		s -= costAlias
	}
	abbreviation := c.Alias && c.Letters <= 4 && ascii(c.Name)
	single := c.Alias && e.Person && !strings.ContainsAny(c.Name, " ,") && ascii(c.Name) // one name alone of a person: half a village bears it
	switch countries {
	case different:
		switch {
		case abbreviation && c.Letters == 4:
			return scoreFourElsewhere
		case abbreviation || single:
			return scoreAbbrElsewhere
		}
		return min(s-costElsewhere, mostElsewhere)
	case unknown:
		if abbreviation && !e.Person || single {
			return scoreAbbreviation
		}
	}
	return s
}

// scoreAlike takes the likeness itself, less where the countries differ. Without evidence of the country it stays below
// a hit.
func scoreAlike(c match.Candidate, countries string) event.Milli {
	s := event.Milli(c.Like)
	if c.Alias {
		s -= costAlias
	}
	switch countries {
	case different:
		return min(s-costElsewhere/2, mostElsewhere)
	case unknown:
		return min(s, mostElsewhere)
	}
	return s
}

func scoreOneEdit(c match.Candidate, countries string) event.Milli {
	var s event.Milli
	switch {
	case c.Letters < 5:
		return scoreEditShort
	case c.Letters < 8 || c.Weak:
		s = scoreEditElse
		if countries == different {
			s = scoreAbbrElsewhere
		}
	case countries == same:
		s = scoreEdit
	case countries == unknown:
		s = scoreEditUnknown
	default:
		s = scoreEditUnknown - costElsewhere/2
	}
	if c.Alias {
		s -= costAlias / 2
	}
	return s
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// The relations of a party's country to an entry's.
const (
	same      = "same"
	different = "different"
	unknown   = "unknown"
)

func relation(party event.Country, e *snapshot.Entry) string {
	switch {
	case party == "", e.Country == "":
		return unknown
	case e.LocatedIn(party):
		return same
	}
	return different
}

// ScorePair scores a name against one listed name, the country unknown. What is below the floor keeps its order.
func ScorePair(name, listed string, kind match.Kind) event.Milli {
	e := snapshot.Entry{ID: "pair", Name: listed, Person: kind == match.Person}
	d := NewDirectory([]snapshot.Entry{e})
	if ms, _ := d.byName("name", name, ""); len(ms) > 0 {
		return ms[0].Score
	}
	a, b := match.NewProfile(name, kind), match.NewProfile(listed, kind)
	return min(event.Milli(match.Resemble(&a, &b).Score), match.Floor-1)
}
