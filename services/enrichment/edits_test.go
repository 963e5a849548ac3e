package enrichment

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

const review = event.Milli(800) // from here on a person looks

// oneWrongLetter spoils one letter of a name: another one, none, one more, or swapped with the next.
func oneWrongLetter(rng *rand.Rand, name string) string {
	rs := []rune(name)
	var places []int
	for i, r := range rs {
		if unicode.IsLetter(r) {
			places = append(places, i)
		}
	}
	at := places[rng.IntN(len(places))]
	other := 'a' + rune(rng.IntN(26))
	if unicode.Is(unicode.Han, rs[at]) {
		other = []rune("天地玄黄宇宙洪荒")[rng.IntN(8)]
	}
	switch rng.IntN(4) {
	case 0:
		return string(slices.Insert(rs, at, other))
	case 1:
		return string(slices.Delete(rs, at, at+1))
	case 2:
		if at+1 < len(rs) && unicode.IsLetter(rs[at+1]) {
			rs[at], rs[at+1] = rs[at+1], rs[at]
			return string(rs)
		}
	}
	rs[at] = other
	return string(rs)
}

// oneBlank takes one blank away, or parts a word.
func oneBlank(rng *rand.Rand, name string) string {
	if n := strings.Count(name, " "); n > 0 && rng.IntN(2) == 0 {
		words := strings.SplitN(name, " ", 2+rng.IntN(n))
		last := len(words) - 1
		return strings.Join(words[:last], " ") + words[last]
	}
	rs := []rune(name)
	return string(slices.Insert(rs, 1+rng.IntN(len(rs)-1), ' '))
}

var legalForm = regexp.MustCompile(`[, ]+(Co(mpany)?\.?,? *(Ltd\.?|Limited|Inc\.?)|Corporation Limited|Corporation|Corp\.?|Inc\.?|Ltd\.?|Limited|LLC|GmbH|Pte\.? Ltd\.?)$`)

// otherForm spoils a letter of a name without its legal form, and adds another form.
func otherForm(form string) spoiling {
	return func(rng *rand.Rand, name string) string {
		core := legalForm.ReplaceAllString(name, "")
		if letters(core) < 8 {
			return name
		}
		return oneWrongLetter(rng, core) + form
	}
}

func letters(name string) int {
	n := 0
	for _, r := range name {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			n++
		}
	}
	return n
}

// spoiling gives queries made of a listed name.
type spoiling func(rng *rand.Rand, name string) string

// notFound spoils each listed name of eight letters or more a few times, and gives how many queries that made and which
// did not find their entry in its country.
func notFound(r *Reference, names func(snapshot.Entry) []string, spoil spoiling) (made int, missed []string) {
	rng := rand.New(rand.NewPCG(20190521, 1))
	for _, e := range r.set.Entries {
		if e.AddressOnly {
			continue
		}
		for _, name := range names(e) {
			for range 8 {
				if letters(name) < 8 {
					continue
				}
				query := spoil(rng, name)
				made++
				if s := score(r, query, e.Country, e.ID); s < review {
					missed = append(missed, fmt.Sprintf("%q for %q: %s", query, name, s))
				}
			}
		}
	}
	return made, missed
}

func score(r *Reference, name string, country event.Country, entry string) event.Milli {
	ms := factsOf(r, party(name, country)).Matches
	if i := slices.IndexFunc(ms, func(m event.Match) bool { return m.Entry == entry }); i >= 0 {
		return ms[i].Score
	}
	return 0
}

func TestOneWrongLetterAnywhereStillFindsTheEntry(t *testing.T) {
	t.Parallel()
	r := curated(t)
	primary := func(e snapshot.Entry) []string { return []string{e.Name} }
	for name, tc := range map[string]struct {
		names func(snapshot.Entry) []string
		spoil spoiling
		least int // found of a thousand
	}{
		"in primary names": {primary, oneWrongLetter, 995},
		"in aliases":       {func(e snapshot.Entry) []string { return e.Aliases }, oneWrongLetter, 995},
		// Many are Chinese of two or three characters before the form: another character is another firm.
		"in unofficial spellings":           {func(e snapshot.Entry) []string { return e.Also }, oneWrongLetter, 980},
		"as a blank too many or too few":    {primary, oneBlank, 995},
		"where the legal form is left away": {primary, otherForm(""), 990},
		"where the legal form is another":   {primary, otherForm(" Company Limited"), 990},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			made, missed := notFound(r, tc.names, tc.spoil)
			for _, m := range missed {
				t.Log(m)
			}
			t.Logf("%d of %d are not found", len(missed), made)
			if made == 0 || (made-len(missed))*1000 < made*tc.least {
				t.Errorf("%d of %d spoiled names do not find their entry", len(missed), made)
			}
		})
	}
}

// honest are parts of names that nobody listed has, and the words that listed and honest firms share.
var honest = struct{ first, second, trade, form []string }{
	first: strings.Fields(`Brightwater Kestrel Harbour Alpenrose Juniper Ostrava Suncrest Meridian Larkspur Tamarind Bluestone Copperfield Everdeen Falkirk
		Glenmore Hollins Ingleside Jasperton Kingsley Lindqvist Montrose Norwood Oakhurst Pemberton Quillon Rosenthal Silverdale Thornbury Underhill Valmont
		Westerly Yarrow Zellweger Aoyama Hoshino Chaiyo Nusantara Saigontec Penanglow Cebuano Mingyue Yulan Chunfeng Qinghe Baihua Lvye Jinsui Heping`),
	second: strings.Fields(`Shanghai Beijing Shenzhen Chengdu Wuhan Taipei Penang Hanoi Rotterdam Leeds Porto Digital Precision Advanced United Green National Future Star Sky`),
	trade: strings.Split(`Technology;Technologies;Electronics;Information Technology;Microelectronics;Semiconductor;Semiconductors;Integrated Circuit;Intelligent Technology;Systems;
		Industries;Information Industry;Communications;Instruments;Computing;Software;International Trading;Logistics;Medical Devices;Research Institute;Optics;Data;Cloud;Robotics`, ";"),
	form: strings.Split("Co., Ltd.;Ltd.;Inc.;GmbH;Pte. Ltd.;Corporation;Corporation Limited;Group;B.V.;", ";"),
}

func honestFirm(rng *rand.Rand) string {
	pick := func(words []string) string { return strings.TrimSpace(words[rng.IntN(len(words))]) }
	parts := []string{pick(honest.first), pick(honest.second), pick(honest.trade), pick(honest.form)}
	if rng.IntN(3) == 0 {
		parts[0], parts[1] = parts[1], parts[0]
	}
	if rng.IntN(3) == 0 {
		parts[1] = ""
	}
	return strings.Join(strings.Fields(strings.Join(parts, " ")), " ")
}

// A name of a city and trade words alone would tell nothing; one with an invented word must not match, nor with a slip.
func TestHonestFirmsDoNotMatch(t *testing.T) {
	t.Parallel()
	r := curated(t)
	rng := rand.New(rand.NewPCG(20190521, 2))
	const firms = 300
	matched := 0
	for range firms {
		name := honestFirm(rng)
		for _, query := range []string{name, oneWrongLetter(rng, name)} {
			for _, m := range factsOf(r, party(query, []event.Country{"CN", "HK", "SG", "DE", ""}[rng.IntN(5)])).Matches {
				if m.Score >= review {
					matched++
					t.Logf("%q matches %q by %s, %s", query, m.Matched, m.Method, m.Score)
				}
			}
		}
	}
	if matched*100 >= 2*firms {
		t.Errorf("%d of %d honest names match", matched, 2*firms)
	}
}
