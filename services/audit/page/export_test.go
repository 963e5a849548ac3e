package page

import "context"

// NoteNow brings in what was asked, as the minute's end does.
func (s *Service) NoteNow(ctx context.Context) { s.note(ctx) }
