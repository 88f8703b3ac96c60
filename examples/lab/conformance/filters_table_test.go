package conformance

import "strings"

// filterCases are one case and more for each option of package filter.
var filterCases = []filterCase{
	{name: "a removed prefix is told", options: "strip=ROUTE", path: "/a", status: 200, sent: []string{"GET /a HTTP/1.1", "X-Forwarded-Prefix: /"}},
	{name: "no prefix is told where none is removed", path: "/a", status: 200, notSent: []string{"X-Forwarded-Prefix"}, fields: []string{"X-Forwarded-Prefix: /evil"}},

	{name: "replaced path", options: `strip=ROUTE replace-path="^/v([0-9]+)/ /api/$1x/" prepend=/p`, path: "/v2/a?b", status: 200, sent: []string{"GET /p/api/2x/a?b HTTP/1.1"}},
	{name: "a path that can't be replaced", options: `replace-path="x /"`, path: "/x..", status: 400},
	{name: "a path too long to be replaced", options: `replace-path="x y"`, path: "/" + strings.Repeat("x", 4<<10), status: 414},
	{name: "host of the instance", options: "host=instance", status: 200, sent: []string{"Host: 127.0.0.1:"}, fields: []string{saying("Location: http://SELF/a")},
		has: []string{"Location: SCHEME://t/a"}},

	{name: "set replaces", options: "request-header=set:X-Auth-User:me", status: 200, fields: []string{"X-Auth-User: root", "x-auth-user: admin"},
		sent: []string{"X-Auth-User: me"}, notSent: []string{"X-Auth-User: root", "X-Auth-User: admin"}},
	{name: "underscores are no way round", options: "request-header=set:X-Auth-User:me", status: 200, fields: []string{"X_Auth_User: root", "X-Auth_User: root"},
		sent: []string{"X-Auth-User: me"}, notSent: []string{"X_Auth_User", "X-Auth_User"}},
	{name: "trailers are no way round", options: "request-header=set:X-Auth-User:me", method: "POST", body: "hello", chunked: true, status: 200,
		sent: []string{"X-Auth-User: me", "helloX-Sum: 1"}, notSent: []string{"X-Auth-User: root", "helloX-Auth-User"}},
	{name: "add leaves the client's", options: "request-header=add:X-Tag:b", status: 200, fields: []string{"X-Tag: a"}, sent: []string{"X-Tag: a", "X-Tag: b"}},
	{name: "remove", options: "request-header=remove:Cookie", status: 200, fields: []string{"Cookie: a=1"}, notSent: []string{"Cookie"}},
	{name: "fields of answers", options: "response-header=set:X-Frame-Options:DENY response-header=remove:Server response-header=add:X-Tag:b", status: 200,
		fields: []string{saying("Server: app/1.2"), saying("X-Tag: a"), saying("X-Frame-Options: none")},
		has:    []string{"X-Frame-Options: DENY", "X-Tag: a", "X-Tag: b"}, hasNot: []string{"Server", "X-Frame-Options: none"}},
	{name: "fields of local replies", options: "response-header=set:X-Frame-Options:DENY deny=ip:127.0.0.1", status: 403, has: []string{"X-Frame-Options: DENY"}},

	{name: "own address in Location", status: 200, fields: []string{saying("Location: http://SELF/a?b#c")}, has: []string{"Location: SCHEME://t/a?b#c"}},
	{name: "stripped path in Location", options: "strip=ROUTE", status: 200, fields: []string{saying("Location: /login")}, has: []string{"Location: ROUTE/login"}},
	{name: "other hosts in Location", options: "strip=ROUTE", status: 200, fields: []string{saying("Location: https://other.test/a")}, has: []string{"Location: https://other.test/a"}},
	{name: "proxy-redirect=off", options: "strip=ROUTE proxy-redirect=off", status: 200, fields: []string{saying("Location: /login")}, has: []string{"Location: /login"}},

	{name: "preflight", options: "cors=https://a.test|https://*.b.test cors-credentials cors-max-age=600 auth=basic:" + users, method: "OPTIONS", status: 200,
		fields: []string{"Origin: https://x.b.test", "Access-Control-Request-Method: PUT", "Access-Control-Request-Headers: x-a"},
		has: []string{"Access-Control-Allow-Origin: https://x.b.test", "Access-Control-Allow-Credentials: true", "Access-Control-Max-Age: 600",
			"Access-Control-Allow-Headers: x-a", "Vary"}},
	{name: "preflight of another origin", options: "cors=https://a.test", method: "OPTIONS", status: 200,
		fields: []string{"Origin: https://evil.test", "Access-Control-Request-Method: PUT"}, has: []string{"Vary"}, hasNot: []string{"Access-Control-Allow-Origin"}},
	{name: "answer to an origin", options: "cors=https://a.test", status: 200, fields: []string{"Origin: https://a.test", saying("Access-Control-Allow-Origin: *")},
		has: []string{"Access-Control-Allow-Origin: https://a.test", "Vary: Origin"}, hasNot: []string{"Access-Control-Allow-Origin: *"}},
	{name: "answer to any origin", options: "cors=* cors-credentials", status: 200, fields: []string{"Origin: https://a.test"},
		has: []string{"Access-Control-Allow-Origin: *"}, hasNot: []string{"Access-Control-Allow-Credentials"}},
	{name: "plain OPTIONS goes on", options: "cors=*", method: "OPTIONS", status: 200, sent: []string{"OPTIONS /"}},

	{name: "small enough", options: "max-body=1k", method: "POST", body: strings.Repeat("x", 1024), status: 200, sent: []string{"xxx"}},
	{name: "too large by its length", options: "max-body=1k", method: "POST", body: strings.Repeat("x", 1025), status: 413},
	{name: "small enough, chunked", options: "max-body=1k", method: "POST", body: strings.Repeat("x", 1024), chunked: true, status: 200, sent: []string{"xxx"}},
	{name: "too large, chunked", options: "max-body=1k", method: "POST", body: strings.Repeat("x", 1025), chunked: true, status: 413},
	{name: "much too large, chunked", options: "max-body=1k", method: "POST", body: strings.Repeat("x", 100<<10), chunked: true, status: 413},

	{name: "no password", options: "auth=basic:" + users + " auth-realm=here", status: 401, has: []string{`WWW-Authenticate: Basic realm="here", charset="UTF-8"`}},
	{name: "wrong password", options: "auth=basic:" + users, fields: []string{basic("anna:Secret")}, status: 401},
	{name: "unknown user", options: "auth=basic:" + users, fields: []string{basic("dora:secret")}, status: 401},
	{name: "other scheme", options: "auth=basic:" + users, fields: []string{"Authorization: Bearer secret"}, status: 401},
	{name: "two passwords", options: "auth=basic:" + users, fields: []string{basic("anna:secret"), basic("bob:secret")}, status: 401},
	{name: "$apr1$", options: "auth=basic:" + users, fields: []string{basic("anna:secret")}, status: 200, notSent: []string{"Authorization"}},
	{name: "{SHA}", options: "auth=basic:" + users, fields: []string{basic("bob:secret")}, status: 200, notSent: []string{"Authorization"}},
	{name: "bcrypt", options: "auth=basic:" + users + " auth-pass", fields: []string{basic("carl:secret")}, status: 200, sent: []string{basic("carl:secret")}},
	{name: "a bad list closes the route", options: "auth=basic:anna:secret", fields: []string{basic("anna:secret")}, status: 503},
	{name: "a file is the operator's", options: "auth=file:/etc/htpasswd", fields: []string{basic("anna:secret")}, status: 503},

	{name: "forward auth lets in", options: "forward-auth=service:gate/check forward-auth-headers=X-User|X-Asked", path: "/a?b", status: 200,
		fields: []string{"Cookie: pass", "X-User: root", "X_User: root"}, sent: []string{"X-User: alice", "X-Asked: GET /"}, notSent: []string{"X-User: root", "X_User", "X-Other"}},
	{name: "forward auth refuses", options: "forward-auth=service:gate/check forward-auth-headers=X-User", status: 302,
		fields: []string{"X-User: root"}, has: []string{"Location: https://login.test/", "Set-Cookie: seen=1"}, hasNot: []string{"Server"}},
	{name: "forward auth without anybody to ask", options: "forward-auth=service:nobody/check", status: 503, has: []string{"Retry-After"}},
	{name: "forward auth of a tag to an address", options: "forward-auth=http://127.0.0.1:1/", status: 503},

	{name: "rate limit", options: "rate-limit=1/h,burst=1,by=header:X-Key", fields: []string{"X-Key: a"}, status: 200},
	{name: "no room at all", options: "rate-limit=1/h rate-limit=1/h,by=route deny=ip:127.0.0.1", status: 403},
}
