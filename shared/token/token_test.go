package token_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tidegate/tidegate/shared/token"
)

func erp() token.Record { return token.Record{Name: "erp", Scopes: []token.Scope{token.Submit}} }

func TestATokenIsFoundByItsTextAlone(t *testing.T) {
	t.Parallel()
	a, first, err := token.New(rand.Reader, erp())
	if err != nil {
		t.Fatal(err)
	}
	b, second, err := token.New(rand.Reader, token.Record{Name: "page", Scopes: []token.Scope{token.Read}})
	if err != nil {
		t.Fatal(err)
	}
	all := []token.Record{first, second}
	for secret, want := range map[string]string{a: "erp", b: "page"} {
		if err := token.Check(secret); err != nil {
			t.Error(err)
		}
		if got, ok := token.Find(all, secret); !ok || got.Name != want {
			t.Errorf("%s: %v %v", want, got, ok)
		}
	}
	second.Revoked = "2026-11-23T10:00:00.000000Z"
	if _, ok := token.Find([]token.Record{first, second}, b); ok {
		t.Error("a revoked token still counts")
	}
	for _, r := range all {
		if strings.Contains(r.SHA256+r.ID, a[len(token.Prefix):]) {
			t.Error("the secret is kept")
		}
	}
}

func TestASlipOfThePenIsNoToken(t *testing.T) {
	t.Parallel()
	secret, _, err := token.New(bytes.NewReader(bytes.Repeat([]byte{7}, 32)), erp())
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", secret[1:], secret[:len(secret)-1], secret + "a", "x" + secret} {
		if err := token.Check(bad); !errors.Is(err, token.ErrForm) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.IntRange(len(token.Prefix), len(secret)-1).Draw(t, "at")
		c := rapid.SampledFrom([]byte("abcdefghijklmnopqrstuvwxyz234567")).Draw(t, "c")
		if c == secret[at] {
			t.Skip("the same")
		}
		if token.Check(secret[:at]+string(c)+secret[at+1:]) == nil {
			t.Fatalf("%c at %d goes through", c, at)
		}
	})
}

func TestARecordSaysEveryFault(t *testing.T) {
	t.Parallel()
	_, _, err := token.New(rand.Reader, token.Record{Scopes: []token.Scope{"rule"}})
	if err == nil || !strings.Contains(err.Error(), "name") || !strings.Contains(err.Error(), `"rule"`) {
		t.Error(err)
	}
}

func TestScopesSourcesAndTenants(t *testing.T) {
	t.Parallel()
	audit := token.Record{Scopes: []token.Scope{token.Audit}, Sources: []string{"shop"}, Tenants: []string{"a", "b"}}
	for _, row := range []struct {
		name string
		is   bool
		want bool
	}{
		{"audit reads", audit.May(token.Read), true},
		{"audit submits nothing", audit.May(token.Submit), false},
		{"audit operates nothing", audit.May(token.Operate), false},
		{"submit does not read", erp().May(token.Read), false},
		{"its own source", audit.ActsFor("a", "shop"), true},
		{"another source", audit.ActsFor("a", "mill"), false},
		{"another tenant", audit.ActsFor("c", "shop"), false},
		{"no list is every one", erp().ActsFor("c", "mill"), true},
	} {
		if row.is != row.want {
			t.Errorf("%s: %v", row.name, row.is)
		}
	}
}
