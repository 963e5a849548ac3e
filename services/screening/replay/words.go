package replay

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening"
)

// Words puts the question into words, so that nobody takes the answer for the answer to another one. What we would have
// decided with what we knew then and what the law was that day are two questions.
func (q Question) Words() string {
	switch b := q.B; {
	case b.KnownAt != "":
		return fmt.Sprintf("What would we have decided with what we knew at %s%s?", moment(b.KnownAt), dated(b.AsOf))
	case b.AsOf.Fixed != "" && q.A.AsOf.Fixed != "":
		return fmt.Sprintf("What is decided otherwise on %s than on %s%s?", b.AsOf.Fixed, q.A.AsOf.Fixed, under(b))
	case b.AsOf.Fixed != "":
		return fmt.Sprintf("What would be decided if every order were dated %s%s?", b.AsOf.Fixed, under(b))
	case len(b.Set) > 0:
		return fmt.Sprintf("What would have been decided with %s%s%s?", settings(b.Set), onLists(b.Reference), dated(b.AsOf))
	case b.Pack == nil && b.Reference != nil && b.Reference.Snapshot == "" && b.Reference.Masters != "":
		return fmt.Sprintf("What would have been decided %s%s?", mastered(b.Reference.Masters), dated(b.AsOf))
	case b.Pack == nil && b.Reference != nil && b.Reference.Snapshot == "":
		return fmt.Sprintf("What would have been decided with today's matcher, on each decision's own lists%s?", dated(b.AsOf))
	case b.Pack != nil || b.Reference != nil:
		return fmt.Sprintf("What was the law that day%s%s?", told(b), dated(b.AsOf))
	case b.AsOf.By != "":
		return fmt.Sprintf("What would have been decided for %s alone?", dates(b.AsOf))
	case q.A.Recorded || q.A.own():
		return "Does every decision come out the same under its own rules and lists?"
	}
	return "What would each decision's own rules and lists have said instead?"
}

// own says whether a side is each decision's own in everything.
func (s Side) own() bool {
	return s.Pack == nil && len(s.Set) == 0 && s.Reference == nil && s.AsOf == (screening.AsOf{}) && s.KnownAt == ""
}

// Explained says how the sides are chosen, in whole sentences.
func (q Question) Explained() string {
	b := "The new answer: " + q.B.explained()
	if q.A.Recorded {
		return b + " It is compared with what was decided then, as recorded. " + q.State.explained()
	}
	return b + " The old answer was judged again, too: " + q.A.explained() + " " + q.State.explained()
}

func (s Side) explained() string {
	switch {
	case s.KnownAt != "":
		return fmt.Sprintf("the packs and lists are those that activations had put in force at %s, judged %s; what we came to know later does not count.", moment(s.KnownAt), on(s.AsOf))
	case s.Pack != nil || s.Reference != nil:
		return "rules and listings are picked by when they were in force in law, " + on(s.AsOf) + ", from today's knowledge of them, whatever we knew then."
	case len(s.Set) > 0:
		return "each decision's own pack with " + settings(s.Set) + "; rules are picked by when they were in force in law, " + on(s.AsOf) + "."
	}
	return "each decision's own pack and lists, " + on(s.AsOf) + "."
}

func (s State) explained() string {
	if s == Recomputed {
		return "Running totals, licenses and dispositions are recomputed: they follow from each side's own answers, from the first order on."
	}
	return "Running totals, licenses and dispositions are recorded: as they were read then."
}

func on(a screening.AsOf) string {
	if a.Fixed != "" {
		return "on " + string(a.Fixed) + " for every order"
	}
	return "on " + dates(a)
}

func dates(a screening.AsOf) string {
	switch {
	case a.Fixed != "":
		return string(a.Fixed) + ", whatever the order's own dates"
	case a.By == screening.ByShipDate:
		return "the day of shipment"
	case a.By == screening.ByOrderDate:
		return "the order date"
	}
	return "each order's own dates"
}

