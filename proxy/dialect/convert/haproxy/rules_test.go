package haproxy

import (
	"strings"
	"testing"
)

// backends are what the rules of these tests lead to.
const backends = `
backend x
  server x1 x:1
backend y
  server y1 y:2
backend api
  http-request set-path %[path,regsub(^/api,)]
  server a1 api:3
backend locked
  http-request deny unless { src 10.0.0.0/8 }
  server l1 locked:4
backend tcp
  mode tcp
  server t1 t:5
userlist staff
  user anna insecure-password secret
userlist hashed
  user anna password $2y$10$abcdefghijklmnopqrstuuWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW
  user bert password $2b$10$abcdefghijklmnopqrstuuWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW
userlist crypted
  user anna password $2y$10$abcdefghijklmnopqrstuuWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW
  user bert password $6$k6y3o.eP$JlKBx9za9667qe4
userlist grouped
  group all users anna
  user anna password $2y$10$abcdefghijklmnopqrstuuWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW
`

// What the rules of a frontend become. HAProxy takes the first that holds, in the order of its phases.
func TestRules(t *testing.T) {
	for rules, want := range map[string]string{
		"default_backend x": "/ to=x:1",
		"use_backend x":     "/ to=x:1",
		"use_backend y if { path_beg /y }\ndefault_backend x": "/y path=prefix to=y:2\n/ to=x:1",
		// What accepts a connection says nothing of its content, and what allows a request nothing of older rules.
		"tcp-request connection accept if { src 10.0.0.0/8 }\ntcp-request content reject if { src 10.1.0.0/16 }\ndefault_backend x": "/ client=10.1.0.0/16 respond=403\n/ to=x:1",
		"http-request allow if { path_beg /a }\nreqdeny ^X\ndefault_backend x":                                                      "/a path=prefix respond=503\n/ respond=503",
		// A field that was changed before is not the client's.
		"http-request del-header X-In\nuse_backend y if { hdr(X-In) 1 }\ndefault_backend x":                             "/ respond=503",
		"http-request set-header X-In %[src]\nuse_backend y if { hdr(x-in) 1 }\ndefault_backend x":                      "/ respond=503",
		"http-request replace-header X-In (.*) 1\nhttp-request deny if { hdr(X-In) 1 }\ndefault_backend x":              "/ respond=503",
		"http-request set-header X-In 1 if { path_beg /a }\nhttp-request deny if { hdr(X-In) 1 }\ndefault_backend x":    "/a path=prefix priority=3 respond=503\n/ header=x-in:1 priority=2 respond=403\n/ header=x-in priority=1 respond=503\n/ to=x:1",
		"http-request set-header Host a.example\nhttp-request deny if { hdr(host) a.example }\ndefault_backend x":       "a.example/ respond=503\n/ respond=503",
		"use_backend y if { path /y }\ndefault_backend x":                                                               "/y path=exact to=y:2\n/ to=x:1",
		"default_backend x\nuse_backend y if { path -i -m beg /y }":                                                     "/ path-regexp=(?i)^/y to=y:2\n/ to=x:1",
		"use_backend y if { path_reg ^/[0-9]+$ }\ndefault_backend x":                                                    "/ path-regexp=^/[0-9]+$ to=y:2\n/ to=x:1",
		"use_backend y if { path_dir img }\ndefault_backend x":                                                          "/ path-regexp=(^|/)img([/?]|$) to=y:2\n/ to=x:1",
		"use_backend y if { url_beg /y }\ndefault_backend x":                                                            "/y path=prefix to=y:2\n/ to=x:1",
		"use_backend y if { hdr(host) -i a.example }":                                                                   "a.example/ to=y:2",
		"use_backend y if { hdr(host) -i -f /etc/haproxy/hosts.lst }":                                                   "a.example/ to=y:2\nb.example/ to=y:2",
		"use_backend y if { hdr(host) -i -f /none.lst }\ndefault_backend x":                                             "/ respond=503",
		"use_backend y if { hdr_end(host) -i .example }":                                                                "*.example/ to=y:2",
		"use_backend y if { hdr_reg(host) -i ^(www\\.)?a\\.example$ }":                                                  "/ respond=503",
		"use_backend y if { hdr_reg(host) -i ^(www|m)\\.a\\.example$ }":                                                 "{www,m}.a.example/ to=y:2",
		"use_backend y if { req.hdr(host),lower a.example:80 }":                                                         "a.example/ to=y:2",
		"use_backend y if { method POST }\ndefault_backend x":                                                           "/ method=POST to=y:2\n/ to=x:1",
		"use_backend y if METH_GET\ndefault_backend x":                                                                  "/ method=GET to=y:2\n/ method=HEAD to=y:2\n/ to=x:1",
		"use_backend y if { hdr(X-V) 2 }\ndefault_backend x":                                                            "/ header=x-v:2 to=y:2\n/ to=x:1",
		"use_backend y if { hdr(X-V) -m found }\ndefault_backend x":                                                     "/ header=x-v to=y:2\n/ to=x:1",
		"use_backend y if { url_param(v) 2 }\ndefault_backend x":                                                        "/ query=v:2 to=y:2\n/ to=x:1",
		"use_backend y if { src 10.0.0.0/8 }\ndefault_backend x":                                                        "/ client=10.0.0.0/8 to=y:2\n/ to=x:1",
		"use_backend y if { nbsrv(x) lt 1 }\ndefault_backend x":                                                         "/ respond=503",
		"use_backend y if { path_beg /y } { nbsrv(x) lt 1 }\ndefault_backend x":                                         "/y path=prefix respond=503\n/ to=x:1",
		"acl a path_beg /a\nacl a path_beg /b\nuse_backend y if a\ndefault_backend x":                                   "/a path=prefix to=y:2\n/b path=prefix to=y:2\n/ to=x:1",
		"acl a path_beg /a\nuse_backend y if !a\ndefault_backend x":                                                     "/a path=prefix to=x:1\n/ to=y:2",
		"acl a path_beg /a\nuse_backend y unless a\ndefault_backend x":                                                  "/a path=prefix to=x:1\n/ to=y:2",
		"use_backend x if { path_beg /a }\nuse_backend y if { hdr(host) h.example }":                                    "h.example/a path=prefix to=x:1\nh.example/ to=y:2\n/a path=prefix to=x:1",
		"use_backend x if { path_beg /a }\nuse_backend y if { path_beg /a/b }":                                          "/a path=prefix to=x:1",
		"use_backend x if { path_end .a }\nuse_backend y if { path_beg /b }":                                            "/ path-regexp=\\.a$ priority=1 to=x:1\n/b path=prefix to=y:2",
		"use_backend x if { hdr(host) a.example }\nuse_backend y if { hdr_end(host) .example }":                         "a.example/ to=x:1\n*.example/ to=y:2",
		"use_backend y if { hdr_end(host) .example }\nuse_backend x if { hdr(host) a.example }":                         "*.example/ to=y:2\na.example/ to=y:2",
		"use_backend x if { hdr_beg(host) a. }\nuse_backend y if { hdr_end(host) .example }":                            "a.*/ to=x:1\n*.example/ respond=503",
		"use_backend %[req.hdr(host),lower,map(/etc/haproxy/hosts.map,x)]":                                              "a.example/ to=x:1\nb.example/ to=y:2\n/ to=x:1",
		"use_backend %[req.hdr(x)]\ndefault_backend x":                                                                  "/ respond=503",
		"use_backend tcp if { path_beg /t }\ndefault_backend x":                                                         "/t path=prefix respond=503\n/ to=x:1",
		"use_backend api if { path_beg /api }":                                                                          "/api path=prefix to=api:3 strip=/api",
		"default_backend api":                                                                                           "/ to=api:3 replace-path=\"^/api/? /\"",
		"default_backend locked":                                                                                        "/ to=locked:4 allow=ip:10.0.0.0/8",
		"http-request deny if { path_beg /admin }\ndefault_backend x":                                                   "/admin path=prefix respond=403\n/ to=x:1",
		"http-request deny deny_status 404 if { path_beg /admin }\ndefault_backend x":                                   "/admin path=prefix respond=404\n/ to=x:1",
		"http-request deny if { path_beg /a } !{ src 10.0.0.0/8 }\ndefault_backend x":                                   "/a path=prefix to=x:1 allow=ip:10.0.0.0/8\n/ to=x:1",
		"http-request deny if { src 192.0.2.7 }\ndefault_backend x":                                                     "/ client=192.0.2.7/32 respond=403\n/ to=x:1",
		"http-request deny if { sc_http_req_rate(0) gt 20 }\ndefault_backend x":                                         "/ respond=503",
		"http-request allow if { path_beg /open }\nhttp-request deny\ndefault_backend x":                                "/open path=prefix to=x:1\n/ respond=403",
		"block if { path_beg /b }\ndefault_backend x":                                                                   "/b path=prefix respond=403\n/ to=x:1",
		"reqdeny ^x\ndefault_backend x":                                                                                 "/ respond=503",
		"tcp-request connection reject if !{ src 10.0.0.0/8 }\ndefault_backend x":                                       "/ to=x:1 allow=ip:10.0.0.0/8",
		"http-request auth realm Staff unless { http_auth(staff) }\ndefault_backend x":                                  "/ to=x:1 auth=file:/etc/pointsman/staff.htpasswd auth-realm=Staff",
		"http-request auth unless { http_auth(hashed) }\ndefault_backend x":                                             "/ to=x:1 auth=basic:anna:$2y$10$abcdefghijklmnopqrstuuWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW,bert:$2b$10$abcdefghijklmnopqrstuuWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW",
		"http-request auth unless { http_auth(crypted) }\ndefault_backend x":                                            "/ to=x:1 auth=file:/etc/pointsman/crypted.htpasswd",
		"http-request auth unless { http_auth(grouped) }\ndefault_backend x":                                            "/ to=x:1 auth=file:/etc/pointsman/grouped.htpasswd",
		"acl in http_auth(staff)\nhttp-request auth if { path_beg /a } !in\ndefault_backend x":                          "/a path=prefix to=x:1 auth=file:/etc/pointsman/staff.htpasswd\n/ to=x:1",
		"http-request auth unless { http_auth_group(staff) a }\ndefault_backend x":                                      "/ respond=503",
		"redirect location /new code 301 if { path /old }\ndefault_backend x":                                           "/old path=exact redirect=301,/new\n/ to=x:1",
		"redirect prefix https://new.example\n":                                                                         "/ redirect=302,https://new.example$path",
		"redirect scheme https if !{ ssl_fc } { path_beg /s }\ndefault_backend x":                                       "/s path=prefix listener=http redirect=302,https://$host$path\n/ listener=http to=x:1\n",
		"http-request return status 200 content-type text/plain string ok if { path /ok }":                              "/ok path=exact respond=200,ok",
		"monitor-uri /up\ndefault_backend x":                                                                            "/up path=exact respond=200\n/ to=x:1",
		"http-request set-header X-A b\nhttp-request del-header X-B\ndefault_backend x":                                 "/ to=x:1 request-header=set:X-A:b request-header=remove:X-B",
		"http-request set-header X-Forwarded-Proto https\ndefault_backend x":                                            "/ to=x:1 request-header=set:X-Forwarded-Proto:https",
		"http-request set-header X-Real-IP %[src]\ndefault_backend x":                                                   "/ to=x:1",
		"http-request set-header Host inner\ndefault_backend x":                                                         "/ to=x:1 host=inner",
		"http-request set-header X-A b if { path_beg /a }\ndefault_backend x":                                           "/a path=prefix to=x:1 request-header=set:X-A:b\n/ to=x:1",
		"http-response set-header X-C d\nhttp-response del-header Server\ndefault_backend x":                            "/ to=x:1 response-header=set:X-C:d response-header=remove:Server",
		"http-response set-header Strict-Transport-Security \"max-age=31536000; includeSubDomains\"\ndefault_backend x": "/ to=x:1 hsts=31536000|includeSubDomains",
		"http-response deny if { status 500 }\ndefault_backend x":                                                       "/ respond=503",
		"reqadd X-Scheme:\\ https\nrspdel ^Server:.*\ndefault_backend x":                                                "/ to=x:1 request-header=add:X-Scheme:https response-header=remove:Server",
		"http-request replace-path ^/v1/(.*) /\\1\ndefault_backend x":                                                   "/ to=x:1 replace-path=\"^/v1/ /\"",
		"http-request replace-path (.*) /p\\1\ndefault_backend x":                                                       "/ to=x:1 replace-path=\"^.*?(.*).*$ /p$1\"",
		"http-request replace-path ^/v1(/.*) \\1\nuse_backend x":                                                        "/ to=x:1 replace-path=\"^/v1/ /\"",
		"http-request replace-path ^/v1(.*) /\\1\nuse_backend x":                                                        "/ to=x:1 replace-path=\"^/v1(.*).*$ /$1\"",
		"http-request set-path /p%[path]\ndefault_backend x":                                                            "/ to=x:1 prepend=/p",
		"http-request set-path %[path,lower]\ndefault_backend x":                                                        "/ respond=503",
		"reqrep ^([^\\ :]*)\\ /a/(.*) \\1\\ /\\2\nuse_backend x if { path_beg /a/ }":                                    "/ respond=503",
		"http-request use-service lua.x if { path_beg /l }\ndefault_backend x":                                          "/l path=prefix respond=503\n/ to=x:1",
		"http-request deny if { path_beg \"$ADMIN\" }\ndefault_backend x":                                               "/ respond=503",
		".if defined(X)\nhttp-request deny\n.endif\ndefault_backend x":                                                  "/ respond=503",
		"http-request deny if \"\ndefault_backend x":                                                                    "/ respond=503",
	} {
		r := converting("defaults\nmode http\nfrontend f\nbind :80\n" + rules + backends)
		if got := strings.TrimSpace(routes(r)); got != strings.TrimSpace(want) {
			t.Errorf("%s\n\nis\n%s\n\nwant\n%s\n\n%s", rules, got, want, report(r))
		}
	}
}

