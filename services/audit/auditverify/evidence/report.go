package evidence

import (
	"fmt"
	"strings"
	"time"
)

// String is the report for a person, a few lines. What a sender wrote is quoted: it may hold anything.
func (r Report) String() string {
	var b strings.Builder
	b.WriteString(r.Verdict + ": evidence pack")
	if r.OrderID != "" {
		fmt.Fprintf(&b, " on order %q from %q", r.OrderID, r.Source)
	}
	fmt.Fprintf(&b, ", %d records, %d files\n  sha256 %s\n", r.Records, r.Files, r.SHA256)
	for _, l := range r.Logs {
		key := "the pack's own key"
		if l.Trusted {
			key = "the key that was given"
		}
		fmt.Fprintf(&b, "  log %q, size %d, root %s, signed under %s\n", l.Name, l.Size, l.Root, key)
		for _, w := range l.Witnesses {
			fmt.Fprintf(&b, "  witnessed by %q at %s\n", w.Witness, w.At.Format(time.RFC3339))
		}
	}
	for _, f := range r.Faults {
		fmt.Fprintf(&b, "  fault: %s\n", f)
	}
	for _, l := range r.Lacks {
		fmt.Fprintf(&b, "  note: %s\n", l)
	}
	return b.String()
}
