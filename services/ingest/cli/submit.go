package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest"
	"github.com/tidegate/tidegate/services/ingest/source"
	"github.com/tidegate/tidegate/shared/clock"
	"github.com/tidegate/tidegate/shared/terminal"
)

func submitCommand(convert map[string]source.Convert) *cli.Command {
	return &cli.Command{
		Name: "submit", Usage: "send orders and wait until they are durable", ArgsUsage: "FILE…",
		Description: "Each FILE holds orders in any format that is read: JSON (one order, an array, one a line), CSV, UBL, X12, EDIFACT,\n" +
			"CloudEvents, Shopify, Stripe, EasyPost, UPS; - is standard input.\n" +
			"A FILE of one order a line keeps how far it is answered in FILE.position until it is done: sent again, it goes on there.\n" +
			"Exit status: 0 all accepted, 1 something refused, 2 trouble.",
		Flags: append(doorFlags(),
			mapFlag(),
			&cli.BoolFlag{Name: "wait", Usage: "wait for each decision"},
			&cli.DurationFlag{Name: "timeout", Usage: "how long to wait for each decision", Value: 10 * time.Second},
			&cli.BoolFlag{Name: "json", Usage: "print each answer as one line of JSON"},
		),
		Action: func(ctx context.Context, cmd *cli.Command) error { return submit(ctx, cmd, convert) },
	}
}

// tally counts answers.
type tally struct {
	Accepted    int `json:"accepted"`
	Duplicate   int `json:"duplicate"`
	Refused     int `json:"refused"`
	Unavailable int `json:"unavailable"`
	Undecided   int `json:"undecided"`
}

func (t tally) String() string {
	s := fmt.Sprintf("%d accepted (%d of them were there before), %d refused", t.Accepted, t.Duplicate, t.Refused)
	if t.Undecided > 0 {
		s += fmt.Sprintf(", %d not decided in time", t.Undecided)
	}
	if t.Unavailable > 0 {
		s += fmt.Sprintf(", %d not taken", t.Unavailable)
	}
	return s
}

// submitter sends files and prints answers.
type submitter struct {
	convert   map[string]source.Convert
	mapping   *ingest.Map
	used      ingest.Used
	early     [][]byte // answers to what was not sent, because the mapping could make no order of it
	door      door
	url       string
	wait      bool
	json      bool
	out, err  io.Writer
	tally     tally
	nextShown <-chan time.Time

	lines    *marked   // of the file being sent; nil where its orders are not lines
	place    position  // how far it is answered
	name     string    // of it
	kept     time.Time // when the place was written last
	stuck    bool      // an order was not taken: the place stays before it
	sent     *sent     // of a file whose orders are not lines
	progress progress
}

func submit(ctx context.Context, cmd *cli.Command, convert map[string]source.Convert) error {
	if cmd.NArg() == 0 {
		return trouble("submit: no file given; - is standard input")
	}
	d, err := doorOf(cmd)
	if err != nil {
		return trouble("submit: %v", err)
	}
	tick := time.NewTicker(showEvery(isTerminal(cmd.Root().ErrWriter)))
	defer tick.Stop()
	m, err := mapOf(cmd.String("map"))
	if err != nil {
		return trouble("submit:\n%v", err)
	}
	s := &submitter{
		convert: convert,
		mapping: m, door: d, url: target(cmd, d), wait: cmd.Bool("wait"), json: cmd.Bool("json"), out: cmd.Root().Writer, err: cmd.Root().ErrWriter, nextShown: tick.C,
	}
	for _, file := range cmd.Args().Slice() {
		if err := s.file(ctx, file, cmd.Root().Reader); err != nil {
			return trouble("submit %s: %v", file, err)
		}
	}
	if !s.json {
		s.say(s.out, s.tally.String())
	}
	switch {
	case s.tally.Unavailable > 0 || s.tally.Undecided > 0:
		return trouble("submit: %d orders not taken, %d not decided in time; sending them again is safe", s.tally.Unavailable, s.tally.Undecided)
	case s.tally.Refused > 0:
		return cli.Exit("", exitRefused)
	}
	return nil
}

func target(cmd *cli.Command, d door) string {
	query := url.Values{}
	if cmd.Bool("wait") {
		query.Set("wait", "decision")
		if t := cmd.Duration("timeout"); t > 0 {
			query.Set("timeout", t.String())
		}
	}
	return d.at(query, "v1", "orders")
}

func (s *submitter) file(ctx context.Context, name string, stdin io.Reader) error {
	in, name, err := s.open(name, stdin)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // read only
	body := bufio.NewReaderSize(in, 256<<10)
	media, err := mediaOf(body, name)
	if err != nil {
		return err
	}
	s.lines, s.sent, s.stuck, s.progress = nil, nil, false, progress{w: s.err, terminal: isTerminal(s.err), start: clock.System(), next: s.nextShown}
	defer s.progress.end()
	if s.mapping != nil {
		return s.throughMap(ctx, name, media, body)
	}
	var from io.Reader = body
	if f, ok := in.(*os.File); ok && media == "application/x-ndjson" {
		if from, err = s.goOn(f, name, body); err != nil {
			return err
		}
	}
	if s.lines == nil {
		from = s.followed(in, from)
	}
	err = s.send(ctx, media, from)
	return errors.Join(err, s.done(err == nil))
}

