package main

import (
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// Options that belong to -routes registered do not stay without effect in silence.
func TestRegisteredOptionsNeedRegistered(t *testing.T) {
	for _, args := range [][]string{{"-registered-path"}, {"-registered-tag", "public"}} {
		c, _ := proxyLine(t, nil, args...)
		if err := c.check(); err == nil || !strings.Contains(err.Error(), "-routes registered") {
			t.Errorf("%q: %v", args, err)
		}
		c, _ = proxyLine(t, nil, append(args, "-routes", "registered")...)
		if err := c.check(); err != nil {
			t.Errorf("%q: %v", args, err)
		}
	}
}

// A path for each service with a tag, and Fabio's own routes in KV, with a real Consul between.
func TestRoutesThatNoTagAsksFor(t *testing.T) {
	c := lab.StartConsul(t)
	store := func(key, text string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://"+c.HTTP+"/v1/kv/"+key, strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		a, err := http.DefaultClient.Do(r)
		if err != nil || a.StatusCode != http.StatusOK {
			t.Fatalf("%+v %v", a, err)
		}
		a.Body.Close()
	}
	host, port := instance(t, "oak")
	put(t, c, "oak", host, port, "public")
	other, otherPort := instance(t, "elm")
	put(t, c, "elm", other, otherPort, "urlprefix-elm.example/", "urlprefix-elm.example/old")
	store("fabio/config", "# by hand\nroute add oak hand.example/ http://"+net.JoinHostPort(host, strconv.Itoa(port))+"/\nroute del elm elm.example/old\n")
	store("fabio/configuration", "route add oak wrong.example/ http://"+net.JoinHostPort(host, strconv.Itoa(port))+"/")
	_, address, _ := startProxy(t, nil, "-consul", c.HTTP, "-routes", "registered", "-registered-path", "-registered-tag", "public", "-domain", "parks.example", "-fabio-kv", "/fabio/config")
	answers(t, address, "hand.example", 200, "oak")
	for url, want := range map[string]string{"oak.parks.example/": "200 oak", "any.example/oak/x": "200 oak", "any.example/elm": "404", "elm.parks.example/": "404",
		"elm.example/": "200 elm", "wrong.example/": "404"} {
		if got := asked("http", address, url); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", url, got, want)
		}
	}
	store("fabio/config", "route del elm")
	lab.Eventually(t, 20*time.Second, "the routes of KV are others", func() bool {
		return strings.HasPrefix(asked("http", address, "elm.example/"), "404") && strings.HasPrefix(asked("http", address, "hand.example/"), "404")
	})
	store("pointsman/routes/a", "own.example/ service=oak")
	answers(t, address, "own.example", 200, "oak")
	for _, args := range [][]string{{"proxy", "-fabio-kv", "/"}, {"proxy", "-fabio-kv", "pointsman/routes"}, {"proxy", "-fabio-kv", "pointsman"}, {"run", "-fabio-kv", "fabio/config"}} {
		if o := execute(t, binary, nil, args...); o.code != exitUsage || !strings.Contains(o.stderr, "-fabio-kv") {
			t.Errorf("%q: exit code %d, %s", args, o.code, o.stderr)
		}
	}
}
