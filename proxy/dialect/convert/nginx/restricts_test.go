package nginx

import (
	"strings"
	"testing"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// restricting are directives that restrict, well written and badly, as they may stand in any level.
var restricting = []string{
	"allow 10.0.0.0/8; deny all;", "deny 10.0.0.0/8;", "deny all;", "allow 10.0.0.0/8; deny nonsense;", "deny ${NOTHING};",
	"auth_basic shop; auth_basic_user_file /etc/users;", "auth_basic shop;", "auth_basic shop; auth_basic_user_file $file;",
	"auth_request /gate;", "auth_request /nowhere;", "limit_req zone=few;", "limit_req zone=unknown;", "limit_req zone=odd burst=5;", "limit_conn perip 10;",
	"auth_jwt realm;", "access_by_lua_block { if x then { ngx.exit(403) } end }", "access_by_lua_file /x.lua;", "auth_digest shop;", "modsecurity on;", "geo_deny_country CN;",
	"satisfy any; allow 10.0.0.1; deny all; auth_basic shop; auth_basic_user_file /etc/users;", "include /not/here.conf;", "secure_link $arg_md5;", "client_max_body_size 1k;",
	"client_max_body_size nonsense;",
}

// inLocation are those that stand in a location or a server.
var inLocation = []string{
	"internal;", "return 403;", `if ($bad) { return 403; }`, `if ($http_user_agent ~* bot) { return 403; }`, `if ($request_method !~ ^(GET|HEAD)$) { return 405; }`,
	`if ($http_x_key != "k") { return 403; }`, `if ($remote_addr = 10.0.0.1) { return 403; }`, `if ($invalid_referer) { return 403; }`, "limit_except GET { deny all; }", "limit_except GET { auth_digest x; }",
	`if ($remote_addr = ) { return 403; }`, `if () { return 403; }`,
	`if ($http_x_key !~ "^k$") { return 403; }`, `if ($http_x_key ~ "(?!k)") { return 403; }`, `if ($http_x_key = "") { return 401; }`, `if ($http_x_key) { return 403; }`, `if ($arg_k !~* "^[0-9]+$") { return 403; }`,
	`if ($arg_k = "%2e") { return 403; }`, `if ($cookie_k ~ "b") { return 403; }`, `if ($uri ~ "^/a") { return 403; }`, `if ($host ~ "^[a-z]") { return 403; }`, `if ($http_x_key = "a|b") { return 403; }`, `if ($a { return 403; }`, "js_access main;",
}

const zones = "limit_req_zone $binary_remote_addr zone=few:1m rate=1r/s; limit_req_zone $odd zone=odd:1m rate=1r/s; limit_conn_zone $binary_remote_addr zone=perip:1m;\n"

// What restricts in a file restricts in the route, or the route lets nobody in, at whatever level it stands.
func TestWhatRestrictsRestricts(t *testing.T) {
	const gate = " location = /gate { internal; proxy_pass http://gate:1; }"
	pass := " proxy_pass http://app:1; "
	for i, d := range append(restricting, inLocation...) {
		texts := []string{"server { location / {" + d + pass + "}" + gate + "}", "server { location /a {" + d + pass + "} location / { root /srv; }" + gate + "}", "server { location ~ ^/a {" + d + pass + "}" + gate + "}",
			"server { location / {" + pass + "location /a {" + d + pass + "} }" + gate + "}"}
		if i < len(restricting) {
			texts = append(texts, "server { "+d+"location / {"+pass+"}"+gate+"}", d+"server { location / {"+pass+"}"+gate+"}", "http { "+zones+d+" server { location /a {"+pass+"}"+gate+"} }")
		}
		for _, text := range texts {
			if r := converting(zones + text); open(r) {
				t.Errorf("%s\nis open:\n%s\n%s", text, routes(r), report(r))
			}
		}
	}
}

// open says whether a route sends a request for /a to the application without any restriction.
func open(r *convert.Result) bool {
	for _, route := range r.Routes {
		of := strings.HasSuffix(route.Source, "/a") || strings.HasSuffix(route.Source, "/")
		if route.Offered || !of || route.Closed() || len(route.Servers) == 0 || route.Servers[0].Name != "app" {
			continue
		}
		held := false
		for _, w := range route.Words {
			held = held || dialect.Restriction(w.Name) || w.Name == "max-body" || w.Name == "method" || strings.EqualFold(w.Value, "x-key:k") || w.Value == "x-key:^k$" || w.Value == "x-key:." || w.Value == "(?i)k:(?i)^[0-9]+$"
		}
		if !held && !hiddenBy(r, route) {
			return true
		}
	}
	return false
}

// hiddenBy says whether another route takes the requests for /a before this one.
func hiddenBy(r *convert.Result, of *convert.Route) bool {
	for _, o := range r.Routes {
		if o != of && (len(o.Servers) == 0 || open(&convert.Result{Routes: []*convert.Route{o}}) == false) && len(o.Words) > 0 && (strings.HasSuffix(o.Source, "/a") || o.Has("path-regexp") || o.Has("client") || o.Has("header") || o.Has("query") || o.Has("header-regexp") || o.Has("cookie-regexp") || o.Has("host-regexp")) && !o.Has("redirect") {
			if o.Has("path-regexp") && o.Closed() && !strings.Contains(strings.Join(o.Lines(), ""), "^/a") {
				continue // the guard
			}
			return true
		}
	}
	return false
}

func FuzzConvert(f *testing.F) {
	for _, file := range shown(f) {
		f.Add(file.Text)
	}
	for _, d := range append(restricting, inLocation...) {
		f.Add(zones + "server { listen 80; server_name a.b; " + d + " location /a { " + d + " proxy_pass http://app:1/x; } }")
	}
	f.Add("server { location / { rewrite ^/(.*)$ https://x/$1 permanent; } location ~ \"^/(a|b){2}\" { proxy_pass http://u:1; } error_page 502 @x; location @x { return 200 a; } }")
	f.Add("rewrite 0 }location")
	f.Add("a {{range services}} b {\n'x\\\"' \"y;{}\" # z\n} } ;; { x ${A} ${b}c")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 8<<10 {
			return
		}
		r := converting(text)
		refused := false
		for _, m := range r.Report.Remarks {
			refused = refused || strings.HasPrefix(m.Why, "refused")
			if m.Outcome == convert.None {
				t.Errorf("no outcome of %s", m.Directive)
			}
		}
		closed := false
		for _, route := range r.Routes {
			closed = closed || route.Closed()
			for _, line := range route.Lines() {
				rule, _ := dialect.ParseLine(line, dialect.PathSegments, dialect.Env{Writer: dialect.WriterOperator})
				if rule == nil || rule.Policy.Closed || rule.Line() != line {
					t.Errorf("%q is not read as it is written", line)
				}
			}
		}
		if refused && !closed && len(r.Routes) > 0 {
			t.Errorf("something is refused, and no route is closed:\n%s\n%s", routes(r), report(r))
		}
		var out strings.Builder
		r.WriteLabels(&out, func(name string) (string, bool) { return name, !strings.Contains(name, ".") })
		r.WriteRoutes(&out)
		for line := range strings.SplitSeq(out.String(), "\n") {
			if strings.ContainsAny(line, "\r\x00\x1b") {
				t.Errorf("%q may do something to a terminal", line)
			}
		}
	})
}

