package mapping

import (
	"strconv"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/ext"

	"github.com/tidegate/tidegate/services/ingest/internal/country"
	"github.com/tidegate/tidegate/services/ingest/internal/document"
)

// environment is what expressions know: rec, the record; rows, those of a group of CSV; CEL's own functions and those for
// texts; and these.
func environment() (*cel.Env, error) {
	return cel.NewEnv(
		cel.Variable("rec", cel.DynType), cel.Variable("rows", cel.ListType(cel.DynType)), ext.Strings(), ext.Math(), cel.OptionalTypes(),
		cel.Function("country", cel.Overload("country_dyn", []*cel.Type{cel.DynType}, cel.StringType, cel.UnaryBinding(asCountry))),
		cel.Function("date", cel.Overload("date_dyn", []*cel.Type{cel.DynType}, cel.StringType, cel.UnaryBinding(asDate)),
			cel.Overload("date_dyn_string", []*cel.Type{cel.DynType, cel.StringType}, cel.StringType, cel.BinaryBinding(asDateLike))),
		cel.Function("number", cel.Overload("number_dyn", []*cel.Type{cel.DynType}, cel.StringType, cel.UnaryBinding(asNumber)),
			cel.Overload("number_dyn_string", []*cel.Type{cel.DynType, cel.StringType}, cel.StringType, cel.BinaryBinding(asNumberWith))),
		cel.Function("times", cel.Overload("times_dyn_dyn", []*cel.Type{cel.DynType, cel.DynType}, cel.StringType, cel.BinaryBinding(times))),
		cel.Function("list", cel.Overload("list_dyn", []*cel.Type{cel.DynType}, cel.ListType(cel.DynType), cel.UnaryBinding(asList))),
		cel.Function("known", cel.Overload("known_dyn", []*cel.Type{cel.DynType}, cel.BoolType, cel.UnaryBinding(known))),
	)
}

// say gives a scalar as a text; an error for anything else.
func say(v ref.Val) (string, ref.Val) {
	switch x := v.Value().(type) {
	case string:
		return x, nil
	case int64:
		return strconv.FormatInt(x, 10), nil
	case uint64:
		return strconv.FormatUint(x, 10), nil
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64), nil
	case bool:
		return strconv.FormatBool(x), nil
	}
	if v.Type() == types.NullType {
		return "", nil
	}
	return "", types.NewErr("want a text or number, found %s", v.Type().TypeName())
}

// asCountry reads an ISO 3166-1 code or a country's name; "" for a placeholder.
func asCountry(v ref.Val) ref.Val {
	s, err := say(v)
	if err != nil {
		return err
	}
	if country.Placeholder(s) {
		return types.String("")
	}
	c, ok := country.Read(s)
	if !ok {
		return types.NewErr("%s is no country", document.Quote(s))
	}
	return types.String(c)
}

// asDate reads 2026-11-20, 20261120 or an instant.
func asDate(v ref.Val) ref.Val {
	s, err := say(v)
	if err != nil || strings.TrimSpace(s) == "" {
		return orEmpty(err)
	}
	d, ok := document.Day(strings.TrimSpace(s))
	if !ok {
		return types.NewErr("%s is not a date; say how it is written: date(x, \"DD.MM.YYYY\")", document.Quote(s))
	}
	return types.String(d)
}

func orEmpty(err ref.Val) ref.Val {
	if err != nil {
		return err
	}
	return types.String("")
}

// asDateLike reads a date by a pattern of DD, MM, YYYY and YY.
func asDateLike(v, pattern ref.Val) ref.Val {
	s, err := say(v)
	if err != nil || strings.TrimSpace(s) == "" {
		return orEmpty(err)
	}
	layout := strings.NewReplacer("YYYY", "2006", "YY", "06", "MM", "01", "DD", "02").Replace(string(pattern.(types.String)))
	t, bad := time.Parse(layout, strings.TrimSpace(s))
	if bad != nil {
		return types.NewErr("%s is not a date like %v", document.Quote(s), pattern)
	}
	return types.String(t.Format(time.DateOnly))
}

func asNumber(v ref.Val) ref.Val { return asNumberWith(v, types.String(".")) }

// asNumberWith reads digits with a decimal mark; what else of , . ' and spaces stands between them groups thousands.
func asNumberWith(v, mark ref.Val) ref.Val {
	s, err := say(v)
	if err != nil || strings.TrimSpace(s) == "" {
		return orEmpty(err)
	}
	m := string(mark.(types.String))
	if m != "." && m != "," {
		return types.NewErr("decimal mark %q is neither . nor ,", m)
	}
	group := strings.NewReplacer(strings.Trim(".,", m), "", "'", "", " ", "", "\u00a0", "")
	d, ok := document.Decimal(group.Replace(strings.TrimSpace(s)), m[0])
	if !ok {
		return types.NewErr("%s is not a number", document.Quote(s))
	}
	return types.String(d)
}

// times multiplies exactly.
func times(a, b ref.Val) ref.Val {
	x, y := asNumber(a), asNumber(b)
	for _, v := range []ref.Val{x, y} {
		if types.IsError(v) {
			return v
		}
	}
	p, _ := document.Decimal(string(x.(types.String)), '.')
	q, _ := document.Decimal(string(y.(types.String)), '.')
	return types.String(document.Times(p, q, ""))
}

// asList gives a list as it is, nothing as none, anything else as a list of one: XML does not tell one from several.
func asList(v ref.Val) ref.Val {
	if _, ok := v.(traits.Lister); ok {
		return v
	}
	if v.Type() == types.NullType {
		return types.DefaultTypeAdapter.NativeToValue([]any{})
	}
	return types.DefaultTypeAdapter.NativeToValue([]ref.Val{v})
}

// known says whether a value says something: not null, not empty, not N/A or its like.
func known(v ref.Val) ref.Val {
	s, err := say(v)
	if err != nil {
		return types.Bool(v.Type() != types.NullType)
	}
	return types.Bool(!document.Unknown(s))
}

// errText is what an evaluation's error says, without CEL's own words for a member that is not there.
func errText(err error) (detail string, missing bool) {
	s := err.Error()
	if strings.Contains(s, "no such key") || strings.Contains(s, "no such attribute") || strings.Contains(s, "index out of bounds") {
		return s, true
	}
	return s, false
}
