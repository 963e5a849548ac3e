package accept

import (
	"strconv"
	"strings"
)

// unknown says that an object has no such member, and which one may be meant.
func unknown(name string, s *shape) string {
	return "no member of this name is known here" + suggestion(name, s.names())
}

// suggestion asks whether the known name nearest to s is meant; "" when none is near. Case, "-", "_" and spaces do not
// count: orderDate is near order_date.
func suggestion(s string, known []string) string {
	plain := bare(s)
	best, least := "", max(1, len(plain)/3)+1
	for _, k := range known {
		if d := distance(plain, bare(k), least); d < least {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + strconv.Quote(best) + "?"
}

func bare(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '-', '_', ' ', '.':
			return -1
		}
		return r
	}, strings.ToLower(s[:min(len(s), 64)]))
}

// distance counts the letters to put in, take out or change to make b from a (Levenshtein), up to most.
func distance(a, b string, most int) int {
	if len(a)-len(b) >= most || len(b)-len(a) >= most {
		return most
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := corner
			if a[i] != b[j] {
				change++
			}
			corner = row[j+1]
			row[j+1] = min(change, row[j+1]+1, row[j]+1)
		}
	}
	return min(row[len(b)], most)
}
