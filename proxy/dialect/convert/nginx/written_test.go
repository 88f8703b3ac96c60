package nginx

import (
	"strings"
	"testing"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// A missing ; in front of a block is told, and nothing is more open for it.
func TestBlocksBehindAMissingSemicolon(t *testing.T) {
	for text, directive := range map[string]string{
		"server { listen 80\n location / { proxy_pass http://app:1; } }":                                                     "listen 80 location /",
		"server { listen 80; server_name a.b\n location / { proxy_pass http://app:1; } }":                                    "server_name a.b location /",
		"server { root /www; location / { proxy_pass http://app:1; } add_header X y location /a { deny all; } }":             "add_header X y location /a",
		"server { location / { deny all if ($http_x) { return 403; } proxy_pass http://app:1; } }":                           "deny all if ($http_x)",
		"server { location / { root /www auth_jwt x if ($http_x) { return 403; } proxy_pass http://app:1; } }":               "root /www auth_jwt x if ($http_x)",
		"http { gzip on server { listen 80; location / { deny all; } } server { location / { proxy_pass http://app:1; } } }": "gzip on server",
	} {
		r := converting(text)
		told := false
		for _, m := range r.Report.Remarks {
			told = told || m.Directive == directive && m.Outcome == convert.Unsupported && strings.HasPrefix(m.Why, "the ; behind it is missing")
		}
		if !told || open(r) || strings.Contains(routes(r), "files=") {
			t.Errorf("%s\n%s\n%s", text, routes(r), report(r))
		}
	}
}

// Directives that have a block are read as before.
func TestBlocksWithoutAMissingSemicolon(t *testing.T) {
	for _, text := range []string{"http { geoip2 /x.mmdb { $a country iso_code; } types { text/html html; } geo $x { default 0; } server { location / { proxy_pass http://app:1; } } }",
		"server { location / { access_by_lua_block { x() } limit_except GET { deny all; } proxy_pass http://app:1; } }"} {
		if got := report(converting(text)); strings.Contains(got, "missing") {
			t.Errorf("%s\n%s", text, got)
		}
	}
}

// What a condition compares a secret with is in the routes alone, and its operator is shown.
func TestConditionsDoNotShowSecrets(t *testing.T) {
	for text, want := range map[string]string{
		`if ($http_x_token != "s3cr3t") { return 403; }`:   `if ($http_x_token != hidden )`,
		`if ($http_x_token != s3cr3t) { return 403; }`:     `if ($http_x_token != hidden)`,
		`if ($http_x_token = s3cr3t) { return 403; }`:      `if ($http_x_token = hidden)`,
		`if ($cookie_session ~* 's3cr3t') { return 403; }`: `if ($cookie_session ~* hidden )`,
		`if ( $arg_apikey = s3cr3t ) { return 403; }`:      `if ( $arg_apikey = hidden )`,
		`if ($http_x_token = "s3cr3t ;") { return 403; }`:  `if ($http_x_token = hidden )`,
		`if ($http_x = open) { return 403; }`:              `if ($http_x = open)`,
		`if ($http_authorization) { return 403; }`:         `if ($http_authorization)`,
	} {
		got := report(converting("server { listen 80; location / { " + text + " proxy_pass http://app:1; } }"))
		if !strings.Contains(got, want) || strings.Contains(got, "s3cr3t") {
			t.Errorf("%s\n%s", text, got)
		}
	}
}
