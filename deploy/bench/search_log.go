package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"golang.org/x/sync/errgroup"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/shared/codec"
)

// writeLog writes a log of varied records into an audit directory as the audit service would, but at once: the same bundles, tiles and signed
// checkpoint, each leaf a case of three lines that are chained. Records follow from their number alone.
func writeLog(ctx context.Context, dir string, leaves uint64, pad int) error {
	private, public, err := note.GenerateKey(rand.Reader, "bench.example/log")
	if err != nil {
		return err
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		return err
	}
	log := filepath.Join(dir, "log")
	hashes := make([]tlog.Hash, leaves)
	if err := writeBundles(ctx, log, hashes, pad); err != nil {
		return err
	}
	root, err := writeTiles(log, hashes)
	if err != nil {
		return err
	}
	signed, err := note.Sign(&note.Note{Text: fmt.Sprintf("bench.example/log\n%d\n%s\n", leaves, base64.StdEncoding.EncodeToString(root[:]))}, signer)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(log, auditverify.CheckpointFile), signed, 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "key.pub"), []byte(public+"\n"), 0o600)
}

// writeBundles writes the leaves and gives their hashes.
func writeBundles(ctx context.Context, log string, hashes []tlog.Hash, pad int) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.NumCPU())
	for first := 0; first < len(hashes); first += auditverify.Width {
		g.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return writeBundle(log, hashes[first:min(first+auditverify.Width, len(hashes))], uint64(first), pad)
		})
	}
	return g.Wait()
}

func writeBundle(log string, hashes []tlog.Hash, first uint64, pad int) error {
	var bundle []byte
	for i := range hashes {
		leaf, err := record(first+uint64(i), pad)
		if err != nil {
			return err
		}
		hashes[i] = tlog.RecordHash(leaf)
		bundle = append(binary.BigEndian.AppendUint16(bundle, uint16(len(leaf))), leaf...) //nolint:gosec // far smaller
	}
	return writeTile(log, auditverify.BundlePath(first/auditverify.Width, len(hashes)%auditverify.Width), bundle)
}

func writeTile(log, name string, b []byte) error {
	file := filepath.Join(log, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, b, 0o600)
}

// writeTiles writes the tree's hashes, level by level, and gives its root.
func writeTiles(log string, hashes []tlog.Hash) (tlog.Hash, error) {
	edges := []tlog.Hash{} // roots of perfect subtrees, smallest first
	for level := 0; len(hashes) > 0; level++ {
		var above []tlog.Hash
		for n := 0; n*auditverify.Width < len(hashes); n++ {
			tile := hashes[n*auditverify.Width : min((n+1)*auditverify.Width, len(hashes))]
			b := make([]byte, 0, len(tile)*tlog.HashSize)
			for _, h := range tile {
				b = append(b, h[:]...)
			}
			if err := writeTile(log, auditverify.TilePath(level, uint64(n), len(tile)%auditverify.Width), b); err != nil {
				return tlog.Hash{}, err
			}
			if len(tile) == auditverify.Width {
				above = append(above, perfect(tile))
				continue
			}
			edges = append(edges, partial(tile)...)
		}
		hashes = above
	}
	root := edges[0]
	for _, h := range edges[1:] {
		root = tlog.NodeHash(h, root)
	}
	return root, nil
}

// perfect is the root over a power of two of hashes.
func perfect(hashes []tlog.Hash) tlog.Hash {
	if len(hashes) == 1 {
		return hashes[0]
	}
	return tlog.NodeHash(perfect(hashes[:len(hashes)/2]), perfect(hashes[len(hashes)/2:]))
}

// partial are the roots of the perfect subtrees of fewer hashes than a tile has, smallest first.
func partial(hashes []tlog.Hash) (edges []tlog.Hash) {
	for size := 1; len(hashes) > 0; size *= 2 {
		if len(hashes)&size != 0 {
			edges = append(edges, perfect(hashes[len(hashes)-size:]))
			hashes = hashes[:len(hashes)-size]
		}
	}
	return edges
}

