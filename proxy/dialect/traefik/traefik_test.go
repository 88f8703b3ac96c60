package traefik

import (
	"slices"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/dialect/traefik1"
)

var env = dialect.Env{Domain: "lab.test", ContainerPort: 80, Listeners: "http,https"}

func parse(tags ...string) dialect.Result {
	return dialect.Languages{Options{}.Language()}.Parse(tags, env)
}

// brief is a result without its reasons.
func brief(r dialect.Result) string {
	var out []string
	for _, rule := range r.Rules {
		line := rule.Line()
		if rule.Policy.Closed {
			line = "closed " + line
		}
		out = append(out, line)
	}
	for _, v := range r.Verdicts {
		if v.Kind != dialect.VerdictUsed {
			out = append(out, v.Kind.String())
		}
	}
	return strings.Join(out, ", ")
}

// labelled are labels of one router r, service s and middlewares, without what stands in front of each.
func labelled(short ...string) []string {
	out := []string{"traefik.enable=true"}
	for _, s := range short {
		out = append(out, "traefik.http."+s)
	}
	return out
}

func TestRules(t *testing.T) {
	for _, c := range []struct{ rule, want string }{
		{"Host(`a.b`)", "a.b/ priority=11"},
		{"Host(\"A.b.\")", "a.b/ priority=12"},
		{"host(`a.b`,`c.d`)", "a.b/ priority=17, c.d/ priority=17"},
		{"Host(`a.b`) && PathPrefix(`/x`)", "a.b/x path=prefix priority=31"},
		{"Host(`a.b`) && (PathPrefix(`/x`) || Path(`/y`))", "a.b/x path=prefix priority=47, a.b/y path=exact priority=47"},
		{"Host(`a.b`) && PathPrefix(`/`)", "a.b/ priority=30"},
		{"Host(`a.b`) && Path(`/`)", "a.b/ path=exact priority=24"},
		{"PathPrefix(`/x`)", "/x path=prefix"},
		{"PathPrefix(`/x`) && PathPrefix(`/x/y`)", "/x/y path=prefix"},
		{"Path(`/x`) || Path(`/y`)", "/x path=exact, /y path=exact"},
		{"Path(`/x/{id:[0-9]{2}}`)", `/ path-regexp=^/x/(?:[0-9]{2})$`},
		{"PathRegexp(`^/x \"`)", `/ path-regexp="^/x \""`},
		{"hostregexp(`{host:.+}`)", "?*/"},
		{"HostRegexp(`{any:.*}.a.b`)", "*.a.b/"},
		{"HostRegexp(`^.+\\.a\\.b$`)", "?*.a.b/"},
		{"HostRegexp(`a\\.b`)", "*a.b*/"},
		{"Host(`a.b`) && Method(`GET`,`POST`)", "a.b/ method=GET|POST priority=35"},
		{"Host(`a.b`) && ClientIP(`10.0.0.0/8`)", "a.b/ client=10.0.0.0/8 priority=37"},
		{"Host(`a.b`) && Headers(`X-K`,`a b`)", `a.b/ header="x-k:a b" priority=35`},
		{"Host(`a.b`) && Query(`k=v`,`l=w`)", "a.b/ query=k:v query=l:w priority=33"},
		{"Host(`a.b`) && Query(`k`,`v`)", "a.b/ query=k:v priority=29"},
		{"HostRegexp(`{sub:[a-z]+}.a.b`)", "*.a.b/ host-regexp=^(?:[a-z]+)\\.a\\.b$"},
		{"HostRegexp(`{sub}.a.b`,`c.d`)", "*.a.b/ host-regexp=^(?:[^.]+)\\.a\\.b$, *c?d*/"},
		{"HostRegexp(`^(?:ab|cd)\\.c$`)", "ab.c/ priority=28, cd.c/ priority=28"},
		{"HostRegexp(`a|b`)", "*/ host-regexp=a|b"},
		{"HostRegexp(`^[0-9]+-x\\.`) && PathPrefix(`/p`)", "*/p path=prefix host-regexp=^[0-9]+-x\\."},
		{"HostRegexp(`^[a-z]\\.b$`) && Host(`a.b`)", "a.b/ host-regexp=^[a-z]\\.b$ priority=39"},
		{"Host(`a.b`) && HeaderRegexp(`X-V`,`^1[.]`)", "a.b/ header-regexp=x-v:^1[.] priority=42"},
		{"Host(`a.b`) && HeadersRegexp(`X`,`a|b`) && QueryRegexp(`v`,`^ ?$`)", `a.b/ header-regexp=x:a|b query-regexp="v:^ ?$" priority=66`},
		{"Host(`a.b`) && QueryRegexp(`k`)", "a.b/ query=k: priority=31"},
		{"Host(`a.b`) && Query(`k={v:[0-9]+}`)", "a.b/ query-regexp=k:^(?:[0-9]+)$ priority=36"},
		{"Host(`a.b`) && Header(`X`,`a|b`)", "a.b/ header-regexp=x:^a\\|b$ priority=32"},
		{"!Host(`a.b`)", "/ not-host-regexp=^a\\.b$"},
		{"!Host(`a.b`,`c.d`)", "/ not-host-regexp=^a\\.b$ not-host-regexp=^c\\.d$"},
		{"!HostRegexp(`{X:.+}.A.b`)", "/ not-host-regexp=(?i)^(?:.+)\\.A\\.b$"},
		{"Host(`a.b`) && !Path(`/x`)", "a.b/ not-path-regexp=^/x$ priority=26"},
		{"Host(`a.b`) && !(PathPrefix(`/x`) || Method(`GET`)) && !Method(`PUT`, `POST`)", "a.b/ not-path-regexp=^/x not-method=GET|POST|PUT priority=77"},
		{"Host(`a.b`) && !(ClientIP(`10.0.0.0/8`) && Header(`X`,`a b`))", `a.b/ not-client=10.0.0.0/8 priority=61, a.b/ not-header="x:a b" priority=61`},
		{"Host(`a.b`) && !ClientIP(`10.0.0.1`) && !ClientIP(`10.0.0.2`)", "a.b/ not-client=10.0.0.1/32|10.0.0.2/32 priority=61"},
		{"Host(`a.b`) && !Headers(`X-K`,``)", "a.b/ not-header=x-k priority=33"},
		{"Host(`a.b`) && !Header(`X-K`,``)", "a.b/ not-header=x-k: priority=32"},
		{"Host(`a.b`) && !Query(`k=`)", "a.b/ not-query=k priority=27"},
		{"HostRegexp(`{n:[A-Z]+[0-9]}.a.b`)", "*.a.b/ host-regexp=(?i)^(?:[A-Z]+[0-9])\\.a\\.b$"},
		{"Host(`a.b`) && !Query(`k=v`,`l=w`)", "a.b/ not-query=k:v priority=34, a.b/ not-query=l:w priority=34"},
		{"Host(`a.b`) && !QueryRegexp(`k`,`^v`) && !HeaderRegexp(`X`,`y`) && !PathRegexp(`z$`) && !!Method(`GET`)", "a.b/ not-path-regexp=z$ method=GET not-header-regexp=x:y not-query-regexp=k:^v priority=103"},

		{"", "refused"},
		{"Host:a.b", "refused"},
		{"Host(`${X}`)", "refused"},
		{"Host(``)", "refused"},
		{"Host()", "refused"},
		{"Host(`*`)", "refused"},
		{"Host(`*.a.b`)", "refused"},
		{"Host(`a.b to=127.0.0.1:1`)", "refused"},
		{"Host(`a.b`) // && ClientIP(`10.0.0.1`)", "refused"},
		{"Host(`a.b`) /* x */ && Path(`/x`)", "refused"},
		{"!!Host(`a.b`) == 1", "refused"},
		{"-Host(`a.b`)", "refused"},
		{"Host(`a.b`) && !Header(`Host`,`x`)", "closed a.b/ priority=34, refused"},
		{"Host(`a.b`) && Host(`c.d`)", "refused"},
		{"Path(`/a`) && Path(`/b`)", "refused"},
		{"Path(`/a b`)", "refused"},
		{"Path(`/a`) & Path(`/b`)", "refused"},
		{"PathPrefix('/a')", "refused"},
		{"HostRegexp(`(?<!x)a.b`)", "refused"},
		{"HostRegexp(`[`)", "refused"},
		{"HostSNI(`*`)", "refused"},
		{"HeaderRegexp(`X`)", "refused"},
		{"HeaderRegexp(`X`,`(`)", "refused"},
		{"HeaderRegexp(`Host`,`a`)", "refused"},
		{"QueryRegexp(`a`,`b`,`c`)", "refused"},
		{"!(" + strings.Repeat("(Path(`/a`) && Path(`/b`)) || ", 8) + "Path(`/a`))", "refused"},
		{"Method(`GET|POST`)", "refused"},
		{"ClientIP(`10.0.0.0/8|0.0.0.0/0`)", "refused"},
		{"func() { }()", "refused"},
		{"Nothing(`x`)", "refused"},
		{"Host(`a.b`) == Host(`a.b`)", "refused"},
		{strings.Repeat("(Path(`/a`) || Path(`/b`)) && ", 8) + "Path(`/a`)", "refused"},
	} {
		if got := brief(parse(labelled("routers.r.rule=" + c.rule)...)); got != c.want {
			t.Errorf("%q: %s\nwant %s", c.rule, got, c.want)
		}
	}
}

