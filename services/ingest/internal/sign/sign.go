// Package sign checks the signatures of webhooks: Standard Webhooks (standardwebhooks.com, version v1), Shopify's and
// Stripe's own. It is pure: headers, body, secrets and the time come in, an error that says why comes out.
package sign

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Scheme is how a sender signs.
type Scheme string

// The schemes.
const (
	Standard Scheme = "standard" // webhook-id, webhook-timestamp, webhook-signature
	Shopify  Scheme = "shopify"  // X-Shopify-Hmac-Sha256
	Stripe   Scheme = "stripe"   // Stripe-Signature
)

// Schemes are all there are.
var Schemes = []Scheme{Standard, Shopify, Stripe}

// DefaultTolerance is how far a signed time stamp may lie from now, either way: what Standard Webhooks and Stripe advise.
const DefaultTolerance = 5 * time.Minute

// Key is what one source's webhooks are checked with. While a secret is exchanged for another, both count.
type Key struct {
	Scheme    Scheme
	Secrets   []string
	Tolerance time.Duration // DefaultTolerance when zero
}

// ErrSignature says that a webhook is not what its sender signed, or not any more.
var ErrSignature = errors.New("signature")

// Validate lists every fault.
func (k Key) Validate() error {
	var faults []error
	if !slices.Contains(Schemes, k.Scheme) {
		faults = append(faults, fmt.Errorf("scheme %q: want standard, shopify or stripe", k.Scheme))
	}
	if len(k.Secrets) == 0 {
		faults = append(faults, errors.New("no secret given"))
	}
	if k.Tolerance < 0 {
		faults = append(faults, fmt.Errorf("tolerance %s is negative", k.Tolerance))
	}
	for i, s := range k.Secrets {
		if _, err := k.secret(s); err != nil {
			faults = append(faults, fmt.Errorf("secret %d: %w", i+1, err))
		}
	}
	return errors.Join(faults...)
}

// secret is the key's bytes: Standard Webhooks writes them in base64 behind whsec_, the others take the text itself.
func (k Key) secret(s string) ([]byte, error) {
	if k.Scheme != Standard {
		if len(s) < 8 {
			return nil, errors.New("shorter than 8 bytes")
		}
		return []byte(s), nil
	}
	b, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s, "whsec_"))
	switch {
	case err != nil:
		return nil, errors.New("want whsec_ and base64") // the error itself would show the secret
	case len(b) < 16 || len(b) > 64:
		return nil, fmt.Errorf("%d bytes; Standard Webhooks wants 24 to 64", len(b))
	}
	return b, nil
}

// Check says whether body was signed with one of the secrets, recently enough. header gives a header's value, "" when it
// is not there. id is the sender's own id of the message, "" where the scheme has none: sent again it is the same.
func (k Key) Check(header func(string) string, body []byte, now time.Time) (id string, err error) {
	switch k.Scheme {
	case Standard:
		return k.standard(header, body, now)
	case Shopify:
		return k.shopify(header, body)
	case Stripe:
		return "", k.stripe(header, body, now)
	default:
		return "", fmt.Errorf("%w: scheme %q is not known", ErrSignature, k.Scheme)
	}
}

func (k Key) standard(header func(string) string, body []byte, now time.Time) (string, error) {
	id, stamp := header("webhook-id"), header("webhook-timestamp")
	if id == "" || stamp == "" {
		return "", fmt.Errorf("%w: webhook-id or webhook-timestamp is missing", ErrSignature)
	}
	if err := k.fresh(stamp, now); err != nil {
		return "", err
	}
	var given [][]byte
	for one := range strings.FieldsSeq(header("webhook-signature")) {
		if text, ok := strings.CutPrefix(one, "v1,"); ok {
			if b, err := base64.StdEncoding.DecodeString(text); err == nil {
				given = append(given, b)
			}
		}
	}
	return id, k.match(given, []byte(id+"."+stamp+"."), body)
}

func (k Key) shopify(header func(string) string, body []byte) (string, error) {
	b, err := base64.StdEncoding.DecodeString(header("X-Shopify-Hmac-Sha256"))
	if err != nil || len(b) == 0 {
		return "", fmt.Errorf("%w: X-Shopify-Hmac-Sha256 is missing or not base64", ErrSignature)
	}
	return header("X-Shopify-Webhook-Id"), k.match([][]byte{b}, nil, body)
}

func (k Key) stripe(header func(string) string, body []byte, now time.Time) error {
	stamp := ""
	var given [][]byte
	for pair := range strings.SplitSeq(header("Stripe-Signature"), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		switch name {
		case "t":
			stamp = value
		case "v1":
			if b, err := hex.DecodeString(value); err == nil {
				given = append(given, b)
			}
		}
	}
	if stamp == "" {
		return fmt.Errorf("%w: Stripe-Signature is missing or has no time stamp", ErrSignature)
	}
	if err := k.fresh(stamp, now); err != nil {
		return err
	}
	return k.match(given, []byte(stamp+"."), body)
}

// fresh refuses what was signed too long ago, or too far ahead: an old message may be somebody's copy.
func (k Key) fresh(stamp string, now time.Time) error {
	most := k.Tolerance
	if most == 0 {
		most = DefaultTolerance
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || len(stamp) > 12 {
		return fmt.Errorf("%w: the time stamp is no number of seconds", ErrSignature)
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > most || age < -most {
		return fmt.Errorf("%w: signed %s from now, at most %s are taken", ErrSignature, age.Truncate(time.Second), most)
	}
	return nil
}

// match compares every signature given with every secret's, in constant time.
func (k Key) match(given [][]byte, before, body []byte) error {
	found := false
	for _, s := range k.Secrets {
		key, err := k.secret(s)
		if err != nil {
			continue // Validate said so
		}
		mac := hmac.New(sha256.New, key)
		mac.Write(before)
		mac.Write(body)
		want := mac.Sum(nil)
		found = slices.ContainsFunc(given, func(g []byte) bool { return hmac.Equal(g, want) }) || found
	}
	if !found {
		return fmt.Errorf("%w: none of the %d given fits the body and a secret known here", ErrSignature, len(given))
	}
	return nil
}

// Sign writes the headers that Check takes: for tests and for trying a webhook out.
func (k Key) Sign(id string, body []byte, now time.Time) (map[string]string, error) {
	key, err := k.secret(slices.Concat(k.Secrets, []string{""})[0])
	if err != nil {
		return nil, err
	}
	stamp := strconv.FormatInt(now.Unix(), 10)
	sum := func(parts ...[]byte) []byte {
		mac := hmac.New(sha256.New, key)
		mac.Write(bytes.Join(parts, []byte{'.'}))
		return mac.Sum(nil)
	}
	switch k.Scheme {
	case Standard:
		return map[string]string{
			"webhook-id": id, "webhook-timestamp": stamp,
			"webhook-signature": "v1," + base64.StdEncoding.EncodeToString(sum([]byte(id), []byte(stamp), body)),
		}, nil
	case Shopify:
		return map[string]string{"X-Shopify-Webhook-Id": id, "X-Shopify-Hmac-Sha256": base64.StdEncoding.EncodeToString(sum(body))}, nil
	default:
		return map[string]string{"Stripe-Signature": "t=" + stamp + ",v1=" + hex.EncodeToString(sum([]byte(stamp), body))}, nil
	}
}
