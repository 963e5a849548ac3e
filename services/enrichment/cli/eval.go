package cli

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment"
)

// shipped is the threshold that the shipped pack sends names to review from.
const shipped = event.Milli(800)

func evalCommand(review Review) *cli.Command {
	return &cli.Command{
		Name: "eval", Usage: "measure the matcher on labeled pairs: a CSV file with the columns query,candidate,label,type,source", ArgsUsage: "FILE.csv",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "threshold", Usage: "`SCORE` from which a pair counts as the same, as 0.850; that of the pack in force when not given"},
			&cli.StringFlag{Name: "pack", Usage: "`DIR` of the rule pack in force; the shipped one when not given", Sources: cli.EnvVars("TIDEGATE_PACK")},
			&cli.StringFlag{Name: "scores", Usage: "write each pair with its score to `OUT.csv`"},
			jsonFlag(),
		},
		Action: func(_ context.Context, c *cli.Command) error { return unusable(eval(c, review)) },
	}
}

// pair is a labeled pair with its score.
type pair struct {
	query, candidate, kind, source string
	same                           bool
	score                          event.Milli
}

// result is how good the scores of some pairs are. F1 is that of the pairs labeled the same.
type result struct {
	Pairs         int         `json:"pairs"`
	Threshold     event.Milli `json:"threshold"`
	Precision     event.Milli `json:"precision"`
	Recall        event.Milli `json:"recall"`
	F1            event.Milli `json:"f1"`
	BestF1        event.Milli `json:"best_f1"`
	BestThreshold event.Milli `json:"best_threshold"`
}

// report is what eval prints: all pairs pooled, and each source.
type report struct {
	Pooled  result            `json:"pooled"`
	Sources map[string]result `json:"sources"`
}

func eval(c *cli.Command, review Review) error {
	limit, err := threshold(c, review)
	if err != nil {
		return err
	}
	name, err := oneArgument(c, "file")
	if err != nil {
		return err
	}
	in, err := open(c, name)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // read only
	pairs, err := readPairs(in)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	for i := range pairs {
		p := &pairs[i]
		p.score = enrichment.ScorePair(p.query, p.candidate, p.kind)
	}
	if out := c.String("scores"); out != "" {
		if err := writeScores(out, pairs); err != nil {
			return err
		}
	}
	r := evaluate(pairs, limit)
	if c.Bool("json") {
		return printJSON(c.Root().Writer, r)
	}
	return r.print(c.Root().Writer)
}

// threshold is the one asked for, in thousandths or as a decimal, else that of the pack in force.
func threshold(c *cli.Command, review Review) (event.Milli, error) {
	s := c.String("threshold")
	if s == "" {
		if review == nil {
			return shipped, nil
		}
		return review(c.String("pack"))
	}
	f, err := strconv.ParseFloat(s, 64)
	if err == nil && f <= 1 {
		f *= 1000
	}
	t := event.Milli(math.Round(f))
	if err != nil || t < 1 || t > 1000 {
		return 0, fmt.Errorf("threshold %q is no score such as 0.850", s)
	}
	return t, nil
}

// readPairs reads the file; columns are found by their names, in any order.
func readPairs(in io.Reader) ([]pair, error) {
	r := csv.NewReader(in)
	r.ReuseRecord = true
	head, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	var at [5]int
	for i, column := range []string{"query", "candidate", "label", "type", "source"} {
		if at[i] = slices.Index(head, column); at[i] < 0 {
			return nil, fmt.Errorf("no column %q in the first line", column)
		}
	}
	var pairs []pair
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		label := row[at[2]]
		if label != "0" && label != "1" {
			line, _ := r.FieldPos(at[2])
			return nil, fmt.Errorf("line %d: label %q is not 0 or 1", line, label)
		}
		pairs = append(pairs, pair{query: row[at[0]], candidate: row[at[1]], kind: row[at[3]], source: row[at[4]], same: label == "1"})
	}
	if len(pairs) == 0 {
		return nil, errEmpty
	}
	return pairs, nil
}

func writeScores(name string, pairs []pair) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w := csv.NewWriter(f)
	_ = w.Write([]string{"query", "candidate", "label", "type", "source", "score"}) // Flush keeps the error
	for _, p := range pairs {
		label := "0"
		if p.same {
			label = "1"
		}
		_ = w.Write([]string{p.query, p.candidate, label, p.kind, p.source, p.score.String()})
	}
	w.Flush()
	return errors.Join(w.Error(), f.Close())
}

func evaluate(pairs []pair, threshold event.Milli) report {
	bySource := map[string][]pair{}
	for _, p := range pairs {
		bySource[p.source] = append(bySource[p.source], p)
	}
	r := report{Pooled: measure(pairs, threshold), Sources: map[string]result{}}
	for source, ps := range bySource {
		r.Sources[source] = measure(ps, threshold)
	}
	return r
}

// measure counts at the threshold in force and looks for the best one; of equals the highest.
func measure(pairs []pair, threshold event.Milli) result {
	r := result{Pairs: len(pairs), Threshold: threshold}
	r.Precision, r.Recall, r.F1 = at(pairs, threshold)
	for t := event.Milli(1000); t > 0; t-- {
		if _, _, f1 := at(pairs, t); f1 > r.BestF1 {
			r.BestF1, r.BestThreshold = f1, t
		}
	}
	return r
}

// at gives precision, recall and F1 where pairs from t up are taken for the same. Of nothing they are zero.
func at(pairs []pair, t event.Milli) (precision, recall, f1 event.Milli) {
	var hits, wrong, missed int
	for i := range pairs {
		switch p := &pairs[i]; {
		case p.score >= t && p.same:
			hits++
		case p.score >= t:
			wrong++
		case p.same:
			missed++
		}
	}
	return share(hits, hits+wrong), share(hits, hits+missed), share(2*hits, 2*hits+wrong+missed)
}

// share is part of whole in thousandths, rounded.
func share(part, whole int) event.Milli {
	if whole == 0 {
		return 0
	}
	return event.Milli((2000*part + whole) / (2 * whole))
}

func (r report) print(w io.Writer) error {
	sources := make([]string, 0, len(r.Sources))
	for s := range r.Sources {
		sources = append(sources, s)
	}
	slices.Sort(sources)
	line := func(name string, v result) {
		fmt.Fprintf(w, "%-44s %6d %9s %9s %9s %9s %9s %9s\n", name, v.Pairs, v.Threshold, v.Precision, v.Recall, v.F1, v.BestF1, v.BestThreshold)
	}
	fmt.Fprintf(w, "%-44s %6s %9s %9s %9s %9s %9s %9s\n", "source", "pairs", "threshold", "precision", "recall", "f1", "best f1", "at")
	for _, s := range sources {
		line(s, r.Sources[s])
	}
	line("pooled", r.Pooled)
	return nil
}