func TestRouters(t *testing.T) {
	const rule, users = "routers.r.rule=Host(`a.b`)", "basicauth.users=keeper:$apr1$abcdefgh$0123456789abcdefghijk/"
	for _, c := range []struct {
		labels []string
		want   string
	}{
		{[]string{rule, "routers.r.entryPoints=web, websecure", "routers.r.priority=10"}, "a.b/ listener=http|https priority=10"},
		{[]string{rule, "routers.r.entrypoints=internal"}, "closed a.b/ priority=11, refused"},
		{[]string{rule, "routers.r.entrypoint=web"}, "closed a.b/ priority=11, refused"},
		{[]string{rule, "routers.r.tls=true"}, "a.b/ listener=https priority=11"},
		{[]string{rule, "routers.r.tls=true", "routers.r.entrypoints=web"}, "closed a.b/ priority=11, refused"},
		{[]string{rule, "routers.r.tls.options=mtls@file"}, "closed a.b/ priority=11, refused"},
		{[]string{rule, "routers.r.tls.certresolver=le", "routers.r.tls.domains[0].main=a.b"}, "a.b/ listener=https priority=11 tls=acme"},
		{[]string{rule, "services.s.loadbalancer.server.port=80", "services.s.loadbalancer.server.scheme=https"}, "a.b/ priority=11 proto=https"},
		{[]string{rule, "services.s.loadBalancer.server.port=81"}, "ignored"},
		{[]string{rule, "services.s.loadbalancer.server.port=0"}, "refused"},
		{[]string{rule, "services.s.loadbalancer.server.scheme=h2c"}, "closed a.b/ priority=11, refused"},
		{[]string{rule, "services.s.loadbalancer.server.url=http://127.0.0.1:8500"}, "closed a.b/ priority=11, refused"},
		{[]string{rule, "services.s.loadbalancer.sticky.cookie=true", "services.s.loadbalancer.sticky.cookie.name=sid"}, "a.b/ priority=11 sticky=sid"},
		{[]string{rule, "services.s.loadbalancer.passhostheader=false"}, "a.b/ priority=11 host=dst"},
		{[]string{rule, "services.s.loadbalancer.server.port=80", "services.t.loadbalancer.server.port=80"}, "refused, ignored, ignored"},
		{[]string{rule, "routers.r.service=t@docker", "services.s.loadbalancer.server.port=81", "services.t.loadbalancer.server.port=80"}, "a.b/ priority=11, ignored"},
		{[]string{rule, "routers.r.service=api@internal"}, "ignored"},
		{[]string{rule, "routers.r.service=api@internal", "routers.r.middlewares=m", "middlewares.m." + users}, "ignored"},
		{[]string{rule, "routers.r.service=x"}, "refused"},
		{[]string{rule, "routers.r.service=x@file"}, "refused"},
		{[]string{rule, "routers.r.rule=Host(`c.d`)"}, "closed a.b/ priority=11, refused, refused"},
		{[]string{rule, "routers.r.middlewares=m"}, "closed a.b/ priority=11, refused"},
		{[]string{rule, "routers.r.middlewares=m@file", "middlewares.m." + users}, "closed a.b/ priority=11, refused"},
		{[]string{rule, "routers.r.middlewares=m@docker,", "middlewares.m." + users}, "a.b/ priority=11 auth=basic:keeper:$apr1$abcdefgh$0123456789abcdefghijk/ auth-pass=true"},
		{[]string{rule, "routers.r.middlewares=m", "middlewares.m." + users, "middlewares.m.basicauth.users=x:y"}, "closed a.b/ priority=11, refused"},
		{[]string{rule, "routers.r.middlewares=m", "middlewares.m.basicauth.users=" + dialect.WithheldSecret}, "closed a.b/ priority=11, refused"},
		{[]string{rule, "routers.r.middlewares=m", "middlewares.m.redirectscheme.scheme=https"},
			"a.b/ listener=http priority=11 redirect=302,https://$host$path, a.b/ listener=https priority=11"},
		{[]string{rule, "routers.r.middlewares=m", "routers.r.entrypoints=web", "middlewares.m.redirectscheme.scheme=https", "middlewares.m.redirectscheme.permanent=true"},
			"a.b/ listener=http priority=11 redirect=301,https://$host$path"},
		{[]string{rule, "routers.r.middlewares=c", "middlewares.c.chain.middlewares=m,n", "middlewares.m.addprefix.prefix=/x", "middlewares.n.compress=true"},
			"a.b/ priority=11 prepend=/x compress"},
		{[]string{rule, "routers.r.middlewares=c", "middlewares.c.chain.middlewares=c"}, "closed a.b/ priority=11, refused"},
		{[]string{rule, "routers.r.middlewares=m", "middlewares.m.ipallowlist.sourcerange=10.0.0.0/8, 192.0.2.1"}, "a.b/ priority=11 allow=ip:10.0.0.0/8,ip:192.0.2.1/32"},
		{[]string{rule, "routers.r.middlewares=m", "middlewares.m.stripprefix.prefixes=/x,/y"}, `a.b/ priority=11 replace-path="^(?:/x|/y)/? /"`},
		{[]string{rule, "routers.r.middlewares=m", "middlewares.m.headers.framedeny=true", "middlewares.m.headers.stsseconds=5", "middlewares.m.headers.customrequestheaders.X-Forwarded-For=10.0.0.1", "middlewares.m.headers.customrequestheaders.X-Forwarded-Proto=https"},
			`a.b/ priority=11 request-header=set:X-Forwarded-Proto:https response-header=set:X-Frame-Options:DENY response-header=set:Strict-Transport-Security:max-age=5, ignored`},
		{[]string{rule, "routers.r.middlewares=m", "middlewares.m.ratelimit.average=5", "middlewares.m.ratelimit.burst=9"}, "a.b/ priority=11 rate-limit=5/s,burst=9"},
		{[]string{rule, "routers.s.rule=Host(`a.b`)", "routers.s.middlewares=m", "middlewares.m." + users}, "a.b/ priority=11 auth=basic:keeper:$apr1$abcdefgh$0123456789abcdefghijk/ auth-pass=true, refused"},
		{[]string{"routers.r.entrypoints=web"}, "refused"},
	} {
		if got := brief(parse(labelled(c.labels...)...)); got != c.want {
			t.Errorf("%q: %s\nwant %s", c.labels, got, c.want)
		}
	}
}

