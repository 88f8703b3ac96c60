package nginx

import (
	"strings"
	"testing"
)

// An internal redirect, by the last path of try_files, an index or an error_page, is never more open than the location that takes it in nginx.
func TestInternalRedirects(t *testing.T) {
	const files = "root /www; "
	for text, want := range map[string]struct{ line, not, why string }{
		files + `location / { try_files $uri $uri/ /index.php?$args; } location ~ \.php$ { fastcgi_pass f:1; }`:                   {"files=/www try=$uri|$uri/|=404", "index.php", "try_files $uri $uri/ /index.php?$args: partly; what is none of its files gets 404"},
		files + `location / { try_files $uri /a.html; } location = /a.html { deny all; }`:                                         {"a.b/ files=/www try=$uri|=404", "", "restricts more"},
		files + `location / { try_files $uri /app/index; } location /app/ { proxy_pass http://app:1; }`:                           {"a.b/ files=/www try=$uri|=404", "", "does not just send files: proxy_pass"},
		files + `location / { try_files $uri $uri.html; } location = /x.html { deny all; }`:                                       {"a.b/ files=/www try=$uri|=404", "", "restricts more"},
		files + `location / { try_files $uri $uri/ /index.html; }`:                                                                {"a.b/ files=/www try=$uri|$uri/|/index.html", "", "carried over"},
		files + `location / { try_files $uri /index.html; } location = /index.html { internal; add_header X y; }`:                 {"a.b/ files=/www try=$uri|/index.html", "", ""},
		files + `location / { index index.html; } location = /index.html { auth_basic x; auth_basic_user_file /u; }`:              {"a.b/ respond=503", "", "refused: nginx looks again"},
		files + `location / { } location ~ \.html$ { deny all; }`:                                                                 {"a.b/ respond=503", "", "refused: nginx looks again"},
		files + `location / { } location ~ ^/sub/.*\.html?$ { deny all; }`:                                                        {"a.b/ respond=503", "", "refused: nginx looks again"},
		files + `location / { } location ~ /\.ht { deny all; } location ~* \.(js|css)$ { expires 1d; }`:                           {"a.b/ files=/www", "", ""},
		files + `location / { } location /in { deny all; }`:                                                                       {"a.b/ respond=503", "", "refused: nginx looks again"},
		files + `location / { } location ~ \.php$ { fastcgi_pass f:1; }`:                                                          {"a.b/ files=/www", "", ""},
		files + `location = / { } location / { proxy_pass http://app:1; }`:                                                        {"a.b/ path=exact respond=503", "", "refused: nginx looks again"},
		`location / { proxy_pass http://app:1; error_page 502 @m; } location @m { deny all; proxy_pass http://m:1; }`:             {"a.b/ to=app:1", "on=", "restricts more than the route itself"},
		files + `location / { error_page 404 /sub/a.html; } location /sub/ { allow 10.0.0.0/8; deny all; }`:                       {"a.b/ files=/www", "on=", "restricts more than the route itself"},
		files + `location / { deny all; error_page 403 /403.html; } location = /403.html { internal; allow all; }`:                {"on=403:page:/www/403.html", "", ""},
		files + `deny all; error_page 403 /403.html;`:                                                                             {"", "on=", ""},
		files + `location / { proxy_pass http://app:1; error_page 500 /50x.html; } location = /50x.html { internal; }`:            {"on=500:page:/www/50x.html", "", ""},
		files + `location / { proxy_pass http://app:1; error_page 500 /50x.php; } location ~ \.php$ { fastcgi_pass f:1; }`:        {"a.b/ to=app:1", "on=", "no folder: it does not just send files: fastcgi_pass"},
		files + `location / { try_files $uri @m; } location @m { auth_request /x; proxy_pass http://m:1; }`:                       {"a.b/ respond=503", "", "restricts more"},
		files + `location / { try_files $uri @m; } location @m { proxy_pass http://m:1; if ($http_x = a) { return 403; } }`:       {"a.b/ respond=503", "", "restricts more"},
		files + `allow 10.0.0.0/8; deny all; location / { allow all; try_files $uri @m; } location @m { proxy_pass http://m:1; }`: {"a.b/ respond=503", "", "restricts more"},
	} {
		r := converting("server { listen 80; server_name a.b; " + text + " }")
		got := routes(r)
		if !strings.Contains(got, want.line) || want.not != "" && strings.Contains(got, want.not) || !strings.Contains(report(r), want.why) {
			t.Errorf("%s\n%s\nwant %+v\n%s", text, got, want, report(r))
		}
	}
}

// What an expression decides by the end of a path is told from what the path itself decides.
func TestDecidedByEnd(t *testing.T) {
	for expression, want := range map[string]bool{
		`\.html$`: true, `\.(html|js)$`: true, `^/x/.*l$`: true, `index`: true, `^/i`: true, `(?i)\.HTML$`: true, `/[^/]+$`: true, `/.+`: true,
		`/\.ht`: false, `\.php$`: false, `^/admin`: false, `^/a/.*`: false, `/$`: false, `\.(js|css)$`: false, `^`: false,
	} {
		if got := decidedByEnd(expression, indexName, true); got != want {
			t.Errorf("%s: %v", expression, got)
		}
	}
}
