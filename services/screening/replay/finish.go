package replay

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// ordersFile is where the changed decisions of a finished job lie, with how their orders stand.
const ordersFile = "orders.ndjson"

// report makes the report of what was found. A crash in here is repaired by the next run: it begins here again.
func (r *running) report() (Report, error) {
	stood, err := standsOf(lines[standing](r.stands.open(r.Dir, standsFile)))
	if err != nil {
		return Report{}, err
	}
	sum := r.at.Sum
	rep := Report{
		Asks: r.Question.Words(), Question: r.Question, Plan: r.Plan, Judged: sum.Judged, Shifted: sum.Shifted, Differs: sum.Differs,
		Skipped: sum.Skipped, Enriched: sum.Enriched, JudgedMonth: named(sum.Months), Lacking: named(sum.Lacking),
	}
	out, err := openSpool(r.Dir, ordersFile+".new", 0)
	if err != nil {
		return rep, err
	}
	var b Breakdown
	for c, err := range lines[Change](r.changes.open(r.Dir, changesFile)) {
		if err == nil {
			c.Stand = stood.of(c.Tenant, c.Source, c.OrderID, c.Revision)
			b.Add(&c)
			err = out.add(&c)
		}
		if err != nil {
			return rep, errors.Join(err, out.close())
		}
	}
	b.Fill(&rep)
	if err := errors.Join(out.keep(), out.close()); err != nil {
		return rep, err
	}
	rep.Orders = Changes{lines[Change](out.open(r.Dir, ordersFile))}
	if r.Dir == "" {
		return rep, nil
	}
	return rep, r.keep(rep)
}

// keep leaves the finished report in the work directory, and takes away what was only needed on the way.
func (r *running) keep(rep Report) error {
	if err := os.Rename(filepath.Join(r.Dir, ordersFile+".new"), filepath.Join(r.Dir, ordersFile)); err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	rep.Orders = Changes{}
	if err := writeFile(r.Dir, reportFile, rep); err != nil {
		return err
	}
	for _, name := range []string{progressFile, changesFile, standsFile} {
		_ = os.Remove(filepath.Join(r.Dir, name)) // a rest of a finished job is overwritten by the next
	}
	dropLedgers(r.Dir, nil)
	return nil
}

// finished gives the report of a job that was done before.
func (j *Job) finished() (Report, bool) {
	if j.Dir == "" {
		return Report{}, false
	}
	rep, err := Finished(j.Dir)
	return rep, err == nil
}

// Finished reads the report that a job left in its work directory.
func Finished(dir string) (Report, error) {
	var rep Report
	if err := readFile(dir, reportFile, &rep); err != nil {
		return rep, err
	}
	rep.Orders = Changes{lines[Change](func() (io.ReadCloser, error) { return os.Open(filepath.Join(dir, ordersFile)) })}
	return rep, nil
}

// dropLedgers removes kept ledgers but those of some names.
func dropLedgers(dir string, but []string) {
	names, _ := filepath.Glob(filepath.Join(dir, ledgerPrefix+"*")) // the pattern is well formed
	for _, n := range names {
		if !slices.Contains(but, n) {
			_ = os.Remove(n)
		}
	}
}

const ledgerPrefix = "ledger-"