// What an expression over the URL says of a host is a redirect and a condition of a line, or closes the route.
func TestRedirectsByExpressions(t *testing.T) {
	for _, c := range []struct{ regex, with, want string }{
		{`^https?://www\.(.*)`, "https://${1}", "www.a.b/ priority=15 redirect=302,https://a.b$path"},
		{`^https?://www.a.b/(.*)$`, "https://a.b/$1", "www.a.b/ priority=15 redirect=302,https://a.b$path"},
		{`^https?://(?:www\.)?(.+)`, "https://x.$1", "www.a.b/ priority=15 redirect=302,https://x.a.b$path"},
		{`^https?:\/\/www\.a\.b\/?(.*)`, "https://c.d/${1}", "www.a.b/ priority=15 redirect=302,https://c.d$path"},
		{`^http://(.*)`, "https://$1", "www.a.b/ listener=http priority=15 redirect=302,https://www.a.b$path, www.a.b/ listener=https priority=15"},
		{`https://(.*)/.well-known/(?:card|cal)dav`, "https://${1}/remote.php/dav/",
			"www.a.b/ path-regexp=^/(?:.well-known/(?:card|cal)dav)$ listener=https priority=15 redirect=302,https://www.a.b/remote.php/dav/, www.a.b/ priority=15"},
		{`^https?://other/(.*)`, "https://c.d/${1}", "www.a.b/ priority=15"},
		{`^https?://www.a.b/(.*)`, "https://www.a.b/x/${1}", "www.a.b/ priority=15 redirect=302,https://www.a.b/x$path"},

		{`^https?://www.a.b/x/(.*)`, "https://c.d/${1}", "closed www.a.b/ priority=15, refused"},
		{`^https?://www.a.b/(.*)`, "/x/${1}", "closed www.a.b/ priority=15, refused"},
		{`^https?://www.a.b/(.*)`, "https://${1}", "closed www.a.b/ priority=15, refused"},
		{`^https?://www.a.b/(.*)`, "https://c.d/$2", "closed www.a.b/ priority=15, refused"},
		{`^(.*)$`, "https://c.d/", "closed www.a.b/ priority=15, refused"},
		{`^https?://(`, "https://c.d/", "closed www.a.b/ priority=15, refused"},
		{``, ``, "closed www.a.b/ priority=15, refused"},
	} {
		r := parse(labelled("routers.r.rule=Host(`www.a.b`)", "routers.r.middlewares=m", "middlewares.m.redirectregex.regex="+c.regex, "middlewares.m.redirectregex.replacement="+c.with)...)
		if got := brief(r); got != c.want {
			t.Errorf("%s %s: %s\nwant %s", c.regex, c.with, got, c.want)
		}
	}
}

