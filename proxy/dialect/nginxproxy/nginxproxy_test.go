package nginxproxy

import (
	"slices"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/proxy/dialect"
)

var env = dialect.Env{ContainerPort: 80, Listeners: "http,https", SecureListeners: "https"}

func parse(tags ...string) dialect.Result {
	return dialect.Languages{Options{}.Language()}.Parse(tags, env)
}

// restrictions are values of each key that restricts: those that are honoured, those that restrict nothing, and those that nobody can honour.
var restrictions = map[string]struct{ good, open, bad []string }{
	keyAccess:   {[]string{"internal", "Internal", `"internal"`}, []string{"", "external"}, []string{"intern", "10.0.0.0/8", dialect.WithheldText}},
	keyMethod:   {[]string{"nohttp", "nohttps", "NOHTTP"}, []string{"", "redirect", "noredirect"}, []string{"no-http", "https", dialect.WithheldTooLong}},
	keyMissing:  {[]string{"false"}, []string{"", "true"}, []string{"no", dialect.WithheldText}},
	labelVerify: {nil, []string{"off", "optional", ""}, []string{"on", "true", dialect.WithheldSecret}},
}

// Whatever restricts in a container's variables restricts in the table, or nobody is let in, whatever stands beside it.
func TestWhatRestrictsRestrictsOrCloses(t *testing.T) {
	walked := 0
	for key, v := range variables {
		if v.restricts {
			walked++
			walk(t, key)
		}
	}
	for key, v := range labels {
		if v.restricts {
			walked++
			walk(t, ownLabels+key)
		}
	}
	if walked != len(restrictions) {
		t.Errorf("%d keys restrict, of %d", walked, len(restrictions))
	}
}

func walk(t *testing.T, key string) {
	values, known := restrictions[key]
	if !known {
		t.Errorf("%s restricts, and has no values here", key)
	}
	multi := keyMultiports + `={"a.io":{"/p":{"port":80}}}`
	for _, beside := range [][]string{{"VIRTUAL_HOST=a.io"}, {"VIRTUAL_HOST=a.io", "VIRTUAL_PATH=/p", "VIRTUAL_PORT=80", "HSTS=off"}, {multi}, {"VIRTUAL_HOST=a.io", "VIRTUAL_PROTO=https"},
		{"VIRTUAL_HOST=a.io", "LETSENCRYPT_HOST=a.io", "CERT_NAME=x"}} {
		for i, list := range [][]string{values.open, values.good, values.bad} {
			for _, value := range list {
				r := parse(append(slices.Clone(beside), key+"="+value)...)
				if len(r.Rules) != 1 || r.Rules[0].Restricts() != (i > 0) || r.Rules[0].Policy.Closed != (i == 2) {
					t.Errorf("%s=%s beside %q: %+v", key, value, beside, r)
				}
			}
		}
		if r := parse(append(slices.Clone(beside), key+"=x", key+"=y")...); len(r.Rules) != 1 || !r.Rules[0].Policy.Closed {
			t.Errorf("two values of %s: %+v", key, r)
		}
	}
	for _, host := range []string{dialect.WithheldText, "a.io," + dialect.WithheldTooLong} {
		r := parse("VIRTUAL_HOST="+host, key+"=x")
		for _, rule := range r.Rules {
			if !rule.Policy.Closed {
				t.Errorf("%s: %+v", host, r)
			}
		}
		if !slices.ContainsFunc(r.Verdicts, func(v dialect.Verdict) bool { return v.Kind == dialect.VerdictRefused && v.Restricts }) {
			t.Errorf("%s: a restriction got lost: %+v", host, r)
		}
	}
}

// The operator says which networks are internal; none lets nobody in.
func TestInternalNetworks(t *testing.T) {
	tags := []string{"VIRTUAL_HOST=a.io", "NETWORK_ACCESS=internal"}
	r := Options{Internal: nil}.Language().Parse(tags, env)
	if want := strings.Count(Private, ",") + 1; len(r.Rules) != 1 || len(r.Rules[0].Policy.Allow) != want {
		t.Errorf("%+v", r)
	}
	r = Options{Internal: r.Rules[0].Policy.Allow[:1]}.Language().Parse(tags, env)
	if len(r.Rules) != 1 || len(r.Rules[0].Policy.Allow) != 1 {
		t.Errorf("%+v", r)
	}
	r = Options{Internal: r.Rules[0].Policy.Allow[:0]}.Language().Parse(tags, env)
	if len(r.Rules) != 1 || !r.Rules[0].Policy.Closed {
		t.Errorf("%+v", r)
	}
}

