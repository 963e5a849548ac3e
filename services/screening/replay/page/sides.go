package page

import "github.com/tidegate/tidegate/services/screening/replay"

// fact is a line of the table that tells under what each side was judged.
type fact struct{ Name, A, B string }

// sides puts what is known of both sides beside each other.
func sides(r replay.Report) []fact {
	a, b := r.Question.A.Told(), r.Question.B.Told()
	out := make([]fact, 0, len(a))
	for i := range a {
		out = append(out, fact{a[i].Name, a[i].Says, b[i].Says})
	}
	return out
}
