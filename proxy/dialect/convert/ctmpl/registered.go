package ctmpl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// form is what the routes for each service look like.
type form struct {
	path, host, stripped bool
	domain               string
	// fold says that the path is taken whatever its case.
	fold bool

	// other are routes of no such form; words are options beyond it.
	other []*convert.Route
	words []string
}

// registered says what of the routes for each service options of the process say.
func (c *converter) registered() {
	for _, routes := range c.every {
		if slices.ContainsFunc(routes, func(r *convert.Route) bool { return restricted(r) && !r.Offered }) {
			c.refused = "what restricts a route for each service can't be said by options of the process"
			return
		}
	}
	plain := c.text(c.kind("", false))
	var tags []string // those that make a difference
	for _, w := range c.catalogue.words {
		if name := c.kind(w, false); c.text(name) != plain {
			tags = append(tags, w)
		}
	}
	both := c.text(c.kind("", true))
	switch {
	case plain == "" && len(tags) == 0 && both != "":
		c.everyMark(convert.Unsupported, "a service needs several tags for its route", "a label of each such service")
		c.offer(c.kind("", true), "as a label of each such service")
	case plain == "" && len(tags) == 0:
	case plain != "" && len(tags) == 0 && (both == "" || both == plain):
		c.options(c.kind("", false), "")
	case plain == "" && len(tags) == 1 && (both == "" || both == c.text(c.kind(tags[0], false))):
		c.options(c.kind(tags[0], false), tags[0])
	default:
		c.everyMark(convert.Unsupported, "what a service gets differs with its tags: no option of the process says it", "a label of each service")
		if plain != "" {
			c.offer(c.kind("", false), "as a label of each other service")
		}
		for _, t := range tags {
			c.offer(c.kind(t, false), "as a label of each service with the tag "+t)
		}
	}
}

// kind is the name of a service that stands for all.
func (c *converter) kind(tag string, both bool) string {
	for name, k := range c.catalogue.kinds {
		if k.tag == tag && k.both == both {
			return name
		}
	}
	return "-"
}

// text is what a kind's routes are, to be compared.
func (c *converter) text(name string) string {
	var b strings.Builder
	for _, r := range c.every[name] {
		fmt.Fprintln(&b, r.Source, r.Words, r.Servers, r.Closed())
	}
	return strings.ReplaceAll(b.String(), name, "NAME")
}

// options says by options of the process what each service gets.
func (c *converter) options(name, tag string) {
	f := c.form(name)
	if len(f.other) > 0 || !f.path && !f.host {
		c.everyMark(convert.Unsupported, "no option of the process makes such a route for each service", "a label of each service")
		c.offer(name, offerFor(tag))
		return
	}
	if f.path && !f.stripped {
		c.everyMark(convert.Partly, "-registered-path removes /NAME from the path, and the template does not", "label such services: they get the path as it is")
		c.offer(name, offerFor(tag))
		return
	}
	c.result.AddOption("routes", "registered")
	if f.path {
		c.result.AddOption("registered-path", "")
	}
	if f.domain != "" {
		c.result.AddOption("domain", f.domain)
	}
	if tag != "" {
		c.result.AddOption("registered-tag", tag)
	}
	why := "-routes registered"
	if f.path {
		why += " -registered-path: /NAME/… is NAME's, with /NAME removed"
		if !f.host {
			why += "; NAME." + defaultDomain + " is a route too"
		}
	}
	if f.host {
		why += " -domain " + f.domain
	}
	if tag != "" {
		why += " -registered-tag " + tag
	}
	outcome, advice := convert.Carried, ""
	if f.fold {
		outcome = convert.Partly
		why += "; /NAME is taken with its case"
	}
	if len(f.words) > 0 {
		outcome, advice = convert.Partly, "label each service pointsman."+strings.Join(f.words, ", pointsman.")
		why += "; options of its routes are those of the process"
	}
	if tag == "" && !c.excluded() {
		why += "; services that nothing but an agent registers have no route, such as consul"
	}
	c.everyMark(outcome, why, advice)
	c.offer(name, offerFor(tag))
}

