package enrichment

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

// CitedRows gives the rows of a compiled set of lists by their ids, one JSON object a line in the order of the ids, and the ids that it does
// not have. The object is as records name it, by its SHA-256: what evidence shows of a list too long to be shown whole.
func CitedRows(object []byte, ids []string) (rows []byte, missing []string, err error) {
	set, _, err := snapshot.Decode(snapshot.File(object))
	if err != nil {
		return nil, nil, fmt.Errorf("lists: %w", err)
	}
	var b bytes.Buffer
	for _, id := range ids {
		i, ok := slices.BinarySearchFunc(set.Entries, id, func(e snapshot.Entry, id string) int { return strings.Compare(e.ID, id) })
		if !ok {
			missing = append(missing, id)
			continue
		}
		if err := json.NewEncoder(&b).Encode(set.Entries[i]); err != nil {
			return nil, nil, fmt.Errorf("lists: row %s: %w", id, err)
		}
	}
	return b.Bytes(), missing, nil
}
