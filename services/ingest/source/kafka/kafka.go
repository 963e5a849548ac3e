// Package kafka is a source that reads topics of a Kafka cluster. An offset is committed after the orders before it are
// durable or refused; after a SIGKILL the group goes on from the last commit, and what was read twice is known.
//
// Orders of one partition enter in its order. Key messages by order id so that revisions stay behind each other.
package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/tidegate/tidegate/services/ingest/source"
)

// batch is how many messages are taken before their offsets are committed.
const batch = 4096

// settings as people write them.
type settings struct {
	Brokers []string `yaml:"brokers"`         // host:port
	Topics  []string `yaml:"topics"`          // to read
	Group   string   `yaml:"group,omitempty"` // consumer group; "tidegate-" and the source's name when empty
	Start   string   `yaml:"start,omitempty"` // of a group without commits: earliest (default) or latest
	TLS     bool     `yaml:"tls,omitempty"`   // encrypt
	CA      string   `yaml:"ca,omitempty"`    // file of the authority that signed the brokers' certificates; the system's when empty
	User    string   `yaml:"user,omitempty"`
	// File with the password, so that the configuration holds none.
	PasswordFile string `yaml:"password_file,omitempty"`
	Mechanism    string `yaml:"mechanism,omitempty"` // plain, scram-sha-256, scram-sha-512 (default)
}

type kafka struct {
	settings
	name string
	from source.Origin
	opts []kgo.Opt
}

// Open makes a source of its settings.
func Open(s source.Settings) (source.Source, error) {
	k := &kafka{name: s.Name, from: s.From}
	if err := s.Decode(&k.settings); err != nil {
		return nil, err
	}
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("source %s: kafka: "+format, append([]any{s.Name}, args...)...))
	}
	if len(k.Brokers) == 0 {
		fault("brokers: none; want host:port of at least one")
	}
	if len(k.Topics) == 0 {
		fault("topics: none; which ones hold orders?")
	}
	if k.Group == "" {
		k.Group = "tidegate-" + s.Name
	}
	reset, known := map[string]kgo.Offset{"": kgo.NewOffset().AtStart(), "earliest": kgo.NewOffset().AtStart(), "latest": kgo.NewOffset().AtEnd()}[k.Start]
	if !known {
		fault("start: %q is neither earliest nor latest", k.Start)
	}
	k.opts = append(k.opts, kgo.SeedBrokers(k.Brokers...), kgo.ClientID("tidegate-"+s.Name), kgo.ConsumeResetOffset(reset))
	for _, secure := range []func(source.Settings) error{k.encrypt, k.identify} {
		if err := secure(s); err != nil {
			fault("%w", err)
		}
	}
	return k, errors.Join(faults...)
}

func (k *kafka) encrypt(s source.Settings) error {
	if !k.TLS {
		if k.CA != "" {
			return errors.New("ca: is of no use without tls: true")
		}
		return nil
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if k.CA != "" {
		pem, err := os.ReadFile(s.Beside(k.CA))
		if err != nil {
			return fmt.Errorf("ca: %w", err)
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(pem) {
			return fmt.Errorf("ca: %s holds no certificate in PEM", k.CA)
		}
	}
	k.opts = append(k.opts, kgo.DialTLSConfig(conf))
	return nil
}

func (k *kafka) identify(s source.Settings) error {
	if k.User == "" && k.PasswordFile == "" {
		return nil
	}
	if k.User == "" || k.PasswordFile == "" {
		return errors.New("user and password_file go together")
	}
	b, err := os.ReadFile(s.Beside(k.PasswordFile))
	if err != nil {
		return fmt.Errorf("password_file: %w", err)
	}
	password := strings.TrimSpace(string(b))
	mechanisms := map[string]sasl.Mechanism{
		"plain":         plain.Auth{User: k.User, Pass: password}.AsMechanism(),
		"scram-sha-256": scram.Auth{User: k.User, Pass: password}.AsSha256Mechanism(),
		"":              scram.Auth{User: k.User, Pass: password}.AsSha512Mechanism(),
		"scram-sha-512": scram.Auth{User: k.User, Pass: password}.AsSha512Mechanism(),
	}
	m, known := mechanisms[k.Mechanism]
	if !known {
		return fmt.Errorf("mechanism: %q is none of plain, scram-sha-256, scram-sha-512", k.Mechanism)
	}
	k.opts = append(k.opts, kgo.SASL(m))
	return nil
}

// Run reads until ctx ends.
func (k *kafka) Run(ctx context.Context, door source.Door, says *source.Standing) error {
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.ConsumerGroup(k.Group), kgo.ConsumeTopics(k.Topics...), kgo.DisableAutoCommit(), kgo.BlockRebalanceOnPoll(),
		kgo.FetchMaxBytes(8 << 20), kgo.FetchMaxWait(500 * time.Millisecond), kgo.SessionTimeout(30 * time.Second),
	}, k.opts...)...)
	if err != nil {
		return fmt.Errorf("kafka: %w", err)
	}
	defer client.CloseAllowingRebalance()
	for {
		fetches := client.PollRecords(ctx, batch)
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := fetches.Err0(); err != nil {
			return fmt.Errorf("kafka: %w", err)
		}
		fetches.EachError(func(topic string, partition int32, err error) {
			says.Failed(fmt.Errorf("topic %s partition %d: %w", topic, partition, err)) // the client tries again by itself
		})
		if err := k.take(ctx, client, door, says, fetches); err != nil {
			return err
		}
		client.AllowRebalance()
	}
}

