package e2e_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tidegate/tidegate/services/audit"
)

// orders of the large file: few in make test, a million in make soak, or as many as TIDEGATE_LARGE says.
func largeFile() int {
	if n, err := strconv.Atoi(os.Getenv("TIDEGATE_LARGE")); err == nil {
		return n
	}
	if os.Getenv("TIDEGATE_SOAK") != "" {
		return 1_000_000
	}
	return 30_000
}

// writeOrders writes n small orders, one a line.
func writeOrders(t *testing.T, file string, n int) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	for i := range n {
		fmt.Fprintf(w, `{"source":"large","id":"L-%d","order_date":"2026-11-20","ship_to":"DE","parties":[{"role":"purchaser","name":"Holm & Vester GmbH","address":{"country":"DE"}}],"items":[{"description":"desk fan","eccn":"EAR99","quantity":1}]}`+"\n", i)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// anonymous is the memory of a process that is no file's, in KB; 0 where it is gone.
func anonymous(pid int) int {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)) // gone, or no Linux
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			kb, _ := strconv.Atoi(strings.Fields(rest)[0])
			return kb
		}
	}
	return 0
}

// offsetOf is how far a file is answered, as submit keeps it; -1 where nothing is kept.
func offsetOf(file string) int64 {
	b, err := os.ReadFile(file + ".position")
	p := struct{ Offset int64 }{-1}
	if err == nil {
		err = json.Unmarshal(b, &p)
	}
	if err != nil {
		return -1
	}
	return p.Offset
}

// TestALargeFileGoesOnWhereItWasKilled sends a file, kills the sender at three random places, and once the server, and sends it
// again each time: every order is logged once, and neither process grows with the file.
func TestALargeFileGoesOnWhereItWasKilled(t *testing.T) {
	n := largeFile()
	data, nats, door := t.TempDir(), freePort(t), freePort(t)
	file := filepath.Join(data, "orders.ndjson")
	writeOrders(t, file, n)
	st, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	server := start(t, "tidegate", "serve", "--data", filepath.Join(data, "d"), "--nats-listen", nats, "--listen", door, "--log-level", "warn", "--reproduce-sample", "0")
	eventually(t, "the door is open", 60*time.Second, func() bool { return ready(door) })
	rng := rand.New(rand.NewPCG(uint64(n), 6)) //nolint:gosec // the places need not be secret
	sizes := []string{}
	places := []int64{st.Size() / 10, st.Size() * 4 / 10, st.Size() * 7 / 10}
	most := 0
	began := time.Now()
	for i := 0; ; i++ {
		cmd := exec.Command(filepath.Join(bin, "tidegate"), "submit", file, "--url", "http://"+door)
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- cmd.Wait() }()
		stop := int64(-1)
		if i < len(places) {
			stop = places[i] + rng.Int64N(st.Size()/10)
		}
		ended, err := watch(cmd, file, stop, &most, done)
		sizes = append(sizes, fmt.Sprintf("%d%%: sender %d KB, server %d KB", 100*max(offsetOf(file), 0)/st.Size(), most, anonymous(server.cmd.Process.Pid)))
		if !ended {
			if at := offsetOf(file); i == 1 {
				server.kill()
				server.start()
				eventually(t, "the door is open again", 2*time.Minute, func() bool { return ready(door) })
			} else if at <= 0 {
				t.Errorf("killed: the position is %d of %d", at, st.Size())
			}
			continue
		}
		if stop >= 0 && n > 1000 && i == 0 {
			t.Log("the file was sent before anything was killed")
		}
		if err != nil {
			t.Fatalf("%v\n%s\n%s", err, out.Bytes(), tail(errs.Bytes()))
		}
		if !strings.Contains(out.String(), fmt.Sprintf("%d accepted", n)) || offsetOf(file) >= 0 {
			t.Errorf("%s; position %d", out.Bytes(), offsetOf(file))
		}
		break
	}
	t.Logf("%d orders, %d MB, in %s; memory at each stop: %s", n, st.Size()>>20, time.Since(began).Round(time.Second), strings.Join(sizes, "; "))
	if most > 128<<10 {
		t.Errorf("the sender took %d KB", most)
	}
	onceEach(t, door, filepath.Join(data, "d", "audit"), n)
}

// watch waits until a sender ended, or kills it where the file is answered so far.
func watch(cmd *exec.Cmd, file string, stop int64, most *int, done <-chan error) (ended bool, err error) {
	for {
		select {
		case err := <-done:
			return true, err
		case <-time.After(20 * time.Millisecond):
		}
		*most = max(*most, anonymous(cmd.Process.Pid))
		if stop >= 0 && offsetOf(file) >= stop {
			_ = cmd.Process.Kill()
			if err := <-done; err == nil {
				return true, nil
			}
			return false, nil
		}
	}
}

// onceEach waits until n orders are logged, and holds that each of them is once.
func onceEach(t *testing.T, door, dir string, n int) {
	t.Helper()
	eventually(t, "every order is logged", 30*time.Minute, func() bool { return logSize(door, fmt.Sprintf("L-%d", n-1)) >= uint64(n) })
	seen := make([]bool, n)
	leaves := 0
	for l, err := range audit.ReadCases(t.Context(), dir, 1) {
		if err != nil {
			t.Fatal(err)
		}
		var head struct {
			ID string `json:"order_id"`
		}
		if err := json.Unmarshal(l.Case.Line(0), &head); err != nil {
			t.Fatal(err)
		}
		i, err := strconv.Atoi(strings.TrimPrefix(head.ID, "L-"))
		if err != nil {
			continue // no order: something was done with the history
		}
		if leaves++; seen[i] {
			t.Errorf("order %s is logged twice", head.ID)
		}
		seen[i] = true
	}
	if leaves != n {
		t.Errorf("%d of %d orders are logged", leaves, n)
	}
}

// logSize is how large the log is, where an order is in it.
func logSize(door, id string) uint64 {
	resp, err := http.Get("http://" + door + "/v1/orders/" + id + "?source=large")
	if err != nil {
		return 0
	}
	defer func() { _ = resp.Body.Close() }()
	var got struct {
		Size   uint64            `json:"log_size"`
		Leaves []json.RawMessage `json:"leaves"`
	}
	if json.NewDecoder(resp.Body).Decode(&got) != nil || len(got.Leaves) == 0 {
		return 0
	}
	return got.Size
}
