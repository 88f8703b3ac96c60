package traefik1

import (
	"slices"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/proxy/dialect"
)

const hash = "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g="

var env = dialect.Env{ContainerPort: 80, Listeners: "http,https"}

func parse(tags ...string) dialect.Result {
	return dialect.Languages{Options{}.Language()}.Parse(tags, env)
}

// labelled are labels of one container, without what stands in front of each.
func labelled(short ...string) (out []string) {
	for _, s := range short {
		out = append(out, prefix+s)
	}
	return out
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

func TestRules(t *testing.T) {
	for _, c := range []struct{ rule, want string }{
		{"Host:a.b", "a.b/ priority=8"},
		{"Host: A.b. , c.d", "a.b/ priority=16, c.d/ priority=16"},
		{"host:a.b,a.b;", "a.b/ priority=13"},
		{"Host:a.b;PathPrefix:/x", "a.b/x path=prefix priority=22"},
		{"Host:a.b;PathPrefix:/", "a.b/ priority=21"},
		{"Host:a.b;Path:/x,/y", "a.b/x path=exact priority=19, a.b/y path=exact priority=19"},
		{"Host:a.b,c.d;PathPrefixStrip:/x,/y", "a.b/x path=prefix priority=34 strip=/x, a.b/y path=prefix priority=34 strip=/y, c.d/x path=prefix priority=34 strip=/x, c.d/y path=prefix priority=34 strip=/y"},
		{"PathStrip:/x", "/x path=exact strip=/x"},
		{"PathPrefixStrip:/", "/"},
		{"PathPrefixStripRegex:/a/{id:[0-9]+}", `/ path-regexp=^/a/(?:[0-9]+) replace-path="^/a/(?:[0-9]+)/? /"`},
		{"PathStripRegex:/a/{id}", `/ path-regexp=^/a/(?:[^/]+)$ replace-path="^/a/(?:[^/]+)$ /"`},
		{"Path:/x/{id:[0-9]+}", "/ path-regexp=^/x/(?:[0-9]+)$"},
		{"HostRegexp:{sub:.+}.a.b", "?*.a.b/"},
		{"HostRegexp:{sub:[a-c]}.a.b,c.d", `*.a.b/ host-regexp=^(?:[a-c])\.a\.b$, c.d/ priority=30`},
		{"HeadersRegexp:X-K,^a|b", "/ header-regexp=x-k:^a|b"},
		{"Host:a.b;Query:k={n:[0-9]}x,l=w|v", `a.b/ query-regexp=k:^(?:[0-9])x$ query-regexp=l:^w\|v$ priority=33`},
		{"Host:a.b;Method:GET,POST", "a.b/ method=GET|POST priority=24"},
		{"Host:a.b;Headers:X-K,v", "a.b/ header=x-k:v priority=22"},
		{"Host:a.b;Query:k=", "a.b/ query=k priority=17"},
		{"HostRegexp:{n:[A-B]}.a.b", `*.a.b/ host-regexp=(?i)^(?:[A-B])\.a\.b$`},
		{"HostRegexp:^[a-b]\\.c$", "refused"},
		{"Host:a.b;Query:k=v,l=w", "a.b/ query=k:v query=l:w priority=22"},
		{"Host:a.b;AddPrefix:/x", "a.b/ priority=21 prepend=/x"},
		{"Host:a.b;PathPrefixStrip:/y;AddPrefix:/x", "a.b/y path=prefix priority=40 strip=/y prepend=/x"},
		{"Host:a.b;ReplacePath:/x", `a.b/ priority=23 replace-path="^.*$ /x"`},
		{"Host:a.b;ReplacePathRegex:^/x/(.*) /y/${1}", `a.b/ priority=42 replace-path="^/x/(.*) /y/$1"`},

		{"", "refused"},
		{";", "refused"},
		{"a.b", "refused"},
		{"Host:", "refused"},
		{"Hosts:a.b", "refused"},
		{"Host(`a.b`)", "refused"},
		{"Host:a.b && Path:/x", "refused"},
		{"Host:${X}", "refused"},
		{"Host:*.a.b", "refused"},
		{"Host:a.b:80", "refused"},
		{"Host:a.b to=127.0.0.1:1", "refused"},
		{"Host:a.b;Host:c.d", "refused"},
		{"Path:/x;PathPrefix:/y", "refused"},
		{"Path:/x to=127.0.0.1:1", "refused"},
		{"PathPrefixStrip:/{x}", "refused"},
		{"Host:a.b;Method:GET;Method:POST", "refused"},
		{"HostRegexp:{sub:[a-c}.a.b", "refused"},
		{"HeadersRegexp:X-K", "refused"},
		{"HeadersRegexp:X-K,a{1,3}", "refused"},
		{"HeadersRegexp:X-K,(", "refused"},
		{"AddPrefix:/x;ReplacePath:/y", "refused"},
		{"Host:" + strings.Repeat("a.b,", 70), "refused"},
	} {
		if got := brief(parse(labelled("frontend.rule=" + c.rule)...)); got != c.want {
			t.Errorf("%s: %s\nwant %s", c.rule, got, c.want)
		}
	}
}

// What stands beside a rule of the host a.b.
func TestProperties(t *testing.T) {
	const rule = "frontend.rule=Host:a.b"
	for _, c := range []struct {
		more []string
		want string
	}{
		{[]string{"enable=true", "tags=x", "docker.network=web", "backend=shop", "port=80", "protocol=http", "domain=x.y"}, "a.b/ priority=8, ignored, ignored, ignored"},
		{[]string{"enable=false"}, "ignored, ignored"},
		{[]string{"enable=maybe"}, "refused, refused"},
		{[]string{"Port=80", "FRONTEND.entryPoints=HTTP"}, "a.b/ listener=http priority=8"},
		{[]string{"port=81"}, "ignored"},
		{[]string{"port=x"}, "refused"},
		{[]string{"port=80", "port=81"}, "refused, refused"},
		{[]string{"port=80", "admin.frontend.rule=Host:c.d", "admin.port=80"}, "c.d/ priority=8, ignored, ignored"},
		{[]string{"frontend.entryPoints=http,https"}, "a.b/ listener=http|https priority=8"},
		{[]string{"frontend.entryPoints=internal"}, "closed a.b/ priority=8, refused"},
		{[]string{"frontend.priority=70", "weight=3", "protocol=https", "frontend.passHostHeader=false"}, "a.b/ priority=70 proto=https weight=3 host=dst"},
		{[]string{"protocol=h2c"}, "closed a.b/ priority=8, refused"},
		{[]string{"frontend.auth.basic=bob:" + hash}, "a.b/ priority=8 auth=basic:bob:" + hash + " auth-pass=true"},
		{[]string{"frontend.auth.basic.users=bob:" + hash, "frontend.auth.basic.removeHeader=true", "frontend.auth.basic.realm=The Realm"}, `a.b/ priority=8 auth=basic:bob:` + hash + ` auth-realm="The Realm"`},
		{[]string{"frontend.auth.basic=bob:secret"}, "closed a.b/ priority=8, refused"},
		{[]string{"frontend.auth.basic=bob:" + hash, "frontend.auth.basic.users=eve:" + hash}, "closed a.b/ priority=8, refused"},
		{[]string{"frontend.auth.basic.realm=x"}, "closed a.b/ priority=8, refused"},
		{[]string{"frontend.auth.digest=x"}, "closed a.b/ priority=8, refused"},
		{[]string{"frontend.auth.forward.address=http://192.0.2.9/a", "frontend.auth.forward.authResponseHeaders=X-User"}, "a.b/ priority=8 forward-auth=http://192.0.2.9/a forward-auth-headers=X-User"},
		{[]string{"frontend.auth.forward.address=http://gate:4181/a?b"}, "a.b/ priority=8 forward-auth=service:gate/a?b"},
		{[]string{"frontend.auth.forward.address=https://gate.example/a"}, "closed a.b/ priority=8, refused"},
		{[]string{"frontend.auth.forward.address=http://192.0.2.9/a", "frontend.auth.forward.tls.insecureSkipVerify=true"}, "closed a.b/ priority=8, refused"},
		{[]string{"frontend.whiteList.sourceRange=10.0.0.0/8, 192.0.2.1"}, "a.b/ priority=8 allow=ip:10.0.0.0/8,ip:192.0.2.1/32"},
		{[]string{"frontend.whitelistSourceRange=10.0.0.0/8"}, "a.b/ priority=8 allow=ip:10.0.0.0/8"},
		{[]string{"frontend.whiteList.sourceRange=10.0.0.0/8", "frontend.whiteList.useXForwardedFor=true"}, "closed a.b/ priority=8, refused"},
		{[]string{"frontend.whiteList.sourceRange="}, "closed a.b/ priority=8, refused"},
		{[]string{"frontend.whitelst.sourceRange=10.0.0.0/8"}, "closed a.b/ priority=8, refused"},
		{[]string{"frontent.whiteList.sourceRange=10.0.0.0/8"}, "closed a.b/ priority=8, refused"},
		{[]string{"frontend.redirect.entryPoint=https"}, "a.b/ listener=http priority=8 redirect=302,https://$host$path, a.b/ listener=https priority=8"},
		{[]string{"frontend.redirect.entryPoint=https", "frontend.redirect.permanent=true", "frontend.entryPoints=http", "weight=2"}, "a.b/ listener=http priority=8 redirect=301,https://$host$path"},
		{[]string{"frontend.redirect.entryPoint=http"}, "closed a.b/ priority=8, refused"},
		{[]string{"frontend.redirect.entryPoint=other"}, "closed a.b/ priority=8, refused"},
		{[]string{`frontend.redirect.regex=^https?://a\.b/(.*)`, "frontend.redirect.replacement=https://c.d/$1"}, "a.b/ priority=8 redirect=302,https://c.d$path"},
		{[]string{`frontend.redirect.regex=^http://a.b/(.*)$`, "frontend.redirect.replacement=https://a.b/${1}"}, "a.b/ listener=http priority=8 redirect=302,https://a.b$path, a.b/ listener=https priority=8"},
		{[]string{`frontend.redirect.regex=^https?://other.b/(.*)`, "frontend.redirect.replacement=https://c.d/$1"}, "a.b/ priority=8"},
		{[]string{"frontend.redirect.regex=.*/x(.*)", "frontend.redirect.replacement=/y$1"}, "closed a.b/ priority=8, refused"},
		{[]string{"frontend.headers.SSLRedirect=true", "frontend.auth.basic=bob:" + hash}, "a.b/ listener=http priority=8 redirect=301,https://$host$path auth=basic:bob:" + hash + " auth-pass=true, a.b/ listener=https priority=8 auth=basic:bob:" + hash + " auth-pass=true"},
		{[]string{"frontend.headers.customRequestHeaders=X-A:1||X-B:2", "frontend.headers.customResponseHeaders=X-C:d e"}, `a.b/ priority=8 request-header=set:X-A:1 request-header=set:X-B:2 response-header="set:X-C:d e"`},
		{[]string{"frontend.headers.customRequestHeaders=X-Forwarded-For:1"}, "a.b/ priority=8, partly"},
		{[]string{"frontend.headers.STSSeconds=60", "frontend.headers.frameDeny=true", "frontend.headers.STSPreload=true"}, `a.b/ priority=8 response-header=set:X-Frame-Options:DENY response-header="set:Strict-Transport-Security:max-age=60; preload"`},
		{[]string{"frontend.headers.allowedHosts=a.b"}, "closed a.b/ priority=8, refused"},
		{[]string{"frontend.rateLimit.extractorFunc=client.ip", "frontend.rateLimit.rateSet.r.period=10s", "frontend.rateLimit.rateSet.r.average=100", "frontend.rateLimit.rateSet.r.burst=200"}, "a.b/ priority=8 rate-limit=10/s,burst=200"},
		{[]string{"frontend.rateLimit.extractorFunc=request.host", "frontend.rateLimit.rateSet.r.period=40", "frontend.rateLimit.rateSet.r.average=2"}, "a.b/ priority=8 rate-limit=3/m,burst=1,by=route"},
		{[]string{"frontend.rateLimit.extractorFunc=request.header.X"}, "closed a.b/ priority=8, refused"},
		{[]string{"frontend.rateLimit.rateSet.r.average=2"}, "closed a.b/ priority=8, refused"},
		{[]string{"frontend.errors.x.status=500", "backend.circuitbreaker.expression=NetworkErrorRatio() > 0.5", "frontend.passTLSCert=true"}, "a.b/ priority=8, ignored, ignored, ignored"},
		{[]string{"backend.loadbalancer.stickiness=true", "backend.loadbalancer.stickiness.cookieName=seat"}, "a.b/ priority=8 sticky=seat"},
		{[]string{"backend.loadbalancer.sticky=true", "backend.loadbalancer.stickiness=true"}, "a.b/ priority=8 sticky"},
		{[]string{"backend.loadbalancer.method=drr"}, "a.b/ priority=8, partly"},
		{[]string{"backend.healthcheck.path=/h", "backend.healthcheck.interval=10s", "backend.healthcheck.port=9"}, "a.b/ priority=8 health-check=/h health-interval=10s, ignored"},
		{[]string{"backend.maxconn.amount=10", "backend.maxconn.extractorfunc=request.host"}, "a.b/ priority=8 max-conns=10, partly"},
		{[]string{"backend.maxconn.amount=10", "backend.maxconn.extractorfunc=client.ip"}, "closed a.b/ priority=8, refused"},
		{[]string{"backend.buffering.maxRequestBodyBytes=1048576"}, "a.b/ priority=8 max-body=1m"},
		{[]string{"frontend.what=x"}, "closed a.b/ priority=8, refused"},
	} {
		tags := labelled(append(c.more, rule)...)
		if got := brief(parse(tags...)); got != c.want {
			t.Errorf("%q: %s\nwant %s", c.more, got, c.want)
			for _, v := range parse(tags...).Verdicts {
				t.Logf("  %s %q: %s", v.Kind, v.Sources, v.Reason)
			}
		}
	}
}

func TestSegments(t *testing.T) {
	tags := labelled("frontend.auth.basic=bob:"+hash, "port=80", "shop.frontend.rule=Host:a.b", "admin.frontend.rule=Host:c.d", "admin.port=81", "admin.frontend.auth.basic=eve:"+hash)
	if got, want := brief(parse(tags...)), "a.b/ priority=8 auth=basic:bob:"+hash+" auth-pass=true, ignored"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	other := env
	other.ContainerPort = 81
	if got, want := brief(dialect.Languages{Options{}.Language()}.Parse(tags, other)), "c.d/ priority=8 auth=basic:eve:"+hash+" auth-pass=true, ignored"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if got := brief(parse(labelled("http.frontend.rule=Host:a.b", "http.routers.r.rule=Host(`c.d`)", "my.app.frontend.rule=Host:e.f")...)); got != "a.b/ priority=8, e.f/ priority=8" {
		t.Error(got)
	}
}

// The labels of a container without any of this version are another package's.
func TestOtherVersions(t *testing.T) {
	tags := labelled("enable=true", "docker.network=web", "tags=x", "http.routers.r.rule=Host(`c.d`)", "http.services.s.loadbalancer.server.port=80", "tls.stores.x=y")
	if r := (Options{}).Language().Parse(tags, env); len(r.Rules)+len(r.Verdicts) > 0 {
		t.Errorf("%+v", r)
	}
	var wanted []string
	for _, tag := range tags {
		if (Options{}).Language().Wants(tag) {
			wanted = append(wanted, tag)
		}
	}
	if !slices.Equal(wanted, tags[:3]) {
		t.Errorf("%q", wanted)
	}
}

// Each property that restricts is walked: with whatever it holds, its frontend restricts, or is in no rule.
func TestRestrictions(t *testing.T) {
	values := []string{"", "x", "true", "false", "10.0.0.0/8", "bob:" + hash, "https", "http://192.0.2.9/", "client.ip", "17", "(withheld:secret)"}
	notByThemselves := map[string][]string{ // values that ask for nothing
		"frontend.whitelist.usexforwardedfor": {"false"}, "frontend.whitelist.ipstrategy": {"false"}, "frontend.headers.sslforcehost": {"false"},
		"frontend.headers.sslredirect": values, "frontend.redirect": {"https"}, "frontend.redirect.entrypoint": {"https"}, "backend.maxconn.amount": {"17"}, "backend.buffering.maxrequestbodybytes": {"17"},
	}
	walked := 0
	for name, p := range properties {
		if !p.restricts {
			continue
		}
		walked++
		key := strings.Replace(name, ".*", ".x", 1)
		for _, value := range values {
			for _, in := range []string{"", "admin."} {
				for _, beside := range [][]string{nil, {"weight=x"}, {"frontend.auth.headerField=x"}, {in + "frontend.priority=x"}} {
					tags := labelled(append(beside, in+"frontend.rule=Host:a.b", in+key+"="+value)...)
					for _, rule := range parse(tags...).Rules {
						if !rule.Restricts() && !slices.Contains(notByThemselves[name], value) {
							t.Errorf("%q: %s", tags, rule.Line())
						}
					}
				}
			}
		}
	}
	if walked < 20 {
		t.Errorf("%d properties restrict", walked)
	}
}

// Who writes how users are asked meant that they are, and Traefik 1 lets nobody in where no label says who they are.
func TestHowUsersAreAskedWithoutUsers(t *testing.T) {
	for _, label := range []string{"frontend.auth.basic.removeHeader=true", "frontend.auth.removeHeader=true", "frontend.auth.headerField=X-User", "frontend.auth.forward.trustForwardHeader=true"} {
		for beside, closed := range map[string]bool{"weight=1": true, "frontend.auth.basic=bob:" + hash: strings.Contains(label, "forward."), "frontend.auth.forward.address=http://192.0.2.9/": strings.Contains(label, "removeHeader")} {
			r := parse(labelled("frontend.rule=Host:a.b", label, beside)...)
			if len(r.Rules) != 1 || r.Rules[0].Policy.Closed != closed {
				t.Errorf("%s, %s: closed, want %v: %+v", label, beside, closed, r.Verdicts)
			}
		}
	}
}

func TestNeeds(t *testing.T) {
	for _, c := range []struct {
		labels []string
		want   dialect.Needs
	}{
		{[]string{"enable=true", "http.routers.x.rule=y"}, dialect.Needs{OnePort: labelled("enable", "http.routers.x.rule")}},
		{[]string{"frontend.rule=Host:a.b", "enable=true"}, dialect.Needs{OnePort: labelled("enable", "frontend.rule")}},
		{[]string{"frontend.rule=Host:a.b", "port=9000", "docker.network=web"}, dialect.Needs{Ports: []int{9000}, Network: "web", Spent: labelled("docker.network")}},
		{[]string{"frontend.rule=Host:a.b", "port=x"}, dialect.Needs{}},
		{[]string{"frontend.rule=Host:a.b", "port=9000", "enable=false"}, dialect.Needs{}},
		{[]string{"frontend.auth.basic=x", "a.frontend.rule=Host:a.b", "b.frontend.rule=Host:c.d", "b.port=9001"}, dialect.Needs{Ports: []int{9001}, OnePort: labelled("a.frontend.rule")}},
		{[]string{"frontend.auth.basic=x", "a.frontend.rule=Host:a.b", "b.frontend.rule=Host:c.d"}, dialect.Needs{OnePort: labelled("a.frontend.rule", "b.frontend.rule", "frontend.auth.basic")}},
		{[]string{"port=9000", "a.frontend.rule=Host:a.b", "b.frontend.rule=Host:c.d", "b.port=9001"}, dialect.Needs{Ports: []int{9000, 9001}}},
	} {
		labels := map[string]string{}
		for _, tag := range labelled(c.labels...) {
			key, value, _ := strings.Cut(tag, "=")
			labels[key] = value
		}
		got := language{}.Needs(labels)
		if !slices.Equal(got.Ports, c.want.Ports) || !slices.Equal(got.OnePort, c.want.OnePort) || !slices.Equal(got.Spent, c.want.Spent) || got.Network != c.want.Network {
			t.Errorf("%q: %+v\nwant %+v", c.labels, got, c.want)
		}
	}
}

// Whatever labels a container has, each that the language wants makes a rule or has a verdict, and one that restricts makes none that does not.
func FuzzParse(f *testing.F) {
	f.Add("frontend.rule=Host:a.b;PathPrefixStrip:/x", "port=80", "frontend.auth.basic=bob:"+hash, "enable=true")
	f.Add("admin.frontend.rule=HostRegexp:{s:.+}.a.b", "admin.port=80", "frontend.whiteList.sourceRange=10.0.0.0/8,x", "docker.network=web")
	f.Add("frontend.rule=Path:/{id:[0-9]+};ReplacePathRegex:^/(.*) /${1}", "backend.loadbalancer.sticky=true", "frontend.redirect.entryPoint=https", "tags=a,b")
	f.Add("frontend.rule=Host:a.b", "frontend.redirect.regex=^https?://a.b/(.*)", "frontend.redirect.replacement=https://c.d/$1", "frontend.headers.customRequestHeaders=A:b||C:d")
	f.Add("frontend.rule=Host:a.b", "frontend.rateLimit.extractorFunc=client.ip", "frontend.rateLimit.rateSet.r.average=100", "frontend.rateLimit.rateSet.r.period=3s")
	f.Fuzz(func(t *testing.T, a, b, c, d string) {
		tags := labelled(a, b, c, d)
		r := Options{}.Language().Parse(tags, env)
		told := map[string]bool{}
		for _, v := range r.Verdicts {
			if (v.Reason == "") != (v.Kind == dialect.VerdictUsed) || len(v.Sources) == 0 {
				t.Errorf("%q: %+v", tags, v)
			}
			for _, s := range v.Sources {
				told[s] = true
			}
		}
		for _, rule := range r.Rules {
			for _, s := range rule.Sources {
				told[s] = true
			}
		}
		of := read(tags)
		for _, l := range of.all {
			if !told[source(l)] && len(of.own) > 0 {
				t.Errorf("%q: nothing is said of %q: %+v", tags, l.tag, r)
			}
		}
		restricting := false
		for _, l := range of.own {
			_, name, _ := dialect.Traefik1(l.key)
			switch p, ok := known(name); {
			case !ok:
				restricting = true
			case p.restricts && strings.HasPrefix(name, "frontend.auth") || strings.HasPrefix(name, "frontend.whitelist.s"):
				restricting = true
			}
		}
		for _, rule := range r.Rules {
			if restricting && !rule.Restricts() && len(of.frontends()) == 1 {
				t.Errorf("%q: %s", tags, rule.Line())
			}
		}
	})
}

// A frontend without a rule has Traefik's own where a domain is named.
func TestRulesByDefault(t *testing.T) {
	composed, alone := env, env
	composed.Owner, composed.Called = "my_shop/web", "web_my_shop"
	alone.Owner, alone.Called = "web", "old_web"
	for _, c := range []struct {
		domain string
		env    dialect.Env
		labels []string
		want   string
	}{
		{"", composed, []string{"port=80"}, "refused"},
		{"example.org", composed, []string{"port=80"}, "web.my-shop.example.org/ priority=28"},
		{"example.org", alone, []string{"port=80"}, "old-web.example.org/ priority=24"},
		{"example.org", env, []string{"port=80"}, "refused"},
		{"", alone, []string{"port=80", "domain=.example.net"}, "old-web.example.net/ priority=24"},
		{"example.org", alone, []string{"port=80", "domain=example.net"}, "old-web.example.net/ priority=24"},
		{"example.org", alone, []string{"port=80", "domain=a;PathPrefix:/b"}, "refused"},
		{"example.org", alone, []string{"frontend.rule=Host:a.b", "domain=example.net"}, "a.b/ priority=8, ignored"},
		{"example.org", alone, []string{"frontend.rule=Host:a.b"}, "a.b/ priority=8"},
		{"example.org", alone, []string{"port=80", "frontend.auth.basic="}, "closed old-web.example.org/ priority=24, refused"},
		{"example.org", alone, []string{"port=80", "enable=false"}, "ignored, ignored"},
		{"example.org", alone, []string{"enable=true"}, ""},
	} {
		r := dialect.Languages{Options{Domain: c.domain}.Language()}.Parse(labelled(c.labels...), c.env)
		if got := brief(r); got != c.want {
			t.Errorf("%s %q: %s, want %s", c.domain, c.labels, got, c.want)
		}
		if byName := strings.Contains(c.want, "web."); r.Called != byName && c.want != "refused" {
			t.Errorf("%s %q: depends on the name: %v", c.domain, c.labels, r.Called)
		}
	}
}
