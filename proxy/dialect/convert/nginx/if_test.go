package nginx

import (
	"strings"
	"testing"
)

// What the conditions of an if become, and hosts by expression.
func TestConditionsByExpression(t *testing.T) {
	for text, want := range map[string]string{
		`if ($http_x_v ~ ^1) { return 403; }`:         "/ header-regexp=x-v:^1 respond=403\n/ to=app:1",
		`if ($http_x_v !~* "^k|l$") { return 403; }`:  "/ header-regexp=x-v:(?i)^k|l$ to=app:1\n/ respond=403",
		`if ($http_x_v != "a b") { return 403; }`:     "/ header=\"x-v:a b\" to=app:1\n/ respond=403",
		`if ($http_x_v = "a|b") { return 403; }`:      "/ header-regexp=x-v:^a\\|b$ respond=403\n/ to=app:1",
		`if ($http_x_v = "") { return 403; }`:         "/ header-regexp=x-v:. to=app:1\n/ respond=403",
		`if ($http_x_v) { return 403; }`:              "/ header-regexp=x-v:^(?:[^0]|0.) respond=403\n/ to=app:1",
		`if ($arg_v ~ ^[0-9]+$) { return 403; }`:      "/ query-regexp=(?i)v:^[0-9]+$ respond=403\n/ to=app:1",
		`if ($arg_Deb != "a b") { return 403; }`:      "/ query=\"(?i)deb:a b\" to=app:1\n/ respond=403",
		`if ($cookie_v !~ ^t) { return 403; }`:        "/ cookie-regexp=(?i)v:^t to=app:1\n/ respond=403",
		`if ($cookie_Key = a) { return 403; }`:        "/ cookie=(?i)key:a respond=403\n/ to=app:1",
		`if ($uri ~* ^/x) { return 403; }`:            "/ path-regexp=(?i)^/x respond=403\n/ to=app:1",
		`if ($host ~ ^x) { return 403; }`:             "/ host-regexp=^x respond=403\n/ to=app:1",
		`if ($arg_v = "%20") { return 403; }`:         "/ query=(?i)v:%20 respond=403\n/ to=app:1",
		`if ($arg_v ~ "a\+b") { return 403; }`:        "/ query-regexp=(?i)v:a\\+b respond=403\n/ to=app:1",
		`if ($http_x_v ~ "(?!a)b") { return 403; }`:   "/ respond=503",
		`if ($http_x_v ~ "(a)\1") { return 403; }`:    "/ respond=503",
		`if ($http_x_v ~ "a++") { return 403; }`:      "/ respond=503",
		`if ($http_x_v ~ "(?!a)b") { gzip off; }`:     "/ to=app:1",
		`if ($request_method != GET) { return 405; }`: "/ method=GET to=app:1\n/ respond=405",
	} {
		r := converting("server { listen 80; location / { " + text + " proxy_set_header Host $http_host; proxy_pass http://app:1; } }")
		got := ""
		for line := range strings.Lines(routes(r)) {
			if !strings.Contains(line, "respond=400") { // the guard
				got += strings.ReplaceAll(line, " priority=1", "")
			}
		}
		if strings.TrimSpace(got) != want {
			t.Errorf("%s\nis\n%s\nwant\n%s\n\n%s", text, got, want, report(r))
		}
	}
	for names, want := range map[string]string{
		`~^(www\.)?a\.test$`:        "a.test/ respond=200\nwww.a.test/ respond=200\n",
		`~^.+\.a\.test$`:            "*.a.test/ respond=200\n",
		`~^[0-9]+\.a\.test$ b.test`: "*/ host-regexp=^[0-9]+\\.a\\.test$ respond=200\nb.test/ respond=200\n",
		`~^\D+X$`:                   "*/ host-regexp=(?i)^\\D+X$ respond=200\n",
		`~^(?!a)b$ b.test`:          "b.test/ respond=200\n",
	} {
		r := converting("server { listen 80; server_name x.test; } server { listen 80; server_name " + names + "; location / { return 200; } }")
		if got := routes(r); !strings.HasSuffix(got, want) || strings.Count(got, "respond=200") != strings.Count(want, "\n") {
			t.Errorf("%s\nis\n%s\nwant\n%s\n\n%s", names, got, want, report(r))
		}
	}
}

// What an if asks for that a line can't say, or says in another way, restricts all the same.
func TestConditionsThatHoldForMore(t *testing.T) {
	const pass = " proxy_set_header Host $http_host; proxy_pass http://app:1; } }"
	for text, want := range map[string]string{
		`server { listen 80; location / { if ($http_x_v ~ ^$) { return 403; }` + pass:                                                      "/ header-regexp=x-v:. to=app:1\n/ respond=403",
		`server { listen 80; location / { if ($http_x_v !~ ^$) { return 403; }` + pass:                                                     "/ header-regexp=x-v:. respond=403\n/ to=app:1",
		`server { listen 80; location / { if ($http_user_agent ~* "^$|bot") { return 403; }` + pass:                                        "/ respond=503",
		`server { listen 80; location / { if ($http_x_v ~ "") { return 403; }` + pass:                                                      "/ respond=503",
		`server { listen 80; location / { if ($remote_addr = 10.0.0.1) { return 403; }` + pass:                                             "/ client=10.0.0.1/32 respond=403\n/ to=app:1",
		`server { listen 80; location / { if ($remote_addr = 10.0.0.0/8) { return 403; }` + pass:                                           "/ respond=503", // nginx compares text: it never holds
		`server { listen 80; location / { if ($remote_addr != 10.0.0.0/8) { return 403; }` + pass:                                          "/ respond=503",
		`server { listen 80; location / { if ($remote_addr ~ ^10\.) { return 403; }` + pass:                                                "/ respond=503",
		`server { listen 80; location / { if ($request_method ~ P) { return 403; }` + pass:                                                 "/ respond=503",
		`server { listen 80; location / { if ($request_method ~ ^(TRACE|TRACK)$) { return 403; }` + pass:                                   "/ method=TRACE|TRACK respond=403\n/ to=app:1",
		`server { listen 8443 ssl; ssl_certificate a; ssl_certificate_key b; location / { if ($server_port = 8443) { return 403; }` + pass: "/ respond=403",
		`server { listen 8081; listen 8080; location / { if ($server_port != 8080) { return 403; }` + pass:                                 "/ respond=503",
		`server { listen 80; server_name *.a.test; location / { if ($host = b_c.a.test) { return 403; }` + pass:                            "b_c.a.test/ respond=403\n*.a.test/ to=app:1",
		`server { listen 80; server_name *.a.test; location / { if ($http_host = b.a.test:81) { return 403; }` + pass:                      "*.a.test/ respond=503",
		`server { listen 80; listen 81 default_server; server_name a.test; location / { if ($host = a.test) { return 403; }` + pass:        "a.test/ listener=http respond=403\na.test/ listener=http-81 respond=403\n/ listener=http-81 to=app:1",
		`server { listen 80; server_name ~^b[0-9]\.test$; location / { if ($host = c.test) { return 403; }` + pass:                         "*/ host-regexp=^b[0-9]\\.test$ to=app:1",
	} {
		r := converting(text)
		var got []string
		for line := range strings.Lines(routes(r)) {
			if !strings.Contains(line, "respond=400") && line[0] != '#' { // the guard, and what is offered
				got = append(got, strings.ReplaceAll(strings.TrimSpace(line), " priority=1", ""))
			}
		}
		if got := strings.Join(got, "\n"); got != want {
			t.Errorf("%s\nis\n%s\nwant\n%s\n\n%s", text, got, want, report(r))
		}
	}
}
