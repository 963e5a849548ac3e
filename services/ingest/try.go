package ingest

import (
	"errors"
	"io"
	"iter"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/accept"
	"github.com/tidegate/tidegate/services/ingest/internal/feed"
)

// Try reads orders as a door would, one or an array, or one a line, and gives the answer line for each without storing
// anything. Whether a key was taken before it cannot know.
func Try(r io.Reader, lines bool, at event.Instant) iter.Seq2[[]byte, error] {
	form := feed.JSON
	if lines {
		form = feed.Lines
	}
	in := feed.New(r, form, event.MaxOrderSize)
	return func(yield func([]byte, error) bool) {
		for {
			p, err := in.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
			e := accept.Accept(accept.Input{Bytes: p.Bytes, Size: p.Size, SHA256: p.SHA256, Actor: "try", At: at})
			if !yield(answerOf(verdict{entry: e}).appendTo(nil), nil) {
				return
			}
		}
	}
}
