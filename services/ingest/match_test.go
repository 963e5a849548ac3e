package ingest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/ingest"
	"github.com/tidegate/tidegate/shared/natstest"
)

// TestQuestionsGoOnTheBus says what the HTTP door makes of a question, and of an answer. The one who answers here repeats
// the question.
func TestQuestionsGoOnTheBus(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	url, _ := door(t, nc, ingest.Config{})
	base := strings.TrimSuffix(url, "/v1/orders") + "/v1/match"
	if a := ask(t, "GET", base+"?name=x", ""); a.status != http.StatusServiceUnavailable {
		t.Errorf("while nobody answers: %d %s", a.status, a.body)
	}
	sub, err := nc.Subscribe(subject.MatchSubject, func(m *nats.Msg) {
		if strings.Contains(string(m.Data), "nonsense") {
			reply := nats.NewMsg(m.Reply)
			reply.Header.Set("Nats-Service-Error-Code", "400")
			reply.Header.Set("Nats-Service-Error", "that makes no sense")
			_ = m.RespondMsg(reply) // the test fails without it
			return
		}
		_ = m.Respond(m.Data)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sub.Unsubscribe() })
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		method, query, body string
		status              int
		says                string
	}{
		"a query becomes a question":       {"GET", "?name=Hua+Wei&country=CN&type=company&as_of=2026-11-20&id=IMO+9074729&id=X1&born=1970&address=1+Quay", "", 200, `{"name":"Hua Wei","type":"company","country":"CN","address":"1 Quay","as_of":"2026-11-20","identifiers":["IMO 9074729","X1"],"born":"1970"}`},
		"a body is the question":           {"POST", "", `{"name":"Hua Wei"}`, 200, `{"name":"Hua Wei"}`},
		"what is misspelled is no name":    {"GET", "?nom=x", "", 400, "nom="},
		"nothing asked":                    {"GET", "", "", 400, "missing"},
		"the matcher's refusal is told on": {"POST", "", `{"name":"nonsense"}`, 400, "that makes no sense"},
	} {
		a := ask(t, tc.method, base+tc.query, tc.body)
		if a.status != tc.status || !strings.Contains(string(a.body), tc.says) {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
}
