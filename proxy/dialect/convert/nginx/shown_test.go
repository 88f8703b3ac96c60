package nginx

import (
	"slices"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// What files as people write them become: their lines, the options of the process, and the outcome of some directives.
func TestFilesAsPeopleWriteThem(t *testing.T) {
	for name, want := range map[string]struct{ lines, options, outcomes string }{
		"ngx-1-balance.conf": {`
/ to=violin:3000 weight=3 balance=least-connections max-fails=3 fail-timeout=30s
/ to=viola:3000 balance=least-connections max-fails=1 fail-timeout=10s
/ to=cello:3000 balance=least-connections max-fails=3 fail-timeout=30s
/ to=bass:3000 backup balance=least-connections max-fails=1 fail-timeout=10s`,
			"listen :80", `
worker_processes auto: implied
events: implied
keepalive 32: implied
proxy_http_version 1.1: implied
proxy_set_header Host $host: implied
proxy_set_header X-Real-IP $remote_addr: implied`},
		"ngx-2-gateway.conf": {`
localhost/api/users path=exact redirect=301,$path/
localhost/api/users/ to=users-api:8000 strip=/api/users host=users proxy-redirect=off
localhost/api/orders/ to=orders-api:8000 strip=/api/orders
localhost/api/orders path=prefix to=orders-api:8000
localhost/ws path=prefix to=ui:80 answer-timeout=24h0m0s progress-timeout=24h0m0s host=ui
localhost/ to=ui:80 host=ui`,
			"listen :80", `
server_name localhost: carried over; being the first
rewrite ^/api/orders/(.*) /$1 break: carried over; /api/orders itself
proxy_pass http://ui: carried over; no Host is set
proxy_cache_bypass $http_upgrade: implied`},
		"ngx-3-tls.conf": {`
museum.example.org/.well-known/acme-challenge/ listener=http files=/var/www/certbot
museum.example.org/ listener=http redirect=301,https://$host$path
www.museum.example.org/.well-known/acme-challenge/ listener=http files=/var/www/certbot
www.museum.example.org/ listener=http redirect=301,https://$host$path
museum.example.org/50x.html path=exact listener=https on=500,502,503,504,none:page:/usr/share/nginx/html/50x.html hsts=31536000 compress=gzip compress-types=text/html|text/css|application/json files=/usr/share/nginx/html
museum.example.org/ listener=https to=exhibits:8080 on=500,502,503,504,none:page:/usr/share/nginx/html/50x.html hsts=31536000 max-body=20m compress=gzip compress-types=text/html|text/css|application/json
www.museum.example.org/50x.html path=exact listener=https on=500,502,503,504,none:page:/usr/share/nginx/html/50x.html hsts=31536000 compress=gzip compress-types=text/html|text/css|application/json files=/usr/share/nginx/html
www.museum.example.org/ listener=https to=exhibits:8080 on=500,502,503,504,none:page:/usr/share/nginx/html/50x.html hsts=31536000 max-body=20m compress=gzip compress-types=text/html|text/css|application/json`,
			"listen :80, tls-listen :443, tls-cert /etc/letsencrypt/live/museum/fullchain.pem, tls-key /etc/letsencrypt/live/museum/privkey.pem, access-log-file /var/log/nginx/museum.log, access-log combined", `
return 301 https://$host$request_uri: carried over; redirect=; -redirect-https
listen 443 ssl http2: carried over; HTTP/2
ssl_protocols TLSv1.2 TLSv1.3: implied
ssl_session_cache shared:SSL:10m: implied
gzip on: carried over`},
		"ngx-4-files.conf": {`
/ path-regexp=` + otherSpellings + ` priority=1 respond=400
/favicon.ico path=exact respond=404 access-log=off
/static/ strip=/static files=/srv/darkroom/static cache=168h0m0s
/media/ strip=/media files=/srv/darkroom/uploads
/admin path=prefix to=web:8000 host=darkroom allow=ip:198.51.100.0/24
/ to=web:8000 proxy-redirect=off`,
			"listen :80", `
charset utf-8: not supported
expires 7d: carried over
proxy_pass http://darkroom: carried over; no Host is set`},
		"ngx-5-limits.conf": {`
/nginx_status path=prefix respond=404 allow=ip:127.0.0.1/32
/health path=prefix respond=200,healthy access-log=off
/ to=api-1:9000,api-2:9000 connect-timeout=2s answer-timeout=30s progress-timeout=30s next-upstream=error,timeout,502,503,504 tries=2 host=api rate-limit=10/s,burst=20`,
			"listen :8080, status :8091", `
map $http_upgrade $connection_upgrade: implied
stub_status: partly; the proxy's metrics are at /metrics
zone api 64k: implied
limit_req zone=perclient burst=20 nodelay: carried over`},
	} {
		files := shown(t)
		at := slices.IndexFunc(files, func(f convert.File) bool { return f.Name == name })
		r := Convert(files[at:at+1], Options{})
		if got := strings.TrimSpace(routes(r)); got != strings.TrimSpace(want.lines) {
			t.Errorf("%s:\n%s\n\nwant\n%s", name, got, want.lines)
		}
		var options []string
		for _, o := range r.Options {
			options = append(options, o.Name+" "+o.Value)
		}
		if got := strings.Join(options, ", "); got != want.options {
			t.Errorf("%s: options %s, want %s", name, got, want.options)
		}
		for outcome := range strings.SplitSeq(strings.TrimSpace(want.outcomes), "\n") {
			if !strings.Contains(report(r), ": "+outcome) {
				t.Errorf("%s: the report lacks %q:\n%s", name, outcome, report(r))
			}
		}
	}
}

// A part of a file that a server includes is read as one.
func TestPartsOfServers(t *testing.T) {
	r := converting("location /a/ { proxy_pass http://app:81; include proxy_params; }")
	if got := routes(r); got != "/a path=exact redirect=301,$path/\n/a/ to=app:81\n" {
		t.Errorf("%s\n%s", got, report(r))
	}
}