// What the labels do not ask for is not served.
func TestEnable(t *testing.T) {
	const rule = "traefik.http.routers.r.rule=Host(`a.b`)"
	for _, c := range []struct {
		tags []string
		want string
	}{
		{[]string{rule}, "ignored"},
		{[]string{rule, "traefik.enable=false"}, "ignored, ignored"},
		{[]string{rule, "traefik.enable=yes"}, "refused, refused"},
		{[]string{rule, "traefik.enable=true", "Traefik.Enable=false"}, "refused, refused, refused"},
		{[]string{rule, "traefik.enable=TRUE"}, "a.b/ priority=11"},
		{[]string{"traefik.enable=true"}, "ignored"},
		{[]string{"traefik.enable=true", "traefik.frontend.rule=Host:a.b", "traefik.tcp.routers.r.rule=HostSNI(`*`)", "traefik.what=x"}, "ignored, ignored, refused"},
		{[]string{"traefikx.enable=true", "x"}, ""},
	} {
		if got := brief(parse(c.tags...)); got != c.want {
			t.Errorf("%q: %s\nwant %s", c.tags, got, c.want)
		}
	}
}

// honoured are restricting labels with values that can be honoured, by the middleware's kind or the router's label, and what stands in the line for
// them.
var honoured = map[string]struct{ label, want string }{
	"redirectscheme": {"redirectscheme.scheme=https", "listener=http"},
	"redirectregex":  {"redirectregex.regex=^https?://a.b/(.*)", "redirect="},
	"basicauth":      {"basicauth.users=keeper:$apr1$abcdefgh$0123456789abcdefghijk/", "auth=basic:keeper:"},
	"forwardauth":    {"forwardauth.address=http://10.0.0.9/check", "forward-auth="},
	"ipallowlist":    {"ipallowlist.sourcerange=10.0.0.0/8", "allow=ip:10.0.0.0/8"},
	"ipwhitelist":    {"ipwhitelist.sourcerange=10.0.0.0/8", "allow=ip:10.0.0.0/8"},
	"ratelimit":      {"ratelimit.average=5", "rate-limit=5/s"},
	"buffering":      {"buffering.maxrequestbodybytes=1000", "max-body=1000"},
	"entrypoints":    {"entrypoints=websecure", "listener=https"},
	"tls":            {"tls=true", "listener=https"},
	"tls.options":    {"tls.options=default", "listener=https"},
}

