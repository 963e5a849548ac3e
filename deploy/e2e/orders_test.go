package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit"
)

// dueOrder is released for its day and no longer valid now: it comes due as soon as it is decided.
func dueOrder(id string) []byte {
	return fmt.Appendf(nil, `{"source":"kill","id":%q,"order_date":"2026-11-08","ship_from":"US","ship_to":"MY","parties":[{"role":"ultimate_consignee","name":"Lantern Bay %s Sdn. Bhd.",
		"address":{"country":"MY"},"headquarters":"MY","owners":[{"name":"Huawei Technologies Co., Ltd.","country":"CN","percent":50}]}],"items":[{"description":"power supply","eccn":"EAR99","quantity":4}]}`, id, id)
}

// TestKilledOrdersThatComeDueAreJudgedAgainOnce kills everything at random while orders come due and lists are activated. Each order must
// have been judged again once because it came due, and once because of the lists; and the index made anew says the same as the one that
// went through all the kills.
func TestKilledOrdersThatComeDueAreJudgedAgainOnce(t *testing.T) {
	data, server, door := t.TempDir(), freePort(t), freePort(t)
	serve := []string{"serve", "--data", data, "--guard-dir", filepath.Join(data, "guard"), "--nats-listen", server, "--listen", door, "--log-level", "error"}
	p := start(t, "tidegate", serve...)
	eventually(t, "the door is open", 20*time.Second, func() bool { return ready(door) })
	f := &flow{t: t, accepted: map[string]answer{}}
	rng := rand.New(rand.NewPCG(5, 6)) //nolint:gosec // the order of kills need not be secret
	kills := max(6, rounds(6)/4)
	var ids []string
	for k := range kills {
		for i := range 5 {
			ids = append(ids, fmt.Sprintf("D-%d-%d", k, i))
			f.sendUntilAnswered(door, ids[len(ids)-1], dueOrder(ids[len(ids)-1]))
		}
		if k == kills/2 {
			activateList(t, data, door)
		}
		time.Sleep(time.Duration(rng.IntN(400)) * time.Millisecond) // a random moment is what is tested
		p.kill()
		p.start()
	}
	eventually(t, "the door is open again", time.Minute, func() bool { return ready(door) })
	listed := len(ids) / kills * (kills/2 + 1) // those there were when the list changed
	eventually(t, "every order was judged again", 3*time.Minute, func() bool {
		again := judgedAgain(t, data)
		return len(again[event.Rejudge]) >= len(ids) && len(again["listing"]) >= listed && len(again["note"]) == 1
	})
	time.Sleep(time.Second) // what is doubled would come now
	again := judgedAgain(t, data)
	for _, why := range []event.Kind{event.Rejudge, "listing"} {
		for id, n := range again[why] {
			if n != 1 {
				t.Errorf("%s was judged again %d times: %s", id, n, why)
			}
		}
	}
	if len(again[event.Rejudge]) != len(ids) || len(again["listing"]) != listed {
		t.Errorf("%d of %d came due, %d of %d were touched", len(again[event.Rejudge]), len(ids), len(again["listing"]), listed)
	}
	p.kill()
	before := ordersAtRest(t, data)
	if err := os.Remove(filepath.Join(data, "orders", "orders.db")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, ordersAtRest(t, data)); diff != "" {
		t.Errorf("the index made anew differs: %s", diff)
	}
}

// activateList lists a party of which every order's is one edit away or the same.
func activateList(t *testing.T, data, door string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "own-2026-11-20.csv")
	var b strings.Builder
	b.WriteString("id,list,name,country,citation,listed_from\n")
	for i := range 200 {
		for j := range 5 {
			fmt.Fprintf(&b, "%d-%d,UVL,Lantern Bay D-%d-%d Sdn. Bhd.,MY,invented,2026-01-01\n", i, j, i, j)
		}
	}
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"lists", "import", file}, {"lists", "activate"}} {
		eventually(t, strings.Join(args[:2], " "), time.Minute, func() bool {
			return ready(door) && exec.Command(filepath.Join(bin, "tidegate"), append(args, "--data", data)...).Run() == nil
		})
	}
}

// judgedAgain counts the leaves of rejudges by order: those that came due, and those that lists touched; and the notes of changes.
func judgedAgain(t *testing.T, data string) map[event.Kind]map[string]int {
	t.Helper()
	out := map[event.Kind]map[string]int{event.Rejudge: {}, "listing": {}, "note": {}}
	for l, err := range audit.ReadCases(t.Context(), filepath.Join(data, "audit"), 1) {
		if err != nil {
			return out // nothing is published yet
		}
		var c event.Cause
		if err := json.Unmarshal(l.Case.Line(0), &c); err != nil {
			t.Fatal(err)
		}
		switch {
		case c.Note != nil && c.Note.What == "listing":
			out["note"][c.Event]++
		case c.Rejudging != nil && c.Rejudging.Why == "listing":
			out["listing"][c.OrderID]++
		case c.Rejudging != nil && c.Rejudging.Why == "valid_until":
			out[event.Rejudge][c.OrderID]++
		}
	}
	return out
}

// ordersAtRest is what "orders list" says while nothing runs.
func ordersAtRest(t *testing.T, data string) []string {
	t.Helper()
	cmd := exec.Command(filepath.Join(bin, "tidegate"), "orders", "list", "--json", "--limit", "0", "--data", data)
	var out, says bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &says
	if err := cmd.Run(); err != nil {
		t.Fatalf("orders list: %v: %s", err, says.Bytes())
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	slices.Sort(lines)
	return lines
}
