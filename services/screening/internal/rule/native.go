package rule

import (
	"fmt"
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// node is a part of a condition made ready to ask of a scene: true, false, unknown, or an error where it broke.
//
// Almost all that rules say is and, or, not, and comparisons of words with constants. These are worked out here, with
// the meaning that CEL gives them; any other part is left to cel-go. A test asks both of every condition of the packs.
type node func(*Scene) ref.Val

// native makes a checked condition ready. The conjuncts are the parts of the condition's outermost "and": where one is
// false the whole is.
type native struct {
	env   *cel.Env
	ast   *ast.AST
	conj  []conjunct
	left  int // parts left to cel-go
	fails error
}

// conjunct is one part of the outermost "and", with the scope of the words in it.
type conjunct struct {
	ask   node
	scope Scope
	word  int      // of a test that a word is one of some texts: its place in the vocabulary; else -1
	texts []string // which texts
	slow  bool     // cel-go works it out
}

func nativeOf(env *cel.Env, checked *cel.Ast) (*native, error) {
	n := &native{env: env, ast: checked.NativeRep()}
	n.split(n.ast.Expr())
	return n, n.fails
}

func (n *native) split(e ast.Expr) {
	if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.LogicalAnd {
		for _, part := range e.AsCall().Args() {
			n.split(part)
		}
		return
	}
	left := n.left
	c := conjunct{ask: n.node(e), scope: n.scope(e), word: -1}
	c.slow = n.left > left
	c.word, c.texts = n.oneOf(e)
	n.conj = append(n.conj, c)
}

// scope is that of every word in the expression.
func (n *native) scope(e ast.Expr) Scope {
	var s Scope
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(part ast.Expr) {
		if i, ok := n.word(part); ok {
			s |= vocabulary[i].scope
		}
	}))
	return s
}

// word is the place in the vocabulary of the word that an expression is.
func (n *native) word(e ast.Expr) (int, bool) {
	info, ok := n.ast.ReferenceMap()[e.ID()]
	if !ok || (e.Kind() != ast.IdentKind && e.Kind() != ast.SelectKind) {
		return 0, false
	}
	i, ok := variables[info.Name]
	return i, ok
}

// oneOf reads "word == 'x'" and "word in ['x', 'y']".
func (n *native) oneOf(e ast.Expr) (int, []string) {
	if e.Kind() != ast.CallKind || len(e.AsCall().Args()) != 2 {
		return -1, nil
	}
	call := e.AsCall()
	i, ok := n.word(call.Args()[0])
	if !ok || vocabulary[i].typ != cel.StringType {
		return -1, nil
	}
	var parts []ast.Expr
	switch right := call.Args()[1]; {
	case call.FunctionName() == operators.Equals:
		parts = []ast.Expr{right}
	case call.FunctionName() == operators.In && right.Kind() == ast.ListKind:
		parts = right.AsList().Elements()
	default:
		return -1, nil
	}
	var texts []string
	for _, p := range parts {
		v, ok := literal(p).(types.String)
		if !ok {
			return -1, nil
		}
		texts = append(texts, string(v))
	}
	return i, texts
}

func literal(e ast.Expr) ref.Val {
	if e.Kind() != ast.LiteralKind {
		return nil
	}
	return e.AsLiteral()
}

func (n *native) node(e ast.Expr) node {
	if i, ok := n.word(e); ok {
		return func(s *Scene) ref.Val { return s.value(i) }
	}
	if v := literal(e); v != nil {
		return func(*Scene) ref.Val { return v }
	}
	if e.Kind() == ast.CallKind {
		if made := n.call(e); made != nil {
			return made
		}
	}
	return n.leave(e)
}

func (n *native) call(e ast.Expr) node {
	call := e.AsCall()
	args := call.Args()
	switch call.FunctionName() {
	case operators.LogicalAnd:
		return n.connect(args, types.False)
	case operators.LogicalOr:
		return n.connect(args, types.True)
	case operators.LogicalNot:
		inner := n.node(args[0])
		return func(s *Scene) ref.Val { return negate(inner(s)) }
	case operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		return n.compare(call.FunctionName(), args)
	case operators.In:
		return n.among(args)
	}
	return nil
}

