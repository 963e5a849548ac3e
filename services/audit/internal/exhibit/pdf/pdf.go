// Package pdf writes a document of headings, paragraphs, tables and exact text: deterministic bytes, every character from an embedded
// font, or none at all. Arabic letters are joined and lines of Hebrew and Arabic turned here; scripts that need more than that are refused
// with the character that asks for it, for a text that reads wrong is worse than none.
package pdf

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

// The page: Letter, in mm. What is on it fits on A4, too.
const (
	pageWidth, pageHeight = 215.9, 279.4
	left, top, foot       = 20.0, 18.0, 20.0
	width                 = pageWidth - 2*left
	bottom                = pageHeight - foot
)

// Face is how a text looks.
type Face struct {
	font  *font
	size  float64 // points
	color int     // gray, 0 is black
}

// The faces.
var (
	Title = Face{bold, 17, 0}
	Head  = Face{bold, 11.5, 0}
	Sub   = Face{bold, 9.5, 0}
	Body  = Face{regular, 9, 0}
	Small = Face{regular, 7.5, 60}
	Label = Face{bold, 8, 60}
	Cell  = Face{regular, 8, 0}
	Bold  = Face{bold, 8, 0}
	Code  = Face{mono, 6.5, 0}
)

// leading is a line's height, in mm.
func (f Face) leading() float64 { return f.size * 1.35 * 25.4 / 72 }

// Meta is what the file says of itself.
type Meta struct {
	Title, Subject, Creator string
	Running                 string // at the head of every page
	Foot                    string // at its foot, before the page's number
	At                      time.Time
}

// Document is a document being written. The first error stays, and Bytes gives it.
type Document struct {
	f      *fpdf.Fpdf
	meta   Meta
	y      float64
	err    error
	loaded map[*font]bool
	widths map[*font]map[rune]float64 // of a size of 1000
}

// New begins a document.
func New(m Meta) *Document {
	f := fpdf.NewCustom(&fpdf.InitType{OrientationStr: "P", UnitStr: "mm", Size: fpdf.SizeType{Wd: pageWidth, Ht: pageHeight}})
	f.SetCatalogSort(true)
	f.SetCreationDate(m.At)
	f.SetModificationDate(m.At)
	f.SetTitle(m.Title, true)
	f.SetSubject(m.Subject, true)
	f.SetCreator(m.Creator, true)
	f.SetProducer(m.Creator, true)
	f.SetLang("en-US")
	f.SetAutoPageBreak(false, 0)
	d := &Document{f: f, meta: m, loaded: map[*font]bool{}, widths: map[*font]map[rune]float64{}}
	d.page()
	return d
}

// Bytes ends the document.
func (d *Document) Bytes() ([]byte, error) {
	pages := d.f.PageNo()
	for n := 1; n <= pages && d.err == nil; n++ {
		d.f.SetPage(n)
		d.rule(bottom+5, 200)
		d.text(left, bottom+9, Small, d.meta.Foot)
		number := fmt.Sprintf("Page %d of %d", n, pages)
		d.text(pageWidth-left-d.measure(Small, number), bottom+9, Small, number)
		if n > 1 {
			d.text(left, top-5, Small, d.meta.Running)
			d.rule(top-3, 200)
		}
	}
	if d.err != nil {
		return nil, d.err
	}
	var b bytes.Buffer
	if err := d.f.Output(&b); err != nil {
		return nil, fmt.Errorf("document: %w", err)
	}
	return b.Bytes(), nil
}

func (d *Document) page() {
	d.f.AddPage()
	d.y = top
}

// room begins a new page where less than that is left, in mm.
func (d *Document) room(height float64) {
	if d.y+height > bottom && d.y > top {
		d.page()
	}
}

// Space leaves some room.
func (d *Document) Space(height float64) { d.y += height }

// Break begins a new page.
func (d *Document) Break() {
	if d.y > top {
		d.page()
	}
}

func (d *Document) rule(y float64, gray int) {
	d.f.SetDrawColor(gray, gray, gray)
	d.f.SetLineWidth(0.2)
	d.f.Line(left, y, pageWidth-left, y)
}

// Heading writes a heading, which stands in the reader's outline, too.
func (d *Document) Heading(text string) {
	d.room(24)
	d.Space(4)
	d.f.Bookmark(text, 0, d.y)
	d.lines(left, width, Head, text)
	d.rule(d.y+0.6, 0)
	d.Space(2.6)
}

