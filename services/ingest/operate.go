package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/accept"
	"github.com/tidegate/tidegate/shared/token"
)

// maxAct is how many bytes an act may have.
const maxAct = 64 << 10

// postAct takes one act as it is.
func (s *Service) postAct(w http.ResponseWriter, r *http.Request) {
	v, p := readWish(r)
	if p != nil {
		p.write(w, r)
		return
	}
	body, err := io.ReadAll(&counted{r: r.Body, most: maxAct})
	if err != nil {
		notRead(err).write(w, r)
		return
	}
	s.sayActed(w, r, v, body, "")
}

// postShipped says that an order, or a part of it, left: the body is a shipment.
func (s *Service) postShipped(w http.ResponseWriter, r *http.Request) {
	s.postOfOrder(w, r, event.Shipped, "shipment")
}

// postCancelled says that an order will not ship: the body is empty, or an object without members.
func (s *Service) postCancelled(w http.ResponseWriter, r *http.Request) {
	s.postOfOrder(w, r, event.Cancelled, "")
}

// postOfOrder makes an act of what is said about one order. The same said again is the same act: its id is the header
// Idempotency-Key, else the number of the shipping document, else the digest of the body.
func (s *Service) postOfOrder(w http.ResponseWriter, r *http.Request, kind event.Kind, member string) {
	v, p := readWish(r)
	if p != nil {
		p.write(w, r)
		return
	}
	body, err := io.ReadAll(&counted{r: r.Body, most: maxAct})
	if err != nil {
		notRead(err).write(w, r)
		return
	}
	body, p = oneObject(body, member == "")
	if p != nil {
		p.write(w, r)
		return
	}
	sum := sha256.Sum256(body)
	id := or(v.key, "sha256-"+hex.EncodeToString(sum[:8]))
	var shipment struct{ Document string }
	if json.Unmarshal(body, &shipment) == nil && v.key == "" {
		id = or(shipment.Document, id)
	}
	who := v.who
	act, err := json.Marshal(map[string]string{
		"kind": string(kind), "id": id, "order_id": r.PathValue("id"), "tenant": or(r.URL.Query().Get("tenant"), token.Only(who.Tenants, accept.Unnamed)),
		"source": s.sourceOf(who, r.URL.Query()),
	})
	if err != nil {
		probRequest.because("%v", err).write(w, r)
		return
	}
	if member != "" {
		act = append(fmt.Appendf(act[:len(act)-1], `,%q:`, member), append(body, '}')...)
	}
	s.sayActed(w, r, v, act, "/"+member)
}

// oneObject gives a body that is one JSON object; nothing counts as an empty one where that is enough.
func oneObject(body []byte, mayBeEmpty bool) ([]byte, *Problem) {
	text := strings.TrimSpace(string(body))
	switch {
	case mayBeEmpty && (text == "" || text == "{}"):
		return []byte("{}"), nil
	case mayBeEmpty:
		p := probRequest.because("send no body; what is said is in the path")
		return nil, &p
	case !strings.HasPrefix(text, "{") || !json.Valid(body):
		p := probRequest.because("the body is not one JSON object")
		return nil, &p
	}
	return []byte(text), nil
}

// sayActed brings an act in and answers. Pointers in a refusal are those of the body that was sent, which stands below a
// member of the act.
func (s *Service) sayActed(w http.ResponseWriter, r *http.Request, v wish, act []byte, below string) {
	e := s.acceptAct(accept.Input{Bytes: act, Actor: v.who.Actor, Source: token.Only(v.who.Sources, "")})
	t := s.beginEntry(r.Context(), v, e)
	a, late := s.finish(r.Context(), v, t)
	for i, f := range a.Faults {
		if below != "/" {
			a.Faults[i].Pointer = strings.TrimPrefix(f.Pointer, below)
		}
	}
	s.sayOne(w, r, a, late)
}
