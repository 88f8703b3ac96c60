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
		`if ($cookie_v !~ ^t) { return 403; }`:        "/ cookie-regexp=v:^t to=app:1\n/ respond=403",
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
