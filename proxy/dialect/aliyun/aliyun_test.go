package aliyun

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/proxy/dialect"
)

var env = dialect.Env{Domain: "lab.test", ContainerPort: 80, Listeners: "http,https"}

func parse(tags ...string) dialect.Result { return dialect.Languages{Language()}.Parse(tags, env) }

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

func TestHosts(t *testing.T) {
	long := strings.Repeat("a", 60)
	for _, c := range []struct{ value, want string }{
		{"shop", "shop/, shop.lab.test/"},
		{"http://shop", "shop/, shop.lab.test/"},
		{"HTTP://Shop/Cart", "shop/Cart, shop.lab.test/Cart"},
		{"shop.example.com", "shop.example.com/"},
		{"http://shop.example.com/cart/", "shop.example.com/cart/"},
		{"shop.example.com:/cart", "shop.example.com/cart"},
		{"shop.example.com:8443", "shop.example.com:8443/"},
		{"shop.example.com.", "shop.example.com/"},
		{"*.example.com", "*.example.com/"},
		{"192.0.2.1", "192.0.2.1/"},
		{"a;b.c,d.e ; http://f.g/h,", "a/, a.lab.test/, b.c/, d.e/, f.g/h"},
		{";a.b;;", "a.b/"},
		{"a;a.lab.test;http://a", "a/, a.lab.test/"},
		{"https://shop.example.com", "shop.example.com/ listener=https"},
		{"https://shop", "shop/ listener=https, shop.lab.test/ listener=https"},
		{"shop.example.com;https://shop.example.com", "shop.example.com/, shop.example.com/ listener=https"},
		{"prices.local/x", "prices.local/x, partly"},
		{long + "." + long + ".cd", long + "." + long + ".cd/"},

		{"", "refused"},
		{" ; , ", "refused"},
		{"/blog", "refused"},
		{"http:///blog", "refused"},
		{"${HOST}", "refused"},
		{"$HOST.example.com;b.c", "b.c/, refused"},
		{"tcp://shop:80", "refused"},
		{"://shop", "refused"},
		{"shop:cart", "refused"},
		{"shop:080", "refused"},
		{"shop..com", "refused"},
		{"-->", "refused"},
		{"*", "refused"},
		{"*.*.com", "refused"},
		{"shop?.com", "refused"},
		{"{a}.com", "refused"},
		{"[::1]", "refused"},
		{"user@shop.com", "refused"},
		{"a.b/../c", "refused"},
		{"a.b/x?y=1", "refused"},
		{"a.b/x#y", "refused"},
		{"a.b/ allow", "refused"},
		{"a.b strip=/x", "refused"},
		{"a.b/x\tsticky", "refused"},
		{"a.b/\"", "refused"},
		{"a.b/\x00", "refused"},
		{"ä.example.com", "refused"},
		{long + "." + long + ".cdefghijk", "refused"},
		{"a.b/" + strings.Repeat("x", 127), "a.b/" + strings.Repeat("x", 127)},
		{"a.b/" + strings.Repeat("x", 128), "refused"},
	} {
		if got := brief(parse("aliyun.routing.port_80=" + c.value)); got != c.want {
			t.Errorf("%q: %s\nwant %s", c.value, got, c.want)
		}
	}
}

