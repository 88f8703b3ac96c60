package routing

import (
	"slices"
	"strings"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// hasTag says whether a service is among those of RegisteredTag: as in a template over all services, one instance with it is enough.
func (o *Options) hasTag(block *discovery.Service) bool {
	return o.RegisteredTag == "" || slices.ContainsFunc(block.Instances, func(in discovery.Instance) bool { return slices.Contains(in.Tags, o.RegisteredTag) })
}

// named adds the route <service>.<domain>, and /<service> where that is asked for.
func (c *compiler) named() {
	host := strings.ToLower(c.out.name) + "." + c.options.Domain
	problem := ""
	if !outside.IsHostName(host) {
		problem = "the service's name is no host name"
	}
	c.unasked(host, dialect.Match{Host: dialect.Host{Kind: dialect.HostExact, Text: host}, Path: dialect.Path{Kind: dialect.PathSegments, Text: "/"}}, problem)
	if !c.options.RegisteredPath {
		return
	}
	path, err := dialect.ParsePath(dialect.PathSegments, "/"+c.out.name)
	if problem = ""; err != nil {
		problem = "the service's name can't stand in a path"
	}
	c.unasked(path.Text, dialect.Match{Path: path}, problem)
}

// unasked adds a route that no tag asks for; problem says why there is none. A path is removed from the front of what goes upstream.
func (c *compiler) unasked(text string, match dialect.Match, problem string) {
	none := ": there is no route " + quoted(text) + " by itself"
	const advice = "a tag pointsman.route= asks for one"
	var rule *dialect.Rule
	for i := range c.out.block.Instances {
		in, now := &c.out.block.Instances[i], &c.out.standing[i]
		if now.foreign || !in.Registered && c.options.RegisteredTag == "" || now.barred || now.defaults != nil && now.defaults.Off {
			if now.barred && !now.restricts() {
				c.tell(in, dialect.Verdict{Kind: dialect.VerdictIgnored, Reason: "another registration of its address restricts who may use it" + none, Advice: advice})
			}
			continue
		}
		if protocol := otherProtocol(in); protocol != "" {
			if len(now.rules) == 0 {
				c.tell(in, dialect.Verdict{Kind: dialect.VerdictIgnored, Reason: protocol + none, Advice: advice})
			}
			continue
		}
		if problem != "" {
			c.refuse(in, problem+": there is no route "+quoted(text))
			return
		}
		if rule == nil || now.defaults != c.out.standing[i-1].defaults {
			rule = now.defaults.Rule(text, match)
			rule.Unasked = true
			if match.Host.Kind == dialect.HostAny {
				rule.Options.Strip = match.Path.Text
			}
		}
		c.join(keyOf(&rule.Match), i, rule)
	}
}
