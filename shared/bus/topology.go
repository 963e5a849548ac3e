package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/shared/clock"
)

// Limits are the sizes of the streams. The zero value of a field takes its default.
type Limits struct {
	OrderBytes     int64         // ORDER, not yet logged: past it senders see an error; 4 GiB
	EnrichedBytes  int64         // ENRICHED; 4 GiB
	DecisionBytes  int64         // DECISION, logged and kept for replay or not yet logged; 16 GiB
	PublicBytes    int64         // each public stream, the oldest go first; 2 GiB
	PublicAge      time.Duration // of a public message; 7 days
	ReferenceBytes int64         // reference store, of which nothing is deleted: a full one takes no activation; 8 GiB
	Replicas       int           // 1 for the embedded server, 3 for a cluster
}

// WithDefaults fills in what is zero.
func (l Limits) WithDefaults() Limits {
	set := func(v *int64, d int64) {
		if *v == 0 {
			*v = d
		}
	}
	set(&l.OrderBytes, 4<<30)
	set(&l.EnrichedBytes, 4<<30)
	set(&l.DecisionBytes, 16<<30)
	set(&l.PublicBytes, 2<<30)
	set(&l.ReferenceBytes, 8<<30)
	if l.PublicAge == 0 {
		l.PublicAge = 7 * 24 * time.Hour
	}
	if l.Replicas == 0 {
		l.Replicas = 1
	}
	return l
}

// Streams declares the streams. ORDER and DECISION are synced with every write on a server that runs with sync
// always; the others can be made again and may lag behind on disk.
func Streams(l Limits) []jetstream.StreamConfig {
	l = l.WithDefaults()
	internal := func(name, subj, says string, bytes int64, mode jetstream.PersistModeType) jetstream.StreamConfig {
		return jetstream.StreamConfig{
			Name: name, Description: says, Subjects: []string{subj}, Replicas: l.Replicas, Storage: jetstream.FileStorage,
			Retention: jetstream.LimitsPolicy, Discard: jetstream.DiscardNew, MaxBytes: bytes, MaxMsgSize: event.MaxBlockSize,
			PersistMode: mode, AllowDirect: true, DenyDelete: true, Duplicates: time.Second,
		}
	}
	public := func(name, says string, subjects ...string) jetstream.StreamConfig {
		return jetstream.StreamConfig{
			Name: name, Description: says, Subjects: subjects, Replicas: l.Replicas, Storage: jetstream.FileStorage,
			Retention: jetstream.LimitsPolicy, Discard: jetstream.DiscardOld, MaxBytes: l.PublicBytes, MaxAge: l.PublicAge, MaxMsgSize: event.MaxBlockSize,
			PersistMode: rebuilt(l), AllowDirect: true, Duplicates: time.Second,
		}
	}
	return []jetstream.StreamConfig{
		internal(subject.OrderStream, subject.OrderSubject, "blocks of causes", l.OrderBytes, jetstream.DefaultPersistMode),
		internal(subject.EnrichedStream, subject.EnrichedSubject, "blocks of orders with facts", l.EnrichedBytes, rebuilt(l)),
		internal(subject.DecisionStream, subject.DecisionSubject, "blocks of cases with judgement", l.DecisionBytes, jetstream.DefaultPersistMode),
		public(subject.PublicDecisionStream, "decisions, one order a message, and alarms", subject.PublicDecisionWildcard, subject.PublicAlarmWildcard),
		public(subject.PublicRecordStream, "receipts, one order a message", subject.PublicRecordWildcard),
		deadLetters(l),
	}
}

// deadLetters keeps what no endpoint took for as long as somebody may ask for it. It deletes single messages: those
// delivered after all.
func deadLetters(l Limits) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: subject.WebhookDeadStream, Description: "webhooks given up", Subjects: []string{subject.WebhookDeadPrefix + "*"}, Replicas: l.Replicas,
		Storage: jetstream.FileStorage, Retention: jetstream.LimitsPolicy, Discard: jetstream.DiscardOld, MaxBytes: l.PublicBytes,
		MaxAge: deadAge, MaxMsgSize: event.MaxBlockSize, AllowDirect: true, Duplicates: time.Minute,
	}
}

