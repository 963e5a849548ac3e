package screening

import (
	"bytes"
	"fmt"
	"reflect"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening/internal/ledger"
	"github.com/tidegate/tidegate/shared/codec"
)

// Ledger keeps what decisions add up to, and judges with it: one case after the other, in the order of their causes. It
// is used by one goroutine at a time. The zero value is not usable; NewLedger makes one.
type Ledger struct {
	l *ledger.Ledger
}

// NewLedger is a ledger in which nothing is.
func NewLedger() *Ledger { return &Ledger{ledger.New()} }

// License is a license of the register with what was drawn from it.
type License = ledger.Registered

// Licenses lists the register, by number.
func (l *Ledger) Licenses() []License { return l.l.Licenses() }

// Read gives what a judgement of the cause would read now; nil where the ledger has no say in it.
func (l *Ledger) Read(c *event.Cause, f *event.Facts) *event.Read {
	if c.Order == nil {
		return nil
	}
	w := work{decoded: &input{cause: *c, facts: *f}, contacts: ledger.Contacts(c.Source, f.Judged(c))}
	return w.reads(l)
}

// Decide judges an order on its facts with what the ledger holds, and enters the decision.
func (l *Ledger) Decide(p *Pack, c *event.Cause, f *event.Facts, prev string, asOf AsOf) event.Judgement {
	var read *event.Read
	if c.Order != nil {
		contacts := ledger.Contacts(c.Source, f.Judged(c))
		if l.l.Touches(c, f, contacts) {
			read = l.l.Read(c, f, contacts, asOf.days(c))
		}
	}
	j := p.DecideWith(c, f, read, prev, asOf)
	l.l.Take(c, f, &j)
	return j
}

// Redecide is Decide for cases that were decided before: see Pack.Redecide.
func (l *Ledger) Redecide(p *Pack, c *event.Cause, f *event.Facts, prev string, asOf AsOf) (j event.Judgement) {
	defer func() {
		if r := recover(); r != nil {
			j = heldJudgement(p, prev, brokenText(r))
		}
	}()
	c.Order = c.Carried()
	return l.Decide(p, c, f, prev, asOf)
}

// Save writes the ledger for LoadLedger.
func (l *Ledger) Save() ([]byte, error) { return l.l.Save() }

// LoadLedger reads what Save wrote.
func LoadLedger(b []byte) (*Ledger, error) { return loadLedger(b) }

// Judge judges a case with what the ledger holds and enters the decision. What passes is passed on; a license is entered.
func (l *Ledger) Judge(p *Pack, c event.Case) event.Case {
	return l.block(p, []event.Case{c}, func(n int, do func(int)) {
		for i := range n {
			do(i)
		}
	})[0]
}

// Take enters a case that was decided before. One that nobody can read was held and counts nowhere.
func (l *Ledger) Take(c event.Case) {
	if c.Refused() || c.Orderless() && !isLicense(c) {
		return
	}
	var d input
	if err := codec.Decode(c.Line(0), &d.cause); err != nil {
		return
	}
	if c.Len() < 3 {
		l.l.Take(&d.cause, nil, nil)
		return
	}
	var j event.Judgement
	if codec.Decode(c.Line(1), &d.facts) == nil && codec.Decode(c.Line(2), &j) == nil {
		l.l.Take(&d.cause, &d.facts, &j)
	}
}

var licenseCause = []byte(`{"line":"order","v":1,"kind":"` + event.License + `"`)

func isLicense(c event.Case) bool { return bytes.HasPrefix(c.Line(0), licenseCause) }

