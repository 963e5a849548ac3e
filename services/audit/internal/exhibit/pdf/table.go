package pdf

// Column is a column of a table.
type Column struct {
	Name  string
	Share float64 // of the width
}

// Row is a row: a text for each column.
type Row []string

const pad = 1.2 // beside and above a cell's text, in mm

// Table writes rows under a head, which is repeated on every page.
func (d *Document) Table(columns []Column, rows []Row) {
	total := 0.0
	for _, c := range columns {
		total += c.Share
	}
	head := make(Row, len(columns))
	for i, c := range columns {
		head[i] = c.Name
	}
	d.room(4 * Label.leading())
	d.row(columns, total, Label, head, nil)
	for _, r := range rows {
		d.row(columns, total, Cell, r, head)
	}
	d.Space(2)
}

// row writes a row, line by line where it goes over the page's end.
func (d *Document) row(columns []Column, total float64, face Face, cells, head Row) {
	lines, most := make([][]string, len(columns)), 1
	for i, c := range columns {
		if i < len(cells) {
			lines[i] = d.wrap(face, cells[i], width*c.Share/total-2*pad)
		}
		most = max(most, len(lines[i]))
	}
	again := func() {
		if head != nil {
			d.row(columns, total, Label, head, nil)
		}
	}
	if need := float64(most)*face.leading() + 2*pad; d.y+need > bottom && need < 60 {
		d.page()
		again()
	}
	if head == nil {
		d.f.SetFillColor(236, 236, 236)
		d.f.Rect(left, d.y, width, float64(most)*face.leading()+2*pad, "F")
	}
	d.y += pad
	for n := range most {
		if d.y+face.leading() > bottom {
			d.page()
			again()
		}
		x := left
		for i, c := range columns {
			if n < len(lines[i]) {
				d.text(x+pad, d.y+face.leading()*0.75, face, lines[i][n])
			}
			x += width * c.Share / total
		}
		d.y += face.leading()
	}
	d.y += pad
	d.rule(d.y, 200)
}

// Pairs writes names with their values, without lines between.
func (d *Document) Pairs(pairs [][2]string) {
	const names = 44.0
	for _, p := range pairs {
		if p[1] == "" {
			continue
		}
		values := d.wrap(Cell, p[1], width-names)
		for n, name := range d.wrap(Label, p[0], names-2) {
			if n == 0 {
				d.room(Cell.leading())
			}
			d.text(left, d.y+(float64(n)+0.75)*Cell.leading(), Label, name)
		}
		for _, v := range values {
			d.room(Cell.leading())
			d.text(left+names, d.y+Cell.leading()*0.75, Cell, v)
			d.y += Cell.leading()
		}
		d.y += 0.4
	}
	d.Space(1.5)
}

// Box writes a few paragraphs in a frame: what matters first.
func (d *Document) Box(faces []Face, texts []string) {
	height := 2 * 3.0
	for i, t := range texts {
		height += float64(len(d.wrap(faces[i], t, width-8)))*faces[i].leading() + 1
	}
	d.room(height)
	from := d.y
	d.y += 3
	for i, t := range texts {
		d.lines(left+4, width-8, faces[i], t)
		d.Space(1)
	}
	d.y += 2
	d.f.SetDrawColor(0, 0, 0)
	d.f.SetLineWidth(0.4)
	d.f.Rect(left, from, width, d.y-from, "D")
	d.Space(3)
}
