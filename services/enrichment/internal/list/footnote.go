package list

import (
	"fmt"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

// footnoteBorn is the first day on which an entry could carry a footnote of Supplement 4 to part 744: footnote 1 with the Huawei rule (85 FR
// 29849), 3 with the rules for Russian and Belarusian military end users (87 FR 12226), 4 for the entries of 87 FR 62186, 5 with 89 FR 96830.
var footnoteBorn = map[int]event.Date{1: "2020-05-15", 3: "2022-02-24", 4: "2022-10-21", 5: "2024-12-02"}

// dateFootnotes gives a row's footnotes the first day on which each can count: not before the entry was listed, and not before the footnote was
// there. Which of several notices brought it the row does not say, so the earliest day is taken: counted too early it asks a question too
// many, too late it would miss one.
func dateFootnotes(e *snapshot.Entry) {
	for i := range e.Footnotes {
		f := &e.Footnotes[i]
		if f.From != "" || footnoteBorn[f.Number] == "" {
			continue
		}
		f.From = max(footnoteBorn[f.Number], e.Listed[0].From)
		if e.Listed[0].From < footnoteBorn[f.Number] {
			e.Notes = append(e.Notes, fmt.Sprintf("footnote %d counted from the first day it can have", f.Number))
		}
	}
}
