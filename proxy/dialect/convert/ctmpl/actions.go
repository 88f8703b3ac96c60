package ctmpl

import (
	"strings"
	"text/template/parse"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// actions reports those of the template.
func (c *converter) actions() {
	for i := range c.tree.actions {
		a := &c.tree.actions[i]
		m := c.result.Report.Add(c.file.Name, c.file.Line(a.line), a.text)
		c.asked(a, m)
		c.queries(a.pipe, m)
		m.Mark(convert.Carried, "", "")
	}
}

// asked says what of an action is known elsewhere.
func (c *converter) asked(a *action, m *convert.Remark) {
	for _, call := range c.tree.asks(a.pipe) {
		name, args, _ := strings.Cut(call, " ")
		arg := strings.Trim(strings.SplitN(args+" ", " ", 2)[0], `"`)
		switch {
		case name == "keyOrDefault", name == "envOrDefault":
			m.Mark(convert.Partly, "the default in the template is used; today "+where(name)+" "+arg+" decides", "")
		case name == "env" || name == "mustEnv":
			if c.catalogue.env != nil {
				if _, ok := c.catalogue.env(arg); ok {
					m.Mark(convert.Carried, "with the value of the environment as it is now", "")
					continue
				}
			}
			m.Mark(convert.Partly, "the environment has no "+arg+" here: it is taken as not set", "run convert with "+arg+"=…")
		case outside[name]:
			m.Mark(convert.Partly, "today KV ("+convert.Shown(strings.Trim(a.text, "{}"))+") decides: it is taken as not set", "write the values that it holds into the result")
		case strings.HasPrefix(name, "$"):
			m.Mark(convert.Partly, name+" is not known here: it is taken as not set", "")
		default:
			m.Mark(convert.Unsupported, "the function "+name+" is not known here", "render the template, and convert what it becomes")
		}
	}
}

func where(function string) string {
	if strings.HasPrefix(function, "env") {
		return "the variable"
	}
	return "the KV key"
}

// queries says what of service queries has no counterpart.
func (c *converter) queries(n parse.Node, m *convert.Remark) {
	p, ok := n.(*parse.PipeNode)
	if !ok {
		return
	}
	for _, cmd := range p.Cmds {
		for _, a := range cmd.Args {
			c.queries(a, m)
		}
		name, ok := cmd.Args[0].(*parse.IdentifierNode)
		if !ok || name.Ident != "service" && name.Ident != wholeService && name.Ident != "connect" && name.Ident != "services" {
			continue
		}
		if name.Ident == "connect" {
			m.Mark(convert.Partly, "instances are spoken to without Connect's certificates", "")
		}
		if len(cmd.Args) > 2 {
			m.Mark(convert.Partly, "instances whose checks do not pass get no requests, whatever stands behind the name", "")
		}
		if len(cmd.Args) > 1 {
			if text, ok := cmd.Args[1].(*parse.StringNode); ok {
				c.query(text.Text, m)
			}
		}
	}
}

func (c *converter) query(text string, m *convert.Remark) {
	q, err := parseQuery(text)
	switch {
	case err != nil:
	case q.query != "":
		m.Mark(convert.Unsupported, "a namespace, partition or peer has no counterpart", "")
	case q.filter != "" && q.filter != "passing":
		m.Mark(convert.Partly, "instances whose checks do not pass get no requests", "")
	case q.near != "":
		m.Mark(convert.Partly, "all instances take requests, the near ones as the far ones", "-consul-near "+q.near+", or -zone")
	}
}
