package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit/auditverify/evidence"
	"github.com/tidegate/tidegate/services/audit/internal/exhibit"
)

// maxCited is the size up to which an archived object goes into evidence whole. The rows of every official list are larger.
const maxCited = 4 << 20

// naming is what an order's records cite of an archived object.
type naming struct {
	what   string
	digest string
	cited  []string
}

// cite takes what the records were judged with from the archive: packs and snapshots whole where they are small enough, so that they can
// be held to the digest in the record, and the rules and rows that the records cite, as text. A company's own masters are about
// others, too, and stay out.
func (c *collector) cite(found []holding) error {
	named, err := citations(found)
	if err != nil {
		return err
	}
	for _, n := range named {
		if n.what == "masters" {
			c.leave("masters "+n.digest, "a company's own data is about others, too; the record says what was taken from it")
			continue
		}
		if err := c.object(n); err != nil {
			return err
		}
	}
	return nil
}

// citations lists packs, snapshots and masters in the order in which they are named first, with the rules and rows cited of each.
func citations(found []holding) ([]naming, error) {
	var out []naming
	add := func(what, digest string, cited ...string) {
		if digest == "" {
			return
		}
		i := slices.IndexFunc(out, func(n naming) bool { return n.what == what && n.digest == digest })
		if i < 0 {
			i, out = len(out), append(out, naming{what: what, digest: digest})
		}
		for _, name := range cited {
			if name != "" && !slices.Contains(out[i].cited, name) {
				out[i].cited = append(out[i].cited, name)
			}
		}
	}
	for _, h := range found {
		if h.Case.Passes() {
			continue
		}
		var f event.Facts
		var j event.Judgement
		if err := errors.Join(json.Unmarshal(h.Case.Line(1), &f), json.Unmarshal(h.Case.Line(2), &j)); err != nil {
			return nil, fmt.Errorf("leaf %d: %w", h.Index, err)
		}
		add("snapshot", f.Snapshot, entries(&f, &j)...)
		add("masters", f.Masters)
		var rules []string
		for _, finding := range j.Findings {
			rules = append(rules, finding.Rule)
		}
		add("pack", j.Pack.Digest, rules...)
	}
	return out, nil
}

// entries are the list entries that a record speaks of: those its findings cite, then the other candidates.
func entries(f *event.Facts, j *event.Judgement) []string {
	var out []string
	for _, finding := range j.Findings {
		out = append(out, finding.Entry)
	}
	for _, p := range f.Parties {
		for _, m := range append(slices.Clip(p.Matches), p.SharedWith...) {
			out = append(out, m.Entry)
		}
		for _, o := range p.Owners {
			out = append(out, o.Match.Entry)
		}
	}
	return out
}

func (c *collector) leave(what, why string) {
	c.in.LeftOut = append(c.in.LeftOut, evidence.LeftOut{What: what, Why: why})
}

// object takes one object and its parts.
func (c *collector) object(n naming) error {
	data, err := ArchivedObject(c.dir, n.digest)
	if errors.Is(err, fs.ErrNotExist) {
		c.leave(n.what+" "+n.digest, "the archive does not have it")
		return nil
	}
	if err != nil {
		return err
	}
	o := exhibit.Object{What: n.what, Digest: n.digest, Data: data}
	text, rest := cut(n.what, data, n.cited)
	for _, part := range event.Parts(data) {
		inner, err := ArchivedObject(c.dir, part)
		if errors.Is(err, fs.ErrNotExist) {
			c.leave(n.what+" "+part, "the archive does not have it")
			continue
		}
		if err != nil {
			return err
		}
		var more []byte
		more, rest = cut(n.what, inner, rest)
		text = append(text, more...)
		if compiled := n.what == "snapshot" && !bytes.HasPrefix(inner, []byte(`{"id":"`)); compiled && len(rest) > 0 && c.o.Rows != nil {
			if more, rest, err = c.o.Rows(inner, rest); err != nil {
				return err
			}
			text = append(text, more...)
		}
		if len(inner) <= maxCited {
			c.in.Objects = append(c.in.Objects, exhibit.Object{What: n.what, Digest: part, Data: inner})
		} else {
			c.leave(n.what+" "+part, fmt.Sprintf("it has %d bytes; what is cited of it is taken out", len(inner)))
		}
	}
	o.Text = text
	for _, name := range n.cited {
		if slices.Contains(rest, name) {
			c.leave("the text of "+name, "it was not found in "+n.what+" "+n.digest+"; the record says what was found")
		} else {
			o.Cited = append(o.Cited, name)
		}
	}
	if len(data) > maxCited {
		o.Data = nil
		c.leave(n.what+" "+n.digest, fmt.Sprintf("it has %d bytes; what is cited of it is taken out", len(data)))
	}
	c.in.Objects = append(c.in.Objects, o)
	return nil
}

// cut takes the rules or rows of the names out of an object's text, and gives the names that it does not have. A pack is YAML files in
// which a rule begins with "- id: NAME" and ends before the next; a snapshot has a row of JSON a line, which begins with its id.
func cut(what string, data []byte, names []string) (text []byte, rest []string) {
	for _, name := range names {
		part := row(data, name)
		if what == "pack" {
			part = rule(data, name)
		}
		if part == nil {
			rest = append(rest, name)
			continue
		}
		text = append(text, part...)
	}
	return text, rest
}

func row(data []byte, id string) []byte {
	head := []byte(`{"id":"` + id + `"`)
	at := bytes.Index(data, append([]byte{'\n'}, head...)) + 1
	if at == 0 && !bytes.HasPrefix(data, head) {
		return nil
	}
	line, _, _ := bytes.Cut(data[at:], []byte{'\n'})
	return append(bytes.Clone(line), '\n')
}

func rule(data []byte, id string) []byte {
	_, after, ok := bytes.Cut(data, []byte("\n- id: "+id+"\n"))
	if !ok {
		return nil
	}
	var b strings.Builder
	b.WriteString("- id: " + id + "\n")
	for line := range bytes.Lines(after) {
		if text := strings.TrimSpace(string(line)); text != "" && line[0] != ' ' {
			break // the next rule, a comment, the next file
		}
		b.Write(line)
	}
	return []byte(strings.TrimRight(b.String(), "\n ") + "\n")
}
