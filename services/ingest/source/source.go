// Package source is what running sources have in common: what they read, who takes it, how they go on after a failure, and
// what they say of themselves. A source reads where orders already are (a topic, a table, a folder) and moves its own
// place there only when everything before it is durable or refused, which is durable too. So after a SIGKILL it reads
// something twice, and the door knows that again.
package source

import (
	"context"
	"io"
)

// Document is what a source read: one order or several, in any format that the doors know.
type Document struct {
	Bytes  []byte
	Name   string // file name or media type's hint, where there is one
	Media  string // media type, where the source knows it
	Source string // of orders that name none
	Tenant string // likewise
	Actor  string // who brought it, in causes: "kafka:orders"
}

// Convert turns a file of one kind into one that the doors know, such as a spreadsheet into CSV. What it gives is closed.
type Convert func(file io.Reader) (io.ReadCloser, error)

// Result is what became of a document's orders.
type Result struct {
	Accepted, Refused int
	Faults            []string // the first of each refused order, at most some
}

// Taken is a document on its way.
type Taken interface {
	// Wait gives the result when all of it is durable. An error says that some of it may not be: take it again.
	Wait(ctx context.Context) (Result, error)
}

// Door takes documents, in the order they are given.
type Door interface {
	// Take hands a document over, waiting while too much is on its way.
	Take(ctx context.Context, d Document) (Taken, error)
	// TakeAll reads orders to the end of r, in memory that does not grow with it, and waits for all of them.
	TakeAll(ctx context.Context, r io.Reader, d Document) (Result, error)
}

// Source reads until ctx ends. It returns with an error when it cannot go on; it is then run again, from its place.
type Source interface {
	Run(ctx context.Context, door Door, says *Standing) error
	// Check looks at the configuration and at what it names, and says everything that is wrong, each with how to mend it.
	Check(ctx context.Context) []Advice
}

// Advice is something wrong with a source, and its remedy.
type Advice struct {
	Source string `json:"source"`
	Wrong  string `json:"wrong"`
	Mend   string `json:"mend"`
}

// TakeBatch hands documents over in their order and waits for all of them. An error says that some may not be durable.
func TakeBatch(ctx context.Context, door Door, docs []Document) ([]Result, error) {
	open := make([]Taken, 0, len(docs))
	for _, d := range docs {
		t, err := door.Take(ctx, d)
		if err != nil {
			return nil, err
		}
		open = append(open, t)
	}
	results := make([]Result, len(open))
	for i, t := range open {
		var err error
		if results[i], err = t.Wait(ctx); err != nil {
			return nil, err
		}
	}
	return results, nil
}
