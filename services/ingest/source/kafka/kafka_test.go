package kafka_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tidegate/tidegate/services/ingest/source"
	"github.com/tidegate/tidegate/services/ingest/source/kafka"
	"github.com/tidegate/tidegate/services/ingest/source/sourcetest"
	"github.com/tidegate/tidegate/shared/clock"
)

const partitions = 3

// cluster is a broker in this process, with its data in dir when that is not empty.
func cluster(t *testing.T, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1), kfake.SeedTopics(partitions, "orders")}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func produce(t *testing.T, brokers []string, from, n int) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.DefaultProduceTopic("orders"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for i := from; i < from+n; i++ {
		r := &kgo.Record{Partition: int32(i % partitions), Value: fmt.Appendf(nil, "order %d", i)}
		if err := client.ProduceSync(t.Context(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

// load writes a configuration and opens its one source.
func load(t *testing.T, brokers []string) source.Named {
	t.Helper()
	text := fmt.Sprintf("sources:\n  shop:\n    kafka:\n      brokers: [%s]\n      topics: [orders]\n", strings.Join(brokers, ", "))
	file := filepath.Join(t.TempDir(), "sources.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := source.Load(file, source.Kinds{"kafka": kafka.Open})
	if err != nil {
		t.Fatal(err)
	}
	return all[0]
}

// run runs a source until stop; what it ends with is of no interest.
func run(t *testing.T, n source.Named, door source.Door) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	says := source.NewStanding(n.Name, n.Kind, clock.System)
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			_ = n.Source.Run(ctx, door, says)
		}
	}()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

func await(t *testing.T, door *sourcetest.Door, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if err := door.Await(ctx, func(took []string) bool { return sourcetest.Distinct(took) >= n }); err != nil {
		t.Fatalf("%d of %d taken", sourcetest.Distinct(door.Took()), n)
	}
}

// checkOrder wants the messages of each partition in its order, repeats left out.
func checkOrder(t *testing.T, took []string) {
	t.Helper()
	last, seen := map[int]int{}, map[string]bool{}
	for _, text := range took {
		n, err := strconv.Atoi(strings.TrimPrefix(text, "order "))
		if err != nil {
			t.Fatal(err)
		}
		if !seen[text] && n < last[n%partitions] {
			t.Errorf("%s came first after %d", text, last[n%partitions])
		}
		seen[text] = true
		last[n%partitions] = max(last[n%partitions], n)
	}
}

func TestEveryMessageIsTakenOnceAndInOrder(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	produce(t, c.ListenAddrs(), 0, 60)
	door := sourcetest.NewDoor(nil)
	stop := run(t, load(t, c.ListenAddrs()), door)
	produce(t, c.ListenAddrs(), 60, 60)
	await(t, door, 120)
	stop()
	if took := door.Took(); len(took) != 120 {
		t.Errorf("%d taken", len(took))
	}
	checkOrder(t, door.Took())
}

func TestADoorThatFailsAtRandomLosesNothing(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	produce(t, c.ListenAddrs(), 0, 90)
	chance := rand.New(rand.NewPCG(1, 2))
	left := 5
	door := sourcetest.NewDoor(func() bool {
		if left > 0 && chance.IntN(20) == 0 {
			left--
			return true
		}
		return false
	})
	run(t, load(t, c.ListenAddrs()), door)
	await(t, door, 90)
}

func TestAfterEveryStopTheGroupGoesOn(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	door := sourcetest.NewDoor(nil)
	for i := range 5 {
		stop := run(t, load(t, c.ListenAddrs()), door)
		produce(t, c.ListenAddrs(), 12*i, 12)
		await(t, door, 12*i+4) // stop while something is under way
		stop()
	}
	run(t, load(t, c.ListenAddrs()), door)
	await(t, door, 60)
	checkOrder(t, door.Took())
}

func TestABrokerThatRestartsIsWaitedFor(t *testing.T) {
	t.Parallel()
	dir, port := t.TempDir(), freePort(t)
	persist := []kfake.Opt{kfake.DataDir(dir), kfake.SyncWrites(), kfake.Ports(port)}
	c := cluster(t, persist...)
	door := sourcetest.NewDoor(nil)
	run(t, load(t, c.ListenAddrs()), door)
	for i := range 3 {
		produce(t, c.ListenAddrs(), 15*i, 15)
		await(t, door, 15*i+5)
		c.Close()
		c = cluster(t, persist...)
	}
	await(t, door, 45)
	checkOrder(t, door.Took())
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatal("not a TCP address")
	}
	return addr.Port
}

func TestCheckSaysWhatIsWrongAndHowToMendIt(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	if advice := load(t, c.ListenAddrs()).Source.Check(t.Context()); len(advice) > 0 {
		t.Errorf("nothing is wrong: %+v", advice)
	}
	for more, want := range map[string]string{
		"      topics2: []\n": "topics2",
	} {
		file := filepath.Join(t.TempDir(), "sources.yaml")
		text := "sources:\n  shop:\n    kafka:\n      brokers: [x:1]\n      topics: [orders]\n" + more
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := source.Load(file, source.Kinds{"kafka": kafka.Open}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", more, err)
		}
	}
	gone := load(t, []string{"127.0.0.1:" + strconv.Itoa(freePort(t))}).Source.Check(t.Context())
	if len(gone) != 1 || !strings.Contains(gone[0].Mend, "brokers") {
		t.Errorf("no broker: %+v", gone)
	}
	missing := cluster(t, kfake.SeedTopics(1, "other"))
	text := strings.Replace("sources:\n  shop:\n    kafka: {brokers: [B], topics: [nothing]}\n", "B", missing.ListenAddrs()[0], 1)
	file := filepath.Join(t.TempDir(), "sources.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := source.Load(file, source.Kinds{"kafka": kafka.Open})
	if err != nil {
		t.Fatal(err)
	}
	if advice := source.Check(t.Context(), all); len(advice) != 1 || !strings.Contains(advice[0].Wrong, "does not exist") || advice[0].Source != "shop" {
		t.Errorf("no topic: %+v", advice)
	}
}

func TestFaultsOfTheConfigurationAreAllSaid(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "sources.yaml")
	text := "sources:\n  shop:\n    kafka: {start: middle, user: me, ca: x.pem}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := source.Load(file, source.Kinds{"kafka": kafka.Open})
	for _, want := range []string{"brokers: none", "topics: none", "start:", "password_file", "tls: true"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
}