// A comparison of a field that no line can say refuses those who send the field with another value, and nobody else.
func TestFieldsWhoseCaseIsIgnored(t *testing.T) {
	for rules, want := range map[string]string{
		"acl ws hdr(Upgrade) -i websocket\nuse_backend y if ws\ndefault_backend x": `
/ header=upgrade:Websocket priority=3 to=y:2
/ header=upgrade:websocket priority=2 to=y:2
/ header=upgrade priority=1 respond=503
/ to=x:1`,
		"use_backend y if { hdr(X-V) -i 1 2 }\ndefault_backend x": `
/ header=x-v:1 priority=3 to=y:2
/ header=x-v:2 priority=2 to=y:2
/ header=x-v priority=1 respond=503
/ to=x:1`,
		"use_backend y if { hdr_beg(X-V) 1 }\ndefault_backend x": `
/ header=x-v respond=503
/ to=x:1`,
		"http-request deny unless { hdr(X-V) -i 1 }\ndefault_backend x": `
/ header=x-v:1 priority=2 to=x:1
/ header=x-v priority=1 respond=503
/ respond=403`,
		"http-request deny if { hdr(X-V) -i 1 }\ndefault_backend x": `
/ header=x-v:1 priority=2 respond=403
/ header=x-v priority=1 respond=503
/ to=x:1`,
	} {
		r := converting("defaults\nmode http\nfrontend f\nbind :80\n" + rules + backends)
		if got := strings.TrimSpace(routes(r)); got != strings.TrimSpace(want) || r.Report.Whole() {
			t.Errorf("%s\n\nis\n%s\n\nwant\n%s\n\n%s", rules, got, want, report(r))
		}
	}
}

