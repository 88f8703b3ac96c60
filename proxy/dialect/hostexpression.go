package dialect

import (
	"regexp/syntax"
	"strings"
)

// HostExpression is a regular expression over hosts as other programs write it, as a line can say it.
type HostExpression struct {
	// Hosts are what stands in front of the lines, one for each. Each takes at least the hosts that the expression does; together they take no others
	// where Whole is true.
	Hosts []string
	Whole bool
	// Text is the expression, for host-regexp= where it is not Whole, and for not-host-regexp=.
	Text string
}

// ParseHostExpression reads a regular expression in RE2's syntax.
func ParseHostExpression(text string) (h HostExpression, err error) {
	h.Text = text
	if h.Hosts, err = HostPatterns(text); err == nil {
		h.Whole = true
		return h, nil
	}
	if _, err = ParseExpression(text); err != nil {
		return h, err
	}
	h.Hosts = []string{"*"}
	if end := literalEnd(text); end != "" {
		h.Hosts[0] = "*" + end
	}
	return h, nil
}

// Words are the conditions that a line with one of the Hosts needs.
func (h *HostExpression) Words() []string {
	if h.Whole {
		return nil
	}
	return []string{Word("host-regexp", h.Text)}
}

// literalEnd is what all hosts that match end in, from its first dot on; "" where that is no name.
func literalEnd(text string) string {
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return ""
	}
	if tree = tree.Simplify(); tree.Op != syntax.OpConcat || len(tree.Sub) < 2 || tree.Sub[len(tree.Sub)-1].Op != syntax.OpEndText {
		return ""
	}
	last := tree.Sub[len(tree.Sub)-2]
	if last.Op != syntax.OpLiteral {
		return ""
	}
	_, end, ok := strings.Cut(strings.ToLower(string(last.Rune)), ".")
	if host, err := ParseHost("*." + end); !ok || err != nil || host.Kind != HostWildcard {
		return ""
	}
	return "." + end
}