func TestOtherLabels(t *testing.T) {
	const here = "aliyun.routing.port_80=a.b"
	for _, c := range []struct {
		tags []string
		want string
	}{
		{[]string{"aliyun.routing.port_0=a"}, "refused"},
		{[]string{"aliyun.routing.port_080=a"}, "refused"},
		{[]string{"aliyun.routing.port_65536=a"}, "refused"},
		{[]string{"aliyun.routing.port_http=a"}, "refused"},
		{[]string{"aliyun.routing.port=a"}, "refused"},
		{[]string{"aliyun.routing.prot_80=a"}, "refused"},
		{[]string{"aliyun.routing=a"}, "refused"},
		{[]string{"aliyun.routing.port_80"}, "refused"},
		{[]string{" Aliyun.Routing.Port_80=a.b"}, "a.b/"},
		{[]string{here, "aliyun.routing.port_80=a.b;c.d"}, "a.b/, c.d/"},
		{[]string{here, "aliyun.routing.session_sticky=TRUE"}, "a.b/ sticky"},
		{[]string{"aliyun.routing.session_sticky=true", here}, "a.b/ sticky"},
		{[]string{here, "aliyun.routing.session_sticky=false"}, "a.b/"},
		{[]string{here, "aliyun.routing.session_sticky="}, "a.b/, refused"},
		{[]string{here, "aliyun.routing.session_sticky=yes"}, "a.b/, refused"},
		{[]string{here, "aliyun.routing.session_sticky=true", "aliyun.routing.session_sticky=false"}, "a.b/ sticky, refused"},
		{[]string{"aliyun.routing.session_sticky=true"}, "ignored"},
		{[]string{"aliyun.routing.session_sticky=true", "aliyun.routing.port_81=a"}, "ignored, ignored"},
		{[]string{"aliyun.routing.session_sticky=true", "aliyun.routing.port_80=$A"}, "refused"},
		{[]string{"aliyun.proxy.VIRTUAL_HOST=http://a.b", "aliyun.lb.port_80=tcp://a:80", "aliyun.scale=3"}, "ignored, ignored, ignored"},
		{[]string{"aliyun.global=true", "aliyun.", "aliyun.=", "aliyun.x.y=z", "aliyun.addon=nginx"}, "ignored, ignored, ignored, ignored, ignored"},
		{[]string{"aliyunx.routing.port_80=a", "x.aliyun.scale=3"}, ""},
		{[]string{here, "pointsman.allow=10.0.0.0/8", "pointsman.sticky=sid"}, "a.b/ sticky=sid allow=ip:10.0.0.0/8"},
		{[]string{here, "pointsman.allow=nobody"}, "closed a.b/, refused"},
		{[]string{here, "pointsman.strip=/x"}, "a.b/ strip=/x"},
	} {
		if got := brief(parse(c.tags...)); got != c.want {
			t.Errorf("%q: %s\nwant %s", c.tags, got, c.want)
		}
	}
}

// What asks for TLS is not served without it.
func TestHTTPSIsARestriction(t *testing.T) {
	without := env
	without.Listeners = "http"
	for _, value := range []string{"https://a.b;a.b;c.d", "a.b;https://a.b;c.d"} {
		if got := brief(dialect.Languages{Language()}.Parse([]string{"aliyun.routing.port_80=" + value}, without)); got != "closed a.b/, c.d/, refused" {
			t.Errorf("%s: %s", value, got)
		}
	}
	for value, want := range map[string]bool{"https://a..b": true, "https://$HOST": true, strings.Repeat("a..b;", 64) + "https://a.b": true, dialect.WithheldTooLong: true, "a..b": false} {
		list := parse("aliyun.routing.port_80=" + value).Verdicts
		if v := list[len(list)-1]; v.Kind != dialect.VerdictRefused || v.Restricts != want {
			t.Errorf("%s: %+v", value, v)
		}
	}
	r := dialect.Languages{Language()}.Parse([]string{"aliyun.routing.port_80=https://a.b;c.d"}, without)
	if brief(r) != "closed a.b/, c.d/, refused" || !strings.Contains(r.Verdicts[0].Advice, "write http://") {
		t.Errorf("%s: %+v", brief(r), r.Verdicts)
	}
}

