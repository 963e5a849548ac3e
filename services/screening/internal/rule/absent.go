package rule

import (
	"bytes"
	"slices"
)

// Texts of a facts line by which a need shows. Quotes inside strings are escaped, so each stands only where the member is;
// the line is our own, in one form.
var (
	matchesMember = []byte(`,"matches":[`)
	sharedMember  = []byte(`,"shared_address":[`)
	ownersMember  = []byte(`,"listed_owners":[`)
	cutMember     = []byte(`,"stakes_cut":`)
	classMember   = []byte(`{"class":"`)
	class22Member = []byte(`,"class_2022":"`)
	letterMember  = []byte(`,"letter":"`)
	chipMember    = []byte(`,"prc_chip":"`)
	eccnMember    = []byte(`,"eccn":"`)
	embargoes     = [][]byte{[]byte(`{"group":"E:1"`), []byte(`{"group":"E:2"`), []byte(`"country":"RU"`), []byte(`"country":"BY"`)} // the places name every country
)

// Absent gives a test that an order surely lacks one of some needs, by the bytes of its facts line alone; nil where those do not
// tell. TestADeltaFindsEveryChange holds it to the needs themselves.
func Absent(n Need) func(facts []byte) bool {
	lacks := func(texts ...[]byte) func([]byte) bool {
		return func(facts []byte) bool {
			return !slices.ContainsFunc(texts, func(t []byte) bool { return bytes.Contains(facts, t) })
		}
	}
	switch {
	case n&NeedMatch != 0:
		return lacks(matchesMember, sharedMember)
	case n&NeedShared != 0:
		return lacks(matchesMember, sharedMember)
	case n&NeedOwner != 0:
		return lacks(matchesMember, ownersMember, cutMember)
	case n&NeedLetter != 0:
		return lacks(letterMember)
	case n&NeedPRCChip != 0:
		return lacks(chipMember)
	case n&NeedAdvanced != 0:
		return func(facts []byte) bool { return only(facts, classMember, "none", "c") }
	case n&NeedHBM != 0:
		return func(facts []byte) bool { return only(facts, classMember, "none", "a", "b") }
	case n&NeedOutside != 0:
		return notOutside
	case n&Need2022 != 0:
		return func(facts []byte) bool { return only(facts, class22Member, "none") }
	}
	return nil
}

// only says whether every member has one of some values.
func only(b, member []byte, values ...string) bool {
	for {
		at := bytes.Index(b, member)
		if at < 0 {
			return true
		}
		b = b[at+len(member):]
		end := bytes.IndexByte(b, '"')
		if end < 0 || !slices.Contains(values, string(b[:end])) {
			return false
		}
	}
}

// notOutside says that no place is under embargo and no item has an ECCN with other controls.
func notOutside(facts []byte) bool {
	if slices.ContainsFunc(embargoes, func(t []byte) bool { return bytes.Contains(facts, t) }) {
		return false
	}
	for {
		at := bytes.Index(facts, eccnMember)
		if at < 0 {
			return true
		}
		facts = facts[at+len(eccnMember):]
		end := bytes.IndexByte(facts, '"')
		if end < 0 || otherControls(string(facts[:end])) {
			return false
		}
	}
}