// deadAge is how long a webhook that was given up can be replayed.
const deadAge = 90 * 24 * time.Hour

// guardHistory is how many checkpoints the guard's bucket keeps.
const guardHistory = 16

// Buckets declares the key-value buckets.
func Buckets(l Limits) []jetstream.KeyValueConfig {
	l = l.WithDefaults()
	return []jetstream.KeyValueConfig{{
		Bucket: subject.GuardBucket, Description: "highest verified checkpoint of the audit log", History: guardHistory,
		Storage: jetstream.FileStorage, Replicas: l.Replicas,
	}, {
		Bucket: subject.WebhookBucket, Description: "how far each webhook endpoint is", History: 1,
		Storage: jetstream.FileStorage, Replicas: l.Replicas,
	}}
}

// Objects declares the object stores.
func Objects(l Limits) []jetstream.ObjectStoreConfig {
	l = l.WithDefaults()
	return []jetstream.ObjectStoreConfig{{
		Bucket: subject.ReferenceBucket, Description: "compiled lists, masters and rule packs, each under its SHA-256", MaxBytes: l.ReferenceBytes,
		Storage: jetstream.FileStorage, Replicas: l.Replicas,
	}}
}

// rebuilt is the persist mode of streams that can be made again: async exists for single servers only.
func rebuilt(l Limits) jetstream.PersistModeType {
	if l.Replicas > 1 {
		return jetstream.DefaultPersistMode
	}
	return jetstream.AsyncPersistMode
}

// Change is one difference between the declared streams and a running account.
type Change struct {
	Stream string `json:"stream"`
	What   string `json:"what"` // "missing", or field: is → declared
}

// ErrTopology says that the account's streams are not the declared ones.
var ErrTopology = errors.New("streams differ from the declared ones")

// Plan gives every difference, none when the account is as declared.
func Plan(ctx context.Context, js jetstream.JetStream, l Limits) ([]Change, error) {
	var changes []Change
	for _, want := range Streams(l) {
		s, err := js.Stream(ctx, want.Name)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			changes = append(changes, Change{Stream: want.Name, What: "missing"})
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("look at stream %s: %w", want.Name, err)
		}
		for _, diff := range differences(s.CachedInfo().Config, want) {
			changes = append(changes, Change{Stream: want.Name, What: diff})
		}
	}
	missing, err := missingBuckets(ctx, js, l)
	return append(changes, missing...), err
}

func missingBuckets(ctx context.Context, js jetstream.JetStream, l Limits) ([]Change, error) {
	var changes []Change
	for _, want := range Buckets(l) {
		_, err := js.KeyValue(ctx, want.Bucket)
		if errors.Is(err, jetstream.ErrBucketNotFound) {
			changes = append(changes, Change{Stream: want.Bucket, What: "missing"})
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("look at bucket %s: %w", want.Bucket, err)
		}
	}
	for _, want := range Objects(l) {
		_, err := js.ObjectStore(ctx, want.Bucket)
		if errors.Is(err, jetstream.ErrBucketNotFound) {
			changes = append(changes, Change{Stream: want.Bucket, What: "missing"})
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("look at object store %s: %w", want.Bucket, err)
		}
	}
	return changes, nil
}

func differences(is, want jetstream.StreamConfig) []string {
	var diffs []string
	add := func(field string, is, want any) {
		if is != want {
			diffs = append(diffs, fmt.Sprintf("%s: %v → %v", field, is, want))
		}
	}
	add("subjects", strings.Join(is.Subjects, ","), strings.Join(want.Subjects, ","))
	add("max_bytes", is.MaxBytes, want.MaxBytes)
	add("max_age", is.MaxAge, want.MaxAge)
	add("max_msg_size", is.MaxMsgSize, want.MaxMsgSize)
	add("discard", is.Discard, want.Discard)
	add("replicas", is.Replicas, want.Replicas)
	add("persist_mode", is.PersistMode, want.PersistMode)
	return diffs
}

