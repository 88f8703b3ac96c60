package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/routing"
)

// zeros are the options of the proxy that may be nothing, and what they then come to.
var zeros = map[string]func(c *proxyFlags, l proxy.Limits) any{
	"grace":                func(_ *proxyFlags, l proxy.Limits) any { return l.Grace },
	"drain-wait":           func(_ *proxyFlags, l proxy.Limits) any { return l.DrainWait },
	"min-body-rate":        func(_ *proxyFlags, l proxy.Limits) any { return l.MinBodyRate },
	"retries":              func(c *proxyFlags, _ proxy.Limits) any { return c.defaults().Retries },
	"max-connections":      func(_ *proxyFlags, l proxy.Limits) any { return l.Conns },
	"upstream-connections": func(_ *proxyFlags, l proxy.Limits) any { return l.UpstreamConns },
	"slow":                 func(c *proxyFlags, _ proxy.Limits) any { return c.observe.slow.value },
	"loops":                func(c *proxyFlags, _ proxy.Limits) any { return c.loops.value },
}

// An option that takes a zero gets one: no default in its place.
func TestAZeroIsAZero(t *testing.T) {
	_, f := proxyLine(t, nil)
	f.VisitAll(func(g *flag.Flag) {
		zero := "0"
		switch g.Value.(type) {
		case *span:
			zero = "0s"
		case *count:
		default:
			return
		}
		_, may := zeros[g.Name]
		if err := g.Value.Set(zero); (err == nil) != may {
			t.Errorf("-%s %s: %v; listed as one that may be nothing: %v", g.Name, zero, err, may)
		}
		if !may {
			return
		}
		c, _ := proxyLine(t, nil, "-"+g.Name, zero)
		if got := fmt.Sprint(zeros[g.Name](c, c.limits())); got != zero {
			t.Errorf("-%s %s comes to %s", g.Name, zero, got)
		}
	})
}

// What was not asked for is as by default.
func TestNoOptionIsTheDefault(t *testing.T) {
	c, _ := proxyLine(t, nil)
	if got := c.limits(); got != proxy.DefaultLimits() {
		t.Errorf("%+v, want %+v", got, proxy.DefaultLimits())
	}
	if got := c.defaults(); got != routing.DefaultPolicy() {
		t.Errorf("%+v, want %+v", got, routing.DefaultPolicy())
	}
}

// With -grace 0s a process does not wait for what is under way.
func TestNoGraceEndsAtOnce(t *testing.T) {
	for _, engine := range []string{"std", "auto"} {
		p, address, _ := startDemo(t, "-grace", "0s", "-engine", engine)
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, "POST / HTTP/1.1\r\nHost: web.localhost\r\nContent-Length: 5\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond) // the head has arrived and is waiting for its body
		begun := time.Now()
		p.Signal(syscall.SIGTERM)
		if err := p.Wait(20 * time.Second); err != nil {
			t.Errorf("engine %s: %v: %s", engine, err, p.Output())
		}
		if took := time.Since(begun); took > 20*time.Second {
			t.Errorf("engine %s: ended after %s", engine, took)
		}
	}
}