// What HTTPS is for depends on what the process has: without a listener for TLS nothing is redirected, and what wants TLS alone is closed.
func TestHTTPSMethods(t *testing.T) {
	plain := dialect.Env{ContainerPort: 80, Listeners: "http", PlainOnly: true, NoACME: true}
	others := dialect.Env{ContainerPort: 80, Listeners: "in,out,web", SecureListeners: "out,web", NoACME: true}
	for _, c := range []struct {
		env        dialect.Env
		tags, want string
	}{
		{env, "", "a.io/ prefer-https hsts=31536000"}, {plain, "", "a.io/"}, {others, "", "a.io/ prefer-https hsts=31536000"},
		{env, "HTTPS_METHOD=noredirect", "a.io/"}, {env, "HTTPS_METHOD=nohttp HSTS=off", "a.io/ listener=https"}, {env, "HTTPS_METHOD=nohttps", "a.io/ listener=http"},
		{others, "HTTPS_METHOD=nohttp", "a.io/ listener=out|web hsts=31536000"}, {others, "HTTPS_METHOD=nohttps", "a.io/ listener=in"},
		{plain, "HTTPS_METHOD=nohttp", "closed"}, {plain, "HTTPS_METHOD=nohttps", "a.io/ listener=http"},
		{plain, "ENABLE_HTTP_ON_MISSING_CERT=false", "closed"}, {env, "ENABLE_HTTP_ON_MISSING_CERT=false HSTS=off", "a.io/ https=redirect"},
		{env, "HSTS=max-age=60;includeSubDomains", "a.io/ prefer-https hsts=60|includeSubDomains"}, {env, "HSTS=never", "a.io/ prefer-https"},
		{env, "LETSENCRYPT_HOST=A.io. HSTS=off", "a.io/ prefer-https tls=acme"}, {others, "LETSENCRYPT_HOST=a.io HSTS=off", "a.io/ prefer-https"},
		{env, "LETSENCRYPT_HOST=a.io HTTPS_METHOD=nohttps", "a.io/ listener=http"},
	} {
		tags := append([]string{"VIRTUAL_HOST=a.io"}, strings.Fields(c.tags)...)
		r := dialect.Languages{Options{}.Language()}.Parse(tags, c.env)
		got := ""
		for _, rule := range r.Rules {
			if got = rule.Line(); rule.Policy.Closed {
				got = "closed"
			}
		}
		if len(r.Rules) != 1 || got != c.want {
			t.Errorf("%s: %s, want %s: %+v", c.tags, got, c.want, r.Verdicts)
		}
		each(t, tags, r)
	}
}