// send sends a body and prints its answers.
func (s *submitter) send(ctx context.Context, media string, body io.Reader) error {
	resp, err := s.door.do(ctx, http.MethodPost, s.url, media, body)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // read to its end, or of no use
	return s.answers(resp)
}

// throughMap sends what a mapping makes of a file, one order a line.
func (s *submitter) throughMap(ctx context.Context, name, media string, body io.Reader) error {
	r, w := io.Pipe()
	done := make(chan struct{})
	h := ingest.Hint{Media: media, Name: name, Map: s.mapping}
	go func() { defer close(done); _ = w.CloseWithError(s.mapped(w, body, h)) }() // the reader sees the error
	err := s.send(ctx, "application/x-ndjson", r)
	_ = r.Close() // also where the server does not read on
	<-done
	for _, line := range s.early { // the mapping came to its end before the last answer
		err = errors.Join(err, s.answer(line))
	}
	s.early = nil
	return err
}

// goOn begins a file of lines where an earlier sending of it stopped.
func (s *submitter) goOn(f *os.File, name string, body *bufio.Reader) (io.Reader, error) {
	st, err := f.Stat()
	if err != nil || !st.Mode().IsRegular() {
		return body, err // a pipe is sent as it comes
	}
	if s.place, err = resume(f, name); err != nil {
		return nil, err
	}
	s.name, s.progress.size, s.progress.from = name, st.Size(), s.place.Offset
	if s.place.Offset > 0 {
		if _, err := f.Seek(s.place.Offset, io.SeekStart); err != nil {
			return nil, err
		}
		body.Reset(f)
		s.tally = s.place.Tally
		s.say(s.err, fmt.Sprintf("going on behind %d orders, byte %d of %d", s.tally.Accepted+s.tally.Refused, s.place.Offset, st.Size()))
	}
	s.lines = &marked{r: body, at: s.place.Offset}
	return s.lines, nil
}

// followed counts what is read of a file of another form, whose orders cannot be told apart here: for the bar, which runs ahead of the
// answers by what is on its way. Sent again, it begins at its beginning, and the server knows the orders that were there.
func (s *submitter) followed(in io.ReadCloser, from io.Reader) io.Reader {
	f, ok := in.(*os.File)
	if !ok {
		return from
	}
	st, err := f.Stat()
	if err != nil || !st.Mode().IsRegular() {
		return from
	}
	s.progress.size, s.sent = st.Size(), &sent{r: from}
	return s.sent
}

// sent counts bytes on their way.
type sent struct {
	r io.Reader
	n atomic.Int64
}

func (c *sent) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n.Add(int64(n))
	return n, err
}

// at is how far the file is, as far as that is known.
func (s *submitter) at() int64 {
	if s.sent != nil {
		return s.sent.n.Load()
	}
	return s.place.Offset
}

// keepEvery is how often the position is written.
const keepEvery = time.Second

// step notes one answer more. Behind an order that was not taken the position stays.
func (s *submitter) step(taken bool) error {
	s.progress.orders++
	if s.lines == nil {
		return nil
	}
	offset, ok := s.lines.answered()
	if s.stuck = s.stuck || !taken; s.stuck || !ok {
		return nil
	}
	s.place.Offset, s.place.Tally = offset, s.tally
	if now := clock.System(); now.Sub(s.kept) > keepEvery {
		s.kept = now
		return s.place.keep(s.name)
	}
	return nil
}

// done removes the position of a file that is answered whole, and keeps it otherwise.
func (s *submitter) done(whole bool) error {
	switch {
	case s.lines == nil:
		return nil
	case whole && !s.stuck:
		if err := os.Remove(positionFile(s.name)); !errors.Is(err, os.ErrNotExist) {
			return err
		}
		return nil
	default:
		return s.place.keep(s.name)
	}
}

// mapped writes what a mapping makes of a file, one order a line. What it cannot make an order of is printed and not sent.
func (s *submitter) mapped(w io.Writer, r io.Reader, h ingest.Hint) error {
	for t, err := range ingest.Try(r, h, event.Instant("2000-01-01T00:00:00.000000Z")) {
		if err != nil {
			return err
		}
		if t.Status == "refused" {
			line, err := json.Marshal(ingest.Answer{Status: "refused", OrderID: t.OrderID, Source: t.Source, Faults: t.Faults, Detail: "not sent"})
			if err != nil {
				return err
			}
			s.early = append(s.early, append(line, '\n'))
			continue
		}
		if _, err := w.Write(append(t.Order, '\n')); err != nil {
			return err
		}
	}
	return nil
}

