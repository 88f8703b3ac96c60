package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/examples/lab"
)

// nginxSite is a configuration of nginx as people write it, and what is asked of it.
type nginxSite struct {
	name, text string
	// instances are the addresses in it that instances stand for.
	instances []string
	// dead are addresses at which nobody listens.
	dead []string
	host string
	// targets are asked for, each with the method in front of it where it is not GET.
	targets []string
	// pages are those whose answers are compared by their text alone: where no instance is left, the status is 503, and nginx's 502.
	pages []string
	// rounds of the first target are asked for, and have to be shared alike; 0 is none.
	rounds int
	header http.Header
	fields []string
}

// nginxSites are the shown files, with what stands in an http block alone, and the configurations of the systems that the examples replace.
func nginxSites(t *testing.T, folder string) []nginxSite {
	shown := func(name string) string {
		text, err := os.ReadFile(filepath.Join(lab.Root(), "proxy/dialect/convert/nginx/testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		out := string(text)
		if _, in, ok := strings.Cut(out, "http {"); ok {
			out = in[:strings.LastIndexByte(in, '}')]
		}
		return strings.NewReplacer("listen 80;", "listen LISTEN;", "listen 8080;", "listen LISTEN;", "/srv/darkroom", folder).Replace(out)
	}
	client := http.Header{"X-Own": {"1"}, "Connection": {"keep-alive"}}
	return []nginxSite{
		{name: "balance", text: shown("ngx-1-balance.conf"), instances: []string{"violin:3000", "viola:3000", "cello:3000", "bass:3000"}, host: "any.test",
			targets: []string{"/", "/x?y=1", "POST /x"}, header: client},
		{name: "gateway", text: shown("ngx-2-gateway.conf"), instances: []string{"users-api:8000", "orders-api:8000", "ui:80"}, host: "localhost",
			targets: []string{"/api/users/7?a=b", "/api/users/", "/api/users", "/api/orders/7", "/api/orders", "/api/ordersx", "/ws", "/wsx/y", "/", "/api"}},
		{name: "files", text: shown("ngx-4-files.conf"), instances: []string{"web:8000"}, host: "any.test",
			targets: []string{"/", "/static/a.css", "/static/none", "/media/b.txt", "/favicon.ico", "/admin", "/admin/x", "/adminx", "/static/../admin"}, fields: []string{"Cache-Control"}},
		{name: "limits", text: shown("ngx-5-limits.conf"), instances: []string{"api-1:9000", "api-2:9000"}, host: "any.test",
			targets: []string{"/a", "/health", "/healthy", "/b?status=503"}},
		{name: "redirects", text: "server { listen LISTEN; rewrite ^/old/(.*)$ http://other.test/$1 permanent; rewrite ^/gone/.*$ http://other.test/now? permanent;\n" +
			"location /x { rewrite ^/x/(.*)$ http://other.test/y/$1 redirect; proxy_pass http://app:1; } location / { proxy_pass http://app:1; } }",
			instances: []string{"app:1"}, host: "any.test", targets: []string{"/x", "/xy", "/x/", "/x/a?q=1", "/old", "/old/b?q=1", "/older", "/gone", "/gone/c"}},
		{name: "internal redirects", text: "server { listen LISTEN; root " + folder + "; location / { try_files $uri /sorry.html; } location = /sorry.html { internal; }\n" +
			"location /static/ { error_page 404 /sorry.html; } location /uploads { deny all; } }",
			host: "any.test", targets: []string{"/", "/none", "/static/a.css", "/sorry.html", "/uploads/b.txt"}},
		// The systems: three servers that are alike, weights, failover with a page, and the one that a template rendered.
		{name: "zones", text: "upstream app { server app1:1000 weight=1; server app2:2000 weight=1; server app3:3000 weight=1; }\nserver { listen LISTEN; location / { proxy_pass http://app; } }",
			instances: []string{"app1:1000", "app2:2000", "app3:3000"}, host: "any.test", targets: []string{"/"}, rounds: 12},
		{name: "weights", text: "upstream webtest { server webtest001:6969 weight=5; server webtest002:6969; server webtest003:6969; }\nserver { listen LISTEN;\n# listen 443 ssl;\ngzip on; gzip_types application/json;\n" +
			"location /webtest { proxy_pass http://webtest; proxy_set_header Host $host; } }",
			instances: []string{"webtest001:6969", "webtest002:6969", "webtest003:6969"}, host: "any.test", targets: []string{"/webtest?action=get_uuid", "OPTIONS /webtest", "/webtest/x"}, rounds: 14},
		{name: "drills", text: "upstream todo { server todo-1:3001 max_fails=1 fail_timeout=1s; server todo-2:3002 max_fails=1 fail_timeout=1s; }\nserver { listen LISTEN; proxy_connect_timeout 1s; proxy_read_timeout 3s;\n" +
			"error_page 502 /sorry.html; location = /sorry.html { root " + folder + "; }\nlocation / { proxy_pass http://todo; proxy_next_upstream error timeout invalid_header http_502 http_503 http_504; } location /gone { proxy_pass http://none:3003; } }",
			instances: []string{"todo-1:3001"}, dead: []string{"todo-2:3002", "none:3003"}, host: "any.test", targets: []string{"/api/v1/ping", "/api/v1/ping", "/x"}, pages: []string{"/gone"}},
		{name: "labels", text: "upstream one { server t1:8080; server t2:8080; } upstream two { server t3:8080; server t4:8080; }\nserver { listen LISTEN; server_name tomcat.ir.1; location / { proxy_pass http://one; proxy_set_header Host $http_host; } }\n" +
			"server { listen LISTEN; server_name tomcat.ir.2; location / { proxy_pass http://two; proxy_set_header Host $http_host; } }",
			instances: []string{"t1:8080", "t2:8080", "t3:8080", "t4:8080"}, host: "tomcat.ir.2", targets: []string{"/"}, rounds: 8},
		{name: "rendered", text: "upstream app.frontend { least_conn; server a:1 max_fails=3 fail_timeout=60 weight=1; server b:2 max_fails=3 fail_timeout=60 weight=1; }\n" +
			"server { listen LISTEN default_server; charset utf-8; location / { proxy_pass http://app.frontend; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header Host $http_host; } }",
			instances: []string{"a:1", "b:2"}, host: "any.test", targets: []string{"/", "/x?y"}},
	}
}

// nginx with a configuration, and Pointsman with what it was converted to, answer the same requests alike, and instances see the same.
func TestConvertedFilesAnswerAsInNginx(t *testing.T) {
	folder, err := os.MkdirTemp("/tmp", "nginx") // nginx's worker is another user, who must get in
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	for name, text := range map[string]string{"static/a.css": "a{}", "uploads/b.txt": "b", "sorry.html": "be right back"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(folder, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, s := range nginxSites(t, folder) {
		t.Run(s.name, func(t *testing.T) { s.try(t) })
	}
}

func (s nginxSite) try(t *testing.T) {
	t.Parallel()
	swap := []string{}
	for _, at := range s.instances {
		swap = append(swap, at, startSeen(t, at, "X-Own", "X-Forwarded-For", "X-Real-Ip"))
	}
	for _, at := range s.dead {
		swap = append(swap, at, fmt.Sprintf("127.0.0.1:%d", lab.FreePort(t)))
	}
	nginx, pointsman, report := nginxAndOwn(t, strings.NewReplacer(swap...).Replace(s.text))
	for _, target := range s.targets {
		method, path, ok := strings.Cut(target, " ")
		if !ok {
			method, path = "GET", target
		}
		askBoth(t, nginx, pointsman, method, s.host, path, s.header, s.fields...)
	}
	for _, path := range s.pages {
		want, err := nginx.ask("GET", s.host, path, nil)
		got, bad := pointsman.ask("GET", s.host, path, nil)
		if err != nil || bad != nil || got.page != want.page || want.Status != 502 || got.Status != 503 {
			t.Errorf("%s: %v %v\n     got %+v\n  nginx's %+v", path, err, bad, got, want)
		}
	}
	want, got := s.shares(t, nginx), s.shares(t, pointsman)
	if fmt.Sprint(want) != fmt.Sprint(got) {
		t.Errorf("shares %v, nginx's %v", got, want)
	}
	if t.Failed() {
		t.Log(report)
	}
}

// shares are how often each instance served the first target.
func (s nginxSite) shares(t *testing.T, of *askedProxy) map[string]int {
	out := map[string]int{}
	for range s.rounds {
		_, path, ok := strings.Cut(s.targets[0], " ")
		if !ok {
			path = s.targets[0]
		}
		a, err := of.ask("GET", s.host, path, nil)
		if err != nil {
			t.Fatal(err)
		}
		out[a.Instance]++
	}
	return out
}