// block judges the cases of a block: in parallel as the ledger stands before the block, then one after the other again
// where a case before it in the block changed what was read. Every decision is entered before the next case is settled.
//
// A block must fit into a message, and what is entered must be what is written. So the room is reckoned here, and a case
// with too many findings for it becomes an explicit hold before it is entered.
func (l *Ledger) block(p *Pack, cases []event.Case, each func(n int, do func(i int))) []event.Case {
	works := make([]work, len(cases))
	each(len(cases), func(i int) { works[i] = prepare(p, cases[i], l) }) // reads the ledger, which nobody changes meanwhile
	room := event.MaxBlockSize / 2
	for _, c := range cases {
		room -= c.Size() + heldSize
	}
	out := make([]event.Case, len(cases))
	for i := range works {
		w := &works[i]
		w.settle(p, l)
		if more := w.out.Size() - cases[i].Size() - heldSize; w.judged != nil && more > room {
			w.fail(p, NoRoom)
		} else {
			room -= max(more, 0)
		}
		if w.judged != nil {
			l.l.Take(&w.decoded.cause, &w.decoded.facts, w.judged)
		} else {
			l.Take(w.out)
		}
		out[i] = w.out
		w.release()
	}
	return out
}

// heldSize is more than the line of a case that could not be judged takes.
const heldSize = 2048

// work is a case on its way through a block.
type work struct {
	in       event.Case
	decoded  *input // nil for what passes, and for what could not be read
	contacts []ledger.Contact
	at       uint64 // the ledger's changes that read saw
	out      event.Case
	read     *event.Read      // that out was judged with
	judged   *event.Judgement // of out; nil where out could not be judged
}

// prepare decodes a case and judges it with what the ledger holds; nil is an empty ledger.
func prepare(p *Pack, c event.Case, l *Ledger) (w work) {
	if w.in = c; c.Passes() {
		w.out = c
		return w
	}
	defer w.recover(p)
	d := inputs.Get().(*input) //nolint:forcetypeassert // the pool holds nothing else
	if err := codec.Decode(c.Line(0), &d.cause); err != nil {
		w.fail(p, err.Error())
		return w
	}
	if err := codec.Decode(c.Line(1), &d.facts); err != nil {
		w.fail(p, err.Error())
		return w
	}
	w.decoded = d
	if d.cause.Order = d.cause.Carried(); d.cause.Order != nil {
		w.contacts = ledger.Contacts(d.cause.Source, d.facts.Judged(&d.cause))
	}
	if l != nil {
		w.at = l.l.Changes()
	}
	w.judge(p, w.reads(l))
	return w
}

// reads is what a judgement of the case reads of the ledger now; nil where that has no say in it.
func (w *work) reads(l *Ledger) *event.Read {
	c, f := &w.decoded.cause, &w.decoded.facts
	if l == nil || !l.l.Touches(c, f, w.contacts) {
		return nil
	}
	return l.l.Read(c, f, w.contacts, AsOf{}.days(c))
}

// settle judges again where the block so far changed what was read.
func (w *work) settle(p *Pack, l *Ledger) {
	if w.decoded == nil || w.at == l.l.Changes() {
		return
	}
	defer w.recover(p)
	if read := w.reads(l); (read != nil || w.read != nil) && !reflect.DeepEqual(read, w.read) {
		w.judge(p, read)
	}
}

func (w *work) judge(p *Pack, read *event.Read) {
	w.read = read
	j := p.DecideWith(&w.decoded.cause, &w.decoded.facts, read, event.Digest(w.in.Line(1)), AsOf{})
	w.out, w.judged = with(firstTwo(w.in), j), &j
}

// recover makes an explicit hold of an order that broke the program; its neighbors go on.
func (w *work) recover(p *Pack) {
	if r := recover(); r != nil {
		w.fail(p, brokenText(r))
	}
}

func brokenText(r any) string { return fmt.Sprintf("screening could not judge this order: %v", r) }

func (w *work) fail(p *Pack, why string) {
	w.out, w.judged = held(firstTwo(w.in), p, why), nil
	w.decoded = nil // what broke is not used again
}

// release gives the decoded lines back: after the judgement is bytes, their strings are no longer needed.
func (w *work) release() {
	if w.decoded == nil {
		return
	}
	w.decoded.cause.Reset()
	w.decoded.facts.Reset()
	inputs.Put(w.decoded)
	w.decoded = nil
}
