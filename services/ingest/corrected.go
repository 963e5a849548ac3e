package ingest

import (
	"github.com/google/uuid"

	"github.com/tidegate/tidegate/services/ingest/internal/accept"
	"github.com/tidegate/tidegate/services/ingest/internal/idem"
)

// corrected gives what the index is to keep of an order that corrects a refusal: its event id, under the refusal's.
func corrected(e accept.Entry, seq uint64) []idem.Taken {
	by, err := uuid.Parse(e.Event)
	if e.Corrects() == "" || err != nil {
		return nil
	}
	return []idem.Taken{{Key: correctedKey(e.Corrects()), Entry: idem.Entry{Content: idem.Digest(by), Sequence: seq}, Over: true}}
}

func correctedKey(refusal string) idem.Digest { return accept.OwnKey("corrected/" + refusal) }

// correctedBy is the event id of the order that corrected a refusal last; "" while none did.
func (w *writer) correctedBy(refusal string) string {
	found, err := w.find(correctedKey(refusal))
	if err != nil || found == nil {
		return ""
	}
	return uuid.UUID(found.Content).String()
}
