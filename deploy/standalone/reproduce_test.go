package standalone

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/enrichment"
	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/shared/codec"
)

func line(t *testing.T, v any) []byte {
	t.Helper()
	b, err := codec.Append(nil, v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// record is a case decided under the shipped snapshot and a pack.
func record(t *testing.T, pack *screening.Pack) event.Case {
	t.Helper()
	order := line(t, event.Order{
		ID: "R-1", Parties: []event.Party{{Role: event.Purchaser, Name: "Harbor Lantern Trading"}}, Items: []event.Item{{Description: "lamp"}},
	})
	head := line(t, event.Cause{
		Line: event.LineOrder, V: 1, Kind: event.Placed, Event: "e", Key: "default/shop/R-1/0", Actor: "test", Tenant: "default", Source: "shop",
		OrderID: "R-1", Format: "tidegate-json", At: "2026-11-23T10:15:00.123456Z", Received: event.Received{SHA256: event.Digest(order), Size: len(order)},
	})
	first := append(head[:len(head)-1:len(head)-1], append([]byte(`,"order":`), append(order, '}')...)...)
	ref, err := enrichment.Curated()
	if err != nil {
		t.Fatal(err)
	}
	return screening.Judge(pack, enrichment.Enrich(ref, nil, event.NewCase(first)))
}

// other is a case with its last line changed.
func other(c event.Case, from, to string) event.Case {
	return event.NewCase(c.Line(0)).With(c.Line(1)).With(bytes.Replace(c.Line(2), []byte(from), []byte(to), 1))
}

func TestReproduce(t *testing.T) {
	t.Parallel()
	us, err := usPack(nil)
	if err != nil {
		t.Fatal(err)
	}
	codified, err := usPack(map[string]string{"diffusion": "codified"})
	if err != nil {
		t.Fatal(err)
	}
	good := record(t, us)
	for _, tt := range []struct {
		name string
		c    event.Case
		exit int
	}{
		{"a record of the shipped pack comes out the same", good, 0},
		{"so does one under other parameters", record(t, codified), 0},
		{"a refusal has nothing to decide", event.NewCase([]byte(`{"line":"refusal","v":1}`)), 0},
		{"another outcome than the rules give", other(good, `"outcome":"`, `"outcome":"x`), 1},
		{"a pack that is not at hand", other(good, us.Ref().Digest, event.Digest(nil)), 2},
		{"parameters that the pack does not have", other(record(t, codified), "codified", "codifiee"), 2},
	} {
		known, err := newInventory(nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		r := Reproduced{known: known}
		if err := r.take(audit.Logged{Case: tt.c}); err != nil {
			t.Fatal(err)
		}
		code := 0
		if coder, ok := errors.AsType[cli.ExitCoder](r.tell(&bytes.Buffer{}, false)); ok {
			code = coder.ExitCode()
		}
		if code != tt.exit {
			t.Errorf("%s: exit %d, want %d: %+v", tt.name, code, tt.exit, r)
		}
	}
}

func TestTheDemosRecordsAreReproducedByLot(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	if _, err := Demo(t.Context(), data, filepath.Join(data, "guard"), filepath.Join(data, "reports"), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	known, err := newInventory(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, some := range map[string]func(context.Context) (Reproduced, error){
		"sample": func(ctx context.Context) (Reproduced, error) {
			return reproduceSample(ctx, AuditDir(data), 30, 5, known)
		},
		"again": func(ctx context.Context) (Reproduced, error) {
			return reproduceSample(ctx, AuditDir(data), 1e6, 5, known)
		},
	} {
		r, err := some(t.Context())
		if err != nil || r.Records == 0 || r.Same != r.Records || r.Records+r.Passed < 30 {
			t.Errorf("%s: %v: %+v", name, err, r)
		}
	}
}