// Each label of the tables that restricts does so in the line, in whatever letters its key is written.
func TestRestrictionsAreHonoured(t *testing.T) {
	check := func(name string, more ...string) {
		t.Helper()
		one, ok := honoured[name]
		if !ok {
			t.Errorf("%s restricts, and no test honours it", name)
			return
		}
		for _, write := range []func(string) string{strings.ToLower, strings.ToUpper} {
			label := "routers.r." + one.label
			if more != nil {
				label = "middlewares.m." + one.label
			}
			key, value, _ := strings.Cut(label, "=")
			r := parse(labelled(append(more, "routers.r.rule=Host(`a.b`)", write(key)+"="+value)...)...)
			if len(r.Rules) == 0 || !strings.Contains(r.Rules[0].Line(), one.want) || r.Rules[0].Policy.Closed {
				t.Errorf("%s: %s", label, brief(r))
			}
		}
	}
	for _, key := range routerRestricts {
		if key != "middlewares" {
			check(key)
		}
	}
	for kind, m := range middlewares {
		if m.restricts && kind == "redirectregex" {
			check(kind, "routers.r.middlewares=m", "middlewares.m.redirectregex.replacement=https://c.d/$1")
		} else if m.restricts {
			check(kind, "routers.r.middlewares=m")
		}
	}
}

