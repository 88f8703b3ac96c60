package traefik

import (
	"errors"
	"fmt"
	"strings"
	"text/template"
	"unicode"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// DefaultRule is the rule of routers that have none, and of a container without a router. The zero value is Traefik's own: Host(`{{ normalize .Name }}`).
type DefaultRule struct {
	of *template.Template
}

// maxDefaultRule bounds what a template writes; a tag may be as long.
const maxDefaultRule = 2048

// ParseDefaultRule reads a template as Traefik's defaultRule: Go's, with .Name, the functions normalize, trimPrefix, trimSuffix, replace, lower and upper.
func ParseDefaultRule(text string) (DefaultRule, error) {
	t, err := template.New("rule").Option("missingkey=error").Funcs(template.FuncMap{
		"normalize":  normalize,
		"trimPrefix": func(prefix, text string) string { return strings.TrimPrefix(text, prefix) },
		"trimSuffix": func(suffix, text string) string { return strings.TrimSuffix(text, suffix) },
		"replace":    func(old, new, text string) string { return strings.ReplaceAll(text, old, new) },
		"lower":      strings.ToLower, "upper": strings.ToUpper,
	}).Parse(text)
	if err != nil {
		return DefaultRule{}, err
	}
	d := DefaultRule{of: t}
	if _, err := d.rule("name"); err != nil {
		return DefaultRule{}, err
	}
	return d, nil
}

// normalize is a text with a - for each run of what is neither letter nor digit, as Traefik has it.
func normalize(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsNumber(c) }), "-")
}

// rule is that for what is called so.
func (d DefaultRule) rule(called string) (string, error) {
	if called == "" {
		return "", errors.New("the router has no rule, and what the container is called is not known")
	}
	if d.of == nil {
		return "Host(`" + normalize(called) + "`)", nil
	}
	var out strings.Builder
	if err := d.of.Execute(&out, struct{ Name, ContainerName string }{called, called}); err != nil || out.Len() > maxDefaultRule {
		return "", errors.New("the template of -traefik-default-rule makes no rule for this container")
	}
	return out.String(), nil
}

// byDefault gives a container without any router the one that Traefik gives it, unless its labels are about something else.
func (r *reader) byDefault() {
	if len(r.routers) > 0 || r.older || r.env.Called == "" {
		return
	}
	for key := range r.plain {
		if strings.HasPrefix(key, "tcp.") || strings.HasPrefix(key, "udp.") {
			return
		}
	}
	r.routers[normalize(strings.ToLower(r.env.Called))] = group{}
}

// findRule is the text of the router's rule.
func (x *router) findRule() (err error) {
	l := x.of["rule"]
	switch {
	case l == nil:
		x.out.Called = true
		x.rule, err = x.defaultRule.rule(x.env.Called)
	case dialect.Withheld(l.value) != "":
		err = errors.New(dialect.Withheld(l.value))
	default:
		x.rule = l.value
	}
	if err != nil {
		return err
	}
	x.terms, err = parseRule(x.rule)
	if err != nil && l == nil {
		err = fmt.Errorf("the rule by default: %w", err)
	}
	return err
}

// asking is the label that asks for the container's routes.
func (r *reader) asking() *label {
	if l := r.plain["enable"]; l != nil {
		return l
	}
	return r.all[0]
}