// Apply creates what is missing and edits what may be edited. It never deletes a stream.
func Apply(ctx context.Context, js jetstream.JetStream, l Limits) error {
	for _, want := range Streams(l) {
		if _, err := js.CreateOrUpdateStream(ctx, want); err != nil {
			return fmt.Errorf("declare stream %s: %w", want.Name, err)
		}
	}
	for _, want := range Buckets(l) {
		if _, err := js.CreateOrUpdateKeyValue(ctx, want); err != nil {
			return fmt.Errorf("declare bucket %s: %w", want.Bucket, err)
		}
	}
	for _, want := range Objects(l) {
		if _, err := js.CreateOrUpdateObjectStore(ctx, want); err != nil {
			return fmt.Errorf("declare object store %s: %w", want.Bucket, err)
		}
	}
	return nil
}

// Verify is all that start-up does on an account that somebody else manages.
func Verify(ctx context.Context, js jetstream.JetStream, l Limits) error {
	changes, err := Plan(ctx, js, l)
	if err != nil || len(changes) == 0 {
		return err
	}
	says := make([]string, len(changes))
	for i, c := range changes {
		says[i] = c.Stream + " " + c.What
	}
	return fmt.Errorf("%w: %s", ErrTopology, strings.Join(says, "; "))
}

// Await waits until every stream and bucket is there: a service may be started before whoever declares them.
func Await(ctx context.Context, js jetstream.JetStream, log *slog.Logger) error {
	for _, want := range Streams(Limits{}) {
		if err := await(ctx, log, want.Name, func() error { _, err := js.Stream(ctx, want.Name); return err }); err != nil {
			return err
		}
	}
	for _, want := range Buckets(Limits{}) {
		if err := await(ctx, log, want.Bucket, func() error { _, err := js.KeyValue(ctx, want.Bucket); return err }); err != nil {
			return err
		}
	}
	for _, want := range Objects(Limits{}) {
		if err := await(ctx, log, want.Bucket, func() error { _, err := js.ObjectStore(ctx, want.Bucket); return err }); err != nil {
			return err
		}
	}
	return nil
}

func await(ctx context.Context, log *slog.Logger, name string, look func() error) error {
	var pause clock.Backoff
	for {
		err := look()
		if err == nil {
			return nil
		}
		log.WarnContext(ctx, "waiting for a stream", slog.String("stream", name), slog.Any("error", err))
		if err := pause.Wait(ctx); err != nil {
			return err
		}
	}
}

// Bounds are the first and last sequence a stream holds; First is Last+1 when it holds nothing.
type Bounds struct{ First, Last uint64 }

// Look reads a stream's bounds from the server.
func Look(ctx context.Context, js jetstream.JetStream, stream string) (Bounds, error) {
	s, err := js.Stream(ctx, stream)
	if err != nil {
		return Bounds{}, fmt.Errorf("look at stream %s: %w", stream, err)
	}
	st := s.CachedInfo().State
	if st.Msgs == 0 {
		return Bounds{First: st.LastSeq + 1, Last: st.LastSeq}, nil
	}
	return Bounds{First: max(st.FirstSeq, 1), Last: st.LastSeq}, nil
}

// Purge removes the blocks below sequence keep. On a stream that ends before keep it moves the end: the next block
// gets number keep.
func Purge(ctx context.Context, js jetstream.JetStream, stream string, keep uint64) error {
	s, err := js.Stream(ctx, stream)
	if err != nil {
		return fmt.Errorf("look at stream %s: %w", stream, err)
	}
	if err := s.Purge(ctx, jetstream.WithPurgeSequence(keep)); err != nil {
		return fmt.Errorf("purge stream %s below %d: %w", stream, keep, err)
	}
	return nil
}
