package event_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
)

func TestBlockRoundTripKeepsEveryByte(t *testing.T) {
	t.Parallel()
	cases := []event.Case{
		event.NewCase([]byte(`{"line":"order","text":"R&D <é>"}`)).With([]byte(`{"line":"facts"}`)),
		event.NewCase([]byte(`{"line":"refusal"}`)),
	}
	b := event.AppendBlock(nil, cases)
	got, err := event.ParseBlock(b)
	if err != nil || len(got) != 2 || got[0].Len() != 2 || !got[1].Refused() || got[0].Refused() {
		t.Fatalf("%v, %d cases", err, len(got))
	}
	if again := event.AppendBlock(nil, got); !bytes.Equal(b, again) {
		t.Errorf("%q became %q", b, again)
	}
	if got[0].Size()+got[1].Size() != len(b) {
		t.Errorf("sizes %d and %d for %d bytes", got[0].Size(), got[1].Size(), len(b))
	}
}

func TestBlockRefusesWhatIsNotOne(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"nothing":                    "",
		"a line that does not end":   `{"line":"order"}`,
		"a case without lines":       "\n",
		"a case that does not end":   "{\"line\":\"order\"}\n",
		"a line that is not JSON":    "hello\n\n",
		"an empty case after a case": "{}\n\n\n",
	} {
		if _, err := event.ParseBlock([]byte(in)); !errors.Is(err, event.ErrBlock) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func FuzzParseBlock(f *testing.F) {
	f.Add([]byte("{\"a\":1}\n{}\n\n{}\n\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		cases, err := event.ParseBlock(in)
		if err != nil {
			return
		}
		if out := event.AppendBlock(nil, cases); !bytes.Equal(in, out) {
			t.Errorf("%q became %q", in, out)
		}
	})
}

func FuzzParseLeaf(f *testing.F) {
	b, err := event.AppendLeaf(nil, event.Leaf{Line: "leaf", V: 1, Kind: event.LeafDecision, Sequence: 1}, []byte("{}\n\n"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(_ *testing.T, in []byte) { _, _, _ = event.ParseLeaf(in) })
}
