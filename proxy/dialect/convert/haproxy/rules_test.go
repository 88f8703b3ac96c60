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
		"http-request del-header X-In\nuse_backend y if { hdr(X-In) 1 }\ndefault_backend x":                                  "/ respond=503",
		"http-request set-header X-In %[src]\nuse_backend y if { hdr(x-in) 1 }\ndefault_backend x":                           "/ respond=503",
		"http-request replace-header X-In (.*) 1\nhttp-request deny if { hdr(X-In) 1 }\ndefault_backend x":                   "/ respond=503",
		"http-request set-header X-In 1 if { path_beg /a }\nhttp-request deny if { hdr(X-In) 1 }\ndefault_backend x":         "/a path=prefix respond=503\n/ header-regexp=x-in:<1> respond=403\n/ to=x:1",
		"http-request set-header Host a.example\nhttp-request deny if { hdr(host) a.example }\ndefault_backend x":            "a.example/ respond=503\n/ respond=503",
		"use_backend y if { path /y }\ndefault_backend x":                                                                    "/y path=exact to=y:2\n/ to=x:1",
		"default_backend x\nuse_backend y if { path -i -m beg /y }":                                                          "/ path-regexp=(?i)^/y to=y:2\n/ to=x:1",
		"use_backend y if { path_reg ^/[0-9]+$ }\ndefault_backend x":                                                         "/ path-regexp=^/[0-9]+$ to=y:2\n/ to=x:1",
		"use_backend y if { path_dir img }\ndefault_backend x":                                                               "/ path-regexp=(^|/)img([/?]|$) to=y:2\n/ to=x:1",
		"use_backend y if { url_beg /y }\ndefault_backend x":                                                                 "/y path=prefix to=y:2\n/ to=x:1",
		"use_backend y if { hdr(host) -i a.example }":                                                                        "a.example/ to=y:2",
		"use_backend y if { hdr(host) -i -f /etc/haproxy/hosts.lst }":                                                        "a.example/ to=y:2\nb.example/ to=y:2",
		"use_backend y if { hdr(host) -i -f /none.lst }\ndefault_backend x":                                                  "/ respond=503",
		"use_backend y if { hdr_end(host) -i .example }":                                                                     "*.example/ to=y:2",
		"use_backend y if { hdr_reg(host) -i ^(www\\.)?a\\.example$ }":                                                       "a.example/ to=y:2\nwww.a.example/ to=y:2",
		"use_backend y if { hdr_reg(host) -i ^[0-9]+\\.a\\.example$ }\nuse_backend x if { hdr(host) 1.a.example b.example }": "1.a.example/ to=y:2\nb.example/ to=x:1\n/ host-regexp=(?i)^[0-9]+\\.a\\.example$ to=y:2",
		"use_backend y if { hdr_reg(host) ^[0-9]+ } { hdr_end(host) .example }\nuse_backend x if { hdr_end(host) .example }": "*.example/ host-regexp=(?i)^[0-9]+ to=y:2\n*.example/ to=x:1",
		"http-request deny if { hdr_reg(host) ^[0-9] } || { hdr_reg(host) [0-9]$ }\ndefault_backend x":                       "/ host-regexp=(?i)^[0-9] priority=2 respond=403\n/ host-regexp=(?i)[0-9]$ priority=1 respond=403\n/ to=x:1",
		"use_backend y if { hdr_reg(host) (?!a)b }\ndefault_backend x":                                                       "/ respond=503",
		"use_backend y if { path_reg ^/[0-9] } { path_reg -i x$ } !{ path_reg y }\ndefault_backend x":                        "/ path-regexp=(?i)x$ path-regexp=^/[0-9] path-regexp=y to=x:1\n/ path-regexp=(?i)x$ path-regexp=^/[0-9] to=y:2\n/ to=x:1",
		"use_backend y if { path_reg (a+)\\1 }\ndefault_backend x":                                                           "/ respond=503",
		"use_backend y if { hdr_reg(host) -i ^(www|m)\\.a\\.example$ }":                                                      "{www,m}.a.example/ to=y:2",
		"use_backend y if { req.hdr(host),lower a.example:80 }":                                                              "a.example/ to=y:2",
		"use_backend y if { method POST }\ndefault_backend x":                                                                "/ method=POST to=y:2\n/ to=x:1",
		"http-request deny if { method -m reg ^P }\ndefault_backend x":                                                       "/ respond=503",
		"http-request deny if { method -m beg P }\ndefault_backend x":                                                        "/ respond=503",
		"http-request deny if { dst_port gt 79 }\ndefault_backend x":                                                         "/ listener=http respond=503",
		"http-request deny if { dst_port 70:90 }\ndefault_backend x":                                                         "/ respond=503",
		"http-request deny if { urlp(d,;) 1 }\ndefault_backend x":                                                            "/ respond=503",
		"use_backend y if METH_GET\ndefault_backend x":                                                                       "/ method=GET to=y:2\n/ method=HEAD to=y:2\n/ to=x:1",
		"use_backend y if { hdr(X-V) 2 }\ndefault_backend x":                                                                 "/ header-regexp=x-v:<2> to=y:2\n/ to=x:1",
		"use_backend y if { hdr(X-V) -m found }\ndefault_backend x":                                                          "/ header=x-v to=y:2\n/ to=x:1",
		"use_backend y if { url_param(v) 2 }\ndefault_backend x":                                                             "/ query=v:2 to=y:2\n/ to=x:1",
		"use_backend y if { src 10.0.0.0/8 }\ndefault_backend x":                                                             "/ client=10.0.0.0/8 to=y:2\n/ to=x:1",
		"use_backend y if { nbsrv(x) lt 1 }\ndefault_backend x":                                                              "/ respond=503",
		"use_backend y if { path_beg /y } { nbsrv(x) lt 1 }\ndefault_backend x":                                              "/y path=prefix respond=503\n/ to=x:1",
		"acl a path_beg /a\nacl a path_beg /b\nuse_backend y if a\ndefault_backend x":                                        "/a path=prefix to=y:2\n/b path=prefix to=y:2\n/ to=x:1",
		"acl a path_beg /a\nuse_backend y if !a\ndefault_backend x":                                                          "/a path=prefix to=x:1\n/ to=y:2",
		"acl a path_beg /a\nuse_backend y unless a\ndefault_backend x":                                                       "/a path=prefix to=x:1\n/ to=y:2",
		"use_backend x if { path_beg /a }\nuse_backend y if { hdr(host) h.example }":                                         "h.example/a path=prefix to=x:1\nh.example/ to=y:2\n/a path=prefix to=x:1",
		"use_backend x if { path_beg /a }\nuse_backend y if { path_beg /a/b }":                                               "/a path=prefix to=x:1",
		"use_backend x if { path_end .a }\nuse_backend y if { path_beg /b }":                                                 "/ path-regexp=\\.a$ priority=1 to=x:1\n/b path=prefix to=y:2",
		"use_backend x if { hdr(host) a.example }\nuse_backend y if { hdr_end(host) .example }":                              "a.example/ to=x:1\n*.example/ to=y:2",
		"use_backend y if { hdr_end(host) .example }\nuse_backend x if { hdr(host) a.example }":                              "*.example/ to=y:2\na.example/ to=y:2",
		"use_backend x if { hdr_beg(host) a. }\nuse_backend y if { hdr_end(host) .example }":                                 "a.*/ to=x:1\n*.example/ respond=503",
		"use_backend %[req.hdr(host),lower,map(/etc/haproxy/hosts.map,x)]":                                                   "a.example/ to=x:1\nb.example/ to=y:2\n/ to=x:1",
		"use_backend %[req.hdr(x)]\ndefault_backend x":                                                                       "/ respond=503",
		"use_backend tcp if { path_beg /t }\ndefault_backend x":                                                              "/t path=prefix respond=503\n/ to=x:1",
		"use_backend api if { path_beg /api }":                                                                               "/api path=prefix to=api:3 strip=/api",
		"default_backend api":                                                                                                "/ to=api:3 replace-path=\"^/api/? /\"",
		"default_backend locked":                                                                                             "/ to=locked:4 allow=ip:10.0.0.0/8",
		"http-request deny if { path_beg /admin }\ndefault_backend x":                                                        "/admin path=prefix respond=403\n/ to=x:1",
		"http-request deny deny_status 404 if { path_beg /admin }\ndefault_backend x":                                        "/admin path=prefix respond=404\n/ to=x:1",
		"http-request deny if { path_beg /a } !{ src 10.0.0.0/8 }\ndefault_backend x":                                        "/a path=prefix to=x:1 allow=ip:10.0.0.0/8\n/ to=x:1",
		"http-request deny if { src 192.0.2.7 }\ndefault_backend x":                                                          "/ client=192.0.2.7/32 respond=403\n/ to=x:1",
		"http-request deny if { sc_http_req_rate(0) gt 20 }\ndefault_backend x":                                              "/ respond=503",
		"http-request allow if { path_beg /open }\nhttp-request deny\ndefault_backend x":                                     "/open path=prefix to=x:1\n/ respond=403",
		"block if { path_beg /b }\ndefault_backend x":                                                                        "/b path=prefix respond=403\n/ to=x:1",
		"reqdeny ^x\ndefault_backend x":                                                                                      "/ respond=503",
		"tcp-request connection reject if !{ src 10.0.0.0/8 }\ndefault_backend x":                                            "/ to=x:1 allow=ip:10.0.0.0/8",
		"http-request auth realm Staff unless { http_auth(staff) }\ndefault_backend x":                                       "/ to=x:1 auth=file:/etc/pointsman/staff.htpasswd auth-realm=Staff",
		"http-request auth unless { http_auth(hashed) }\ndefault_backend x":                                                  "/ to=x:1 auth=basic:anna:$2y$10$abcdefghijklmnopqrstuuWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW,bert:$2b$10$abcdefghijklmnopqrstuuWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW",
		"http-request auth unless { http_auth(crypted) }\ndefault_backend x":                                                 "/ to=x:1 auth=file:/etc/pointsman/crypted.htpasswd",
		"http-request auth unless { http_auth(grouped) }\ndefault_backend x":                                                 "/ to=x:1 auth=file:/etc/pointsman/grouped.htpasswd",
		"acl in http_auth(staff)\nhttp-request auth if { path_beg /a } !in\ndefault_backend x":                               "/a path=prefix to=x:1 auth=file:/etc/pointsman/staff.htpasswd\n/ to=x:1",
		"http-request auth unless { http_auth_group(staff) a }\ndefault_backend x":                                           "/ respond=503",
		"redirect location /new code 301 if { path /old }\ndefault_backend x":                                                "/old path=exact redirect=301,/new\n/ to=x:1",
		"redirect prefix https://new.example\n":                                                                              "/ redirect=302,https://new.example$path",
		"redirect scheme https if !{ ssl_fc } { path_beg /s }\ndefault_backend x":                                            "/s path=prefix listener=http redirect=302,https://$host$path\n/ listener=http to=x:1\n",
		"http-request return status 200 content-type text/plain string ok if { path /ok }":                                   "/ok path=exact respond=200,ok",
		"monitor-uri /up\ndefault_backend x":                                                                                 "/up path=exact respond=200\n/ to=x:1",
		"http-request set-header X-A b\nhttp-request del-header X-B\ndefault_backend x":                                      "/ to=x:1 request-header=set:X-A:b request-header=remove:X-B",
		"http-request set-header X-Forwarded-Proto https\ndefault_backend x":                                                 "/ to=x:1 request-header=set:X-Forwarded-Proto:https",
		"http-request set-header X-Real-IP %[src]\ndefault_backend x":                                                        "/ to=x:1",
		"http-request set-header Host inner\ndefault_backend x":                                                              "/ to=x:1 host=inner",
		"http-request set-header X-A b if { path_beg /a }\ndefault_backend x":                                                "/a path=prefix to=x:1 request-header=set:X-A:b\n/ to=x:1",
		"http-response set-header X-C d\nhttp-response del-header Server\ndefault_backend x":                                 "/ to=x:1 response-header=set:X-C:d response-header=remove:Server",
		"http-response set-header Strict-Transport-Security \"max-age=31536000; includeSubDomains\"\ndefault_backend x":      "/ to=x:1 hsts=31536000|includeSubDomains",
		"http-response deny if { status 500 }\ndefault_backend x":                                                            "/ respond=503",
		"reqadd X-Scheme:\\ https\nrspdel ^Server:.*\ndefault_backend x":                                                     "/ to=x:1 request-header=add:X-Scheme:https response-header=remove:Server",
		"http-request replace-path ^/v1/(.*) /\\1\ndefault_backend x":                                                        "/ to=x:1 replace-path=\"^/v1/ /\"",
		"http-request replace-path (.*) /p\\1\ndefault_backend x":                                                            "/ to=x:1 replace-path=\"^.*?(.*).*$ /p$1\"",
		"http-request replace-path ^/v1(/.*) \\1\nuse_backend x":                                                             "/ to=x:1 replace-path=\"^/v1/ /\"",
		"http-request replace-path ^/v1(.*) /\\1\nuse_backend x":                                                             "/ to=x:1 replace-path=\"^/v1(.*).*$ /$1\"",
		"http-request set-path /p%[path]\ndefault_backend x":                                                                 "/ to=x:1 prepend=/p",
		"http-request set-path %[path,lower]\ndefault_backend x":                                                             "/ respond=503",
		"reqrep ^([^\\ :]*)\\ /a/(.*) \\1\\ /\\2\nuse_backend x if { path_beg /a/ }":                                         "/ respond=503",
		"http-request use-service lua.x if { path_beg /l }\ndefault_backend x":                                               "/l path=prefix respond=503\n/ to=x:1",
		"http-request deny if { path_beg \"$ADMIN\" }\ndefault_backend x":                                                    "/ respond=503",
		".if defined(X)\nhttp-request deny\n.endif\ndefault_backend x":                                                       "/ respond=503",
		"http-request deny if \"\ndefault_backend x":                                                                         "/ respond=503",
	} {
		r := converting("defaults\nmode http\nfrontend f\nbind :80\n" + rules + backends)
		if got := strings.TrimSpace(routes(r)); got != strings.TrimSpace(listing.Replace(want)) {
			t.Errorf("%s\n\nis\n%s\n\nwant\n%s\n\n%s", rules, got, want, report(r))
		}
	}
}