// Whatever restricts is in the rule or closes it: each label of the tables, with a value that can't be honoured.
func TestRestrictions(t *testing.T) {
	closed := func(labels ...string) {
		t.Helper()
		r := parse(labelled(append(labels, "routers.r.rule=Host(`a.b`)")...)...)
		if len(r.Rules) == 0 || slices.ContainsFunc(r.Rules, func(rule *dialect.Rule) bool { return !rule.Policy.Closed }) {
			t.Errorf("%q: %s", labels, brief(r))
		}
	}
	for _, key := range routerRestricts {
		if key != "tls" { // what is not false asks for TLS
			closed("routers.r." + key + "=nonsense")
		}
	}
	for kind, m := range middlewares {
		if m.restricts && kind != "buffering" {
			closed("routers.r.middlewares=m", "middlewares.m."+kind+".nonsense=true")
			closed("routers.r.middlewares=m", "middlewares.m."+kind+"=true")
		}
		if m.restricts {
			closed("routers.r.middlewares=m", "middlewares.m."+kind+".nonsense=true")
		}
		closed("routers.r.middlewares=m", "middlewares.m."+kind+".x="+dialect.WithheldSecret)
	}
	for _, kind := range []string{"digestauth.users=x", "inflightreq.amount=1", "plugin.x.y=z", "passtlsclientcert.pem=true", "redirectregex.regex=x", "headers.allowedhosts=a"} {
		closed("routers.r.middlewares=m", "middlewares.m."+kind)
	}
}

// With Exposed only those that say no are left out.
func TestExposed(t *testing.T) {
	const rule = "traefik.http.routers.r.rule=Host(`a.b`)"
	for _, c := range []struct {
		tags []string
		want string
	}{
		{[]string{rule}, "a.b/ priority=11"},
		{[]string{rule, "traefik.http.routers.r.middlewares=m"}, "closed a.b/ priority=11, refused"},
		{[]string{rule, "traefik.enable=false"}, "ignored, ignored"},
		{[]string{rule, "traefik.enable=yes"}, "refused, refused"},
		{[]string{"traefik.docker.network=edge"}, "ignored"},
	} {
		if got := brief(dialect.Languages{Options{Exposed: true}.Language()}.Parse(c.tags, env)); got != c.want {
			t.Errorf("%q: %s\nwant %s", c.tags, got, c.want)
		}
	}
}

// Where the labels lead to is told before anything is registered.
func TestNeeds(t *testing.T) {
	labels := map[string]string{"traefik.enable": "true", "Traefik.Http.Services.s.LoadBalancer.Server.Port": "8080", "traefik.docker.network": "edge", "traefik.http.routers.r.rule": "Host(`a.b`)"}
	n := language{}.Needs(labels)
	if !slices.Equal(n.Ports, []int{8080}) || n.Network != "edge" || n.OnePort != nil || !slices.Equal(n.Spent, []string{"traefik.docker.network"}) {
		t.Errorf("%+v", n)
	}
	delete(labels, "Traefik.Http.Services.s.LoadBalancer.Server.Port")
	if n = (language{}).Needs(labels); len(n.OnePort) != 2 || n.Ports != nil {
		t.Errorf("%+v", n)
	}
	delete(labels, "traefik.enable")
	if n = (language{}).Needs(labels); len(n.OnePort) != 1 || n.Network != "edge" {
		t.Errorf("without enable: %+v", n)
	}
	labels["traefik.enable"] = "false"
	if n = (language{}).Needs(labels); n.OnePort != nil || n.Network != "" {
		t.Errorf("%+v", n)
	}
}