// open gives a file that is read, or what it is turned into, with the name of that.
func (s *submitter) open(name string, stdin io.Reader) (in io.ReadCloser, as string, err error) {
	if in, err = open(name, stdin); err != nil {
		return nil, name, err
	}
	ext := filepath.Ext(name)
	convert := s.convert[strings.ToLower(ext)]
	if convert == nil {
		return in, name, nil
	}
	file := in
	defer func() { _ = file.Close() }() // read to its end by now
	in, err = convert(file)
	return in, strings.TrimSuffix(name, ext) + ".csv", err
}

// open gives a file, or standard input for "-".
func open(name string, stdin io.Reader) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(stdin), nil
	}
	return os.Open(name)
}

// mediaOf looks at the first bytes: one order a line, when the first line is a JSON object and something follows it. A
// file's name tells CSV; anything else the server knows by its content.
func mediaOf(r *bufio.Reader, name string) (string, error) {
	b, err := r.Peek(r.Size())
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	start := bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), " \t\r\n")
	line, rest, _ := bytes.Cut(start, []byte{'\n'})
	switch {
	case bytes.HasPrefix(line, []byte{'{'}) && json.Valid(line) && len(bytes.TrimSpace(rest)) > 0:
		return "application/x-ndjson", nil
	case len(start) == 0, start[0] == '{', start[0] == '[':
		return "application/json", nil
	case strings.HasSuffix(strings.ToLower(name), ".csv"):
		return "text/csv", nil
	default:
		return "application/octet-stream", nil
	}
}

func (s *submitter) answers(resp *http.Response) error {
	r := bufio.NewReader(resp.Body)
	if media := resp.Header.Get("Content-Type"); media != "application/json" && media != "application/x-ndjson" {
		body, err := io.ReadAll(io.LimitReader(r, 1<<20))
		if err != nil {
			return fmt.Errorf("read the answer: %w", err)
		}
		a, err := ingest.ReadAnswer(media, body)
		if _, problem := errors.AsType[*ingest.ProblemError](err); err != nil && !problem {
			return fmt.Errorf("the server answered %s with %s; is it Tidegate's?", resp.Status, media)
		}
		if err != nil {
			return err
		}
		return s.tell(a)
	}
	for {
		line, err := r.ReadBytes('\n')
		if len(line) > 0 && err == nil {
			err = s.answer(line)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read answers: %w", err)
		}
		s.progress.show(s.at(), clock.System, s.tally)
	}
}

func (s *submitter) answer(line []byte) error {
	var a ingest.Answer
	if err := json.Unmarshal(line, &a); err != nil {
		return fmt.Errorf("%q: %w", line, err)
	}
	s.count(a)
	if err := s.step(a.Status == "accepted" || a.Status == "refused"); err != nil {
		return err
	}
	if s.json {
		_, err := s.out.Write(line)
		return err
	}
	return s.explain(a)
}

// tell is answer for what did not come as a line.
func (s *submitter) tell(a ingest.Answer) error {
	s.count(a)
	if s.json {
		return printLine(s.out, a)
	}
	return s.explain(a)
}

func (s *submitter) count(a ingest.Answer) {
	switch a.Status {
	case "accepted":
		s.tally.Accepted++
		if a.Duplicate {
			s.tally.Duplicate++
		}
		if s.wait && a.Decision == nil {
			s.tally.Undecided++
		}
	case "refused":
		s.tally.Refused++
	default:
		s.tally.Unavailable++
	}
}

// explain prints what a person wants to see: decisions that were waited for, and every fault.
func (s *submitter) explain(a ingest.Answer) error {
	name := orNameless(a.OrderID)
	if a.Decision != nil {
		var j event.Judgement
		if err := json.Unmarshal(a.Decision, &j); err != nil {
			return fmt.Errorf("decision of %s: %w", name, err)
		}
		s.say(s.out, strings.TrimSpace(fmt.Sprintf("%s: %s %s", name, j.Outcome, j.Rule)))
	}
	if a.Status != "accepted" {
		s.say(s.out, strings.TrimSpace(fmt.Sprintf("%s: %s %s", name, a.Status, a.Detail)))
	}
	s.faults(a.Faults)
	return nil
}

// faults prints every fault with its place.
func (s *submitter) faults(faults []event.Fault) { sayFaults(s.out, faults) }

func sayFaults(w io.Writer, faults []event.Fault) {
	for _, f := range faults {
		at := f.Pointer
		switch {
		case f.Offset > 0 && at != "":
			at = fmt.Sprintf("%s, byte %d", at, f.Offset)
		case f.Offset > 0:
			at = fmt.Sprintf("byte %d", f.Offset)
		case at == "":
			at = "the whole input"
		}
		fmt.Fprintf(w, "  %s: %s (%s)\n", terminal.Shown(at), terminal.Shown(f.Detail), f.Code)
	}
}

// say prints one line. A reader who is gone, as head is, needs none.
func (s *submitter) say(w io.Writer, line string) { _, _ = fmt.Fprintln(w, line) }
