package match

import (
	"slices"
	"testing"
)

func TestCompareAddresses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		a, b string
		want Level
	}{
		"spelled two ways":                     {"Rm 512, 5/F, Quayside Ctr, 88-92 Long Bay Rd", "Room 512, 5th Floor, Quayside Centre, 88 Long Bay Road", SameRoom},
		"the number sign":                      {"#12-04 Quayside Tower, 9 Harbor Avenue", "Unit 12-04, 9 Harbor Ave", SameRoom},
		"another room":                         {"Room 512, Quayside Centre, 88 Long Bay Road", "Room 513, Quayside Centre, 88 Long Bay Road", SameBuilding},
		"a room with a letter more":            {"Room 1605, Quayside Centre, 88 Long Bay Road", "Room 1605A, Quayside Centre, 88 Long Bay Road", SameBuilding},
		"no room on one side":                  {"Room 512, Quayside Centre, 88 Long Bay Road", "Quayside Centre, 88 Long Bay Road", SameBuilding},
		"the same room number on two floors":   {"Unit D, 16/F, Quayside Plaza, 18 Luna Rd", "Unit D, 12/F, Quayside Plaza, 18 Luna Rd", SameBuilding},
		"a one-letter room without its floor":  {"Unit D, Quayside Plaza, 18 Luna Rd", "Unit D, 16/F, Quayside Plaza, 18 Luna Rd", SameBuilding},
		"the same floor and no rooms":          {"Floors 54-56, Building C, 328 Mira Road", "55/F, Building C, No. 328 Mira Road", SameRoom},
		"another block of one park":            {"Building 3, No. 18 Zhang Yuan Road", "Building 5, 18 Zhangyuan Road", SameBuilding},
		"a house without rooms on either side": {"No. 18 Zhang Yuan Road, Pudong", "18 Zhangyuan Rd.", SameRoom},
		"the same street, another number":      {"Room 512, 88 Long Bay Road", "Room 512, 98 Long Bay Road", Apart},
		"the same street in two cities":        {"No. 8 Keyuan Road, Shenzhen", "No. 8 Keyuan Road, Beijing", Apart},
		"plain words make no building":         {"Technology Building, Beijing", "Technology Building, Beijing", Apart},
		"numbered streets":                     {"No. 88 Weilai 3rd Road, Wuhan", "88 Weilai 3rd Rd", SameRoom},
		"numbered streets that differ":         {"No. 88 Weilai 3rd Road, Wuhan", "88 Weilai 2nd Rd", Apart},
		"a direction after the street":         {"45-51 Chatham Road South", "45 Chatham Road North", Apart},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := ParseAddress(tc.a), ParseAddress(tc.b)
			if got := Compare(a, b); got != tc.want {
				t.Errorf("level %d, want %d: %v and %v", got, tc.want, a, b)
			}
			if Compare(a, b) != Compare(b, a) {
				t.Error("not the same from both sides")
			}
		})
	}
}

func TestSpansOfRooms(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][]string{
		"1318-19": {"1318", "1319"}, "1-3": {"1", "2", "3"}, "36-01": {"36-01"}, "301-399": {"301-399"}, "19c": {"19c"},
		"5001-5004w": {"5001-5004w"}, "13-01/02/03": {"13-01"},
	} {
		if got := span(in); !slices.Equal(got, want) {
			t.Errorf("%q gives %q, want %q", in, got, want)
		}
	}
}