func TestProbe(t *testing.T) {
	const here = "aliyun.routing.port_80=a"
	for _, c := range []struct {
		labels []string
		want   string
		kinds  string // of the probe's labels, as the instance of port 80 sees them
	}{
		{[]string{"aliyun.probe.url=http://container", here}, "probe of port 80 GET / timeout 0s", "used"},
		{[]string{"aliyun.probe.url=http://10.0.0.9:80/x?y=1", here}, "probe of port 80 GET /x?y=1 timeout 0s", "used"},
		{[]string{"aliyun.probe.url=tcp://container:80", here}, "probe of port 80 by TCP timeout 0s", "used"},
		{[]string{"aliyun.probe.url=tcp://container", here}, "probe of port 80 by TCP timeout 0s", "used"},
		{[]string{"aliyun.probe.url=http://container:81/", here}, "probe of port 81 GET / timeout 0s", "used"},
		{[]string{"aliyun.probe.url=http://container/x", here, "aliyun.routing.port_81=b"}, "probe of port 80 GET /x timeout 0s", "used"},
		{[]string{"aliyun.probe.url=http://container:81/x", here, "aliyun.routing.port_81=b"}, "probe of port 81 GET /x timeout 0s", "used"},
		{[]string{"aliyun.probe.url=http://container", here, "aliyun.probe.timeout_seconds=5", "aliyun.probe.initial_delay_seconds=0"},
			"probe of port 80 GET / timeout 5s", "used, used, ignored"},
		{[]string{"aliyun.probe.url=http://container", here, "aliyun.probe.timeout_seconds=-1"}, "probe of port 80 GET / timeout 0s", "used, refused"},
		{[]string{"aliyun.probe.url=http://container", here, "aliyun.probe.interval=5"}, "probe of port 80 GET / timeout 0s", "used, refused"},
		{[]string{"aliyun.probe.timeout_seconds=5", here}, "nothing", "ignored"},
		{[]string{"aliyun.probe.url=tcp://container"}, "probe of port 0 by TCP timeout 0s", "used"},
		{[]string{"aliyun.probe.url=tcp://container", here, "aliyun.routing.port_81=b"}, "nothing", "refused"},
		{[]string{"aliyun.probe.url=http://container", "aliyun.routing.port_82=a", "aliyun.routing.port_81=b"}, "nothing", "refused"},
		{[]string{"aliyun.probe.url=https://container/"}, "nothing", "refused"},
		{[]string{"aliyun.probe.url=http://a:b@container/"}, "nothing", "refused"},
		{[]string{"aliyun.probe.url=http://container:0/"}, "nothing", "refused"},
		{[]string{"aliyun.probe.url=http://container:x/"}, "nothing", "refused"},
		{[]string{"aliyun.probe.url=/health"}, "nothing", "refused"},
		{[]string{"aliyun.probe.url=http:health"}, "nothing", "refused"},
		{[]string{"aliyun.probe.url=http://container/${X}"}, "nothing", "refused"},
		{[]string{"aliyun.probe.url=http://container/" + strings.Repeat("x", 128)}, "nothing", "refused"},
		{[]string{"aliyun.probe.url=http://container/a " + dialect.WithheldText, here}, "nothing", "refused"},
		{[]string{"aliyun.probe.url=http://container/\x01"}, "nothing", "refused"},
	} {
		labels := map[string]string{}
		for _, l := range c.labels {
			key, value, _ := strings.Cut(l, "=")
			labels[key] = value
		}
		n := language{}.Needs(labels)
		n.Ports = nil
		if got := needed(n); got != c.want {
			t.Errorf("%q: %s\nwant %s", c.labels, got, c.want)
		}
		var kinds []string
		for _, v := range parse(c.labels...).Verdicts {
			if strings.Contains(v.Sources[0], ".probe.") {
				kinds = append(kinds, v.Kind.String())
			}
		}
		if got := strings.Join(kinds, ", "); got != c.kinds {
			t.Errorf("%q: %s\nwant %s", c.labels, got, c.kinds)
		}
	}
}

// A label that is not about routing may hold a private key or a password: it is neither published nor shown.
func TestSecretsAreNotShown(t *testing.T) {
	for _, key := range []string{"aliyun.proxy.SSL_CERT", "aliyun.proxy.auth_token", "aliyun.addon.db.Password"} {
		if got := (language{}).Needs(map[string]string{key: "KEY"}); !slices.Equal(got.Spent, []string{key}) || len(got.Problems) != 1 {
			t.Errorf("%s: %+v", key, got)
		}
		if got := fmt.Sprint(parse(key + "=KEY").Verdicts); strings.Contains(got, "KEY") {
			t.Error(got)
		}
	}
	if got := (language{}).Needs(map[string]string{"aliyun.proxy.COOKIE": "SRV insert"}); got.Spent != nil {
		t.Errorf("%+v", got)
	}
}

// hostile are labels that try to lead elsewhere than to the instance that has them.
var hostile = []string{
	"http://127.0.0.1", "127.0.0.1:8090", "localhost", "169.254.169.254/latest", "http://consul:8500/v1/agent", "a.b/ to=127.0.0.1:8500", "a.b/\tto=127.0.0.1:8500",
	"a.b/ service=consul", "a.b service=consul", "a.b/;to=10.0.0.1:80", "a.b/ host=dst", "a.b/\" to=127.0.0.1:1\"", "a.b/x\nto=10.0.0.1:80", "unix:/var/run/docker.sock",
	"http://a.b@127.0.0.1:8500/", "http://127.0.0.1#@a.b/", "a.b/ fallback=service:consul", "a.b/ redirect=301,http://c.d/", "a.b/ files=/etc", "a.b/ forward-auth=service:x",
	"to=127.0.0.1:80", "a.b/to=127.0.0.1:80", "[::ffff:127.0.0.1]:8500",
}