// Shares of the records that worst cases ask for.
const (
	casesIn   = 100 // cases in a block
	commonIn  = 5   // a party of one record in so many has the common word
	perDay    = 2000
	benchName = 1_000_000 // invented parties
)

// record is the leaf at an index. pad is how many bytes more its facts have.
func record(i uint64, pad int) ([]byte, error) {
	r := mathrand.New(mathrand.NewPCG(i, 0x5ea2c4))          //nolint:gosec // the same records every time
	day := event.Date("2019-01-01").AddDays(int(i / perDay)) //nolint:gosec // far smaller
	at := event.Instant(fmt.Sprintf("%sT%02d:%02d:00.000000Z", day, i%24, i%60))
	o := event.Order{ID: fmt.Sprintf("ORD-%08d", i), OrderDate: day.AddDays(-r.IntN(20)), Transaction: event.Export, ShipFrom: "US", ShipTo: countries[r.IntN(len(countries))]}
	for _, role := range searchRoles[:2+r.IntN(3)] {
		o.Parties = append(o.Parties, event.Party{Role: role, Name: benchParty(r.IntN(benchName)), Address: &event.Address{City: "Port", Country: o.ShipTo}})
	}
	if i%commonIn == 0 {
		o.Parties[0].Name = "Qingyuan " + o.Parties[0].Name
	}
	for range 1 + r.IntN(4) {
		o.Items = append(o.Items, event.Item{Description: "network adapter", ECCN: "5A992.c", Quantity: "4", Value: event.Decimal(strconv.Itoa(100 + r.IntN(100000))), Currency: "USD"})
	}
	order, err := codec.Append(nil, o)
	if err != nil {
		return nil, err
	}
	cause, err := codec.Append(nil, event.Cause{
		Line: event.LineOrder, V: 1, Kind: event.Placed, Event: fmt.Sprintf("%08x-0000-5000-8000-000000000000", i), Key: "default/" + sources[i%3] + "/" + o.ID + "/0", Actor: actors[i%2], Tenant: "default",
		Source: sources[i%3], OrderID: o.ID, Format: "tidegate-json", At: at, Received: event.Received{SHA256: event.Digest(order), Size: len(order)},
	})
	if err != nil {
		return nil, err
	}
	c := event.NewCase(append(append(append(cause[:len(cause)-1:len(cause)-1], `,"order":`...), order...), '}'))
	for _, line := range []func() any{func() any { return benchFacts(i, r, &o, event.Digest(c.Last()), pad) }, func() any { return benchJudgement(i, day, event.Digest(c.Last())) }} {
		b, err := codec.Append(nil, line())
		if err != nil {
			return nil, err
		}
		c = c.With(b)
	}
	return event.AppendLeaf(nil, event.Leaf{
		Line: "leaf", V: event.LeafVersion, Kind: event.LeafDecision, Stream: "DECISION", Sequence: i/casesIn + 1, Place: int(i % casesIn), Cases: casesIn, At: at,
	}, c.Append(nil))
}

var (
	sources     = []string{"shop", "erp", "edi"}
	searchRoles = []event.Role{event.Purchaser, event.UltimateConsignee, event.EndUser, event.Forwarder}
	countries   = []event.Country{"US", "DE", "JP", "TW", "SG", "NL", "FR", "GB", "KR", "IN", "BR", "MX", "CA", "AU", "MY", "VN", "CN"}
	actors      = []string{"portal", "batch"}
)

