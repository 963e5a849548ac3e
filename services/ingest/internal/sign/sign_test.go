package sign_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/tidegate/tidegate/services/ingest/internal/sign"
)

// The vector that the Standard Webhooks reference implementations test themselves with.
const (
	vectorSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	vectorBody   = `{"test": 2432232314}`
)

var vectorTime = time.Unix(1614265330, 0)

func vector() map[string]string {
	return map[string]string{
		"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
		"webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
	}
}

func mac(secret, text string) []byte {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(text))
	return m.Sum(nil)
}

func TestEverySchemesSignatures(t *testing.T) {
	t.Parallel()
	standard := sign.Key{Scheme: sign.Standard, Secrets: []string{vectorSecret}}
	rotating := sign.Key{Scheme: sign.Standard, Secrets: []string{"whsec_" + base64.StdEncoding.EncodeToString([]byte("twenty-four bytes of key")), vectorSecret}}
	shopify := sign.Key{Scheme: sign.Shopify, Secrets: []string{"shpss_example"}}
	stripe := sign.Key{Scheme: sign.Stripe, Secrets: []string{"whsec_example", "whsec_next"}}
	shopifyHeaders := map[string]string{"X-Shopify-Hmac-Sha256": base64.StdEncoding.EncodeToString(mac("shpss_example", vectorBody)), "X-Shopify-Webhook-Id": "b54557e4"}
	stripeHeaders := func(secret string) map[string]string {
		return map[string]string{"Stripe-Signature": "t=1614265330,v1=" + hex.EncodeToString(mac(secret, "1614265330."+vectorBody)) + ",v0=00"}
	}
	change := func(h map[string]string, name, value string) map[string]string {
		h = maps.Clone(h)
		h[name] = value
		return h
	}
	for _, row := range []struct {
		name    string
		key     sign.Key
		headers map[string]string
		body    string
		now     time.Time
		id      string
		fault   string
	}{
		{"the published vector", standard, vector(), vectorBody, vectorTime, "msg_p5jXN8AQM9LWM0D4loKWxJek", ""},
		{"one of several signatures fits", standard, change(vector(), "webhook-signature", "v1a,AAAA v1,AAAA "+vector()["webhook-signature"]), vectorBody, vectorTime, "msg_p5jXN8AQM9LWM0D4loKWxJek", ""},
		{"the second of two secrets fits", rotating, vector(), vectorBody, vectorTime, "msg_p5jXN8AQM9LWM0D4loKWxJek", ""},
		{"just young enough", standard, vector(), vectorBody, vectorTime.Add(5 * time.Minute), "msg_p5jXN8AQM9LWM0D4loKWxJek", ""},
		{"too old", standard, vector(), vectorBody, vectorTime.Add(5*time.Minute + time.Second), "", "at most 5m0s"},
		{"from the future", standard, vector(), vectorBody, vectorTime.Add(-6 * time.Minute), "", "at most 5m0s"},
		{"another body", standard, vector(), vectorBody + " ", vectorTime, "", "none of the 1"},
		{"another id", standard, change(vector(), "webhook-id", "msg_2"), vectorBody, vectorTime, "", "none of the 1"},
		{"no id", standard, change(vector(), "webhook-id", ""), vectorBody, vectorTime, "", "missing"},
		{"a version not known here", standard, change(vector(), "webhook-signature", "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="), vectorBody, vectorTime, "", "none of the 0"},
		{"a time stamp that is none", standard, change(vector(), "webhook-timestamp", "soon"), vectorBody, vectorTime, "", "no number"},
		{"Shopify", shopify, shopifyHeaders, vectorBody, vectorTime, "b54557e4", ""},
		{"Shopify, another body", shopify, shopifyHeaders, vectorBody + "\n", vectorTime, "", "none of the 1"},
		{"Shopify without signature", shopify, map[string]string{}, vectorBody, vectorTime, "", "missing"},
		{"Stripe", stripe, stripeHeaders("whsec_example"), vectorBody, vectorTime, "", ""},
		{"Stripe with the next secret", stripe, stripeHeaders("whsec_next"), vectorBody, vectorTime, "", ""},
		{"Stripe with a secret that is not ours", stripe, stripeHeaders("whsec_other"), vectorBody, vectorTime, "", "none of the 1"},
		{"Stripe, too old", stripe, stripeHeaders("whsec_example"), vectorBody, vectorTime.Add(time.Hour), "", "at most"},
		{"Stripe, only the test scheme", stripe, map[string]string{"Stripe-Signature": "t=1614265330,v0=" + hex.EncodeToString(mac("whsec_example", "1614265330."+vectorBody))}, vectorBody, vectorTime, "", "none of the 0"},
		{"Stripe without header", stripe, map[string]string{}, vectorBody, vectorTime, "", "missing"},
	} {
		id, err := row.key.Check(func(name string) string { return row.headers[name] }, []byte(row.body), row.now)
		switch {
		case row.fault == "" && (err != nil || id != row.id):
			t.Errorf("%s: %q %v", row.name, id, err)
		case row.fault != "" && (!errors.Is(err, sign.ErrSignature) || !strings.Contains(err.Error(), row.fault)):
			t.Errorf("%s: %v, want %q", row.name, err, row.fault)
		}
	}
}

func TestWhatWasSignedIsChecked(t *testing.T) {
	t.Parallel()
	for _, scheme := range sign.Schemes {
		k := sign.Key{Scheme: scheme, Secrets: []string{vectorSecret}}
		if err := k.Validate(); err != nil {
			t.Error(err)
		}
		headers, err := k.Sign("m-1", []byte(vectorBody), vectorTime)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := k.Check(func(name string) string { return headers[name] }, []byte(vectorBody), vectorTime); err != nil {
			t.Errorf("%s: %v", scheme, err)
		}
	}
}

func TestABadKeySaysEveryFaultAndNoSecret(t *testing.T) {
	t.Parallel()
	err := sign.Key{Scheme: sign.Standard, Secrets: []string{"whsec_not*base64", "whsec_c2hvcnQ="}, Tolerance: -1}.Validate()
	if err == nil || strings.Contains(err.Error(), "not*base64") {
		t.Fatal(err)
	}
	for _, want := range []string{"secret 1", "secret 2: 5 bytes", "negative"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %q", err, want)
		}
	}
	if (sign.Key{Scheme: "rsa"}).Validate() == nil {
		t.Error("a scheme that is none")
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("t=1,v1=00", "1", "v1,AA==")
	f.Add(",,,=,t=,v1=zz", "99999999999999999", "v1, v1,")
	k := []sign.Key{
		{Scheme: sign.Standard, Secrets: []string{vectorSecret}},
		{Scheme: sign.Stripe, Secrets: []string{"whsec_example"}},
		{Scheme: sign.Shopify, Secrets: []string{"shpss_example"}},
	}
	f.Fuzz(func(t *testing.T, a, b, c string) {
		headers := map[string]string{"Stripe-Signature": a, "webhook-id": "m", "webhook-timestamp": b, "webhook-signature": c, "X-Shopify-Hmac-Sha256": c}
		for _, one := range k {
			if _, err := one.Check(func(name string) string { return headers[name] }, []byte("{}"), vectorTime); err == nil {
				t.Errorf("%s takes %q %q %q", one.Scheme, a, b, c)
			}
		}
	})
}
