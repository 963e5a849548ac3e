package document

// Near gives the one of the names that is at most two letters away from name, the nearest and of those the alphabetically
// first; "" where none is. Names of fewer than four letters are near to none.
func Near(name string, names []string) string {
	if len(name) < 4 {
		return ""
	}
	best, found := 3, ""
	for _, known := range names {
		if d := len(known) - len(name); d > 2 || d < -2 {
			continue
		}
		if d := distance(name, known, best); d < best || d == best && d < 3 && known < found {
			best, found = d, known
		}
	}
	return found
}

// distance counts the letters to change, add or take away; most and more are the same.
func distance(a, b string, most int) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		last, low := row[0], i
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := last
			if a[i-1] != b[j-1] {
				cost = 1 + min(last, row[j], row[j-1])
			}
			last, row[j] = row[j], cost
			low = min(low, cost)
		}
		if low > most {
			return low
		}
	}
	return row[len(b)]
}
