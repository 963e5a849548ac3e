package page

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/services/audit/search"
	"github.com/tidegate/tidegate/shared/codec"
)

//go:embed templates
var sources embed.FS

// frame is what every page has around its own.
type frame struct {
	Title, Name, Path string
	Who               viewer
	Data              any
}

// functions are what templates say things with. None gives HTML: all of it is escaped where it stands.
var functions = template.FuncMap{
	"words": words, "when": when, "day": func(i event.Instant) event.Date { return i.Date() }, "stamp": stampTime, "link": linkOf, "names": someNames, "kind": kindWords,
	"address": addressOf, "join": strings.Join, "clock": clockTime, "country": func(k event.Known) string { return or(string(k.Country), "unknown") },
	"order": orderPath, "span": spanText, "flag": func(b *bool) bool { return b != nil && *b }, "inc": func(i int) int { return i + 1 },
	"days": func() []string {
		return []string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}
	},
	"asof": func(s string) string { return strings.ReplaceAll(s, "_", " ") },
}

// pages are the templates, each with the frame around it.
var pages = parse("sign-in", "problem", "search", "case", "record", "live", "calendar", "lists")

func parse(names ...string) map[string]*template.Template {
	all := map[string]*template.Template{}
	for _, name := range names {
		all[name] = template.Must(template.New("frame.html").Funcs(functions).ParseFS(sources, "templates/frame.html", "templates/parts.html", "templates/"+name+".html"))
	}
	return all
}

// words makes words of a name that programs use.
func words(name string) string {
	text := strings.ReplaceAll(name, "_", " ")
	switch text {
	case "":
		return ""
	case "eccn", "hts", "tpp":
		return strings.ToUpper(text)
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// when is an instant as people read it, to the second.
func when(i event.Instant) string {
	if t := i.Time(); !t.IsZero() {
		return t.Format("2006-01-02 15:04:05 UTC")
	}
	return string(i)
}

func stampTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func clockTime(i event.Instant) string {
	if t := i.Time(); !t.IsZero() {
		return t.Format("15:04:05")
	}
	return ""
}

// linkOf is where a hit is shown: its order's page, or its own where it has no order.
func linkOf(h search.Hit) string {
	if h.OrderID == "" {
		return pathOf(h)
	}
	return orderPath(h.OrderID, h.Source)
}

func orderPath(id, source string) string {
	v := url.Values{"id": {id}}
	if source != "" {
		v.Set("source", source)
	}
	return "/order?" + v.Encode()
}

// someNames are the names of an order's parties as they were given; of a note, who did what.
func someNames(h search.Hit) string {
	var cause struct {
		Order *struct {
			Parties []struct {
				Name string `json:"name"`
			} `json:"parties"`
		} `json:"order"`
		Note *event.Note `json:"note"`
	}
	var names []string
	if codec.Decode(h.Case.Line(0), &cause) != nil { // what cannot be read has no names
		return ""
	}
	if cause.Note != nil {
		return words(cause.Note.What) + " by " + cause.Note.By
	}
	if cause.Order != nil {
		for _, p := range cause.Order.Parties {
			if p.Name != "" && !slices.Contains(names, p.Name) {
				names = append(names, p.Name)
			}
		}
	}
	text := strings.Join(names[:min(4, len(names))], " · ")
	if more := len(names) - 4; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// kindWords says what a record is where it has no outcome.
func kindWords(h search.Hit) string {
	switch h.Kind {
	case event.LeafDecision:
		return words(string(h.Outcome))
	case event.LeafRefusal:
		return "Refused"
	default:
		return words(h.Kind)
	}
}

// count is a number of things in words.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func spanText(s event.Span) string {
	switch {
	case s.From == "" && s.Until == "":
		return "always"
	case s.Until == "":
		return "from " + string(s.From)
	case s.From == "":
		return "until " + string(s.Until)
	default:
		return string(s.From) + " to " + string(s.Until)
	}
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

// explain makes of an error what whoever asked is told.
func explain(err error) fault {
	if errors.Is(err, auditverify.ErrBad) {
		return fault{http.StatusInternalServerError, "What is on disk does not fit the log's checkpoint, so nothing of it is shown. \"tidegate audit verify\" says what is wrong; an index that was changed is made anew from the log by \"tidegate audit reindex\"."}
	}
	return fault{http.StatusServiceUnavailable, "The log could not be read now. Try again in a moment."}
}
