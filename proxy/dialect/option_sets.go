package dialect

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// ServicePrefix is what tells a service of the catalogue.
const ServicePrefix = "service:"

// maxSets bounds the services, and the cases, that a line may name.
const maxSets = 8

func setFallback(l *line, value string) error {
	t := &l.rule.Policy.Tries
	for _, text := range l.list(value) {
		text, ok := strings.CutPrefix(text, ServicePrefix)
		name, err := ParseServiceName(text)
		switch {
		case !ok || err != nil:
			return fmt.Errorf("fallback=%s: want service:NAME", shown(value))
		case len(t.Fallback) == maxSets:
			return fmt.Errorf("a line may name %d services to fall back to", maxSets)
		case slices.Contains(t.Fallback, name):
			l.note("fallback=%s%s is given twice", ServicePrefix, shown(text))
		default:
			t.Fallback = append(t.Fallback, name)
		}
	}
	return nil
}

func printFallback(r *Rule) []string {
	list := r.Policy.Tries.Fallback
	return printIf(len(list) > 0, serviceTexts(list, ServicePrefix))
}

func setFailover(l *line, value string) error {
	switch {
	case strings.ContainsAny(value, ",|"):
		return errors.New("failover names one datacenter; others stand in fallback=service:NAME@DATACENTER")
	case !isDatacenter(value):
		return fmt.Errorf("failover=%s is no name of a datacenter", shown(value))
	}
	l.rule.Policy.Tries.Failover = strings.ToLower(value)
	return nil
}

func printFailover(r *Rule) []string {
	dc := r.Policy.Tries.Failover
	return printIf(dc != "", dc)
}

// judgeFailover comes for lines that no instance carries: the same service can be in another datacenter only where there is one.
func judgeFailover(l *line) {
	t := &l.rule.Policy.Tries
	if t.Failover == "" || l.env.Writer == WriterTag {
		return
	}
	for _, s := range l.rule.Options.Upstream.Services {
		if s.Datacenter == "" {
			return
		}
	}
	l.note("failover has no effect without service=NAME in the same line, and for a service of another datacenter")
	t.Failover = ""
}

func setOn(l *line, value string) error {
	cases, what, ok := strings.Cut(value, ":")
	if !ok {
		return fmt.Errorf("on=%s: want statuses or none, a colon, and a status, a URL or service:NAME", shown(value))
	}
	var o On
	for _, text := range l.list(cases) {
		if text == "none" {
			o.None = true
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 400 || n > 599 {
			return fmt.Errorf("on=%s: %s is neither none nor a status between 400 and 599", shown(value), shown(text))
		}
		if !slices.Contains(o.Statuses, n) {
			o.Statuses = append(o.Statuses, n)
		}
	}
	if (strings.HasPrefix(what, PagePrefix) || strings.HasPrefix(what, RespondPrefix)) && l.env.Writer != WriterOperator {
		return fmt.Errorf("on=%s: only the operator may name a page or an answer: in the routes file", shown(value))
	}
	if err := o.setWhat(what); err != nil {
		return fmt.Errorf("on=%s: %w", shown(value), err)
	}
	t := &l.rule.Policy.Tries
	if len(t.On) == maxSets {
		return fmt.Errorf("a line may have on= %d times", maxSets)
	}
	t.On = append(t.On, o)
	return nil
}

// setWhat reads what takes an error's place.
func (o *On) setWhat(what string) error {
	if name, ok := strings.CutPrefix(what, ServicePrefix); ok {
		var err error
		if o.Service, err = ParseServiceName(name); err != nil {
			return err
		}
		return o.onlyServed()
	}
	if page, ok := strings.CutPrefix(what, PagePrefix); ok {
		if o.Page = path.Clean(page); !path.IsAbs(page) || o.Page == "/" || strings.ContainsRune(page, 0) {
			return fmt.Errorf("%s is no path of a file, or of a folder, with a slash in front", shown(page))
		}
		if strings.HasSuffix(page, "/") {
			o.Page += "/"
		}
		return nil
	}
	if answer, ok := strings.CutPrefix(what, RespondPrefix); ok {
		var err error
		o.Respond, err = parseRespond(answer)
		return err
	}
	if n, err := strconv.Atoi(what); err == nil {
		if o.Status = n; n < 400 || n > 599 {
			return fmt.Errorf("%d is no status between 400 and 599", n)
		}
		return nil
	}
	if !redirectURL(what) {
		return fmt.Errorf("%s is neither a status, a URL, a path, service:NAME, page:/FILE nor respond:STATUS,TEXT", shown(what))
	}
	const found = 302 // as nginx has it
	o.Redirect = &Redirect{Code: found, URL: what}
	return nil
}

// onlyServed lets no request reach a service that the route has refused.
func (o *On) onlyServed() error {
	for _, s := range o.Statuses {
		if s == 401 || s == 403 || s == 429 {
			return fmt.Errorf("a request that was refused with %d is sent to no service", s)
		}
	}
	return nil
}

func printOn(r *Rule) (out []string) {
	for _, o := range r.Policy.Tries.On {
		out = append(out, o.String())
	}
	return out
}

func setIntercept(l *line, value string) error {
	switch value {
	case "on", "off":
		l.rule.Policy.Tries.Intercept = value == "on"
		return nil
	}
	return fmt.Errorf("intercept=%s is neither on nor off", shown(value))
}

func printIntercept(r *Rule) []string { return printIf(r.Policy.Tries.Intercept, "on") }

func judgeIntercept(l *line) {
	t := &l.rule.Policy.Tries
	if t.Intercept && len(t.On) == 0 {
		l.note("intercept=on has no effect without on=")
		t.Intercept = false
	}
}
