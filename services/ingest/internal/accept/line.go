package accept

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/shared/codec"
)

// keptOfRefused is how many received bytes a refusal keeps.
const keptOfRefused = 16 << 10

// orderMember begins the last member of a cause line. Inside strings its quotes are escaped, so it occurs once.
const orderMember = `,"order":`

// causeLine writes the cause member by member; the order's bytes are copied, never encoded again, so that the digest
// of the received bytes stays checkable.
func causeLine(e Entry, body []byte, kept bool) []byte {
	room := len(body) + 640
	if kept {
		room += len(e.in.Bytes) + len(e.in.Bytes)/4
	}
	b := append(make([]byte, 0, room), `{"line":"`+event.LineOrder+`","v":1`...)
	b = member(b, "kind", string(e.head.kind))
	b = member(b, "event", e.Event)
	b = member(b, "key", e.name)
	b = member(b, "actor", e.in.Actor)
	b = member(b, "tenant", e.head.tenant)
	b = member(b, "source", e.Source)
	b = member(b, "order_id", e.OrderID)
	b = strconv.AppendInt(append(b, `,"revision":`...), int64(e.head.revision), 10)
	b = member(b, "format", e.in.format())
	b = member(b, "received_at", string(e.in.At))
	if e.in.Again != "" {
		b = member(b, "idempotency_key", e.in.Again)
	}
	if e.in.Corrects != "" {
		b = member(b, "corrects", e.in.Corrects)
	}
	text, coded := "", false
	if kept {
		text, coded = keep(e.in.Bytes)
	}
	b = received(b, e.in, text, coded)
	if e.act != nil {
		if e.act.of != "" {
			b = member(b, "of", e.act.of)
		}
		b = append(b, e.act.particulars...)
	}
	if e.part != nil {
		b = e.part.appendTo(b)
	}
	if len(body) > 0 {
		b = append(append(b, orderMember...), body...)
	}
	return append(b, '}')
}

func refusalLine(e Entry) []byte {
	b := append(make([]byte, 0, 512+2*min(len(e.in.Bytes), keptOfRefused)), `{"line":"`+event.LineRefusal+`","v":1`...)
	b = member(b, "event", e.Event)
	if e.name != "" {
		b = member(b, "key", e.name)
	}
	b = member(b, "actor", e.in.Actor)
	b = member(b, "source", e.Source)
	if e.OrderID != "" {
		b = member(b, "order_id", e.OrderID)
	}
	b = member(b, "format", e.in.format())
	b = member(b, "received_at", string(e.in.At))
	b = append(b, `,"faults":`...)
	b = encode(b, e.Faults)
	b = received(b, e.in, base64.StdEncoding.EncodeToString(e.in.Bytes[:min(len(e.in.Bytes), keptOfRefused)]), false)
	return append(b, '}')
}

// keep gives received bytes as a text: themselves where they are one, else in base64.
func keep(b []byte) (text string, coded bool) {
	if utf8.Valid(b) {
		return string(b), false
	}
	return base64.StdEncoding.EncodeToString(b), true
}

func received(b []byte, in Input, text string, coded bool) []byte {
	b = append(b, `,"received":{"sha256":"`...)
	b = hex.AppendEncode(b, in.SHA256[:])
	b = strconv.AppendInt(append(b, `","size":`...), int64(in.Size), 10)
	if text != "" {
		b = member(b, "bytes", text)
	}
	if coded {
		b = member(b, "encoding", event.Base64)
	}
	return append(b, '}')
}

func member(b []byte, name, value string) []byte {
	b = append(append(append(b, ',', '"'), name...), '"', ':')
	if simple(value) {
		return append(append(append(b, '"'), value...), '"')
	}
	return encode(b, value)
}

// simple says whether a text stands in JSON as it is, whoever encodes it.
func simple[T string | []byte](v T) bool {
	for i := range len(v) {
		if c := v[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			return false
		}
	}
	return true
}

// encode appends a value that always encodes: texts and faults.
func encode(b []byte, v any) []byte {
	out, err := codec.Append(b, v)
	if err != nil {
		panic(err) // no text or list of texts fails to encode
	}
	return out
}

// ErrLine says that bytes are not the first line of a case.
var ErrLine = errors.New("not a cause or refusal line")

// Recall gives back, from the first line of a stored case, what idempotency goes by: the key's and the content's
// digest, and the ids. Known is false for lines that have no key. The content of an act is what was received, that of an order its
// order member.
func Recall(line []byte) (e Entry, known bool, err error) {
	var l struct {
		Line     string            `json:"line"`
		Control  *event.Activation `json:"control"`
		Kind     event.Kind        `json:"kind"`
		Revision int               `json:"revision"`
		Event    string            `json:"event"`
		Key      string            `json:"key"`
		OrderID  string            `json:"order_id"`
		Source   string            `json:"source"`
		Tenant   string            `json:"tenant"`
		Again    string            `json:"idempotency_key"`
		Corrects string            `json:"corrects"`
		Received event.Received    `json:"received"`
		Format   string            `json:"format"`
		Change   *event.Change     `json:"change"`
		Shipment json.RawMessage   `json:"shipment"`
	}
	if err := codec.Decode(line, &l); err != nil {
		return Entry{}, false, fmt.Errorf("%w: %w", ErrLine, err)
	}
	e = Entry{Kind: l.Kind, Event: l.Event, OrderID: l.OrderID, Source: l.Source, name: l.Key, head: head{revision: l.Revision}, in: Input{Corrects: l.Corrects}}
	switch l.Line {
	case event.LineRefusal:
		e.Key = RefusalKey(l.Event)
		if n, err := hex.Decode(e.Content[:], []byte(l.Received.SHA256[:min(32, len(l.Received.SHA256))])); err != nil || n < len(e.Content) {
			return Entry{}, false, fmt.Errorf("%w: digest of the received bytes %q", ErrLine, l.Received.SHA256)
		}
		return e, true, nil
	case event.LineOrder:
		body, ok := OrderOf(line)
		_, isAct := memberOf[l.Kind]
		if !ok && !isAct || l.Key == "" {
			return Entry{}, false, nil
		}
		e.Key = digest([]byte(l.Key))
		if isAct {
			e.act = &act{control: l.Control}
			if l.Shipment != nil {
				e.act.particulars = particular("shipment", l.Shipment)
			}
			e.Content = actContent(l.Format, []byte(l.Received.Bytes), e.act.particulars)
		} else if l.Change != nil {
			if n, err := hex.Decode(e.Content[:], []byte(l.Change.SHA256[:min(32, len(l.Change.SHA256))])); err != nil || n < len(e.Content) {
				return Entry{}, false, fmt.Errorf("%w: digest of a change %q", ErrLine, l.Change.SHA256)
			}
		} else {
			e.Content = digest(codec.Compact(make([]byte, 0, len(body)), body))
		}
		if l.Again != "" {
			e.Again = again(l.Tenant, l.Source, l.Again)
		}
		return e, true, nil
	default:
		return Entry{}, false, fmt.Errorf("%w: line %q", ErrLine, l.Line)
	}
}