// A label leads to the instance that has it and to nothing else, whatever it holds: no address, no service, no file, no answer of its own.
func TestLabelsLeadNowhereElse(t *testing.T) {
	for _, value := range hostile {
		for _, key := range []string{"aliyun.routing.port_80", "aliyun.routing.session_sticky", "aliyun.probe.url", "aliyun.lb.port_80", "aliyun.proxy.VIRTUAL_HOST"} {
			leadsNowhereElse(t, parse(key+"="+value, "aliyun.routing.port_80=ok.test"))
			n := language{}.Needs(map[string]string{key: value})
			if n.Network != "" || n.Probe != nil && n.Probe.Path != "" && !strings.HasPrefix(n.Probe.Path, "/") {
				t.Errorf("%q: %+v", value, n)
			}
		}
	}
}

func leadsNowhereElse(t *testing.T, r dialect.Result) {
	t.Helper()
	for _, rule := range r.Rules {
		for _, word := range rule.Words() {
			if word != "sticky" && word != "listener=https" {
				t.Errorf("%s", rule.Line())
			}
		}
		if services, hosts := rule.References(); len(services)+len(hosts) > 0 || len(rule.Options.Upstream.To) > 0 {
			t.Errorf("%s leads to %v, %v", rule.Line(), services, hosts)
		}
	}
}

// Whatever a label holds, each of its tags is told of, its rules lead nowhere else, and they are printed so that they are read again.
func FuzzParse(f *testing.F) {
	for _, value := range append(hostile, "shop;http://wp.example.com/context", "*.a.b,c", "${X}", "https://a.b", "a.local", "true", "http://container:80/x", "tcp://c:1", "5") {
		f.Add("aliyun.routing.port_80="+value, "aliyun.probe.url="+value)
		f.Add("aliyun.routing.session_sticky="+value, "aliyun.routing.port_80=a.b")
	}
	f.Add("aliyun.routing.port_=", "aliyun.probe.timeout_seconds=x")
	f.Add("urlprefix-/a", "aliyun.")
	f.Fuzz(func(t *testing.T, one, other string) {
		tags := []string{one, other}
		if slices.ContainsFunc(tags, func(tag string) bool { return strings.HasPrefix(strings.TrimLeft(tag, " \t"), "pointsman.") }) {
			t.Skip("what tags of our own ask for is for their tests")
		}
		r := parse(tags...)
		for _, tag := range tags {
			told := slices.ContainsFunc(r.Verdicts, func(v dialect.Verdict) bool {
				return slices.ContainsFunc(v.Sources, func(s string) bool {
					return s == dialect.Source(tag) || strings.HasSuffix(s, "=set") && Language().Wants(tag)
				})
			})
			if Language().Wants(tag) != told {
				t.Fatalf("%q: %+v", tag, r)
			}
		}
		for _, v := range r.Verdicts {
			if (v.Reason == "") != (v.Kind == dialect.VerdictUsed) {
				t.Errorf("%q: %+v", tags, v)
			}
		}
		leadsNowhereElse(t, r)
		for _, rule := range r.Rules {
			if rule.Language != Name || rule.Name == "" {
				t.Errorf("%q: %+v", tags, rule)
			}
			again, verdicts := dialect.ParseLine(rule.Line(), dialect.PathSegments, env)
			if again == nil || len(verdicts) > 0 || !again.Match.Same(rule.Match) || again.Asks() != rule.Asks() {
				t.Errorf("%q: %s reads as %+v, %+v", tags, rule.Line(), again, verdicts)
			}
		}
		key, value, _ := strings.Cut(one, "=")
		if n := (language{}).Needs(map[string]string{key: value}); n.Probe != nil && (n.Probe.Port < 0 || n.Probe.Port > 65535 || n.Network != "") {
			t.Errorf("%q: %+v", one, n)
		}
	})
}
