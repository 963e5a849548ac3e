package event

// Reset empties the cause for the next decode and keeps the room of its order's lists, which are most of what decoding
// allocates. Nothing decoded before may be used any more. A cause whose decode failed must not be used again. One that
// carries no order is decoded into an empty order then: Carried tells.
func (c *Cause) Reset() {
	o := c.Order
	if o != nil {
		*o = Order{Parties: emptied(o.Parties), Items: emptied(o.Items)}
	}
	*c = Cause{Order: o}
}

// Carried is the cause's order; nil where it carries none. An order without parties and items is none: ingest refuses it.
func (c *Cause) Carried() *Order {
	if c.Order == nil || len(c.Order.Parties)+len(c.Order.Items) == 0 {
		return nil
	}
	return c.Order
}

// Reset empties the facts for the next decode and keeps the room of their lists, as Cause.Reset does.
func (f *Facts) Reset() {
	*f = Facts{Parties: emptied(f.Parties), Items: emptied(f.Items), Places: emptied(f.Places)}
}

// emptied clears what was used: the rest of the room is clear already, for every use ends here.
func emptied[T any](s []T) []T {
	clear(s)
	return s[:0]
}
