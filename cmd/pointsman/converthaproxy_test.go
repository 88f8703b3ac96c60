package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// echoing are servers that say what they see of a request, by the addresses that a configuration gives them.
func echoing(t *testing.T, names ...string) *strings.Replacer {
	t.Helper()
	var pairs []string
	for _, name := range names {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			seen := map[string]string{}
			for _, field := range []string{"X-Forwarded-For", "X-A", "X-B", "X-Scheme"} {
				if v := r.Header.Values(field); v != nil {
					seen[field] = strings.Join(v, ",")
				}
			}
			fields, _ := json.Marshal(seen)
			w.Header().Set("X-Drop", "1")
			fmt.Fprintf(w, "%s %s %s host=%s %s", name, r.Method, r.RequestURI, r.Host, fields)
		}))
		t.Cleanup(s.Close)
		pairs = append(pairs, name, s.Listener.Addr().String())
	}
	return strings.NewReplacer(pairs...)
}

// startHAProxy starts a real one with a configuration, in which LISTEN is its address.
func startHAProxy(t *testing.T, config string) (address string) {
	t.Helper()
	bin, err := exec.LookPath("haproxy")
	if err != nil {
		lab.Missing(t, "HAProxy, to compare with: %v", err)
	}
	address = fmt.Sprintf("127.0.0.1:%d", lab.FreePort(t))
	file := filepath.Join(t.TempDir(), "haproxy.cfg")
	write(t, file, strings.ReplaceAll(config, "LISTEN", address))
	lab.StartProcess(t, "haproxy", nil, bin, "-db", "-f", file)
	lab.Eventually(t, 60*time.Second, "HAProxy listens", func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	return address
}

// startConverted starts a proxy with what pointsman convert makes of a configuration.
func startConverted(t *testing.T, name, config string) (address string) {
	t.Helper()
	dir := t.TempDir()
	file, routes := filepath.Join(dir, name), filepath.Join(dir, "routes")
	write(t, file, strings.ReplaceAll(config, "LISTEN", "127.0.0.1:8080"))
	o := execute(t, binary, nil, "convert", "-o", "routes", file)
	if o.stdout == "" || strings.Contains(o.stderr, "not supported") || strings.Contains(o.stderr, "refused") {
		t.Errorf("%d\n%s", o.code, o.stderr)
	}
	write(t, routes, o.stdout)
	if checked := execute(t, binary, nil, "check", "-routes", routes); checked.stderr != "" || strings.Contains(checked.stdout, "refused") {
		t.Errorf("%s\n%s", checked.stdout, checked.stderr)
	}
	_, address, _ = startDemo(t, "-routes-file", routes)
	return address
}

// responded is a response as far as it has to be alike.
func responded(t *testing.T, address, request string) string {
	t.Helper()
	words := strings.Split(request, " ")
	r, err := http.NewRequest(words[0], "http://"+address+words[2], nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = words[1]
	for _, w := range words[3:] {
		name, value, _ := strings.Cut(w, ":")
		r.Header.Add(name, value)
	}
	a, err := (&http.Client{Timeout: 60 * time.Second, Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprint(a.StatusCode, " ", a.Header.Get("Location"), " X-C=", a.Header.Get("X-C"), " X-Drop=", a.Header.Get("X-Drop"))
	if a.StatusCode == 200 {
		text += " " + string(body)
	}
	return text
}

const haproxyDefaults = "defaults\n mode http\n option forwardfor\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n"

// HAProxy with a configuration and the proxy with what convert makes of it respond to the same requests in the same way, and instances see the same.
func TestHAProxyAndWhatConvertMakesOfItRespondAlike(t *testing.T) {
	shown, err := os.ReadFile("../../proxy/dialect/convert/haproxy/testdata/hap-2-acl.cfg")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		config   string
		requests []string
	}{
		"acl": {strings.NewReplacer("bind :80\n", "bind LISTEN\n option forwardfor\n", "    bind :443 ssl crt /etc/haproxy/certs/site.pem alpn h2,http/1.1\n", "", "unless { ssl_fc }", "if { ssl_fc }").Replace(string(shown)),
			[]string{"GET blog.example.org /", "GET BLOG.example.org /api/x", "GET a.example /api/users?q=1", "GET a.example /v1/x", "GET a.example /api/logo.png", "GET a.example /v1/a.jpg", "GET a.example /x.png?y",
				"GET img.example /x", "GET img.example /api/y", "GET img.example /v1", "GET a.example /", "GET a.example /apis/x.png", "POST a.example /v1", "GET xblog.example.org /", "GET a.example /a.png/b"}},
		"rules": {haproxyDefaults + `
frontend f
 bind LISTEN
 acl old path_beg /old
 acl inner src 127.0.0.0/8
 acl get method GET
 http-request deny if { path_beg /closed }
 http-request deny deny_status 404 if { path /gone } || { url_param(none) 1 }
 http-request deny if { path_beg /inner } !inner
 http-request deny if { path_beg /outer } inner
 http-request redirect location /new code 301 if old !{ path_end .txt }
 http-request redirect prefix https://safe.example code 307 if { hdr(host) -i www.a.example }
 http-request return status 200 content-type text/plain string fine if { path /fine }
 http-request set-header X-A b
 http-request del-header X-B
 http-request add-header X-Scheme plain if { path_beg /api }
 http-response set-header X-C d
 http-response del-header X-Drop
 use_backend two if get { path_reg ^/[0-9]+$ }
 use_backend two if { hdr_end(host) -i .test } !{ path_beg /keep }
 use_backend three if { url_param(v) 3 } or { hdr(X-V) 3 } { path_beg /v }
 use_backend api if { path_beg /api }
 use_backend rest if { hdr(host) -i rest.example a.rest.example } { path_beg /files }
 default_backend one
backend one
 server s one:1
backend two
 server s two:1
backend three
 http-request deny if { method DELETE }
 server s three:1
backend api
 http-request replace-path ^/api/(.*) /\1
 server s api:1
backend rest
 http-request set-path /rest%[path]
 server s rest:1
`, []string{"GET a.example /", "GET a.example /closed/x", "GET a.example /gone", "GET a.example /gone/x", "GET a.example /?none=1", "GET a.example / X-A:some X-B:1", "GET a.example /inner/x", "GET a.example /outer/x",
			"GET a.example /old/x", "GET a.example /old/x.txt", "GET www.a.example /x?y=1", "GET a.example /fine", "GET a.example /123", "POST a.example /123", "GET other.test /x", "GET other.test /keep", "GET a.example /?v=3",
			"DELETE a.example /?v=3", "GET a.example /?v=4", "GET a.example /v X-V:3", "GET a.example /w X-V:3", "GET a.example /api/users/1?x=y", "POST a.example /api/a", "GET a.example /apiary", "GET rest.example /files/x",
			"GET rest.example /file/x", "GET a.rest.example /x/files", "GET forest.example /files/x", "GET rest.test /files/x", "GET www.a.example /closed", "GET www.a.example /old/1"}},
		"values": {haproxyDefaults + `
frontend f
 bind LISTEN
 http-request deny if { hdr(X-V) bad }
 http-request deny deny_status 404 if { hdr_sub(User-Agent) -i bot }
 http-request deny deny_status 405 unless { hdr_reg(X-Key) -i ^k[0-9]+$ } or { path_beg /open }
 http-request deny if { req.fhdr(X-F) 1,2 }
 use_backend two if { hdr_beg(X-V) v2 } !{ hdr_end(X-V) -i old }
 use_backend three if { hdr_reg(host) -i ^[0-9]+\.num\.example$ }
 use_backend three if { url_param(v) -m reg ^[0-9]$ } { cook(c) -m beg t }
 use_backend rest unless { path_reg ^/(open|x)/ } || { path_reg -i \.PNG$ }
 default_backend one
backend one
 server s one:1
backend two
 server s two:1
backend three
 server s three:1
backend rest
 server s rest:1
`, []string{"GET a.example /x", "GET a.example /open/x", "GET a.example /x/y X-Key:k1", "GET a.example /x/y X-Key:K12", "GET a.example /x/y X-Key:k", "GET a.example /x/y X-Key:no,k1", "GET a.example /x/y X-Key:no X-Key:k7",
			"GET a.example /open/x X-V:bad", "GET a.example /open/x X-V:good,bad", "GET a.example /open/x X-V:good,,bad,", "GET a.example /open/x X-V:\"a,bad,b\"", "GET a.example /open/x X-V:badly", "GET a.example /open/x X-V:Bad",
			"GET a.example /open/x X-V:good X-V:bad", "GET a.example /open/x User-Agent:Googlebot/2", "GET a.example /open/x User-Agent:Mozilla,(a,BOT)", "GET a.example /open/x User-Agent:curl", "GET a.example /open/x X-F:1,2", "GET a.example /open/x X-F:1",
			"GET a.example /open/x X-V:v2", "GET a.example /open/x X-V:v1,v2.3", "GET a.example /open/x X-V:xv2", "GET a.example /open/x X-V:v2,veryOld", "GET a.example /open/x X-V:v2 X-V:older", "GET 12.num.example /open/x", "GET 12.NUM.example /open/x",
			"GET a12.num.example /open/x", "GET a.example /open/x?v=1 Cookie:c=t1", "GET a.example /open/x?v=1 Cookie:c=u", "GET a.example /open/x?v=12 Cookie:c=t", "GET a.example /open", "GET a.example /open/a.png", "GET a.example /opener/a.png", "GET a.example /opener/a.pn"}},
		"names": {haproxyDefaults + `
frontend f
 bind LISTEN
 http-request deny if { urlp(admin) 1 }
 http-request deny deny_status 404 if { cook(admin) yes }
 http-request deny deny_status 405 if { url_param(any) -m found } !{ path_beg /open }
 default_backend one
backend one
 server s one:1
`, []string{"GET a.example /x", "GET a.example /x?admin=1", "GET a.example /x?Admin=1", "GET a.example /x?b=1;admin=1", "GET a.example /x?b=1&admin=0;admin=1", "GET a.example /x?b=1;any=", "GET a.example /open?any=",
			"GET a.example /x Cookie:admin=yes", "GET a.example /x Cookie:Admin=yes", "GET a.example /x Cookie:a=x,admin=yes", "GET a.example /x Cookie:a=x,admin=yes,b", "GET a.example /x Cookie:admin=no,b=admin=yes"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := echoing(t, "blog:2368", "api:5000", "images:80", "site:80", "one:1", "two:1", "three:1", "api:1", "rest:1")
			config := at.Replace(c.config)
			theirs, ours := startHAProxy(t, config), startConverted(t, "haproxy.cfg", config)
			for _, request := range c.requests {
				if want, got := responded(t, theirs, request), responded(t, ours, request); got != want {
					t.Errorf("%s: HAProxy %s\n  the proxy %s", request, want, got)
				}
			}
		})
	}
}