// take brings what was fetched in, and commits behind it. A crash before the commit leaves it to be read again.
func (k *kafka) take(ctx context.Context, client *kgo.Client, door source.Door, says *source.Standing, fetches kgo.Fetches) error {
	records := fetches.Records()
	if len(records) == 0 {
		return nil
	}
	docs := make([]source.Document, 0, len(records))
	for _, r := range records {
		if len(r.Value) > 0 { // a message without a value is a topic's way to forget one, not an order
			docs = append(docs, source.Document{Bytes: r.Value, Media: media(r), Source: k.from.Source, Tenant: k.from.Tenant, Actor: "kafka:" + r.Topic})
		}
	}
	results, err := source.TakeBatch(ctx, door, docs)
	if err != nil {
		return fmt.Errorf("kafka: %w", err)
	}
	if err := client.CommitRecords(ctx, records...); err != nil {
		return fmt.Errorf("kafka: commit: %w", err)
	}
	last := records[len(records)-1]
	for _, r := range results {
		says.Took(r, fmt.Sprintf("%s/%d/%d", last.Topic, last.Partition, last.Offset))
	}
	var behind int64
	fetches.EachPartition(func(p kgo.FetchTopicPartition) {
		if n := len(p.Records); n > 0 {
			behind += p.HighWatermark - p.Records[n-1].Offset - 1
		}
	})
	says.Behind(behind)
	return nil
}

func media(r *kgo.Record) string {
	for _, h := range r.Headers {
		if strings.EqualFold(h.Key, "content-type") {
			m, _, _ := strings.Cut(string(h.Value), ";")
			return strings.ToLower(strings.TrimSpace(m))
		}
	}
	return ""
}

// Check asks the cluster.
func (k *kafka) Check(ctx context.Context) []source.Advice {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	client, err := kgo.NewClient(append([]kgo.Opt{kgo.RequestRetries(0), kgo.RetryTimeout(5 * time.Second)}, k.opts...)...)
	if err != nil {
		return []source.Advice{{Wrong: err.Error(), Mend: "correct the configuration"}}
	}
	defer client.Close()
	if err := client.Ping(ctx); err != nil {
		return []source.Advice{unreachable(k, err)}
	}
	return k.topicAdvice(ctx, client)
}

func unreachable(k *kafka, err error) source.Advice {
	a := source.Advice{Wrong: fmt.Sprintf("no broker of %s answers: %v", strings.Join(k.Brokers, ", "), err)}
	switch {
	case errors.Is(err, kerr.SaslAuthenticationFailed), errors.Is(err, kerr.UnsupportedSaslMechanism), errors.Is(err, kerr.IllegalSaslState):
		a.Mend = "check user, password_file and mechanism with whoever runs the cluster"
	case strings.Contains(err.Error(), "certificate"):
		a.Mend = "name the authority that signed the brokers' certificates under ca, and the brokers as their certificates do"
	case !k.TLS && strings.Contains(err.Error(), "EOF"):
		a.Mend = "the listener seems to want encryption: set tls: true"
	default:
		a.Mend = "check brokers (host:port), that they are reachable from here, and that tls fits the listener"
	}
	return a
}

func (k *kafka) topicAdvice(ctx context.Context, client *kgo.Client) (advice []source.Advice) {
	found, err := topicErrors(ctx, client, k.Topics)
	if err != nil {
		return []source.Advice{{Wrong: err.Error(), Mend: "check that this user may describe the topics"}}
	}
	for _, topic := range k.Topics {
		switch err := found[topic]; {
		case err == nil:
		case errors.Is(err, kerr.UnknownTopicOrPartition):
			advice = append(advice, source.Advice{Wrong: "topic " + topic + " does not exist", Mend: "create it, or correct topics: names are case-sensitive"})
		case errors.Is(err, kerr.TopicAuthorizationFailed):
			advice = append(advice, source.Advice{Wrong: "topic " + topic + " may not be read by this user", Mend: "grant READ and DESCRIBE on it, and READ on group " + k.Group})
		default:
			advice = append(advice, source.Advice{Wrong: fmt.Sprintf("topic %s: %v", topic, err), Mend: "ask whoever runs the cluster"})
		}
	}
	return advice
}