// defaultDomain is that of -domain.
const defaultDomain = "<domain>"

func offerFor(tag string) string {
	if tag == "" {
		return "or as a label of each service"
	}
	return "or as a label of each service with the tag " + tag
}

// excluded says whether the template leaves services out by their names.
func (c *converter) excluded() bool { return slices.Contains(c.catalogue.words, "consul") }

// form finds what the routes of a kind have in common.
func (c *converter) form(name string) (f form) {
	for _, r := range c.every[name] {
		host, path, _ := strings.Cut(r.Source, "/")
		domain, hosted := strings.CutPrefix(host, name+".")
		to := slices.ContainsFunc(r.Servers, func(s convert.Server) bool { return s.Catalogue && s.Name == name })
		switch {
		case r.Offered, redirectsToSlash(r, name):
			continue
		case !to || len(r.Servers) != 1:
			f.other = append(f.other, r)
		case hosted && path == "" && (f.domain == "" || f.domain == domain):
			f.host, f.domain = true, domain
		case host == "" && strings.TrimSuffix(path, "/") == name:
			f.path = true
		case host == "" && path == "" && word(r, "path-regexp") == "(?i)^/"+name:
			f.path, f.fold = true, true
		default:
			f.other = append(f.other, r)
		}
		for _, w := range append(slices.Clone(r.Words), serverWords(r)...) {
			value := w.Name
			if w.Value != "" {
				value += "=" + c.shown(w.Value)
			}
			switch {
			case w.Name == "strip" && strings.Trim(w.Value, "/") == name:
				f.stripped = true
			case w.Name == "path" || w.Name == "priority" || w.Name == "listener" || w.Name == "path-regexp":
			case w.Name == "replace-path" && strings.Contains(w.Value, name):
				f.stripped = true
			case !slices.Contains(f.words, value):
				f.words = append(f.words, value)
			}
		}
	}
	return f
}

// redirectsToSlash says whether a route sends clients from /name to /name/, as nginx does by itself.
func redirectsToSlash(r *convert.Route, name string) bool {
	return r.Source == "/"+name && word(r, "path") == "exact" && strings.HasSuffix(word(r, "redirect"), "$path/")
}

// word is the value of an option.
func word(r *convert.Route, name string) string {
	for _, w := range r.Words {
		if w.Name == name {
			return w.Value
		}
	}
	return ""
}

func serverWords(r *convert.Route) (out []convert.Word) {
	for _, s := range r.Servers {
		out = append(out, s.Words...)
	}
	return out
}

// offer prints the routes of a kind as remarks. What nginx's first server gets besides its names is the first service's alone: as a label of each
// it would be shared by all of them.
func (c *converter) offer(name, what string) {
	for _, r := range c.every[name] {
		one := convert.Route{Source: strings.ReplaceAll(r.Source, name, "name"), Offered: true, Offer: what}
		if r.Offered && !strings.Contains(r.Source, name) {
			one.Offer = r.Offer + ", as a label of the first of these services alone"
		}
		for _, w := range r.Words {
			one.Words = append(one.Words, convert.Word{Name: w.Name, Value: strings.ReplaceAll(w.Value, name, "name")})
		}
		for _, s := range r.Servers {
			s.Name = strings.ReplaceAll(s.Name, name, "name")
			one.Servers = append(one.Servers, s)
		}
		c.result.Routes = append(c.result.Routes, &one)
	}
}

// everyMark marks the loops over all services.
func (c *converter) everyMark(o convert.Outcome, why, advice string) {
	for i := range c.tree.actions {
		if a := &c.tree.actions[i]; a.condition && strings.Contains(a.text, "services") {
			for _, m := range c.result.Report.Remarks {
				if m.Line == c.file.Line(a.line) && m.Directive == convert.Shown(a.text) {
					m.Mark(o, why, advice)
				}
			}
		}
	}
}
