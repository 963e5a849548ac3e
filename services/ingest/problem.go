package ingest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/tidegate/tidegate/schemas/event"
)

// Problem is what the HTTP door answers when it does not do what was asked (RFC 9457, application/problem+json).
type Problem struct {
	Type      string `json:"type"`  // "urn:tidegate:problem:" and what went wrong; stable, for programs
	Title     string `json:"title"` // the same in words
	Status    int    `json:"status"`
	Detail    string `json:"detail,omitempty"`   // this time's reason, one sentence
	Instance  string `json:"instance,omitempty"` // path of the request
	RequestID string `json:"request_id,omitempty"`

	// Of a refused order, which is stored and logged as a refusal.
	Event     string        `json:"event,omitempty"`
	OrderID   string        `json:"order_id,omitempty"`
	Source    string        `json:"source,omitempty"`
	Sequence  uint64        `json:"sequence,omitempty"`
	Duplicate bool          `json:"duplicate,omitempty"`
	Errors    []event.Fault `json:"errors,omitempty"` // every fault with its JSON pointer

	retryAfter int // seconds; said in a header
}

const problemMedia = "application/problem+json"

// kinds are the problems there are: the last part of the type, the title, the status.
var (
	probRequest     = kindOf("bad-request", "request not understood", http.StatusBadRequest)
	probOrders      = kindOf("orders-not-read", "orders not read", http.StatusBadRequest)
	probToken       = kindOf("token-missing", "who are you?", http.StatusUnauthorized)
	probSignature   = kindOf("signature", "signature not good", http.StatusUnauthorized)
	probForbidden   = kindOf("forbidden", "this token may not do that", http.StatusForbidden)
	probCrossOrigin = kindOf("cross-origin", "not from another site's page", http.StatusForbidden)
	probPath        = kindOf("no-such-path", "no such path", http.StatusNotFound)
	probOrder       = kindOf("no-such-order", "no such order", http.StatusNotFound)
	probRefusal     = kindOf("no-such-refusal", "no such refusal", http.StatusNotFound)
	probMethod      = kindOf("method-not-allowed", "method not allowed", http.StatusMethodNotAllowed)
	probTooLarge    = kindOf("too-large", "too large", http.StatusRequestEntityTooLarge)
	probMedia       = kindOf("media-type", "media type not read here", http.StatusUnsupportedMediaType)
	probRefused     = kindOf("refused", "order refused", http.StatusUnprocessableEntity)
	probReused      = kindOf("idempotency-key-reused", "idempotency key used before for another body", http.StatusUnprocessableEntity)
	probFlood       = kindOf("too-many-requests", "too many requests at once", http.StatusTooManyRequests)
	probInternal    = kindOf("internal", "internal error", http.StatusInternalServerError)
	probNotHere     = kindOf("not-here", "not offered by this door", http.StatusNotImplemented)
	probUnavailable = kindOf("unavailable", "orders are not taken now", http.StatusServiceUnavailable)
	probNotReady    = kindOf("not-ready", "not ready", http.StatusServiceUnavailable)
	probLookup      = kindOf("lookup-failed", "look-up failed", http.StatusServiceUnavailable)
	probAnswer      = kindOf("no-answer", "no answer in time", http.StatusGatewayTimeout)
)

func kindOf(kind, title string, status int) Problem {
	p := Problem{Type: "urn:tidegate:problem:" + kind, Title: title, Status: status}
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests || status == http.StatusGatewayTimeout {
		p.retryAfter = 1
	}
	return p
}

// because gives the problem with this time's reason.
func (p Problem) because(format string, v ...any) Problem {
	p.Detail = fmt.Sprintf(format, v...)
	return p
}

// refusedProblem says why an order was refused.
func refusedProblem(a Answer) Problem {
	p := probRefused.because("%d faults; the refusal is stored and will be logged", len(a.Faults))
	if len(a.Faults) == 1 {
		p.Detail = a.Faults[0].Detail
	}
	p.Event, p.OrderID, p.Source, p.Sequence, p.Duplicate, p.Errors = a.Event, a.OrderID, a.Source, a.Sequence, a.Duplicate, a.Faults
	return p
}

// write answers with the problem.
func (p Problem) write(w http.ResponseWriter, r *http.Request) {
	p.Instance, p.RequestID = r.URL.Path, w.Header().Get(headerRequestID)
	w.Header().Set("Content-Type", problemMedia)
	if p.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(p.retryAfter))
	}
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the sender is gone when this fails
}

// ReadAnswer reads what the HTTP door said of one order: an answer, or the problem of a refused one as an answer. Any
// other problem is an error.
func ReadAnswer(media string, body []byte) (a Answer, err error) {
	if media != problemMedia {
		if err := json.Unmarshal(body, &a); err != nil {
			return a, fmt.Errorf("%q is no answer: %w", body[:min(len(body), 200)], err)
		}
		return a, nil
	}
	var p Problem
	if err := json.Unmarshal(body, &p); err != nil {
		return a, fmt.Errorf("%q is no problem: %w", body[:min(len(body), 200)], err)
	}
	if p.Type != probRefused.Type {
		return a, &ProblemError{Problem: p}
	}
	return Answer{
		Status: statusRefused, Duplicate: p.Duplicate, Event: p.Event, OrderID: p.OrderID, Source: p.Source, Sequence: p.Sequence, Faults: p.Errors,
	}, nil
}

// ProblemError is a problem that the HTTP door answered, as the error of who asked.
type ProblemError struct{ Problem }

// Error says it in a sentence.
func (p *ProblemError) Error() string {
	if p.Detail == "" {
		return p.Title
	}
	return p.Title + ": " + p.Detail
}