// under says under what else a side is judged that has dates of its own.
func under(s Side) string {
	switch {
	case s.Pack != nil:
		return ", under " + PackWords(s.Pack) + onLists(s.Reference)
	case len(s.Set) > 0:
		return ", with " + settings(s.Set) + onLists(s.Reference)
	}
	return onLists(s.Reference)
}

// onLists says under what facts are stated again.
func onLists(r *Reference) string {
	switch {
	case r == nil:
		return ""
	case r.Snapshot != "" && r.Masters != "":
		return fmt.Sprintf(", on the lists %s and the masters %s", short(r.Snapshot), short(r.Masters))
	case r.Snapshot != "":
		return ", on the lists " + short(r.Snapshot)
	case r.Masters != "":
		return ", on the masters " + short(r.Masters)
	}
	return ", with today's matcher"
}

// mastered names masters.
func mastered(digest string) string {
	if digest == NoMasters {
		return "without the company's own masters"
	}
	return "with the company's masters " + short(digest)
}

// dated names dates that are not each order's own.
func dated(a screening.AsOf) string {
	switch {
	case a.Fixed != "":
		return ", if every order were dated " + string(a.Fixed)
	case a.By != "":
		return ", for " + dates(a) + " alone"
	}
	return ""
}

func told(s Side) string {
	switch {
	case s.Pack != nil && s.Reference != nil:
		return fmt.Sprintf(", as %s and today's lists tell it", PackWords(s.Pack))
	case s.Pack != nil:
		return fmt.Sprintf(", as %s tells it", PackWords(s.Pack))
	}
	return ", as today's lists tell it"
}

// PackWords names a pack with the parameters it was given.
func PackWords(p *event.PackRef) string {
	s := strings.TrimSpace("pack " + p.ID + " " + p.Version)
	if len(p.Parameters) > 0 {
		s += " with " + settings(p.Parameters)
	}
	return s
}

func settings(set map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(set)) {
		parts = append(parts, name+" "+set[name])
	}
	return strings.Join(parts, ", ")
}

// moment writes an instant without parts of a second that are nothing.
func moment(at event.Instant) string {
	day, rest, ok := strings.Cut(string(at), "T")
	if !ok {
		return string(at)
	}
	clock := strings.TrimSuffix(rest, "Z")
	clock, _, _ = strings.Cut(clock, ".")
	return day + " " + strings.TrimSuffix(clock, ":00") + " UTC"
}

// Fact is one thing that is told of a side.
type Fact struct{ Name, Says string }

// Told lists under what a side is judged, the same facts for every side.
func (s Side) Told() []Fact {
	rules, lists, masters := "each decision's own", "each decision's own", "each decision's own"
	if s.Recorded {
		return []Fact{{"Answer", "as recorded; nothing is judged again"}, {"Rules", "as recorded"}, {"Lists", "as recorded"}, {"Masters", "as recorded"}, {"Dates", "as recorded"}, {"Known at", "when it was decided"}}
	}
	if s.Pack != nil {
		rules = PackWords(s.Pack) + ", " + s.Pack.Digest
	} else if len(s.Set) > 0 {
		rules += " with " + settings(s.Set)
	}
	if r := s.Reference; r != nil {
		lists, masters = cmp.Or(r.Snapshot, lists), cmp.Or(r.Masters, masters)
		lists += "; matcher " + r.Matcher
	}
	known := "no matter: by dates in law"
	if s.KnownAt != "" {
		known = moment(s.KnownAt)
	}
	return []Fact{{"Answer", "judged again"}, {"Rules", rules}, {"Lists", lists}, {"Masters", masters}, {"Dates", dates(s.AsOf)}, {"Known at", known}}
}

