package standalone_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"github.com/tidegate/tidegate/deploy/standalone"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/shared/bus"
)

// contract is schemas/asyncapi.yaml.
type contract struct {
	Channels map[string]struct {
		Address  string
		Messages map[string]any
	}
	Operations map[string]any
	schemas    *jsonschema.Compiler
}

const contractURL = "https://github.com/tidegate/tidegate/schemas/"

func asyncAPI(t *testing.T) *contract {
	t.Helper()
	b, err := os.ReadFile("../../schemas/asyncapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var c contract
	var whole any
	if err := yaml.Load(b, &c); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Load(b, &whole, yaml.WithUniqueKeys()); err != nil {
		t.Fatal(err)
	}
	c.schemas = jsonschema.NewCompiler()
	c.add(t, "asyncapi.yaml", whole)
	files, err := filepath.Glob("../../schemas/v1/*.schema.json")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var s any
		if err := json.Unmarshal(b, &s); err != nil {
			t.Fatal(err)
		}
		c.add(t, "v1/"+filepath.Base(file), s)
	}
	return &c
}

func (c *contract) add(t *testing.T, name string, doc any) {
	t.Helper()
	b, err := json.Marshal(doc) // numbers as JSON has them
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err == nil {
		err = c.schemas.AddResource(contractURL+name, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// check holds a value against a schema of the document.
func (c *contract) check(t *testing.T, what, pointer string, value []byte) {
	t.Helper()
	s, err := c.schemas.Compile(contractURL + "asyncapi.yaml#" + pointer)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(value))
	if err == nil {
		err = s.Validate(v)
	}
	if err != nil {
		t.Errorf("%s is not as %s says: %v\n%s", what, pointer, err, value)
	}
}

// TestTheBusIsAsItsDescriptionSays sends orders over NATS to the whole product and holds subjects, headers and bodies of
// everything public against the AsyncAPI document, and its addresses against the subjects that the code declares.
func TestTheBusIsAsItsDescriptionSays(t *testing.T) {
	t.Parallel()
	c := asyncAPI(t)
	var described []string
	for name, channel := range c.Channels {
		described = append(described, channel.Address)
		if len(channel.Messages) == 0 {
			t.Errorf("channel %s has no messages", name)
		}
	}
	slices.Sort(described)
	declared := []string{
		subject.IngestSubject, subject.ActSubject, subject.AskSubmit, subject.AskScreen, subject.MatchSubject,
		subject.PublicDecisionPrefix + "{source}.{outcome}", subject.PublicAlarmPrefix + "{source}.{rule}", subject.PublicRecordPrefix + "{source}.{outcome}",
	}
	slices.Sort(declared)
	if diff := cmp.Diff(declared, described); diff != "" {
		t.Error(diff)
	}

	s := started(t, standalone.Config{})
	nc, err := s.Connect("test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	ask := func(to, body string) []byte {
		m, err := nc.RequestWithContext(t.Context(), to, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		return m.Data
	}
	answers := map[string]string{
		subject.IngestSubject: huawei, subject.AskSubmit: "[" + strings.ReplaceAll(fan, `"shop"`, `"a shop"`) + "," + strings.Replace(fan, "{", `{"tenant":"north",`, 1) + "]",
		subject.ActSubject: `{"kind":"note","id":"n-1","note":{"what":"query","by":"ann","text":"Looked."}}`,
	}
	for _, to := range slices.Sorted(maps.Keys(answers)) {
		for line := range bytes.Lines(ask(to, answers[to])) {
			c.check(t, "the answer on "+to, "/components/messages/answer/payload", line)
		}
	}
	c.check(t, "a refusal", "/components/messages/answer/payload", ask(subject.IngestSubject, `{"id":"B"}`))
	for line := range bytes.Lines(ask(subject.AskScreen, fan)) {
		c.check(t, "an inquiry", "/components/messages/inquiry/payload", line)
	}
	c.check(t, "who it may be", "/components/messages/found/payload", ask(subject.MatchSubject, `{"name":"Huawei Cloud"}`))

	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	for stream, kind := range map[string]string{subject.PublicDecisionStream: "decision", subject.PublicRecordStream: "record"} {
		want := map[string]int{"decision": 3, "record": 6}[kind] // with the refusal and both notes
		for i, m := range public(t, js, stream, want) {
			address := c.Channels[kind].Address
			pattern := "^" + regexp.MustCompile(`\\\{\w+\\\}`).ReplaceAllString(regexp.QuoteMeta(address), `[A-Za-z0-9_-]+`) + "$"
			if !regexp.MustCompile(pattern).MatchString(m.Subject()) {
				t.Errorf("%s is not %s", m.Subject(), address)
			}
			headers := map[string]string{}
			for name, values := range m.Headers() {
				headers[name] = values[0]
			}
			b, err := json.Marshal(headers)
			if err != nil {
				t.Fatal(err)
			}
			c.check(t, kind+" headers", "/components/schemas/headers", b)
			c.check(t, kind, "/components/messages/"+kind+"/payload", m.Data())
			if kind == "decision" && i == 1 && m.Headers().Get(subject.HeaderTenant) != "north" {
				t.Errorf("tenant %q", m.Headers().Get(subject.HeaderTenant))
			}
		}
	}
}

// public waits for so many messages of a public stream.
func public(t *testing.T, js jetstream.JetStream, stream string, n int) (all []jetstream.Msg) {
	t.Helper()
	cons, err := js.OrderedConsumer(t.Context(), stream, jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	for range n {
		m, err := cons.Next()
		if err != nil {
			b, _ := bus.Look(t.Context(), js, stream)
			t.Fatalf("%s after %d of %d: %v (%+v)", stream, len(all), n, err, b)
		}
		all = append(all, m)
	}
	return all
}