// Clients have to show a certificate on every listener of TLS that a server has, beside plain ones too.
func TestClientCertificatesBesidePlainHTTP(t *testing.T) {
	r := converting("http { ssl_client_certificate /ca.pem; ssl_verify_client on; server { listen 80; listen 443 ssl; server_name a.b; ssl_certificate /c; ssl_certificate_key /k; location / { proxy_pass http://app:1; proxy_set_header Host $host; } } }")
	if got := routes(r); got != "a.b/ listener=http to=app:1\na.b/ listener=https to=app:1 client-ca=clients\n" {
		t.Errorf("%s\n%s", got, report(r))
	}
}

// No answer, no location inside of another one and no condition goes past what restricts before it.
func TestRestrictionsBesideConditions(t *testing.T) {
	const bad = `set $z 0; if ($http_x_key = bad) { set $z 1; } if ($z = 1) { return 403; } proxy_pass http://app:1;`
	for text, want := range map[string]string{
		"location /a { " + bad + " }": "a.b/a path=prefix respond=503\n",
		"location /a { if ($http_x_key = bad) { add_header X y; } if ($args) { return 403; } proxy_pass http://app:1; }":                              "a.b/a path=prefix respond=503\n",
		"location /a { if ($request_method = POST) { proxy_pass http://app:2; } limit_except GET { deny all; } proxy_pass http://app:1; }":            "a.b/a path=prefix respond=503\n",
		"location /a { if ($geo) { return 403; } return 200 x; }":                                                                                     "a.b/a path=prefix respond=503\n",
		"location /a { if ($geo) { return 403; } rewrite ^ https://c.d/ permanent; }":                                                                 "a.b/a path=prefix respond=503\n",
		"location /a { internal; proxy_pass http://app:1; location /a/b { proxy_pass http://app:1; } }":                                               "a.b/a/b path=prefix respond=404\na.b/a path=prefix respond=404\n",
		"location /a { if ($http_x_key = bad) { return 403; } proxy_set_header Host $host; proxy_pass http://app:1; limit_except GET { deny all; } }": "",
	} {
		r := converting("server { listen 80; server_name a.b; " + text + " }")
		got := ""
		for line := range strings.Lines(routes(r)) {
			if !strings.Contains(line, "respond=400") {
				got += line
			}
		}
		if want != "" && got != want || open(r) && want != "" {
			t.Errorf("%s\n%s\n%s", text, got, report(r))
		}
		if want == "" && strings.Contains(got, "503") {
			t.Errorf("%s: refused without need\n%s\n%s", text, got, report(r))
		}
	}
}
