package convert

import (
	"strings"
	"testing"
)

func anyName(name string) (string, bool) { return name, !strings.ContainsAny(name, ".:/") }

// What labels can't say stands in a remark behind them, and what is closed is closed in labels, too.
func TestLabels(t *testing.T) {
	server := func(name string, port int, words ...Word) Server { return Server{Name: name, Port: port, Words: words} }
	closed := &Route{Source: "a.b/shut", Words: []Word{{"path", "prefix"}, {"max-body", "1k"}}, Servers: []Server{server("web", 80)}}
	closed.Close()
	anyHost := &Route{Source: "/shut", Words: []Word{{"path", "prefix"}}, Servers: []Server{server("api", 3000)}}
	anyHost.Close()
	r := Result{Options: []Option{{"listen", ":80"}, {"access-log-format", "$a 'b'"}}, Routes: []*Route{
		{Source: "a.b/", Servers: []Server{server("web", 80, Word{"weight", "3"}), server("api", 3000), server("10.0.0.5", 81)}},
		{Source: "a.b/admin", Servers: []Server{server("web", 8081)}}, // its labels are for another port
		{Source: "a.b/page", Words: []Word{{"on", "502:page:/srv/x.html"}, {"max-body", "1m"}}, Servers: []Server{server("web", 80)}},
		{Source: "a.b/auth", Words: []Word{{"auth", "file:/etc/users"}}, Servers: []Server{server("web", 80)}},
		{Source: "a.b/go", Words: []Word{{"redirect", "301,https://$host$path"}}, Carriers: []Server{server("web", 80)}},
		{Source: "a.b/cat", Servers: []Server{{Name: "shop", Catalogue: true}}},
		{Source: "/", Words: []Word{{"balance", "least-connections"}}, Servers: []Server{{Name: "shop", Catalogue: true}}},
		{Source: "/", Offered: true, Offer: "any other host", Servers: []Server{server("web", 80)}},
		{Source: "a.b/bad", Words: []Word{{"nonsense=", "x y"}, {"allow", "z"}}, Servers: []Server{server("v.6", 80)}},
		closed, anyHost,
	}}
	var out strings.Builder
	r.WriteLabels(&out, anyName)
	const want = `# pointsman proxy -listen :80 -access-log-format '$a '\''b'\'''
services:
  api:
    labels:
      pointsman.port: "3000"
      pointsman.route: 'a.b/'
      # The next line lets nobody in for any host, but where a route of that host takes the path: if other services share the proxy, write the host in front of its path.
      pointsman.route.2: '/shut path=prefix deny=ip:0.0.0.0/0,ip:::/0'
  web:
    labels:
      pointsman.port: "80"
      pointsman.route: 'a.b/ weight=3'
      pointsman.route.2: 'a.b/page max-body=1m'
      pointsman.route.3: 'a.b/go redirect=301,https://$$host$$path'
      pointsman.route.4: 'a.b/shut path=prefix deny=ip:0.0.0.0/0,ip:::/0'
# In the file of -routes-file; without these lines some paths have no route, or a wider one:
# a.b/ to=10.0.0.5:81
# a.b/admin to=web:8081
# a.b/page on=502:page:/srv/x.html max-body=1m
# a.b/auth to=web:80 auth=file:/etc/users
# in place of the next line, a label on the service shop, pointsman.route: 'a.b/cat'
# a.b/cat service=shop
# in place of the next line, a label on the service shop, pointsman.route: '/ balance=least-connections'; or -default-service shop, without these options
# / service=shop balance=least-connections
# any other host: / to=web:80
# a.b/bad respond=503
`
	if out.String() != want {
		t.Errorf("%s\nwant\n%s", out.String(), want)
	}
}

// The worst outcome of a directive counts, with each of its reasons once.
func TestRemarks(t *testing.T) {
	var r Report
	m := r.Add("x", 3, "proxy_pass\x1b http://u:p@x")
	m.Mark(Implied, "a", "")
	m.Mark(Partly, "b", "do c")
	m.Mark(Partly, "b", "")
	m.Mark(Carried, "d", "")
	r.Add("x", 4, "unknown")
	var out strings.Builder
	r.Write(&out)
	if got := out.String(); got != "x:3: proxy_pass\\x1b http://u:set@x: partly; b; do c\nx:4: unknown: not supported; it is not known here\n" || r.Whole() {
		t.Errorf("%q", got)
	}
}

// An option that the line can't have, or that would have no effect, is not added.
func TestOptionsAreChecked(t *testing.T) {
	r := Route{Source: "a.b/x"}
	for _, w := range []Word{{"strip", "/y"}, {"weight", "0"}, {"nonsense", "1"}, {"tlsskipverify", "true"}} {
		if r.Add(w.Name, w.Value) == nil || len(r.Words) > 0 {
			t.Errorf("%v was added", w)
		}
	}
	if err := r.Add("strip", "/x"); err != nil || !r.Has("strip") {
		t.Error(err)
	}
}
