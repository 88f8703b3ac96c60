package traefik

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// variant is what a router asks for on some listeners: a redirect to HTTPS is for those without TLS, and what follows it for the others.
type variant struct {
	listeners []string     // nil is all
	words     []string     // options
	operator  []string     // those of them that the operator wrote, in the file
	condition string       // that the requests meet besides those of the rule
	redirect  string       // of the option of that name; "" forwards
	url       *urlRedirect // what the redirect is made of for each term
	failed    error        // why it lets nobody in
}

// variants are those of the router, with what its entry points, its TLS and its middlewares ask for.
func (x *router) variants() []variant {
	on, err := x.listeners()
	if err != nil {
		x.fail(err)
		return []variant{{}}
	}
	c := &chain{router: x, last: variant{listeners: on}}
	for name := range strings.SplitSeq(x.of.value("middlewares"), ",") {
		if name = strings.TrimSpace(name); name != "" && x.failed == nil {
			if err := c.use(name, x.file, 0); err != nil {
				x.fail(fmt.Errorf("middleware %s: %w", shown(name), err))
			}
		}
	}
	if x.failed != nil {
		return []variant{{listeners: on}}
	}
	if c.last.listeners == nil || len(c.last.listeners) > 0 {
		c.done = append(c.done, c.last)
	}
	return c.done
}

// listeners are those that the router is for; nil is all.
func (x *router) listeners() ([]string, error) {
	var on []string
	if l := x.of["entrypoints"]; l != nil {
		var names []string
		for name := range strings.SplitSeq(l.value, ",") {
			if name = strings.TrimSpace(name); name != "" {
				names = append(names, name)
			}
		}
		var err error
		if on, err = x.meant(names...); err != nil {
			return nil, err
		}
	}
	if o := x.of["tls.options"]; o != nil && !slices.Contains([]string{"default", "default@file", ""}, o.value) {
		return nil, errors.New("tls.options may ask clients for certificates, which is not supported")
	}
	if !x.overTLS() {
		return on, nil
	}
	secure, err := x.meant("websecure")
	if err != nil {
		return nil, err
	}
	if on != nil {
		secure = slices.DeleteFunc(on, func(l string) bool { return !slices.Contains(secure, l) })
	}
	if len(secure) == 0 {
		return nil, errors.New("it asks for TLS, and none of its entry points is one for TLS")
	}
	return secure, nil
}

// overTLS says whether the router takes TLS only: anything beside tls=false asks for it.
func (x *router) overTLS() bool {
	if strings.EqualFold(x.of.value("tls"), "false") {
		return false
	}
	for key := range x.of {
		if key == "tls" || strings.HasPrefix(key, "tls.") {
			return true
		}
	}
	return false
}

// meant are the listeners that entry points mean.
func (x *router) meant(names ...string) ([]string, error) { return x.env.EntryPoints.Listeners(names) }

// ofFile says whether the labels stand in the operator's file.
func (g group) ofFile() bool {
	for _, l := range g {
		return l.ofFile
	}
	return false
}

func (g group) clone() group {
	out := group{}
	for key, l := range g {
		out[key] = l
	}
	return out
}
