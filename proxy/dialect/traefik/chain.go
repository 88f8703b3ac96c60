package traefik

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// secure sends what comes without TLS to HTTPS, and goes on with what comes with it.
func (c *chain) secure(code, port string) error {
	plain, tls, err := c.env.ByTLS(c.last.listeners)
	if err != nil {
		return err
	}
	if len(plain) > 0 {
		c.done = append(c.done, variant{listeners: plain, words: beforeOnly(c.last.words), operator: c.last.operator, redirect: code + ",https://$host" + port + "$path"})
	}
	if c.last.listeners = tls; c.last.listeners == nil {
		c.last.listeners = []string{}
	}
	return nil
}

// beforeOnly are the options that are in effect beside a redirect.
func beforeOnly(words []string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(w string) bool {
		key, _, _ := strings.Cut(w, "=")
		return !slices.Contains(beforeRedirect, key)
	})
}

// beforeRedirect are those that are in effect beside a redirect.
var beforeRedirect = []string{"auth", "auth-realm", "auth-pass", "allow", "rate-limit", "forward-auth", "forward-auth-headers", "forward-auth-sends", "response-header"}

// chain is what the middlewares of a router ask for, in their order.
type chain struct {
	*router
	used int
	rank int    // of what changed the path last
	body uint64 // the least of max-body; 0 is none
	done []variant
	last variant
}

// Bounds of the middlewares of one router, and of how deep those of chain.middlewares lead.
const maxMiddlewares, maxDepth = 32, 8

// use adds what one middleware asks for.
func (c *chain) use(name string, ofFile bool, depth int) error {
	m, err := c.middleware(name, ofFile)
	if err != nil {
		return err
	}
	if c.used++; c.used > maxMiddlewares || depth > maxDepth {
		return fmt.Errorf("a router may have %d middlewares", maxMiddlewares)
	}
	for _, s := range m.sources() {
		if !slices.Contains(c.sources, s) {
			c.sources = append(c.sources, s)
		}
	}
	c.mark(c.sources)
	if why := m.problem(); why != "" {
		return errors.New(why)
	}
	kinds := map[string]group{}
	for key, l := range m {
		kind, option, _ := strings.Cut(key, ".")
		if kinds[kind] == nil {
			kinds[kind] = group{}
		}
		kinds[kind][option] = l
	}
	if len(kinds) != 1 {
		return errors.New("it is of several kinds at once")
	}
	for kind, options := range kinds {
		if kind == "chain" {
			return c.chained(options, options.ofFile() || c.file, depth)
		}
		k := middlewares[kind]
		if k.apply == nil {
			return fmt.Errorf("%s is not supported", quoted(kind))
		}
		o := &optionsOf{group: options, left: options.clone()}
		before := len(c.last.words)
		if err := k.apply(c, o); err != nil {
			return err
		}
		if options.ofFile() {
			c.last.operator = append(c.last.operator, c.last.words[min(before, len(c.last.words)):]...)
		}
		return c.unread(o, k)
	}
	return nil
}

func (c *chain) chained(options group, ofFile bool, depth int) error {
	for key := range options {
		if key != "middlewares" {
			return fmt.Errorf("there is no option %s", quoted(key))
		}
	}
	for name := range strings.SplitSeq(options.value("middlewares"), ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		if err := c.use(name, ofFile, depth+1); err != nil {
			return fmt.Errorf("%s: %w", shown(name), err)
		}
	}
	return nil
}

// add adds an option. No value holds a control character, which would end the line's reading.
func (c *chain) add(name, value string) { c.last.words = append(c.last.words, word(name, value)) }

// path adds an option that changes the path. Those of a line are in effect in the order of their ranks, whatever order they stand in.
func (c *chain) path(rank int, name, value string) error {
	if rank <= c.rank {
		return errors.New("a line changes the path in the order stripprefix, replacepathregex, addprefix, and each once")
	}
	c.rank = rank
	c.add(name, value)
	return nil
}

// optionsOf are those of a middleware, and which of them nobody has read.
type optionsOf struct {
	group
	left group
}

func (o *optionsOf) get(key string) string {
	delete(o.left, key)
	return o.value(key)
}

func (o *optionsOf) list(key string) (out []string) {
	for part := range strings.SplitSeq(o.get(key), ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// unread refuses the options that are not known, as they may restrict, and tells of those that are passed over.
func (c *chain) unread(o *optionsOf, k middleware) error {
	keys := slices.Sorted(maps.Keys(o.left))
	for _, key := range keys {
		if _, ok := k.passes(key); !ok {
			return fmt.Errorf("the option %s is not supported", quoted(key))
		}
	}
	for _, key := range keys {
		p, _ := k.passes(key)
		kind := dialect.VerdictIgnored
		if p.part {
			kind = dialect.VerdictPartly
		}
		if p.why != "" && !strings.EqualFold(o.value(key), cmp.Or(p.means, "false")) {
			c.without(group{key: o.group[key]}, kind, p.why)
		}
	}
	return nil
}

// passes says whether an option is passed over, and why.
func (k middleware) passes(key string) (p passed, ok bool) {
	name, _, _ := strings.Cut(key, ".")
	if p, ok = k.ignores[name]; !ok {
		p, ok = k.ignores[allOptions]
	}
	return p, ok
}
