package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidegate/tidegate/shared/clock"
)

// rounds is how often something is broken: least in make test, and as often as fits into a third of its time, at about
// a second each, in make soak.
func rounds(least int) int {
	soak, err := time.ParseDuration(os.Getenv("TIDEGATE_SOAK"))
	if err != nil {
		return least
	}
	return max(least, int(soak/3/time.Second))
}

// answer is what a door said of one order.
type answer struct {
	Status   string `json:"status"`
	Event    string `json:"event"`
	Sequence uint64 `json:"sequence"`
}

// flow sends the same orders to every door, each until every door has answered, and remembers what they said.
type flow struct {
	t     *testing.T
	doors []string
	next  atomic.Int64
	stop  chan struct{}
	wg    sync.WaitGroup

	mu       sync.Mutex
	accepted map[string]answer // by order id
}

func startFlow(t *testing.T, senders int, doors ...string) *flow {
	t.Helper()
	f := &flow{t: t, doors: doors, stop: make(chan struct{}), accepted: map[string]answer{}}
	for range senders {
		f.wg.Go(f.send)
	}
	return f
}

// end stops the flow and gives every accepted order's answer.
func (f *flow) end() map[string]answer {
	close(f.stop)
	f.wg.Wait()
	return f.accepted
}

func (f *flow) send() {
	for {
		select {
		case <-f.stop:
			return
		default:
		}
		id := "K-" + strconv.FormatInt(f.next.Add(1), 10)
		var doors sync.WaitGroup
		for _, door := range f.doors {
			doors.Go(func() { f.sendTo(door, id) })
		}
		doors.Wait()
	}
}

// shippedKey is under which the answer to an order's ship notice is remembered.
func shippedKey(id string) string { return id + " shipped" }

// sendTo sends one order to one door, and the ship notice of every fourth.
func (f *flow) sendTo(door, id string) {
	order := fmt.Appendf(nil, `{"source":"kill","id":%q,"order_date":"2026-11-20","ship_to":"DE","parties":[{"role":"purchaser","name":"Holm & Vester %s GmbH","address":{"country":"DE"}}],"items":[{"description":"desk fan","eccn":"EAR99","quantity":1}]}`, id, id)
	f.sendUntilAnswered(door, id, order)
	if strings.HasSuffix(id, "4") || strings.HasSuffix(id, "8") {
		f.sendUntilAnswered(door, shippedKey(id), fmt.Appendf(nil, `{"source":"kill","id":%q,"event":"shipped","shipment":{"date":"2026-11-21","document":"DN-%s"}}`, id, id))
	}
}

// sendUntilAnswered repeats one document at one door until the door has answered, however often it dies meanwhile.
func (f *flow) sendUntilAnswered(door, id string, body []byte) {
	var pause clock.Backoff
	for end := time.Now().Add(time.Minute); ; {
		a, err := post(door, body)
		if err == nil {
			f.remember(door, id, a)
			return
		}
		if time.Now().After(end) {
			f.t.Errorf("order %s got no answer at %s within a minute: %v", id, door, err)
			return
		}
		if pause.Wait(f.t.Context()) != nil {
			return
		}
	}
}

var client = &http.Client{Timeout: 20 * time.Second}

func post(door string, body []byte) (answer, error) {
	resp, err := client.Post("http://"+door+"/v1/orders", "application/json", bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	var a answer
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
		return a, err
	}
	if resp.StatusCode >= 500 || a.Event == "" {
		return a, fmt.Errorf("status %d", resp.StatusCode)
	}
	return a, nil
}

// remember notes an answer. Two doors, or one asked twice, must never give two.
func (f *flow) remember(door, id string, a answer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if a.Status != "accepted" {
		f.t.Errorf("order %s at %s: %+v", id, door, a)
	}
	if before, ok := f.accepted[id]; ok && (before.Event != a.Event || before.Sequence != a.Sequence) {
		f.t.Errorf("order %s was accepted twice: %+v and %+v", id, before, a)
	}
	f.accepted[id] = a
}

func TestKilledServicesLoseAndDoubleNothing(t *testing.T) {
	data, server := t.TempDir(), freePort(t)
	doors := []string{freePort(t), freePort(t)}
	creds := filepath.Join(data, "nats", "service.nk")
	to := []string{"--log-level", "warn", "--nats-url", "nats://" + server, "--nats-creds", creds}
	nats := start(t, "tidegate", "nats", "--data", data, "--nats-listen", server, "--log-level", "error")
	eventually(t, "the NATS server runs", 20*time.Second, func() bool { _, err := os.Stat(creds); return err == nil && listens(server) })
	procs := []*process{
		start(t, "ingest", append(to, "--data", filepath.Join(data, "ingest-1"), "--listen", doors[0])...),
		start(t, "ingest", append(to, "--data", filepath.Join(data, "ingest-2"), "--listen", doors[1])...),
		start(t, "enrichment", to...),
		start(t, "screening", to...),
		start(t, "audit", append(to, "--data", data)...),
		nats,
	}
	f := startFlow(t, 8, doors...)
	rng := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the order of kills need not be secret
	for range rounds(50) {
		time.Sleep(time.Duration(50+rng.IntN(250)) * time.Millisecond) // a random moment is what is tested
		p := procs[rng.IntN(len(procs))]
		p.kill()
		p.start()
	}
	accepted := f.end()
	t.Logf("%d kills, %d orders accepted", rounds(50), len(accepted))
	checkEverything(t, "nats://"+server, creds, filepath.Join(data, "audit"), accepted)
}

func TestKilledAllInOneLosesAndDoublesNothing(t *testing.T) {
	data, server, door := t.TempDir(), freePort(t), freePort(t)
	p := start(t, "tidegate", "serve", "--data", data, "--nats-listen", server, "--listen", door, "--log-level", "warn")
	eventually(t, "the door is open", 20*time.Second, func() bool { return ready(door) })
	f := startFlow(t, 8, door)
	rng := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // the order of kills need not be secret
	for range rounds(50) {
		time.Sleep(time.Duration(100+rng.IntN(400)) * time.Millisecond) // a random moment is what is tested
		p.kill()
		p.start()
	}
	accepted := f.end()
	t.Logf("%d kills, %d orders accepted", rounds(50), len(accepted))
	checkEverything(t, "nats://"+server, filepath.Join(data, "nats", "service.nk"), filepath.Join(data, "audit"), accepted)
}
