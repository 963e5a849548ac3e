// Package token makes and recognizes API tokens. A token is 32 random bytes with a prefix that tells people and secret
// scanners what it is and a checksum that tells a slip of the pen from a wrong token; what is kept of it is its SHA-256.
package token

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
)

// Prefix begins every token.
const Prefix = "tidegate_"

const (
	secretLen = 32
	textLen   = 52 // secretLen bytes in base32
	sumLen    = 7  // four bytes in base32
)

var text = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Scope is what a token may do.
type Scope string

// The scopes. Each stands for itself; a token may have several.
const (
	Submit  Scope = "submit"  // send orders, say that they shipped or were cancelled, ask what would be decided
	Read    Scope = "read"    // see orders, decisions, receipts
	Operate Scope = "operate" // send acts (dispositions, licenses, activations), see metrics
	Audit   Scope = "audit"   // see refusals with the bytes received, and everything that read sees; the auditor's page
)

// Scopes are all there are.
var Scopes = []Scope{Submit, Read, Operate, Audit}

// Record is what is kept of a token.
type Record struct {
	ID      string        `json:"id"` // names it, begins its digest
	Name    string        `json:"name"`
	Scopes  []Scope       `json:"scopes"`
	Sources []string      `json:"sources,omitempty"` // that it may act for and see; every one when none is given
	Tenants []string      `json:"tenants,omitempty"` // likewise
	From    event.Date    `json:"from,omitempty"`    // of an auditor's: first day of what it sees; every day when empty
	Until   event.Date    `json:"until,omitempty"`   // last day, inclusive
	SHA256  string        `json:"sha256"`            // of the token as text, lower-case hex
	Created event.Instant `json:"created"`
	Revoked event.Instant `json:"revoked,omitempty"`
}

// Validate lists every fault.
func (r Record) Validate() error {
	var faults []error
	if r.Name == "" || len(r.Name) > 64 {
		faults = append(faults, errors.New("name: 1 to 64 bytes"))
	}
	if len(r.Scopes) == 0 {
		faults = append(faults, fmt.Errorf("scopes: at least one of %s", names()))
	}
	for _, s := range r.Scopes {
		if !slices.Contains(Scopes, s) {
			faults = append(faults, fmt.Errorf("scope %q: want one of %s", s, names()))
		}
	}
	return errors.Join(append(faults, r.span()...)...)
}

// span lists the faults of the range of days. Only the auditor's page looks at days, so only what may do nothing else has a range.
func (r Record) span() (faults []error) {
	for _, d := range []event.Date{r.From, r.Until} {
		if _, err := event.ParseDate(string(d)); d != "" && err != nil {
			faults = append(faults, fmt.Errorf("from, until: %w", err))
		}
	}
	if r.From != "" && r.Until != "" && r.From > r.Until {
		faults = append(faults, fmt.Errorf("from %s is later than until %s", r.From, r.Until))
	}
	if r.Spans() && !slices.Equal(r.Scopes, []Scope{Audit}) {
		faults = append(faults, errors.New("from, until: only a token with the scope audit and no other has a range of days"))
	}
	return faults
}

func names() string {
	all := make([]string, len(Scopes))
	for i, s := range Scopes {
		all[i] = string(s)
	}
	return strings.Join(all, ", ")
}

// New makes a token from random bytes and fills in what is kept of it.
func New(random io.Reader, r Record) (secret string, _ Record, err error) {
	if err := r.Validate(); err != nil {
		return "", r, err
	}
	var b [secretLen]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", r, fmt.Errorf("draw a token: %w", err)
	}
	body := text.EncodeToString(b[:])
	secret = Prefix + body + checksum(body)
	r.SHA256 = digest(secret)
	r.ID = r.SHA256[:12]
	return secret, r, nil
}

func checksum(body string) string {
	return text.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(body))))
}

func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// ErrForm says that a text is no token: its prefix, length or checksum is not one's.
var ErrForm = errors.New("not a token")

// Check says whether a text has the form of a token. It tells nothing about whether anybody gave it out.
func Check(secret string) error {
	body, ok := strings.CutPrefix(secret, Prefix)
	switch {
	case !ok:
		return fmt.Errorf("%w: it does not begin with %s", ErrForm, Prefix)
	case len(body) != textLen+sumLen:
		return fmt.Errorf("%w: %d characters after the prefix, want %d", ErrForm, len(body), textLen+sumLen)
	case checksum(body[:textLen]) != body[textLen:]:
		return fmt.Errorf("%w: its checksum is wrong; was it copied whole?", ErrForm)
	}
	return nil
}

// Find gives the record of a token that counts. Every record is compared, in constant time, so that the time taken says
// nothing about which is near.
func Find(records []Record, secret string) (r Record, ok bool) {
	want := []byte(digest(secret))
	for _, one := range records {
		if subtle.ConstantTimeCompare(want, []byte(one.SHA256)) == 1 && one.Revoked == "" {
			r, ok = one, true
		}
	}
	return r, ok
}

// May says whether the token has a scope. Audit sees what read sees.
func (r Record) May(s Scope) bool {
	return slices.Contains(r.Scopes, s) || s == Read && slices.Contains(r.Scopes, Audit)
}

// ActsFor says whether the token may act for a tenant's source and see it.
func (r Record) ActsFor(tenant, source string) bool {
	return among(r.Tenants, tenant) && among(r.Sources, source)
}

// Spans says whether the token sees a range of days only. What cannot tell the day of what it shows must show it nothing.
func (r Record) Spans() bool { return r.From != "" || r.Until != "" }

// Reach is how far a token sees. What is empty limits nothing.
type Reach struct {
	Tenants, Sources []string
	From, Until      event.Date // inclusive
}

// Reach gives how far the token sees.
func (r Record) Reach() Reach { return Reach{r.Tenants, r.Sources, r.From, r.Until} }

// Whole says whether it sees everything.
func (r Reach) Whole() bool {
	return len(r.Tenants) == 0 && len(r.Sources) == 0 && r.From == "" && r.Until == ""
}

// Sees says whether what is of a tenant's source and of a day may be seen: the day is the order's date, or the day it was received where
// it has none. What is of no source (notes that say what others asked, licenses, declarations) is seen by who sees everything.
func (r Reach) Sees(tenant, source string, day event.Date) bool {
	if r.Whole() {
		return true
	}
	return source != "" && among(r.Tenants, tenant) && among(r.Sources, source) && day >= r.From && (r.Until == "" || day != "" && day <= r.Until)
}

func among(list []string, one string) bool { return len(list) == 0 || slices.Contains(list, one) }

// Only is the one element of a list that has just one, else otherwise: what an order that names nothing is taken as.
func Only(list []string, otherwise string) string {
	if len(list) == 1 {
		return list[0]
	}
	return otherwise
}
