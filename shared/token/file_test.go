package token_test

import (
	"testing"
	"time"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/shared/token"
)

func TestARingKnowsATokenMadeAMomentAgoAndForgetsARevokedOne(t *testing.T) {
	t.Parallel()
	dir, now := t.TempDir(), time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	ring := token.NewRing(dir, func() time.Time { return now })
	if all, err := ring.List(false); err != nil || len(all) != 0 {
		t.Fatal(all, err)
	}
	secret, _, err := token.Create(dir, token.Record{Name: "kim", Scopes: []token.Scope{token.Audit}, Until: "2026-09-30"}, now)
	if err != nil {
		t.Fatal(err)
	}
	if r, ok, err := ring.Find(secret); !ok || err != nil || r.Name != "kim" || r.Until != "2026-09-30" {
		t.Error("a token made a moment ago is not found", r, ok, err)
	}
	if err := token.Revoke(dir, "kim", now); err != nil {
		t.Fatal(err)
	}
	now = now.Add(2 * time.Second)
	if _, ok, err := ring.Find(secret); ok || err != nil {
		t.Error("a revoked token is found", err)
	}
}

func TestATokenSeesItsSourcesTenantsAndDaysOnly(t *testing.T) {
	t.Parallel()
	quarter := token.Record{Sources: []string{"shop"}, Tenants: []string{"default"}, From: "2026-07-01", Until: "2026-09-30"}
	for name, c := range map[string]struct {
		who            token.Record
		tenant, source string
		day            event.Date
		want           bool
	}{
		"the first day":                     {quarter, "default", "shop", "2026-07-01", true},
		"the last day":                      {quarter, "default", "shop", "2026-09-30", true},
		"the day before":                    {quarter, "default", "shop", "2026-06-30", false},
		"the day after":                     {quarter, "default", "shop", "2026-10-01", false},
		"what has no day":                   {quarter, "default", "shop", "", false},
		"another source":                    {quarter, "default", "erp", "2026-08-01", false},
		"another tenant":                    {quarter, "acme", "shop", "2026-08-01", false},
		"of no source, of another day":      {token.Record{Until: "2026-09-30"}, "default", "", "2026-08-01", false},
		"anything, without limits":          {token.Record{}, "acme", "erp", "", true},
		"open at its beginning, day after":  {token.Record{Until: "2026-09-30"}, "a", "b", "2026-10-01", false},
		"open at its beginning, without":    {token.Record{Until: "2026-09-30"}, "a", "b", "", false},
		"open at its end, long after":       {token.Record{From: "2026-07-01"}, "a", "b", "2030-01-01", true},
		"of no source, where one is wanted": {quarter, "default", "", "2026-08-01", false},
	} {
		if got := c.who.Reach().Sees(c.tenant, c.source, c.day); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestOnlyATokenThatMayNothingElseHasARangeOfDays(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		r    token.Record
		good bool
	}{
		"audit alone":       {token.Record{Name: "kim", Scopes: []token.Scope{token.Audit}, From: "2026-01-01"}, true},
		"audit and submit":  {token.Record{Name: "kim", Scopes: []token.Scope{token.Audit, token.Submit}, From: "2026-01-01"}, false},
		"read":              {token.Record{Name: "kim", Scopes: []token.Scope{token.Read}, Until: "2026-01-01"}, false},
		"no date":           {token.Record{Name: "kim", Scopes: []token.Scope{token.Audit}, From: "yesterday"}, false},
		"end before begins": {token.Record{Name: "kim", Scopes: []token.Scope{token.Audit}, From: "2026-02-01", Until: "2026-01-31"}, false},
	} {
		if err := c.r.Validate(); (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}