func benchFacts(i uint64, r *mathrand.Rand, o *event.Order, prev string, pad int) event.Facts {
	f := event.Facts{
		Line: event.LineFacts, V: 1, Prev: prev, Snapshot: event.Digest([]byte(o.OrderDate[:7])), Matcher: "bench",
		Lists: []event.ListSeen{{List: "SDN", Feed: "ofac", Version: o.OrderDate[:8] + "01", Rows: 17000}, {List: "EL", Feed: "bis", Version: o.OrderDate[:5] + "01-15", Rows: 3300}},
	}
	for range o.Parties {
		f.Parties = append(f.Parties, event.PartyFacts{Country: o.ShipTo, Headquarters: event.Known{Country: o.ShipTo, How: "stated"}, Considered: r.IntN(40)})
	}
	for range o.Items {
		f.Items = append(f.Items, event.ItemFacts{Class: "none", Class2022: "none", How: "eccn", ECCN: "5A992.c", DC: "no", Subject: "yes"})
	}
	if i%100 == 7 {
		name := benchParty(r.IntN(3000))
		f.Parties[0].Matches = []event.Match{{List: "EL", Entry: fmt.Sprintf("EL-%d", r.IntN(3000)), Name: name, Matched: name, Queried: o.Parties[0].Name, Field: "name", Method: "alike", Score: 870, Citation: "Supplement 4 to part 744"}}
	}
	for n := 0; n < pad; n += 200 { // what real facts have more of: places, stakes, notes
		f.Places = append(f.Places, event.Place{Country: o.ShipTo, Groups: []event.Group{{Group: "D:1"}, {Group: "D:4"}, {Group: "D:5", Span: event.Span{From: "2019-01-01"}}, {Group: "A:6", Span: event.Span{From: "2020-01-01", Until: "2025-12-31"}}}})
	}
	return f
}

func benchJudgement(i uint64, day event.Date, prev string) event.Judgement {
	j := event.Judgement{
		Line: event.LineJudgement, V: 1, Prev: prev, Outcome: event.Release, Dates: []event.DateSay{{AsOf: "order_date", Date: day, Outcome: event.Release}},
		Pack:     event.PackRef{ID: "us", Version: "2026.11", Digest: event.Digest([]byte("pack")), Semantics: 1},
		Findings: []event.Finding{{Rule: "diffusion-announced", Outcome: event.Release, State: "fires", Text: "announced as not enforced", Citation: "90 FR 4544", Certainty: "C", Dates: []string{"order_date"}}},
	}
	outcome, rule := event.Release, ""
	switch {
	case i%200 == 9:
		outcome, rule = event.Block, "sdn-block"
	case i%40 == 3:
		outcome, rule = event.NeedsLic, "ac-destination"
	case i%14 == 5:
		outcome, rule = event.Hold, "possible-match"
	}
	if rule != "" {
		j.Outcome, j.Rule, j.Dates[0].Outcome = outcome, rule, outcome
		j.Findings = append([]event.Finding{{Rule: rule, Outcome: outcome, State: "fires", Text: "a party of the order is named by a list", Citation: "15 CFR 744.11", Certainty: "C", Dates: []string{"order_date"}}}, j.Findings...)
	}
	if i%2 == 1 { // the other half comes from the actor "portal"
		j.Findings = append(j.Findings, event.Finding{Rule: "odd", Outcome: event.Release, State: "fires", Text: "an odd number", Citation: "none", Certainty: "C", Dates: []string{"order_date"}})
	}
	return j
}

// benchParty is the n-th invented name: two or three of many thousand words, and a legal form.
func benchParty(n int) string {
	r := mathrand.New(mathrand.NewPCG(uint64(n), 0x9a27)) //nolint:gosec // the same names every time
	var name strings.Builder
	for range 1 + r.IntN(2) {
		for range 2 + r.IntN(3) {
			name.WriteString(searchParts[r.IntN(len(searchParts))])
		}
		name.WriteByte(' ')
	}
	return name.String() + searchTrades[r.IntN(len(searchTrades))] + " " + searchForms[r.IntN(len(searchForms))]
}

var (
	searchParts  = []string{"ba", "ren", "tol", "mi", "shan", "gor", "lev", "ki", "zha", "nu", "per", "sol", "vik", "an", "dro", "fel", "qu", "ost", "yar", "lin", "hu", "wei", "to", "ka", "bri", "mon", "el", "sa", "due", "chen"}
	searchTrades = []string{"Trading", "Electronics", "Systems", "Logistics", "Technology", "Components", "Instruments", "Networks", "Industries", "Semiconductor"}
	searchForms  = []string{"Ltd", "GmbH", "Inc", "Co., Ltd.", "B.V.", "S.A.", "Pte Ltd", "LLC"}
)