// A password stands in no verdict.
func TestSecretsAreNotShown(t *testing.T) {
	for _, key := range []string{"basicauth.users", "digestauth.users", "headers.customrequestheaders.Authorization", "plugin.x.token"} {
		r := parse(labelled("routers.r.rule=Host(`a.b`)", "routers.r.middlewares=m", "middlewares.m."+key+"=me:SECRET")...)
		for _, v := range r.Verdicts {
			if strings.Contains(v.Reason+strings.Join(v.Sources, " "), "SECRET") {
				t.Errorf("%s: %+v", key, v)
			}
		}
	}
}

// Whatever labels hold, each of them is told of, its rules lead nowhere else, and they are printed so that they are read again.
func FuzzParse(f *testing.F) {
	for _, rule := range []string{"Host(`a.b`) && (Path(`/x`) || PathPrefix(`/y`))", "HostRegexp(`{x:.+}`)", "Header(`a`, `b\" to=127.0.0.1:1`)", "Host(`a.b/ to=10.0.0.1:80`)", "PathRegexp(`^/a b`)"} {
		f.Add("routers.r.rule="+rule, "routers.r.middlewares=m", "middlewares.m.basicauth.users=a:b")
		f.Add("routers.r.rule="+rule, "routers.r.middlewares=m", "middlewares.m.redirectscheme.scheme=https")
		f.Add("routers.r.rule="+rule, "routers.r.entrypoints=web", "services.s.loadbalancer.server.port=80")
	}
	f.Add("routers.r.rule=Host(`a.b`)", "routers.r.middlewares=m", "middlewares.m.headers.customresponseheaders.X=a\" to=127.0.0.1:80")
	f.Add("routers.r.rule=Host(`a.b`)", "routers.r.middlewares=m", "middlewares.m.replacepathregex.regex=^/a to=x")
	f.Add("routers.r.rule=Host(`0`)&&(PAth(`/`)||PAth(`/0`))", "routers.r.entrYpoints=weB", "port")
	f.Fuzz(func(t *testing.T, one, two, three string) {
		tags := labelled(one, two, three)
		r := parse(tags...)
		for _, tag := range tags {
			l, _ := cut(tag)
			if !(language{}).Wants(tag) && (traefik1.Options{}).Language().Wants(tag) {
				continue // that language tells of it
			}
			if !slices.ContainsFunc(r.Verdicts, func(v dialect.Verdict) bool { return slices.Contains(v.Sources, source(&l)) }) {
				t.Fatalf("nothing is said of %q: %+v", tag, r.Verdicts)
			}
		}
		for _, v := range r.Verdicts {
			if (v.Reason == "") != (v.Kind == dialect.VerdictUsed) {
				t.Errorf("%q: %+v", tags, v)
			}
		}
		for _, rule := range r.Rules {
			services, hosts := rule.References()
			if rule.Policy.Closed {
				continue
			}
			if len(rule.Options.Upstream.To) > 0 || rule.Policy.Files.Folder != "" || len(services)+len(hosts) > 0 && rule.Policy.Filters.ForwardAuth == nil {
				t.Fatalf("%s leads elsewhere", rule.Line())
			}
			if strings.Contains(strings.ToLower(strings.Join(tags, " ")), "r.middlewares=m") && len(rule.Words()) == 0 {
				t.Logf("%q: %s", tags, rule.Line())
			}
			again, verdicts := dialect.ParseLine(rule.Line(), dialect.PathSegments, env)
			if again == nil || slices.ContainsFunc(verdicts, func(v dialect.Verdict) bool { return v.Kind == dialect.VerdictRefused }) || !again.Match.Same(rule.Match) || again.Asks() != rule.Asks() {
				t.Errorf("%q: %s reads as %+v, %+v", tags, rule.Line(), again, verdicts)
			}
		}
	})
}