// Words puts the slice into words.
func (s Slice) Words() string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if s.From != "" {
		add("ordered from %s", s.From)
	}
	if s.Until != "" {
		add("ordered until %s", s.Until)
	}
	if s.ReceivedFrom != "" {
		add("received from %s", moment(s.ReceivedFrom))
	}
	if s.ReceivedUntil != "" {
		add("received until %s", moment(s.ReceivedUntil))
	}
	for _, one := range []struct {
		what   string
		values []string
	}{
		{"source", s.Sources}, {"country", texts(s.Countries)}, {"rule", s.Rules}, {"outcome", texts(s.Outcomes)}, {"stand", texts(s.Stands)}, {"order", s.Orders},
	} {
		if len(one.values) > 0 {
			add("%s %s", one.what, strings.Join(one.values, " or "))
		}
	}
	if s.Party != "" {
		add("party %q", s.Party)
	}
	if s.Item != "" {
		add("item %q", s.Item)
	}
	if len(parts) == 0 {
		return "all history"
	}
	return strings.Join(parts, "; ")
}

func texts[T ~string](values []T) []string {
	out := make([]string, 0, len(values))
	for _, v := range values {
		out = append(out, string(v))
	}
	return out
}

// Answer says in a sentence or two what came of it.
func (r Report) Answer() string {
	if n := r.Unjudged(); n > 0 {
		return fmt.Sprintf("%s %s decisions could not be judged again: %s.", r.answer(), Grouped(n), r.Lacking[0].Name)
	}
	return r.answer()
}

// Unjudged is how many decisions of the slice could not be judged, for something is not at hand.
func (r Report) Unjudged() (n int) {
	for _, c := range r.Lacking {
		n += c.Orders
	}
	return n
}

func (r Report) answer() string {
	if r.Judged == 0 {
		return "No decision of this slice was judged."
	}
	if r.Changed == 0 {
		s := fmt.Sprintf("Nothing changes: all %s decisions have the same outcome.", Grouped(r.Judged))
		if r.Shifted > 0 {
			s += fmt.Sprintf(" Of %s the findings are others.", Grouped(r.Shifted))
		}
		if r.Differs > 0 && r.Question.B.own() {
			s += fmt.Sprintf(" The judgements of %s are not the recorded ones byte for byte.", Grouped(r.Differs))
		}
		return s
	}
	how := fmt.Sprintf("%s stricter, %s milder", Grouped(r.Stricter), Grouped(r.Milder))
	switch {
	case r.Milder == 0:
		how = "all of them stricter"
	case r.Stricter == 0:
		how = "all of them milder"
	}
	s := fmt.Sprintf("%s of %s decisions would come out otherwise: %s.", Grouped(r.Changed), Grouped(r.Judged), how)
	if len(r.ByRule) > 0 {
		s += fmt.Sprintf(" Most because of %s (%s).", r.ByRule[0].Name, Grouped(r.ByRule[0].Orders))
	}
	if r.Open > 0 {
		s += fmt.Sprintf(" Still open of them: %s.", Grouped(r.Open))
	}
	return s
}

// Provenance says what was read and how.
func (r Report) Provenance() string {
	s := fmt.Sprintf("Slice: %s. %s judged, %s outside the slice or of no order.", r.Question.Slice.Words(), Grouped(r.Judged), Grouped(r.Skipped))
	if r.Enriched > 0 {
		s += fmt.Sprintf(" The facts of %s were stated again.", Grouped(r.Enriched))
	}
	switch r.Plan.Source {
	case "log":
		s += " Read from the audit log, every leaf proven as it was read."
	case "stream":
		s += fmt.Sprintf(" Read from the stream of decisions, up to block %s.", Grouped(int(r.Plan.Through))) //nolint:gosec // as below
	}
	if r.Plan.Why != "" {
		s += " Chosen: " + strings.TrimSuffix(r.Plan.Why, ".") + "."
	}
	if r.Plan.Leaves > 0 {
		s += fmt.Sprintf(" Verified against the log of %s leaves with root %s.", Grouped(int(r.Plan.Leaves)), r.Plan.Root) //nolint:gosec // a log is far smaller than 2^63 leaves
	}
	return s
}

// Grouped writes a number as a person reads it: 1,234,567.
func Grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
