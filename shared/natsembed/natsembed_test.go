package natsembed_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/natsembed"
)

func serverWithStreams(t *testing.T, dir string) *natsembed.Server {
	t.Helper()
	srv, err := natsembed.Start(natsembed.Config{Dir: dir, Port: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Shutdown)
	nc, err := srv.Connect("declare")
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if err := bus.Apply(t.Context(), js, bus.Limits{}); err != nil {
		t.Fatal(err)
	}
	return srv
}

func TestClientsReachOnlyThePublicSubjects(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	srv := serverWithStreams(t, dir)
	denied := make(chan error, 16)
	nc, err := bus.Connect(t.Context(), bus.Server{URL: srv.URL(), Creds: filepath.Join(dir, natsembed.ClientCreds), Name: "outsider"},
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { denied <- err }))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	for _, subj := range []string{subject.OrderSubject, subject.DecisionSubject, subject.ActSubject, subject.PublicRecordPrefix + "x.release", "$JS.API.STREAM.DELETE." + subject.OrderStream} {
		if err := nc.Publish(subj, nil); err != nil {
			t.Fatal(err)
		}
		if err := nc.Flush(); err != nil {
			t.Fatal(err)
		}
		if err := <-denied; !errors.Is(err, nats.ErrPermissionViolation) {
			t.Errorf("publish to %s: got %v, want a permission violation", subj, err)
		}
	}
	if _, err := nc.SubscribeSync(subject.OrderSubject); err != nil {
		t.Fatal(err)
	}
	if err := <-denied; !errors.Is(err, nats.ErrPermissionViolation) {
		t.Errorf("subscribe to %s: got %v, want a permission violation", subject.OrderSubject, err)
	}
	sub, err := nc.SubscribeSync(subject.PublicRecordWildcard)
	if err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil || len(denied) > 0 {
		t.Fatalf("the public subjects are not readable: %v", err)
	}
	if err := sub.Unsubscribe(); err != nil {
		t.Fatal(err)
	}
}

func TestOperatorsReachTheirDoorAndNoBlocks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	srv := serverWithStreams(t, dir)
	denied := make(chan error, 16)
	nc, err := bus.Connect(t.Context(), bus.Server{URL: srv.URL(), Creds: filepath.Join(dir, natsembed.OperatorCreds), Name: "operator"},
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { denied <- err }))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if _, err := nc.Request(subject.ActSubject, nil, 5*time.Second); !errors.Is(err, nats.ErrNoResponders) || len(denied) > 0 {
		t.Errorf("the operator's door: %v", err)
	}
	for _, subj := range []string{subject.OrderSubject, subject.EnrichedSubject, "$JS.API.STREAM.DELETE." + subject.OrderStream, "$JS.API.STREAM.PURGE." + subject.DecisionStream} {
		if err := nc.Publish(subj, nil); err != nil {
			t.Fatal(err)
		}
		if err := nc.Flush(); err != nil {
			t.Fatal(err)
		}
		if err := <-denied; !errors.Is(err, nats.ErrPermissionViolation) {
			t.Errorf("publish to %s: got %v, want a permission violation", subj, err)
		}
	}
}

func TestNobodyGetsInWithoutCredentials(t *testing.T) {
	t.Parallel()
	srv := serverWithStreams(t, t.TempDir())
	if nc, err := nats.Connect(srv.URL(), nats.Timeout(5*time.Second)); err == nil {
		nc.Close()
		t.Fatal("connected without credentials")
	}
}

func TestCredentialsAreReadableByTheirOwnerAloneAndStay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, natsembed.ServiceCreds)
	serverWithStreams(t, dir).Shutdown()
	first, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(file); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", st.Mode(), err)
	}
	serverWithStreams(t, dir)
	if again, err := os.ReadFile(file); err != nil || string(first) != string(again) {
		t.Error("a restart made new credentials", err)
	}
}
