package exhibit

import (
	"bytes"
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/tidegate/tidegate/services/audit/auditverify/evidence"
)

//go:embed readme.txt.tmpl
var readmeText string

var readmeTemplate = template.Must(template.New("readme").Parse(readmeText))

// view is what the README says.
type view struct {
	Title, Subject string
	Document       bool
	NoDocument     string
	Files          []evidence.Described
	LeftOut        []evidence.LeftOut
	Logs           []logView
	First          []string // the first record
	Witnesses      []witnessView
	Stamps         []evidence.Stamp
}

type logView struct{ Dir, Name, Key string }

type witnessView struct{ Dir, Name, PEM string }

// readme writes the README: commands with this pack's own file names.
func (c *Composed) readme() ([]byte, error) {
	v := view{Title: c.title(), Subject: c.title(), Files: slices.Clone(c.Files), LeftOut: c.Manifest.LeftOut}
	slices.SortFunc(v.Files, func(a, b evidence.Described) int { return strings.Compare(a.Name, b.Name) })
	v.NoDocument = "it was not asked for"
	for _, l := range c.Manifest.LeftOut {
		if l.What == evidence.DocumentFile {
			v.NoDocument = l.Why
		}
	}
	v.Document = c.data(evidence.DocumentFile) != nil
	for _, l := range c.Manifest.Logs {
		v.Logs = append(v.Logs, logView{l.Dir, safe(l.Name), strings.TrimSpace(string(c.data(l.Dir + "/key.pub")))})
		for _, w := range l.Witnesses {
			if name := noteName(c.data(l.Policy), w.Name); c.signs(l.Dir, name) {
				v.Witnesses = append(v.Witnesses, witnessView{l.Dir, safe(name), w.PEM})
			}
		}
		v.Stamps = append(v.Stamps, l.Stamps...)
	}
	if len(c.Manifest.Records) > 0 {
		v.First = []string{c.Manifest.Records[0].Leaf}
	}
	var b bytes.Buffer
	if err := readmeTemplate.Execute(&b, v); err != nil {
		return nil, fmt.Errorf("readme: %w", err)
	}
	return b.Bytes(), nil
}

func (c *Composed) title() string {
	m := c.Manifest
	if m.OrderID == "" {
		return "event " + m.Records[0].Event
	}
	return "order " + printed(m.OrderID) + " from " + printed(m.Source)
}

func (c *Composed) data(name string) []byte {
	for _, f := range c.Files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}

// signs says whether a checkpoint has a signature line of that name.
func (c *Composed) signs(dir, name string) bool {
	return bytes.Contains(c.data(dir+"/checkpoint"), []byte("\n— "+name+" "))
}

// noteName is the name under which a witness signs: that of its key.
func noteName(policy []byte, name string) string {
	for line := range strings.Lines(string(policy)) {
		if f := strings.Fields(line); len(f) > 2 && f[0] == "witness" && f[1] == name {
			of, _, _ := strings.Cut(f[2], "+")
			return of
		}
	}
	return name
}

// printed is a text of a sender on one line.
func printed(s string) string {
	if q := strconv.Quote(s); q != `"`+s+`"` {
		return q
	}
	return s
}

// safe is a name as it may stand in a command.
func safe(name string) string {
	return strings.Map(func(r rune) rune {
		if r < 128 && !strings.ContainsRune("\"'`$\\&|;<>(){}*?!#~ \t\n", r) {
			return r
		}
		return '?'
	}, name)
}
