package traefik

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// term is one alternative of a rule: all of it has to hold. It becomes one line.
type term struct {
	host       string   // "" is any
	expression string   // that host stands for; "" where it is a name
	path, kind string   // kind is prefix or exact, "" any path
	words      []string // other conditions, as options of a line
}

// maxTerms bounds the alternatives of a rule: (a || b) && (c || d) has four. An instance may have as many routes.
const maxTerms = 64

// maxCompiled bounds the alternatives of all rules of an instance: no rule is read any more once there are more.
const maxCompiled = 4 * maxTerms

// parseRule reads a rule. Its syntax is that of a Go expression (Traefik's parser github.com/vulcand/predicate hands it to go/parser too), so
// that a remark in it would drop what follows: there may be none.
func parseRule(text string) ([]term, error) {
	if strings.Contains(text, "//") || strings.Contains(text, "/*") {
		return nil, errors.New("the rule holds // or /*, behind which Traefik reads nothing")
	}
	if strings.ContainsAny(text, "\n\r\x00") {
		return nil, errors.New("the rule has a character that no rule may have")
	}
	if isRule1.MatchString(text) {
		return nil, errRule1
	}
	tree, err := parser.ParseExpr(text)
	if err != nil {
		return nil, errors.New("the rule can't be read: it is not such as Host(`shop.example.com`) && PathPrefix(`/cart`)")
	}
	return terms(tree, false)
}

// isRule1 begins a rule of Traefik 1.
var isRule1 = regexp.MustCompile(`^\s*[A-Za-z]+\s*:`)

var errRule1 = errors.New("the rule is written as for Traefik 1, in a label of version 2 or 3: write Host(`NAME`) && PathPrefix(`/PATH`)")

// terms are the alternatives of an expression or, with not, of its contrary.
func terms(tree ast.Expr, not bool) ([]term, error) {
	switch e := tree.(type) {
	case *ast.ParenExpr:
		return terms(e.X, not)
	case *ast.BinaryExpr:
		return both(e, not)
	case *ast.UnaryExpr:
		if e.Op == token.NOT {
			return terms(e.X, !not)
		}
	case *ast.CallExpr:
		name, ok := e.Fun.(*ast.Ident)
		if !ok || e.Ellipsis.IsValid() {
			break
		}
		var args []string
		for _, arg := range e.Args {
			lit, ok := arg.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return nil, fmt.Errorf("the values of %s stand in back quotes or double quotes", shown(name.Name))
			}
			value, err := strconv.Unquote(lit.Value)
			if err != nil {
				return nil, fmt.Errorf("a value of %s can't be read", shown(name.Name))
			}
			args = append(args, value)
		}
		out, err := call(name.Name, args)
		if err == nil && not {
			out, err = contrary(out)
		}
		return out, err
	}
	return nil, errors.New("the rule has something else in it than functions, &&, ||, ! and parentheses")
}

// both is what two expressions make together: of not (a && b) that is not a || not b.
func both(e *ast.BinaryExpr, not bool) ([]term, error) {
	if e.Op != token.LAND && e.Op != token.LOR {
		return nil, fmt.Errorf("the rule has %s in it: there are && and ||", e.Op)
	}
	left, err := terms(e.X, not)
	if err != nil {
		return nil, err
	}
	right, err := terms(e.Y, not)
	if err != nil {
		return nil, err
	}
	if (e.Op == token.LAND) != not {
		return product(left, right)
	}
	if len(left)+len(right) > maxTerms {
		return nil, errTerms
	}
	return append(left, right...), nil
}

var errTerms = fmt.Errorf("the rule has more than %d alternatives", maxTerms)

// product is what holds where one of each holds.
func product(left, right []term) (out []term, err error) {
	for _, a := range left {
		for _, b := range right {
			t, err := a.and(b)
			if err != nil {
				return nil, err
			}
			if out = append(out, t); len(out) > maxTerms {
				return nil, errTerms
			}
		}
	}
	return out, nil
}

const prefixKind, exactKind = "prefix", "exact"

// line is the term as it stands at the front of a line.
func (t term) line() string {
	path := t.path
	if t.kind == "" {
		path = "/"
	}
	text := t.host + path
	if t.kind != "" && path != "/" || t.kind == exactKind {
		text += " path=" + t.kind
	}
	for _, w := range t.words {
		text += " " + w
	}
	return text
}

// word is an option as it stands in a line.
func word(name, value string) string { return dialect.Word(name, value) }

// checkHost sees to it that nothing but one host comes into a line.
func checkHost(text string) (string, error) {
	text = strings.TrimSuffix(strings.ToLower(strings.TrimSpace(text)), ".")
	if strings.Contains(text, "$") {
		return "", errVariable
	}
	host, err := dialect.ParseHost(text)
	if err != nil {
		return "", err
	}
	if host.Kind != dialect.HostExact {
		return "", errors.New("the value of Host is no name of a host")
	}
	return text, nil
}

var errVariable = errors.New("the rule holds a variable that was not replaced by its value")
