// Package ctmpl converts templates of consul-template, of nginx's or HAProxy's configuration.
//
// A template is rendered once, with a catalogue in which one service stands for all, and what it becomes is converted as nginx's or HAProxy's
// configuration. Where the service that stands for all is in a route, the route is one for each service: options of the process say it, or labels.
// What the template asks that only the place knows where it is rendered (the environment, KV) is taken as not set.
package ctmpl

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
	"github.com/pointsman/pointsman/proxy/dialect/convert/haproxy"
	"github.com/pointsman/pointsman/proxy/dialect/convert/nginx"
)

// Options say what is around the templates.
type Options struct {
	// Nginx is what nginx's converter is told; its Env has the variables that templates ask for, too.
	Nginx nginx.Options
	// Read gets the text of a file that HAProxy's configuration names; nil has none.
	Read func(name string) (string, error)
}

// Convert converts one template.
func Convert(file convert.File, o Options) *convert.Result {
	c := &converter{file: &file, result: &convert.Result{}}
	t, err := read(file.Name, file.Text)
	if err != nil {
		return c.failed(err)
	}
	c.tree = t
	c.catalogue = newAbstract(t, o.Nginx.Env)
	r, err := t.render(file.Name, c.catalogue)
	if err != nil {
		return c.failed(err)
	}
	rendered := convert.File{Name: file.Name, Text: c.catalogue.named(r.text)}
	for _, line := range r.lines {
		rendered.Lines = append(rendered.Lines, file.Line(line))
	}
	var from *convert.Result
	if haproxy.Is(rendered.Text) {
		from = haproxy.Convert([]convert.File{rendered}, o.Read)
	} else {
		c.ofNginx = true
		from = nginx.Convert([]convert.File{rendered}, o.Nginx)
	}
	c.take(from)
	c.actions()
	c.unseen(r.seen)
	c.finish(from)
	return c.result
}

// converter is one conversion.
type converter struct {
	file      *convert.File
	tree      *tree
	catalogue *abstract
	result    *convert.Result
	// every are the routes for each service, by the name of the kind.
	every map[string][]*convert.Route
	// refused is why nothing is served.
	refused string
	// ofNginx says that it is a template of nginx's configuration.
	ofNginx bool
}

// failed is the result where nothing could be read. Templates restrict, too: there are no routes.
func (c *converter) failed(err error) *convert.Result {
	c.result.Report.Add(c.file.Name, c.file.Line(lineOf(err, c.file.Name)), "template").Mark(convert.Unsupported, convert.Shown(err.Error())+": no route is made", "")
	return c.result
}

// lineOf is the line that an error of text/template names, else 1.
func lineOf(err error, name string) int {
	_, rest, _ := strings.Cut(err.Error(), "template: "+name+":")
	digits, _, _ := strings.Cut(rest, ":")
	if n, bad := strconv.Atoi(digits); bad == nil && n > 0 {
		return n
	}
	return 1
}

// standIn finds what stands for something else.
var standIn = regexp.MustCompile(`z(svc|ins|var)[0-9]{3}z`)

// shown is a text with what the stand-ins stand for, for people.
func (c *converter) shown(text string) string {
	return standIn.ReplaceAllStringFunc(text, func(name string) string {
		if v, ok := c.catalogue.values[name]; ok {
			return "{{" + v + "}}"
		}
		if i, ok := c.catalogue.instances[name]; ok {
			return i.name
		}
		return "NAME"
	})
}

// take takes over what the other converter made: one remark for each directive of the template, however often it was rendered.
func (c *converter) take(from *convert.Result) {
	type position struct {
		line int
		text string
	}
	seen := map[position]*convert.Remark{}
	for _, m := range from.Report.Remarks {
		at := position{m.Line, c.shown(m.Directive)}
		own := seen[at]
		if own == nil {
			own = &convert.Remark{File: m.File, Line: m.Line, Directive: at.text}
			seen[at] = own
			c.result.Report.Remarks = append(c.result.Report.Remarks, own)
		}
		own.Mark(m.Outcome, c.shown(m.Why), c.shown(m.Advice))
		for name := range c.catalogue.odd {
			if strings.Contains(m.Directive, "service:"+name) {
				own.Mark(convert.Partly, "address and port are both those of the catalogue", "")
			}
		}
	}
	for _, o := range from.Options {
		if !standIn.MatchString(o.Value) {
			c.result.AddOption(o.Name, o.Value)
		}
	}
}

// finish sorts routes: those as they are, and those for each service.
func (c *converter) finish(from *convert.Result) {
	c.every = map[string][]*convert.Route{}
	for _, r := range from.Routes {
		c.route(r)
	}
	if c.refused == "" {
		c.registered()
	}
	if c.refused != "" {
		c.result.Routes, c.result.Options = nil, nil
		for _, m := range c.result.Report.Remarks {
			if m.Outcome == convert.Carried {
				m.Mark(convert.Unsupported, "no route is made of the template", "")
			}
		}
		c.result.Report.Add(c.file.Name, c.file.Line(1), "template").Mark(convert.Unsupported, c.refused+": no route is made", "render the template where its values are known, and convert what it becomes")
	}
	slices.SortStableFunc(c.result.Report.Remarks, func(a, b *convert.Remark) int { return a.Line - b.Line })
}
