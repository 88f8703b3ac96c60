package main

import (
	"strings"
	"testing"
)

func TestListenersHaveNames(t *testing.T) {
	for _, c := range []struct{ args, names, printed string }{
		{"", "http", ":8080"},
		{"-listen :1", "http", ":1"},
		{"-listen internal=127.0.0.1:1", "internal", "internal=127.0.0.1:1"},
		{"-listen :1,internal=:2 -listen other=[::1]:3", "http internal other", ":1,internal=:2,other=[::1]:3"},
		{"-tls-listen :1 -tls-listen admin=:2", "http https admin", ":8080"},
		{"-tls-listen :1 -tls-listen=", "http", ":8080"},
	} {
		p, _ := proxyLine(t, nil, strings.Fields(c.args)...)
		if got := strings.Join(p.listenerNames(), " "); got != c.names || p.listen.String() != c.printed {
			t.Errorf("%s: %s, %s", c.args, got, p.listen.String())
		}
	}
	for _, bad := range []string{"", "=:1", "A=:1", "a b=:1", "a=", "a=1", ":1,", strings.Repeat("a", 64) + "=:1"} {
		if err := (&listeners{unnamed: "http"}).Set(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