// HAProxy looks at each part of a header field that is a list: a rule that refuses must not be passed by one.
func TestRulesAboutFieldsThatAreLists(t *testing.T) {
	for rules, want := range map[string]string{
		"http-request deny if { hdr(X-V) 1 }\ndefault_backend x": `
/ header=x-v:1 priority=2 respond=403
/ header=x-v priority=1 respond=503
/ to=x:1`,
		"http-request deny unless { hdr(X-V) 1 }\ndefault_backend x": `
/ header=x-v:1 to=x:1
/ respond=403`,
		"http-request allow if !{ hdr(X-V) 1 }\nhttp-request deny\ndefault_backend x": `
/ header=x-v respond=403
/ to=x:1`,
		"use_backend y if { hdr(X-V) 1 }\ndefault_backend x": `
/ header=x-v:1 to=y:2
/ to=x:1`,
	} {
		if got := strings.TrimSpace(routes(converting("defaults\nmode http\nfrontend f\nbind :80\n" + rules + backends))); got != strings.TrimSpace(want) {
			t.Errorf("%s\n\nis\n%s\n\nwant\n%s", rules, got, want)
		}
	}
}

// Where one rule refuses all requests, what stands behind it says which.
func TestTheRuleThatRefusesAllIsNamed(t *testing.T) {
	r := converting("defaults\nmode http\nfrontend f\nbind :80\nuse_backend y if { nbsrv(x) lt 1 }\ndefault_backend x" + backends)
	if all := report(r); !strings.Contains(all, "default_backend x: partly; nothing that clients reach over HTTP leads here: use_backend y if { nbsrv(x) lt 1 } in line 5 refuses all requests that come to it") {
		t.Error(all)
	}
}