// nginx's directives that choose among instances, as far as there is one of ours.
func TestLoadBalancing(t *testing.T) {
	for text, want := range map[string]string{
		"least_conn;": "least-connections", "ip_hash;": "hash:client-ip", "hash $request_uri consistent;": "hash:path", "random two least_conn;": "least-connections",
		"hash $cookie_sid;": "hash:cookie:sid", "hash $http_x_user consistent ;": "hash:header:x-user", "hash $arg_id": "hash:query:id",
		"hash $cookie_a b;": "", "least_time header;": "", "}\nserver {": "",
	} {
		r := parse("VIRTUAL_HOST=a.io", labelBalance+"="+text)
		got := ""
		for _, word := range r.Rules[0].Words() {
			if how, ok := strings.CutPrefix(word, "balance="); ok {
				got = how
			}
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// An instance whose variables name something else than HTTP gets no route that nobody asked for either.
func TestOtherProtocolsGetNoRouteAtAll(t *testing.T) {
	for _, proto := range []string{"fastcgi", "uwsgi", "grpc", "grpcs", "FastCGI", "tcp", "${PROTO}"} {
		r := parse("VIRTUAL_HOST=a.io", "VIRTUAL_PROTO="+proto)
		if len(r.Rules) != 0 || r.Defaults == nil || !r.Defaults.Off {
			t.Errorf("%s: %+v", proto, r)
		}
	}
}

// Only the names of the list are carried, whatever an application calls its own variables.
func TestVariablesOfOthers(t *testing.T) {
	for _, name := range []string{"PATH", "VIRTUAL_HOSTS", "virtual_host", "VIRTUAL_HOST ", "DB_PASSWORD", "ACME_ACCOUNT_KEY", "LETSENCRYPT_TOKEN", "LETSENCRYPT", "", "com.github.nginx-proxy.nginx-proxy.keepalive"} {
		if text, ok := (language{}).Variable(name, "x"); ok || text != "" {
			t.Errorf("%s: %q", name, text)
		}
	}
	for name, v := range variables {
		text, ok := (language{}).Variable(name, "x")
		if !ok || (text == "") != v.secret {
			t.Errorf("%s: %q", name, text)
		}
	}
}

// hostile are values that try to lead elsewhere than to the instance that has them.
var hostile = []string{
	"http://127.0.0.1", "127.0.0.1:8090", "a.b to=127.0.0.1:8500", "a.b/ to=127.0.0.1:8500", "a.b/\tservice=consul", "a.b,c.d/ to=10.0.0.1:80", "unix:/var/run/docker.sock", "/x to=10.0.0.1:80",
	"/x\" to=127.0.0.1:1\"", "~^/a to=10.0.0.1:80", "~^/a\"", "= /x files=/etc", "internal to=10.0.0.1:80", "hash $cookie_a; to=x", "max-age=1; to=10.0.0.1:80",
	`{"a.io to=10.0.0.1:80":{"/ to=10.0.0.1:80":{"dest":"/ to=10.0.0.1:80"}}}`, `{"a.io":{"/x to=10.0.0.1:80":{"port":80,"dest":"/a to=10.0.0.1:1"}}}`, "a.io: {/: {port: 80, proto: \"https to=1\"}}",
}

func leadsNowhereElse(t *testing.T, r dialect.Result) {
	t.Helper()
	for _, rule := range r.Rules {
		if services, hosts := rule.References(); len(services)+len(hosts) > 0 || len(rule.Options.Upstream.To) > 0 || rule.Policy.Redirect != nil || rule.Policy.Respond != nil {
			t.Errorf("%s leads to %v, %v", rule.Line(), services, hosts)
		}
	}
}

func TestVariablesLeadNowhereElse(t *testing.T) {
	for _, value := range hostile {
		for key := range variables {
			leadsNowhereElse(t, parse(key+"="+value, "VIRTUAL_HOST=ok.test"))
			leadsNowhereElse(t, parse("VIRTUAL_HOST=ok.test", key+"="+value))
			n := language{}.NeedsWith(map[string]string{key: value, "VIRTUAL_HOST": "ok.test"}, []int{80})
			if n.Network != "" || n.Probe != nil {
				t.Errorf("%q: %+v", value, n)
			}
		}
	}
}

// Whatever a variable holds, each tag is told of, its rules lead nowhere else and are as closed as they are written, and they are printed so that they
// are read again.
func FuzzParse(f *testing.F) {
	for _, value := range append(hostile, "a.io, b.io", "*.a.io", "~^x\\.(a|b)?.*", "/p/", "~* \\.php$", "^~ /x", "internal", "nohttp", "https", "${X}", dialect.WithheldText, "a.io: {/: {port: 80}}", "hash $arg_x") {
		f.Add("VIRTUAL_HOST="+value, "VIRTUAL_PATH="+value, "NETWORK_ACCESS="+value)
		f.Add("VIRTUAL_HOST=a.io", "VIRTUAL_DEST="+value, "VIRTUAL_PATH=/x")
		f.Add("VIRTUAL_HOST_MULTIPORTS="+value, labelBalance+"="+value, "HTTPS_METHOD="+value)
		f.Add("VIRTUAL_HOST=a.io", "VIRTUAL_PROTO="+value, "LETSENCRYPT_HOST="+value)
	}
	f.Fuzz(func(t *testing.T, a, b, c string) {
		tags := []string{a, b, c}
		if slices.ContainsFunc(tags, func(tag string) bool { return strings.HasPrefix(strings.TrimLeft(tag, " \t"), "pointsman.") }) {
			t.Skip("what tags of our own ask for is for their tests")
		}
		r := parse(tags...)
		each(t, tags, r)
		leadsNowhereElse(t, r)
		for _, v := range r.Verdicts {
			if (v.Reason == "") != (v.Kind == dialect.VerdictUsed) {
				t.Errorf("%q: %+v", tags, v)
			}
		}
		internal := slices.ContainsFunc(tags, func(tag string) bool { return tag == "NETWORK_ACCESS=internal" })
		for _, rule := range r.Rules {
			if rule.Language != Name || rule.Name == "" || internal && !rule.Policy.Closed && rule.Policy.Allow == nil {
				t.Errorf("%q: %+v", tags, rule)
			}
			again, verdicts := dialect.ParseLine(rule.Line(), dialect.PathSegments, env)
			if !rule.Policy.Closed && (again == nil || len(verdicts) > 0 || !again.Match.Same(rule.Match) || again.Asks() != rule.Asks()) {
				t.Errorf("%q: %s reads as %+v, %+v", tags, rule.Line(), again, verdicts)
			}
		}
		in := map[string]string{}
		for _, tag := range tags {
			key, value, _ := strings.Cut(tag, "=")
			if text, ok := (language{}).Variable(key, value); ok {
				if strings.ContainsAny(text, "\r\n") && key == keyMultiports {
					t.Errorf("%q has several lines", text)
				}
				value = text
			}
			in[key] = value
		}
		for _, port := range (language{}).NeedsWith(in, []int{80, 443}).Ports {
			if port < 1 || port > 65535 {
				t.Errorf("%q: port %d", tags, port)
			}
		}
	})
}
