package dialect

import (
	"errors"
	"fmt"
	"strings"
)

// expressedOptions are NAME=RE and its contrary. Several have to hold together.
func expressedOptions(name string, of func(*Conditions) *[]Expressed) []option {
	set := func(l *line, name, value string, not bool) error {
		e, err := ParseExpression(value)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		list := of(l.rule.Match.conditions())
		*list = withExpressed(*list, Expressed{Expression: e, Not: not})
		return nil
	}
	return negatable(option{name: name, repeats: true}, set, func(c *Conditions, not bool) (out []string) {
		for _, e := range *of(c) {
			if e.Not == not {
				out = append(out, e.Text)
			}
		}
		return out
	})
}

// namedOptions are NAME=KEY, NAME=KEY:VALUE|VALUE, NAME-regexp=KEY:RE, and the contrary of each. Several have to hold together. check, if not
// nil, says what is wrong with one, and may write it in its usual form.
func namedOptions(name string, of func(*Conditions) *[]Named, check func(option, value string, n *Named) error) (out []option) {
	for _, expressed := range []bool{false, true} {
		o := option{name: name, repeats: true}
		if expressed {
			o.name += "-regexp"
		}
		set := func(l *line, option, value string, not bool) error {
			n, err := parseNamed(option, value, expressed, name != "header" && !not)
			if err != nil {
				return err
			}
			n.Not = not
			if check != nil {
				if err := check(option, value, &n); err != nil {
					return err
				}
			}
			list := of(l.rule.Match.conditions())
			*list = with(*list, n)
			return nil
		}
		out = append(out, negatable(o, set, func(c *Conditions, not bool) []string { return printNamed(*of(c), expressed, not) })...)
	}
	return out
}

// parseNamed reads name, name:value|value or, expressed, name:RE. With first the name may stand behind firstPrefix. A negated condition may not ask so:
// one more parameter or cookie of the name, in front of the other, would get a request past it.
func parseNamed(option, value string, expressed, first bool) (n Named, err error) {
	name, rest, valued := strings.Cut(value, ":")
	if plain, ok := strings.CutPrefix(name, firstPrefix); ok && first {
		name, n.First = strings.ToLower(plain), true
	}
	if !isToken(name) {
		return n, fmt.Errorf("%s=%s begins with no name", option, shown(value))
	}
	n.Name = name
	switch {
	case expressed:
		if n.Pattern, err = ParseExpression(rest); err != nil {
			return n, fmt.Errorf("%s, of which the form is NAME:EXPRESSION: %w", option, err)
		}
	case valued:
		n.Values = sorted(strings.Split(rest, "|"))
	}
	return n, nil
}

// printNamed are those of a list that one option asks for, in the form that parseNamed reads.
func printNamed(list []Named, expressed, not bool) (out []string) {
	for _, n := range list {
		if n.Not != not || (n.Pattern != nil) != expressed {
			continue
		}
		text := n.written()
		switch {
		case expressed:
			text += ":" + n.Pattern.Text
		case n.Values != nil:
			text += ":" + strings.Join(n.Values, "|")
		}
		out = append(out, text)
	}
	return out
}

func checkHeader(option, value string, n *Named) error {
	n.Name = strings.ToLower(n.Name)
	if n.Name == "host" && (n.Not || n.Pattern != nil) { // over HTTP/2 there is no such field
		return errors.New("host is no field in all versions of HTTP: host-regexp= and not-host-regexp= are about it")
	}
	for _, v := range n.Values {
		if strings.Trim(v, " \t") != v {
			return fmt.Errorf("%s=%s: a field's value has no blanks around it", option, shown(value))
		}
	}
	return nil
}

func checkCookie(option, value string, n *Named) error {
	for _, v := range n.Values {
		if strings.ContainsAny(v, "; \t") {
			return fmt.Errorf("%s=%s: no cookie holds blanks or semicolons", option, shown(value))
		}
	}
	return nil
}
