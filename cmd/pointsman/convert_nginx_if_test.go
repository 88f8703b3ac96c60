package main

import (
	"net/http"
	"testing"
)

// Conditions on fields, parameters, cookies, methods and hosts, and hosts by expression: requests are let in and sent as in nginx.
func TestConvertedConditionsAreTakenAsInNginx(t *testing.T) {
	up := startSeen(t, "one", "X-Location")
	pass := func(name string) string {
		return "proxy_set_header Host $http_host; proxy_set_header X-Location " + name + "; proxy_pass http://" + up + ";"
	}
	nginx, pointsman, _ := nginxAndOwn(t, `
server { listen LISTEN default_server; return 404; }
server { listen LISTEN; server_name a.test;
  location /version { if ($http_x_version ~ ^1\.) { return 403; } `+pass("version")+` }
  location /key { if ($http_x_key !~* ^k[0-9]+$) { return 401; } `+pass("key")+` }
  location /bots { if ($http_user_agent ~* "bot|spider") { return 403; } `+pass("bots")+` }
  location /equal { if ($http_x_key != "k 1") { return 403; } `+pass("equal")+` }
  location /empty { if ($http_x_key = "") { return 401; } `+pass("empty")+` }
  location /set { if ($http_x_key) { return 403; } `+pass("set")+` }
  location /arg { if ($arg_v !~ ^[0-9]+$) { return 400; } `+pass("arg")+` }
  location /debug { if ($arg_debug) { return 403; } `+pass("debug")+` }
  location /cookie { if ($cookie_c ~ ^t) { return 403; } `+pass("cookie")+` }
  location /cookie2 { if ($cookie_KEY != s,1) { return 401; } `+pass("cookie2")+` }
  location /method { if ($request_method !~ ^(GET|HEAD|POST)$) { return 405; } `+pass("method")+` }
  location /read { if ($request_method != GET) { return 405; } `+pass("read")+` }
}
server { listen LISTEN; server_name ~^[0-9]+\.num\.test$ www.num.test; location / { `+pass("num")+` } location /p { return 403; } }
server { listen LISTEN; server_name *.wild.test; location / { `+pass("wild")+` } }
server { listen LISTEN; server_name ~^X+\.wild\.test$ ~[0-9]-host; location / { if ($host ~ ^9) { return 403; } `+pass("upper")+` } }
`)
	type header = http.Header
	for _, q := range []struct {
		method, host, target string
		header               header
	}{
		{"GET", "a.test", "/version", nil}, {"GET", "a.test", "/version", header{"X-Version": {"1.2"}}}, {"GET", "a.test", "/version", header{"X-Version": {"12"}}}, {"GET", "a.test", "/version", header{"x-version": {"1."}}},
		{"GET", "a.test", "/key", nil}, {"GET", "a.test", "/key", header{"X-Key": {"K12"}}}, {"GET", "a.test", "/key", header{"X-Key": {"k"}}}, {"GET", "a.test", "/key", header{"X-Key": {"k1, k2"}}},
		{"GET", "a.test", "/bots", header{"User-Agent": {"curl"}}}, {"GET", "a.test", "/bots", header{"User-Agent": {"A SpiderBot"}}},
		{"GET", "a.test", "/equal", header{"X-Key": {"k 1"}}}, {"GET", "a.test", "/equal", header{"X-Key": {"K 1"}}}, {"GET", "a.test", "/equal", nil},
		{"GET", "a.test", "/empty", nil}, {"GET", "a.test", "/empty", header{"X-Key": {""}}}, {"GET", "a.test", "/empty", header{"X-Key": {"0"}}},
		{"GET", "a.test", "/set", nil}, {"GET", "a.test", "/set", header{"X-Key": {""}}}, {"GET", "a.test", "/set", header{"X-Key": {"0"}}}, {"GET", "a.test", "/set", header{"X-Key": {"00"}}}, {"GET", "a.test", "/set", header{"X-Key": {"a"}}},
		{"GET", "a.test", "/arg", nil}, {"GET", "a.test", "/arg?v=12", nil}, {"GET", "a.test", "/arg?v=1x", nil}, {"GET", "a.test", "/arg?w=1&v=2", nil},
		{"GET", "a.test", "/debug", nil}, {"GET", "a.test", "/debug?debug=1", nil}, {"GET", "a.test", "/debug?debug=0", nil}, {"GET", "a.test", "/debug?debug=", nil}, {"GET", "a.test", "/debug?debug", nil},
		{"GET", "a.test", "/debug?DEBUG=1", nil}, {"GET", "a.test", "/debug?Debug=0&debug=1", nil}, {"GET", "a.test", "/debug?debug&dEbug=1", nil}, {"GET", "a.test", "/debug?xdebug=1", nil}, {"GET", "a.test", "/debug?%64ebug=1", nil},
		{"GET", "a.test", "/arg?V=x&v=1", nil}, {"GET", "a.test", "/arg?v=1&v=x", nil}, {"GET", "a.test", "/arg?v=&v=1", nil}, {"GET", "a.test", "/arg?v=%31", nil}, {"GET", "a.test", "/arg?V=1", nil},
		{"GET", "a.test", "/cookie", nil}, {"GET", "a.test", "/cookie", header{"Cookie": {"a=b; c=t1"}}}, {"GET", "a.test", "/cookie", header{"Cookie": {"c=x"}}},
		{"GET", "a.test", "/cookie", header{"Cookie": {"C=t1"}}}, {"GET", "a.test", "/cookie", header{"Cookie": {"a=b,c=t1"}}}, {"GET", "a.test", "/cookie", header{"Cookie": {"c=x; c=t"}}}, {"GET", "a.test", "/cookie", header{"Cookie": {"C=t; c=x"}}},
		{"GET", "a.test", "/cookie", header{"Cookie": {"a=b;  c =  t"}}}, {"GET", "a.test", "/cookie", header{"Cookie": {"xc=t; cc=t"}}}, {"GET", "a.test", "/cookie", header{"Cookie": {`c="t"`}}}, {"GET", "a.test", "/cookie", header{"Cookie": {"c=%74"}}},
		{"GET", "a.test", "/cookie2", header{"Cookie": {"Key=s,1; b=c"}}}, {"GET", "a.test", "/cookie2", header{"Cookie": {"key=s"}}}, {"GET", "a.test", "/cookie2", header{"Cookie": {"key=x; KEY=s,1"}}}, {"GET", "a.test", "/cookie2", nil},
		{"GET", "a.test", "/method", nil}, {"POST", "a.test", "/method", nil}, {"PUT", "a.test", "/method", nil}, {"DELETE", "a.test", "/read", nil}, {"GET", "a.test", "/read", nil},
		{"GET", "12.num.test", "/", nil}, {"GET", "12.NUM.test", "/p", nil}, {"GET", "a12.num.test", "/", nil}, {"GET", "www.num.test", "/x", nil}, {"GET", "num.test", "/", nil},
		{"GET", "xx.wild.test", "/", nil}, {"GET", "a1-host.test", "/", nil}, {"GET", "9-host.test", "/", nil}, {"GET", "host.test", "/", nil},
	} {
		askBoth(t, nginx, pointsman, q.method, q.host, q.target, q.header)
	}
}
