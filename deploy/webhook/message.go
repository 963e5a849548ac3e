package webhook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/subject"
)

// message is one decision or receipt on its way to one endpoint.
type message struct {
	event    string // record, decision, alarm
	sequence uint64 // in its public stream
	subject  string
	header   nats.Header
	data     []byte
	stored   time.Time

	id   string // never changes, whatever happens here or to the public stream
	lane string // messages of one order share it
	body []byte

	fails   int    // attempts in all
	tries   int    // attempts that count against it
	settled uint64 // what the endpoint had taken in all at the attempt before
}

// envelope is the body: a CloudEvent in structured mode that is also what Standard Webhooks advises (type, timestamp, data).
type envelope struct {
	SpecVersion string          `json:"specversion"`
	ID          string          `json:"id"`
	Type        string          `json:"type"`
	Source      string          `json:"source"`
	Subject     string          `json:"subject,omitempty"`
	Timestamp   string          `json:"timestamp"`
	Kind        string          `json:"kind,omitempty"`  // of the cause that was decided, where it is not placed
	Why         string          `json:"why,omitempty"`   // an order was judged again
	Alarm       string          `json:"alarm,omitempty"` // rule of the alarm
	ContentType string          `json:"datacontenttype"`
	Data        json.RawMessage `json:"data"`
}

func readMessage(ev string, raw *jetstream.RawStreamMsg) (*message, error) {
	m := &message{event: ev, sequence: raw.Sequence, subject: raw.Subject, header: raw.Header, data: raw.Data, stored: raw.Time.UTC()}
	return m, m.write()
}

// write makes the body. The data is appended as it is: encoding it again would change bytes that a receiver may want to
// compare with the log.
func (m *message) write() error {
	m.id = m.header.Get(subject.HeaderCEID) + "." + m.event
	m.lane = laneOf(m.subject) + "\x00" + m.header.Get(subject.HeaderCESubject)
	head, err := json.Marshal(envelope{
		SpecVersion: "1.0", ID: m.id, Type: m.header.Get(subject.HeaderCEType), Source: m.header.Get(subject.HeaderCESource),
		Subject: m.header.Get(subject.HeaderCESubject), Kind: m.header.Get(subject.HeaderKind), Why: m.header.Get(subject.HeaderWhy), Alarm: m.header.Get(subject.HeaderAlarm), Timestamp: m.stored.Format(time.RFC3339Nano), ContentType: "application/json", Data: json.RawMessage("0"),
	})
	if err != nil {
		return fmt.Errorf("webhook %s: %w", m.id, err)
	}
	m.body = append(append(bytes.TrimSuffix(head, []byte("0}")), m.data...), '}')
	return nil
}

// laneOf is the source's token in a public subject: tidegate.v1.<event>.<source>.<outcome>.
func laneOf(subj string) string {
	parts := strings.Split(subj, ".")
	if len(parts) < 5 {
		return subj
	}
	return parts[3]
}
