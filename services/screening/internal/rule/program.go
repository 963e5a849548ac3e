package rule

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// costLimit bounds one evaluation, in CEL's cost units. A condition that may cost more, texts of the order taken at
// longest, is refused with its pack; one that does cost more all the same is an error, so that the rule holds: no rule
// can hang the stream.
const costLimit = 20_000

// longest is the longest text of an order that a condition is reckoned with, in characters.
const longest = 2_000

// sizes tells cel-go how long the words of the vocabulary are.
type sizes struct{}

// EstimateSize is 0 to longest for texts of the order; cel-go knows the size of constants itself.
func (sizes) EstimateSize(part cost.AstNode) *cost.SizeEstimate {
	if part.Type().Kind() == types.StringKind && part.ComputedSize() == nil {
		return &cost.SizeEstimate{Min: 0, Max: longest}
	}
	return nil
}

// EstimateCallCost leaves every function to cel-go.
func (sizes) EstimateCallCost(string, string, *cost.AstNode, []cost.AstNode) *cost.CallEstimate {
	return nil
}

// Truth is what a condition says.
type Truth int

// The three truths, and the one of a condition that broke.
const (
	No Truth = iota
	Yes
	Unknown
	Broken
)

// program is a condition ready to ask.
type program struct {
	whole cel.Program // as cel-go has it
	parts *native     // the same, faster
	early []conjunct  // the parts that may be asked before all is set: cheap ones
}

var programOptions = []cel.ProgramOption{cel.EvalOptions(cel.OptOptimize), cel.CostLimit(costLimit)}

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
		return nil, issuesOf(source, issues)
	}
	if ast.OutputType() != cel.BoolType {
		return nil, fmt.Errorf("condition gives %s, want bool", ast.OutputType())
	}
	var outside []error
	for id, info := range ast.NativeRep().ReferenceMap() {
		if i, ok := variables[info.Name]; ok && vocabulary[i].scope&^scope != 0 {
			at := 0
			if span, ok := ast.NativeRep().SourceInfo().GetOffsetRange(id); ok {
				at = strings.LastIndex(source[:min(int(span.Start)+1, len(source))], strings.SplitN(info.Name, ".", 2)[0])
				at = max(at, 0)
			}
			outside = append(outside, &misplaced{at, fmt.Sprintf("%s cannot be asked of a rule per %s", info.Name, scope)})
		}
	}
	if outside != nil {
		slices.SortFunc(outside, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
		return nil, errors.Join(outside...)
	}
	switch estimate, err := env.EstimateCost(ast, sizes{}); {
	case err != nil:
		return nil, fmt.Errorf("condition: %w", err)
	case estimate.Max > costLimit:
		return nil, fmt.Errorf("condition may cost %d, at most %d is allowed: make it shorter, or ask fewer things", estimate.Max, costLimit)
	}
	prg, err := env.Program(ast, programOptions...)
	if err != nil {
		return nil, fmt.Errorf("condition: %w", err)
	}
	parts, err := nativeOf(env, ast)
	if err != nil {
		return nil, err
	}
	cheap := slices.DeleteFunc(slices.Clone(parts.conj), func(c conjunct) bool { return c.slow })
	return &program{whole: prg, parts: parts, early: cheap}, nil
}

func compileOptional(source string, scope Scope) (*program, error) {
	if source == "" {
		return nil, nil
	}
	return compile(source, scope)
}

// eval runs the condition. Missing names, sorted, the facts that would settle an Unknown.
func (p *program) eval(s *Scene) (t Truth, missing []string) {
	return truthOf(p.parts.ask(s))
}

func truthOf(v ref.Val) (t Truth, missing []string) {
	switch v := v.(type) {
	case types.Bool:
		if v {
			return Yes, nil
		}
		return No, nil
	case *types.Unknown:
		return Unknown, names(v)
	default:
		return Broken, nil
	}
}

// names lists, sorted, the facts that an unknown is about. The list is the caller's own.
func names(u *types.Unknown) []string {
	ids := u.IDs()
	out := make([]string, 0, len(ids))
	for _, id := range ids {
		trails, _ := u.GetAttributeTrails(id)
		for _, t := range trails {
			out = append(out, t.Variable())
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