// Comparisons of fields, parameters and cookies. HAProxy looks at each element of a header field that is a list, but for fhdr.
func TestRulesAboutFields(t *testing.T) {
	for test, want := range map[string]string{
		"hdr(X-V) 1":                              "header-regexp=x-v:<1>",
		"hdr(Upgrade) -i websocket":               "header-regexp=upgrade:(?i)<websocket>",
		"hdr_beg(X-V) 1":                          "header-regexp=x-v:" + infront + "1",
		"hdr_end(X-V) -i a.b":                     "header-regexp=x-v:(?i)" + ending(`a\.b`),
		"hdr_sub(User-Agent) -i bot":              "header-regexp=user-agent:(?i)bot",
		"hdr_reg(User-Agent) -i .*(bot|spider).*": "header-regexp=user-agent:(?i:(BOT|SPIDER))",
		"hdr_reg(X-V) ^v[0-9]+":                   "header-regexp=x-v:" + infront + "(?:v[0-9]+)",
		"hdr_reg(X-V) [0-9]$":                     "header-regexp=x-v:" + ending("[0-9]"),
		"hdr_reg(X-V) ^(a|b\\ c)$":                `header-regexp="x-v:` + strings.ReplaceAll(infront+"(?:(a|b c))"+behind, `\`, `\\`) + `"`,
		"req.fhdr(X-V) 1":                         "header=x-v:1",
		"fhdr(X-V) -i 1":                          "header-regexp=x-v:(?i)^1$",
		"fhdr(X-V) a|b":                           `header-regexp=x-v:^a\|b$`,
		"fhdr_reg(X-V) ^.,":                       "header-regexp=x-v:^.,",
		"hdr_cnt(X-V) gt 0":                       "header=x-v",
		"url_param(v) 2":                          "query=v:2",
		"url_param(v) -m beg 2":                   "query-regexp=v:^2",
		"urlp(v) -i -m reg ^(a|b)$":               "query-regexp=v:(?i)^(a|b)$",
		"cook(c) 1":                               "cookie=c:1",
		"cook(c) -m sub 1":                        "cookie-regexp=c:1",
		"hdr(X-V,-1) 1":                           "",
		"hdr(X-V) 1,2":                            "",
		"hdr_reg(X-V) (a)\\1":                     "",
		"hdr_dom(X-V) a":                          "",
		"url_param(v) -m sub %3C":                 "",
	} {
		for rules, lines := range map[string]string{
			"use_backend y if { " + test + " }\ndefault_backend x":                         "/ " + want + " to=y:2\n/ to=x:1",
			"use_backend y if !{ " + test + " }\ndefault_backend x":                        "/ " + want + " to=x:1\n/ to=y:2",
			"http-request deny if { " + test + " }\ndefault_backend x":                     "/ " + want + " respond=403\n/ to=x:1",
			"http-request deny unless { " + test + " }\ndefault_backend x":                 "/ " + want + " to=x:1\n/ respond=403",
			"http-request allow if { " + test + " }\nhttp-request deny\ndefault_backend x": "/ " + want + " to=x:1\n/ respond=403",
		} {
			if want == "" {
				lines = "/ respond=503"
			}
			r := converting("defaults\nmode http\nfrontend f\nbind :80\n" + rules + backends)
			if got := strings.TrimSpace(routes(r)); got != listing.Replace(lines) || r.Report.Whole() != (want != "") && want == "" {
				t.Errorf("%s\n\nis\n%s\n\nwant\n%s\n\n%s", rules, got, listing.Replace(lines), report(r))
			}
		}
	}
}

// listing writes <TEXT> as the expression for an element of a list.
var listing = strings.NewReplacer("<", infront, ">", behind)

// What may match more than one element of a list is known where there is none.
func TestExpressionsOverLists(t *testing.T) {
	r := converting("defaults\nmode http\nfrontend f\nbind :80\nhttp-request deny if { hdr_reg(X-V) ^a.*b$ }\ndefault_backend x" + backends)
	want := "/ header-regexp=x-v:, header-regexp=x-v:^a.*b$ priority=3 respond=503\n/ header-regexp=x-v:^a.*b$ priority=2 respond=403\n/ header-regexp=x-v:, priority=1 respond=503\n/ to=x:1"
	if got := strings.TrimSpace(routes(r)); got != want {
		t.Errorf("%s\n%s", got, report(r))
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