// A server whose address is of the environment gets no requests, and the report says what to do.
func TestAddressesOfTheEnvironment(t *testing.T) {
	for _, address := range []string{`"${S1}:80"`, `"${S1}"`, `"$S1:80"`, `"s1:${PORT}"`, `"${S1:-a}:80"`, `"/${DIR}/s"`} {
		r := converting("defaults\nmode http\nfrontend f\nbind :80\ndefault_backend e\nbackend e\nserver t " + address)
		if all := report(r); !strings.HasPrefix(routes(r), "/ respond=503") || !strings.Contains(all, "is of the environment, which is not read here (write the value into the file): it gets no requests") {
			t.Errorf("%s: %s\n%s", address, routes(r), all)
		}
	}
}

// Of several frontends each has its own listeners, and no route of the one is served on those of the other.
func TestFrontendsKeepTheirListeners(t *testing.T) {
	r := converting("defaults\nmode http\nfrontend a.b\nbind :80\nbind :443 ssl crt /c.pem\ndefault_backend x\nfrontend a_b\nbind 127.0.0.1:81\ndefault_backend y\nfrontend a-b_tls\nbind :82\ndefault_backend y" + backends)
	if got := options(r); got != "tls-cert /c.pem, tls-key /c.pem, listen f-a-b=:80, tls-listen f-a-b_tls=:443, listen f-a-b-2=127.0.0.1:81, listen f-a-b-tls=:82" {
		t.Error(got)
	}
	if got := routes(r); got != "/ listener=f-a-b to=x:1\n/ listener=f-a-b_tls to=x:1\n/ listener=f-a-b-2 to=y:2\n/ listener=f-a-b-tls to=y:2\n" {
		t.Error(got)
	}
	if r := converting("frontend f\nbind :80\ndefault_backend x" + backends); len(r.Routes) > 0 || !strings.Contains(report(r), "no mode is written") {
		t.Errorf("%s\n%s", routes(r), report(r))
	}
}

// Two authorities whose files are called alike are two.
func TestNamesOfFilesStayApart(t *testing.T) {
	r := converting("defaults\nmode http\nlisten l :80\nserver a a:1 ssl verify required ca-file /a/ca.pem\nserver b b:1 ssl ca-file /b/ca.pem crt /b/me.pem sni str(b.example)\nserver c c:1 ssl verify none\nserver d d:1 send-proxy")
	want := "/ to=a:1 proto=https ca=ca\n/ to=b:1 proto=https servername=b.example ca=ca-2 client-cert=me\n/ to=c:1 proto=https tlsskipverify=true\n"
	if got := routes(r); got != want || options(r) != "upstream-ca ca=/a/ca.pem, upstream-ca ca-2=/b/ca.pem, upstream-cert me=/b/me.pem,/b/me.pem, listen :80" {
		t.Errorf("%s\n%s\n%s", got, options(r), report(r))
	}
}
