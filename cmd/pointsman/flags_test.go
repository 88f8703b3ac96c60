package main

import (
	"bytes"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func takenAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

// world is an environment and a command line.
func world(env map[string]string, args ...string) (program, *bytes.Buffer) {
	var errs bytes.Buffer
	return program{args: args, lookup: func(n string) (string, bool) { v, ok := env[n]; return v, ok }, stdout: &bytes.Buffer{}, stderr: &errs}, &errs
}

func proxyLine(t *testing.T, env map[string]string, args ...string) (*proxyFlags, *flags) {
	t.Helper()
	p, errs := world(env, args...)
	f := newFlags(p, "proxy", "", "")
	var c proxyFlags
	c.listeners(f)
	c.catalogue(f)
	c.routing(f, "tagged")
	c.traffic(f)
	if _, done := f.parse(0); done {
		t.Fatal(errs.String())
	}
	return &c, f
}

func TestFlagBeatsVariableBeatsDefault(t *testing.T) {
	env := map[string]string{"POINTSMAN_DOMAIN": "env.example", "POINTSMAN_GRACE": "5s", "POINTSMAN_LISTEN": "127.0.0.1:1, :2",
		"POINTSMAN_REDIRECT_HTTPS": "true", "POINTSMAN_ROUTES": ""}
	c, _ := proxyLine(t, env, "-domain", "flag.example", "-retries=0")
	if c.domain.value != "flag.example" || c.grace.value != 5*time.Second || !c.redirectHTTPS || c.retries.value != 0 {
		t.Errorf("%+v", c)
	}
	if got := c.listen.String(); got != "127.0.0.1:1,:2" {
		t.Errorf("listen %q", got)
	}
	if c.routes.value != "tagged" {
		t.Errorf("an empty variable counts as not set: %q", c.routes.value)
	}
	c, _ = proxyLine(t, env, "-listen", ":3", "-listen", ":4")
	if got := c.listen.String(); got != ":3,:4" {
		t.Errorf("listen %q", got)
	}
	c, _ = proxyLine(t, nil)
	if c.listen.String() != ":8080" || c.admin != "127.0.0.1:8090" || c.status != "" || c.head.value != 10*time.Second ||
		c.answer.value != time.Minute || c.idle.value != 75*time.Second || c.connect.value != time.Second ||
		c.grace.value != 30*time.Second || c.drainWait.value != 0 || c.retries.value != 2 || !c.consulStale {
		t.Errorf("defaults: %+v", c)
	}
}

func TestConsulAddressFromFlagThenVariables(t *testing.T) {
	for _, x := range []struct {
		env  map[string]string
		args []string
		want string
	}{
		{map[string]string{"POINTSMAN_CONSUL": "b:2", "CONSUL_HTTP_ADDR": "c:3"}, []string{"-consul", "a:1"}, "a:1"},
		{map[string]string{"POINTSMAN_CONSUL": "b:2", "CONSUL_HTTP_ADDR": "c:3"}, nil, "b:2"},
		{map[string]string{"CONSUL_HTTP_ADDR": "c:3"}, nil, "c:3"},
		{nil, nil, "127.0.0.1:8500"},
		{map[string]string{"CONSUL_HTTP_SSL": "true"}, []string{"-consul", "http://a:1"}, "http://a:1"},
		{map[string]string{"CONSUL_HTTP_SSL": "true"}, []string{"-consul", "a:1"}, "https://a:1"},
	} {
		c, f := proxyLine(t, x.env, x.args...)
		config, err := c.consulConfig(f)
		if err != nil || !strings.Contains(config.String(), x.want) {
			t.Errorf("%v %v: %v, %v", x.env, x.args, config, err)
		}
	}
}

func TestBadVariableIsNamed(t *testing.T) {
	p, errs := world(map[string]string{"POINTSMAN_GRACE": "soon\nnow"})
	f := newFlags(p, "proxy", "", "")
	var c proxyFlags
	c.traffic(f)
	code, done := f.parse(0)
	if !done || code != exitUsage || !strings.Contains(errs.String(), "POINTSMAN_GRACE") || strings.Count(errs.String(), "\n") != 1 {
		t.Errorf("%d %v %q", code, done, errs.String())
	}
}

func TestOwnKnowsEveryAddressOfAWildcardListener(t *testing.T) {
	local := interfaceAddresses()
	o := own{bound: []netip.AddrPort{netip.MustParseAddrPort("[::]:8080"), netip.MustParseAddrPort("127.0.0.1:8090")}}
	mine := []string{"127.0.0.1:8080", "127.0.0.9:8080", "[::1]:8080", "0.0.0.0:8080", "127.0.0.1:8090", "[::ffff:127.0.0.1]:8090"}
	for _, a := range local {
		mine = append(mine, netip.AddrPortFrom(a, 8080).String())
	}
	for _, a := range mine {
		if !o.is(netip.MustParseAddrPort(a)) {
			t.Errorf("%s is ours", a)
		}
	}
	for _, a := range []string{"127.0.0.1:8081", "192.0.2.1:8080", "127.0.0.2:8090"} {
		if o.is(netip.MustParseAddrPort(a)) {
			t.Errorf("%s is not ours", a)
		}
	}
}
