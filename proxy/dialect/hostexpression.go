package dialect

import (
	"fmt"
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
	return h, nil
}

// nearer has a wildcard in the place of any host, where all hosts that match end alike.
func (h HostExpression) nearer() HostExpression {
	if end := literalEnd(h.Text); !h.Whole && end != "" {
		h.Hosts = []string{"*" + end}
	}
	return h
}

// ParseNginxHost is ParseHostExpression for what stands behind the ~ of nginx's server_name: an expression of PCRE, which is compared without
// regard to case where it has a letter in upper case (ngx_http_core_server_name).
func ParseNginxHost(text string) (HostExpression, error) {
	if strings.ToLower(text) != text {
		text = "(?i)" + text
	}
	h, err := ParseHostExpression(text)
	if err != nil {
		err = fmt.Errorf("%w; a route has expressions in RE2's syntax", err)
	}
	return h, err
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
