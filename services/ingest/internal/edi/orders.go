package edi

import (
	"github.com/tidegate/tidegate/services/ingest/internal/document"
)

// Orders gives what the sets of interchanges say, one order or event after the other.
type Orders struct {
	next  func() (*Set, error)
	read  func(*Set, *document.Room) []*document.Found
	queue []*document.Found
	room  document.Room
}

// NewOrders reads what next gives by read, which gives what a set says in a room where the one before was.
func NewOrders(next func() (*Set, error), read func(*Set, *document.Room) []*document.Found) *Orders {
	return &Orders{next: next, read: read}
}

// Next gives the next order or event, which holds until the next call; io.EOF behind the last.
func (o *Orders) Next() (*document.Found, error) {
	for len(o.queue) == 0 {
		s, err := o.next()
		if err != nil {
			return nil, err
		}
		o.queue = []*document.Found{s.Found}
		if s.Segments != nil {
			o.queue = o.read(s, &o.room)
		}
	}
	f := o.queue[0]
	o.queue = o.queue[1:]
	return f, nil
}

// Count counts the segments of some tags.
func (s *Set) Count(tags ...string) (n int) {
	for i := range s.Segments {
		for _, tag := range tags {
			if s.Segments[i].Tag == tag {
				n++
			}
		}
	}
	return n
}
