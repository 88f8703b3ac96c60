package main

import (
	"context"
	"fmt"
	"net"
	"strings"
)

// demoStart is how many instances the demo starts with: enough to see answers rotate.
const demoStart = 3

// runDemo is the whole flow in one process: only the source of registrations differs from production.
func runDemo(ctx context.Context, p program) int {
	f := newFlags(p, "demo", "try it: a sample service behind the proxy, no Docker and no Consul needed", "")
	var c proxyFlags
	c.listeners(f)
	c.routing(f, "registered")
	c.traffic(f)
	if code, done := f.parse(0); done {
		return code
	}
	if c.defaultService == "" {
		c.defaultService = sampleName
	}
	if err := c.check(); err != nil {
		return f.refuse(err)
	}
	h := &dataPath{flags: &c, log: c.log.logger(p.stderr), registry: newRegistry()}
	forget := func() {}
	defer func() { forget() }()
	return h.runWith(ctx, func(a *actors) error {
		catalogue, err := embedded(h, a)
		if err != nil {
			return err
		}
		web := newSample(catalogue, h.log)
		h.offer("scale", web.action())
		if c.adminToken == "" && h.ports.admin != nil {
			h.token, forget = p.keepToken(h.ports.admin.Addr().String())
		}
		a.support(web.run)
		if err := h.assemble(a); err != nil {
			return err
		}
		if err := web.scale(ctx, sampleName, demoStart); err != nil {
			return err
		}
		fmt.Fprint(p.stdout, demoText(p.self, h.ports, &c, h.token))
		return nil
	})
}

// demoText is what a newcomer does next. A token that the demo made is shown, so that the page can be opened with it; one of the operator's
// own is not.
func demoText(self string, b *ports, c *proxyFlags, token *adminToken) string {
	var t strings.Builder
	where := dialable(b.plain[0].Addr().String())
	_, port, _ := net.SplitHostPort(where)
	fmt.Fprintf(&t, "\nThree instances of %q run behind http://%s. Try:\n\n", sampleName, where)
	fmt.Fprintf(&t, "  curl http://%s/\n", where)
	fmt.Fprintf(&t, "  curl -H 'Host: %s.%s:%s' http://%s/\n", sampleName, c.domain.value, port, where)
	if b.admin != nil {
		at := dialable(b.admin.Addr().String())
		option, fragment := "", "#token="+token.value()
		if c.adminToken != "" {
			option, fragment = "-admin-token "+c.adminToken+" ", ""
		}
		fmt.Fprintf(&t, "\nSee it live:\n\n  http://%s/%s\n", at, fragment)
		if at != "127.0.0.1:8090" {
			option += "-admin " + at + " "
		}
		fmt.Fprintf(&t, "\nScale it while requests flow, and see what the proxy sees:\n\n")
		fmt.Fprintf(&t, "  %s scale %s%s=5\n  curl http://%s/api/routes\n", self, option, sampleName, at)
	}
	fmt.Fprint(&t, "\nEnd it with Ctrl-C.\n\n")
	return t.String()
}
