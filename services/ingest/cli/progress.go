package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// progress shows how far a file is: a bar on a terminal, else a line now and then.
type progress struct {
	w        io.Writer
	terminal bool
	size     int64 // bytes of the file; 0 when it is not known
	from     int64 // offset it began at
	start    time.Time
	next     <-chan time.Time
	orders   int // answered since the start
	shown    bool
}

// barWidth is the number of characters of a bar.
const barWidth = 30

// showEvery is how often something is shown: a bar moves, lines would fill a log.
func showEvery(terminal bool) time.Duration {
	if terminal {
		return 200 * time.Millisecond
	}
	return 30 * time.Second
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	st, err := f.Stat()
	return err == nil && st.Mode()&os.ModeCharDevice != 0
}

// show writes where things stand, if it is time.
func (p *progress) show(offset int64, now func() time.Time, t tally) {
	select {
	case <-p.next:
	default:
		return
	}
	text := p.text(offset, now().Sub(p.start), t)
	if !p.terminal {
		fmt.Fprintln(p.w, text)
		return
	}
	p.shown = true
	fmt.Fprintf(p.w, "\r%-100s", text)
}

// end leaves the bar's line.
func (p *progress) end() {
	if p.shown {
		fmt.Fprintln(p.w)
		p.shown = false
	}
}

func (p *progress) text(offset int64, took time.Duration, t tally) string {
	rate := float64(p.orders) / max(took.Seconds(), 1e-3)
	if p.size <= 0 || offset <= 0 {
		return fmt.Sprintf("%s, %.0f orders/s …", t, rate)
	}
	done := float64(offset) / float64(p.size)
	left := "?"
	if here := offset - p.from; here > 0 {
		left = time.Duration(float64(took) * float64(p.size-offset) / float64(here)).Round(time.Second).String()
	}
	full := min(int(done*barWidth), barWidth)
	return fmt.Sprintf("[%s%s] %3.0f %%, %s, %.0f orders/s, %s left", strings.Repeat("#", full), strings.Repeat(".", barWidth-full), 100*done, t, rate, left)
}