// Sub writes a small heading, with room for something below it.
func (d *Document) Sub(text string) {
	d.room(20)
	d.Space(1)
	d.Paragraph(Sub, text)
}

// Paragraph writes a text.
func (d *Document) Paragraph(face Face, text string) {
	d.lines(left, width, face, text)
	d.Space(1)
}

// lines writes a text in as many lines as it takes, and goes on to the next page where it must.
func (d *Document) lines(x, w float64, face Face, text string) {
	for _, line := range d.wrap(face, text, w) {
		d.room(face.leading())
		d.text(x, d.y+face.leading()*0.75, face, line)
		d.y += face.leading()
	}
}

// Codes writes a text exactly, every character and line, wrapped where it is too long.
func (d *Document) Codes(text string) {
	for line := range strings.Lines(text) {
		d.lines(left, width, Code, strings.TrimSuffix(line, "\n"))
	}
	d.Space(2)
}

// text draws a line that was cleaned.
func (d *Document) text(x, y float64, face Face, line string) {
	if d.err != nil {
		return
	}
	d.f.SetTextColor(face.color, face.color, face.color)
	var run strings.Builder
	var current *font
	flush := func() {
		if run.Len() == 0 {
			return
		}
		d.use(current, face.size)
		d.f.Text(x, y, run.String())
		x += d.width(current, run.String(), face.size)
		run.Reset()
	}
	for _, r := range visual(line) {
		f, err := fontOf(r, face.font)
		if err != nil {
			d.fail(err, line)
			return
		}
		if f != current {
			flush()
			current = f
		}
		run.WriteRune(r)
	}
	flush()
	if err := d.f.Error(); err != nil {
		d.fail(err, line)
	}
}

func (d *Document) fail(err error, line string) {
	if d.err == nil {
		d.err = fmt.Errorf("%w, in %q", err, line)
	}
}

func (d *Document) use(f *font, size float64) {
	if !d.loaded[f] {
		d.f.AddUTF8FontFromBytes(f.name, "", bytes.Clone(f.bytes)) // it writes into them
		d.loaded[f] = true
	}
	d.f.SetFont(f.name, "", size)
}

// width is how long a text is in one font, in mm.
func (d *Document) width(f *font, s string, size float64) (w float64) {
	for _, r := range s {
		w += d.advance(f, r)
	}
	return w * size / 1000
}

// advance is the width of a character in mm, at a size of 1000 points.
func (d *Document) advance(f *font, r rune) float64 {
	known := d.widths[f]
	if known == nil {
		known = map[rune]float64{}
		d.widths[f] = known
	}
	w, ok := known[r]
	if !ok {
		d.use(f, 1000)
		w = d.f.GetStringWidth(string(r))
		known[r] = w
	}
	return w
}

// measure is how long a text is in a face; of a character that no font has nothing, which is told when it is drawn.
func (d *Document) measure(face Face, s string) (w float64) {
	for _, r := range s {
		if f, err := fontOf(r, face.font); err == nil {
			w += d.advance(f, r)
		}
	}
	return w * face.size / 1000
}

// wrap cleans a text and breaks it into lines of a width.
func (d *Document) wrap(face Face, text string, w float64) []string {
	var out []string
	for para := range strings.SplitSeq(clean(text), "\n") {
		line, used := "", 0.0
		for _, piece := range pieces(para) {
			need := d.measure(face, strings.TrimRight(piece, " "))
			if used+need > w && line != "" {
				out, line, used = append(out, strings.TrimRight(line, " ")), "", 0
				piece = strings.TrimLeft(piece, " ")
			}
			for need > w {
				part := d.fitting(face, piece, w)
				out, piece = append(out, part), piece[len(part):]
				need = d.measure(face, piece)
			}
			line += piece
			used += d.measure(face, piece)
		}
		out = append(out, strings.TrimRight(line, " "))
	}
	return out
}

// fitting is as much of a text as fits, one character at least.
func (d *Document) fitting(face Face, s string, w float64) string {
	used := 0.0
	for i, r := range s {
		used += d.measure(face, string(r))
		if used > w && i > 0 {
			return s[:i]
		}
	}
	return s
}