// connect is "and" where stop is false, "or" where it is true: one stop settles it, then an unknown counts, then a
// part that broke.
func (n *native) connect(args []ast.Expr, stop types.Bool) node {
	parts := make([]node, len(args))
	for i, a := range args {
		parts[i] = n.node(a)
	}
	return func(s *Scene) ref.Val {
		var unknown *types.Unknown
		var broken ref.Val
		for _, ask := range parts {
			switch v := ask(s).(type) {
			case types.Bool:
				if v == stop {
					return stop
				}
			case *types.Unknown:
				unknown = types.MergeUnknowns(unknown, v)
			default:
				broken = v
			}
		}
		switch {
		case unknown != nil:
			return unknown
		case broken != nil:
			return broken
		}
		return !stop
	}
}

// compare is a comparison of a word with a constant of its type.
func (n *native) compare(operator string, args []ast.Expr) node {
	i, ok := n.word(args[0])
	constant := literal(args[1])
	if !ok || constant == nil {
		return nil
	}
	switch c := constant.(type) {
	case types.String:
		return comparing(i, c, operator)
	case types.Double:
		return comparing(i, c, operator)
	case types.Bool:
		if holds := equality[types.Bool](operator); holds != nil {
			return tested(i, c, holds)
		}
	}
	return nil
}

func equality[T comparable](operator string) func(a, b T) bool {
	switch operator {
	case operators.Equals:
		return func(a, b T) bool { return a == b }
	case operators.NotEquals:
		return func(a, b T) bool { return a != b }
	}
	return nil
}

func comparing[T interface {
	types.String | types.Double
	ref.Val
}](word int, constant T, operator string) node {
	holds := equality[T](operator)
	switch operator {
	case operators.Less:
		holds = func(a, b T) bool { return a < b }
	case operators.LessEquals:
		holds = func(a, b T) bool { return a <= b }
	case operators.Greater:
		holds = func(a, b T) bool { return a > b }
	case operators.GreaterEquals:
		holds = func(a, b T) bool { return a >= b }
	}
	return tested(word, constant, holds)
}

func tested[T ref.Val](word int, constant T, holds func(a, b T) bool) node {
	return func(s *Scene) ref.Val {
		v := s.value(word)
		if known, ok := v.(T); ok {
			return types.Bool(holds(known, constant))
		}
		return v // unknown, or what CEL would call an error
	}
}

// among is "word in ['x', 'y']".
func (n *native) among(args []ast.Expr) node {
	i, ok := n.word(args[0])
	if !ok || args[1].Kind() != ast.ListKind {
		return nil
	}
	var texts []types.String
	for _, e := range args[1].AsList().Elements() {
		t, ok := literal(e).(types.String)
		if !ok {
			return nil
		}
		texts = append(texts, t)
	}
	return func(s *Scene) ref.Val {
		v := s.value(i)
		if known, ok := v.(types.String); ok {
			return types.Bool(slices.Contains(texts, known))
		}
		return v
	}
}

// leave has cel-go work out a part.
func (n *native) leave(e ast.Expr) node {
	n.left++
	part := ast.NewCheckedAST(ast.NewAST(e, n.ast.SourceInfo()), n.ast.TypeMap(), n.ast.ReferenceMap())
	prg, err := n.env.PlanProgram(part, programOptions...)
	if err != nil {
		n.fails = fmt.Errorf("condition: %w", err)
		return nil
	}
	return func(s *Scene) ref.Val {
		v, _, err := prg.Eval(s)
		if err != nil {
			return types.WrapErr(err)
		}
		return v
	}
}

// ask works out the whole condition.
func (n *native) ask(s *Scene) ref.Val {
	var unknown *types.Unknown
	var broken ref.Val
	for i := range n.conj {
		switch v := n.conj[i].ask(s).(type) {
		case types.Bool:
			if !v {
				return types.False
			}
		case *types.Unknown:
			unknown = types.MergeUnknowns(unknown, v)
		default:
			broken = v
		}
	}
	switch {
	case unknown != nil:
		return unknown
	case broken != nil:
		return broken
	}
	return types.True
}

// refuted says whether a part that needs no more than what is set, and something of what was set last, is false. Parts
// that must be left to cel-go are not asked twice.
func (p *program) refuted(s *Scene, set, last Scope) bool {
	for i := range p.early {
		c := &p.early[i]
		if c.scope&^set == 0 && (last == 0 && c.scope == 0 || c.scope&last != 0) && c.ask(s) == types.False {
			return true
		}
	}
	return false
}
