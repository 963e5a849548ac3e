package replay

import (
	"encoding/json"
	"fmt"
	"iter"

	"github.com/tidegate/tidegate/schemas/event"
)

// Change is one decision whose outcome differs between the sides.
type Change struct {
	Sequence uint64        `json:"sequence"` // of the block of its decision
	Place    int           `json:"place"`    // of its case in the block, from 0
	Tenant   string        `json:"tenant,omitempty"`
	Source   string        `json:"source"`
	OrderID  string        `json:"order_id"`
	Revision int           `json:"revision,omitempty"`
	Kind     event.Kind    `json:"kind"`  // of the cause: placed, revised, shipped, rejudge …
	Event    string        `json:"event"` // event id of the cause
	Received event.Instant `json:"received_at"`
	Date     event.Date    `json:"order_date"`
	Country  event.Country `json:"country,omitempty"` // where the goods go
	Parties  []string      `json:"parties,omitempty"` // names, in the order's order
	Classes  []string      `json:"classes,omitempty"` // of its items on side B: a, b, c, none, unknown; each once, sorted
	Stand    Stand         `json:"stand,omitempty"`   // how the order stands at the end of the history read
	From     event.Outcome `json:"from"`
	To       event.Outcome `json:"to"`
	Rule     string        `json:"rule"`            // because of this one
	Why      string        `json:"why"`             // its finding in words, or that it is no longer there
	Found    []string      `json:"found,omitempty"` // rules with a finding that was not there before, sorted
	Gone     []string      `json:"gone,omitempty"`  // rules whose finding is there no longer, sorted
}

// Notice is the kind of a decision that is not the order's own, as placed or revised, but on something that happened to it later: an
// order may have several.
func (c Change) Notice() string {
	if c.Kind == event.Placed || c.Kind == event.Revised {
		return ""
	}
	return string(c.Kind)
}

// Changes are the changed decisions in the order of their cases. They may be more than memory holds: they are read where
// they lie, each time anew.
type Changes struct {
	read iter.Seq2[Change, error]
}

// Listed are changes at hand.
func Listed(changes ...Change) Changes {
	return Changes{func(yield func(Change, error) bool) {
		for _, c := range changes {
			if !yield(c, nil) {
				return
			}
		}
	}}
}

// All gives them in order; an error ends it.
func (c Changes) All() iter.Seq2[Change, error] {
	if c.read == nil {
		return Listed().read
	}
	return c.read
}

// MarshalJSON writes them as an array, in memory: for reports of many changes stream them.
func (c Changes) MarshalJSON() ([]byte, error) {
	out := []byte{'['}
	for one, err := range c.All() {
		if err != nil {
			return nil, err
		}
		b, err := json.Marshal(one)
		if err != nil {
			return nil, fmt.Errorf("replay: %w", err)
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(out, b...)
	}
	return append(out, ']'), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (c *Changes) UnmarshalJSON(b []byte) error {
	var list []Change
	if err := json.Unmarshal(b, &list); err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	*c = Listed(list...)
	return nil
}

// Streamed are changes that are read each time anew.
func Streamed(read iter.Seq2[Change, error]) Changes { return Changes{read} }
