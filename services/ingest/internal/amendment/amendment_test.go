package amendment_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/amendment"
	"github.com/tidegate/tidegate/services/ingest/internal/document"
)

func party(role event.Role, name string) event.Party { return event.Party{Role: role, Name: name} }

func item(position, sku, text string) event.Item {
	return event.Item{Position: position, SKU: sku, Description: text, Quantity: "2", Value: "10", Currency: "USD"}
}

var before = event.Order{
	ID: "PO-1", OrderDate: "2026-11-20", Incoterm: "DAP",
	Parties: []event.Party{party(event.Purchaser, "Example Fans GmbH"), party(event.EndUser, "First User"), party(event.EndUser, "Second User")},
	Items:   []event.Item{item("1", "S-1", "fan"), item("02", "S-2", "server"), item("3", "", "cable"), item("7", "A", ""), item("7", "B", "")},
}

func does(a amendment.Action, it event.Item) *amendment.Amendment {
	return &amendment.Amendment{Order: event.Order{ID: "PO-1", Revision: 1, Items: []event.Item{it}}, Lines: []amendment.Line{{Action: a}}}
}

func names(p event.Party) *amendment.Amendment {
	return &amendment.Amendment{Order: event.Order{ID: "PO-1", Parties: []event.Party{p}}}
}

func TestWhatIsNotCertainIsNoOrder(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		a    *amendment.Amendment
		want string
	}{
		{"a line that is not there is changed", does(amendment.Change, item("4", "S-4", "")), "/items/0: the order before has no line 4"},
		{"a line that is not there is taken out", does(amendment.Remove, item("4", "S-4", "")), "/items/0: the order before has no line 4"},
		{"a line without a code that is not there", does(amendment.Say, item("4", "S-4", "")), "/items/0: the order before has no line 4"},
		{"a line that is there is added", does(amendment.Add, item("1", "S-9", "")), "/items/0: line 1 is said to be added and is there already"},
		{"a line without a number", does(amendment.Change, item("", "S-1", "")), "/items/0: a line without a number"},
		{"one of two lines of a number", does(amendment.Change, item("7", "A", "")), "/items/0: the order before has several lines of number 7"},
		{"another description and no number", does(amendment.Change, item("3", "", "rack server")), "/items/0: line 3 has another description than before"},
		{"a line that is kept in another quantity", does(amendment.Keep, event.Item{Position: "1", Quantity: "3"}), "/items/0: line 1 is said to be as it was and is not"},
		{"a line listed twice", &amendment.Amendment{
			Order: event.Order{Items: []event.Item{item("1", "S-1", ""), item("01", "S-1", "")}}, Lines: []amendment.Line{{Action: amendment.Change}, {Action: amendment.Remove}},
		}, "/items/1: line 01 is listed twice"},
		{"one party more in a role of two", names(party(event.EndUser, "Third User")), "/parties/0: the order before has other parties as end user"},
		{"a purchaser by a number alone", names(event.Party{Role: event.Purchaser, GLN: "4012345500004"}), "/parties/0: nothing tells whether this purchaser is the one"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			_, _, faults := row.a.Apply(before, document.Times)
			if len(faults) != 1 || !strings.HasPrefix(faults[0].Pointer+": "+faults[0].Detail, row.want) {
				t.Errorf("%+v, want %s", faults, row.want)
			}
		})
	}
}

func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	small := before
	small.Items = before.Items[:1]
	if _, _, faults := does(amendment.Remove, item("1", "", "")).Apply(small, document.Times); len(faults) != 1 || !strings.Contains(faults[0].Detail, "no line is left") {
		t.Errorf("%+v", faults)
	}
}

func TestMerged(t *testing.T) {
	t.Parallel()
	a := &amendment.Amendment{
		Order: event.Order{
			ID: "PO-1", Revision: 3, Event: event.Revised, OrderDate: "2026-11-21", ShipDate: "2026-12-01",
			Parties: []event.Party{
				{Role: event.Purchaser, Name: "EXAMPLE  FANS GMBH", Phone: "+49 30 1"}, party(event.Forwarder, "Example Forwarders"), party(event.EndUser, "Second User"),
			},
			Items: []event.Item{
				{Position: "01", Quantity: "5"}, {Position: "2", SKU: "S-9", Quantity: "1"}, {Position: "3"}, item("9", "S-10", "new"),
			},
		},
		Lines: []amendment.Line{{Action: amendment.Change, Price: "4", Currency: "EUR"}, {Action: amendment.Change}, {Action: amendment.Remove}, {Action: amendment.Add}},
	}
	got, did, faults := a.Apply(before, document.Times)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	want := event.Order{
		ID: "PO-1", Revision: 3, Event: event.Revised, OrderDate: "2026-11-21", ShipDate: "2026-12-01", Incoterm: "DAP",
		Parties: []event.Party{
			{Role: event.Purchaser, Name: "EXAMPLE  FANS GMBH", Phone: "+49 30 1"}, party(event.EndUser, "First User"), party(event.EndUser, "Second User"), party(event.Forwarder, "Example Forwarders"),
		},
		Items: []event.Item{
			{Position: "1", SKU: "S-1", Description: "fan", Quantity: "5", Value: "20", Currency: "EUR"}, // the value is worked out anew
			{Position: "02", SKU: "S-9", Quantity: "1"},                                                  // another product: nothing of the one before is left
			before.Items[3], before.Items[4], item("9", "S-10", "new"),
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(event.Change{Added: []string{"9"}, Changed: []string{"1", "02"}, Removed: []string{"3"}}, did); diff != "" {
		t.Error(diff)
	}
	if before.Items[2].Position != "3" || before.Parties[0].Name != "Example Fans GmbH" {
		t.Error("the order before was changed")
	}
}

func TestAValueThatNobodyCanWorkOutIsUnknown(t *testing.T) {
	t.Parallel()
	got, _, faults := does(amendment.Change, event.Item{Position: "1", Quantity: "9"}).Apply(before, document.Times)
	if len(faults) > 0 || got.Items[0].Value != "" || got.Items[0].Currency != "" || got.Items[0].Quantity != "9" {
		t.Errorf("%+v %v", got.Items[0], faults)
	}
}

func TestAnotherPartyAloneInItsRoleTakesThePlace(t *testing.T) {
	t.Parallel()
	got, _, faults := names(party(event.Purchaser, "Somebody Else")).Apply(before, document.Times)
	if len(faults) > 0 || len(got.Parties) != 3 || got.Parties[0].Name != "Somebody Else" {
		t.Errorf("%+v %v", got.Parties, faults)
	}
	known := before
	known.Parties = []event.Party{{Role: event.Purchaser, GLN: "4012345500004", Name: "Old Name"}}
	got, _, faults = names(event.Party{Role: event.Purchaser, GLN: "4012345500004", Name: "New Name"}).Apply(known, document.Times)
	if len(faults) > 0 || len(got.Parties) != 1 || got.Parties[0].Name != "New Name" || !cmp.Equal(got.Parties[0].Aliases, []string{"Old Name"}) {
		t.Errorf("a name before stays: %+v %v", got.Parties, faults)
	}
}
