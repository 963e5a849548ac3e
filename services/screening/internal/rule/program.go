package rule

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
)

// costLimit bounds one evaluation, in CEL's cost units; the dearest rule of the US pack takes some hundreds. A
// condition that would pass it is an error, so the rule holds: no rule can hang the stream.
const costLimit = 20_000

// Truth is what a condition says.
type Truth int

// The three truths, and the one of a condition that broke.
const (
	No Truth = iota
	Yes
	Unknown
	Broken
)

type program struct {
	prg cel.Program
}

var environment = sync.OnceValues(func() (*cel.Env, error) {
	opts := []cel.EnvOption{cel.ExpressionNodeLimit(500), cel.ParserExpressionSizeLimit(8 << 10)}
	for _, v := range vocabulary {
		opts = append(opts, cel.Variable(v.name, v.typ))
	}
	return cel.NewEnv(opts...)
})

// compile checks a condition against the vocabulary of a scope: unknown names, names out of scope and anything that is
// not a bool are refused.
func compile(source string, scope Scope) (*program, error) {
	env, err := environment()
	if err != nil {
		return nil, fmt.Errorf("rule language: %w", err)
	}
	ast, issues := env.Compile(source)
	if issues.Err() != nil {
		return nil, errors.New(firstLines(issues.Err().Error()))
	}
	if ast.OutputType() != cel.BoolType {
		return nil, fmt.Errorf("condition gives %s, want bool", ast.OutputType())
	}
	for _, info := range ast.NativeRep().ReferenceMap() {
		if i, ok := variables[info.Name]; ok && vocabulary[i].scope&^scope != 0 {
			return nil, fmt.Errorf("%s cannot be asked of a rule per %s", info.Name, scope)
		}
	}
	prg, err := env.Program(ast, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(costLimit))
	if err != nil {
		return nil, fmt.Errorf("condition: %w", err)
	}
	return &program{prg}, nil
}

func compileOptional(source string, scope Scope) (*program, error) {
	if source == "" {
		return nil, nil
	}
	return compile(source, scope)
}

// firstLines drops the pointer drawings from a CEL error.
func firstLines(s string) string {
	lines := strings.Split(s, "\n")
	lines = slices.DeleteFunc(lines, func(l string) bool { return strings.HasPrefix(strings.TrimSpace(l), "|") })
	return strings.ReplaceAll(strings.Join(lines, "; "), "<input>", "cel")
}

// eval runs the condition. Missing names, sorted, the facts that would settle an Unknown.
func (p *program) eval(s *Scene) (t Truth, missing []string) {
	v, _, err := p.prg.Eval(s)
	if u, ok := v.(*types.Unknown); ok && err == nil {
		return Unknown, names(u)
	}
	switch {
	case err != nil:
		return Broken, nil
	case v == types.True:
		return Yes, nil
	default:
		return No, nil
	}
}

func names(u *types.Unknown) []string {
	var out []string
	for _, id := range u.IDs() {
		trails, _ := u.GetAttributeTrails(id)
		for _, t := range trails {
			out = append(out, t.Variable())
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
