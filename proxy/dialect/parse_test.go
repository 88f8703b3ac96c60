package dialect

import (
	"fmt"
	"net/netip"
	neturl "net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/pointsman/pointsman/discovery/outside"
)

// both are the two languages that the lines are known from.
var both = Languages{Lines{Called: "native"}, Lines{Called: "fabio", Prefix: "urlprefix-", Paths: PathPrefix, Fabio: true}}

// parse is Parse, of which the tags that were refused are looked at.
func parse(tags ...string) (rules []*Rule, rejects []Verdict) {
	r := both.Parse(tags, Env{Datacenter: "dc1"})
	return r.Rules, of(r, VerdictRefused)
}

// of are the verdicts of one kind.
func of(r Result, kind VerdictKind) (out []Verdict) {
	for _, v := range r.Verdicts {
		if v.Kind == kind {
			out = append(out, v)
		}
	}
	return out
}

// notes are what is said of a single tag that is in effect but for an option.
func notes(tag string) []Verdict { return of(both.Parse([]string{tag}, Env{}), VerdictPartly) }

// one parses a single tag that must yield a rule and no reject.
func one(t *testing.T, tag string) *Rule {
	t.Helper()
	rules, rejects := parse(tag)
	if len(rules) != 1 || len(rejects) != 0 {
		t.Fatalf("%q: %d rules, rejects %v", tag, len(rules), rejects)
	}
	return rules[0]
}

func TestSourceForms(t *testing.T) {
	for tag, want := range map[string]string{
		"urlprefix-/css":                            "fabio|||/css",
		"urlprefix-WWW.Ex.com/Foo":                  "fabio|www.ex.com||/Foo",
		"urlprefix-ex.com/":                         "fabio|ex.com||/",
		"urlprefix-ex.com":                          "fabio|ex.com||/",
		"urlprefix-Ex.com:9999":                     "fabio|ex.com|9999|/",
		"urlprefix-ex.com.:9999/a":                  "fabio|ex.com|9999|/a",
		"urlprefix-$DC.ex.com/":                     "fabio|dc1.ex.com||/",
		"urlprefix-${DC}.ex.com/$x/y":               "fabio|dc1.ex.com||//y",
		"  urlprefix- /foo ":                        "fabio|||/foo",
		"urlprefix-*.ex.com/":                       "fabio|*.ex.com||/",
		"urlprefix-{a,b}.ex.com:81/":                "fabio|{a,b}.ex.com|81|/",
		"urlprefix-[::1]:81/":                       "fabio|[::1]|81|/",
		"urlprefix-[fe80::2]/x":                     "fabio|[fe80::2]||/x",
		"pointsman.route=web.localhost/":            "native|web.localhost||/",
		"pointsman.route=/api%2Fv1 strip=/api%2Fv1": "native|||/api%2Fv1",
	} {
		r := one(t, tag)
		if got := fmt.Sprintf("%s|%s|%s|%s", r.Language, r.Match.Host.Text, r.Match.Port, r.Match.Path.Text); got != want {
			t.Errorf("%q: got %s, want %s", tag, got, want)
		}
	}
}

func TestOptionsInEffect(t *testing.T) {
	if o := one(t, "urlprefix-/a/b strip=/a").Options; rewritten(&o, "/a/b/c") != "/b/c" {
		t.Errorf("strip: %q", rewritten(&o, "/a/b/c"))
	}
	if o := one(t, "urlprefix-/b prepend=/a").Options; rewritten(&o, "/b") != "/a/b" {
		t.Errorf("prepend: %q", rewritten(&o, "/b"))
	}
	if o := one(t, "urlprefix-/x proto=https tlsskipverify=true").Options; !o.TLS || !o.TLSSkipVerify {
		t.Errorf("https: %+v", o)
	}
	if o := one(t, "urlprefix-/x proto=http").Options; o.TLS || len(notes("urlprefix-/x proto=http")) != 0 {
		t.Errorf("http: %+v", o)
	}
	if o := one(t, "urlprefix-ex.com/ weight=0.05").Options; o.Share != 0.05 {
		t.Errorf("weight: %v", o.Share)
	}
	if o := one(t, "urlprefix-ex.com/ weight=-1").Options; o.Share != 0 {
		t.Errorf("a weight below 0 is dynamic, got %v", o.Share)
	}
	if o := one(t, "urlprefix-/ host=Other.io:81").Options; o.Host != "Other.io:81" {
		t.Errorf("host: %q", o.Host)
	}
	if o := one(t, "urlprefix-/ host=dst").Options; !o.HostDst || o.Host != "" {
		t.Errorf("host=dst: %+v", o)
	}
	if list := notes("urlprefix-/ register=x speed=9 proto=spdy"); len(list) != 3 {
		t.Errorf("notes: %+v", list)
	}
}

// rewritten is the path that goes upstream.
func rewritten(o *Options, path string) string { return string(o.AppendPath(nil, path)) }

func TestPathSentKeepsASlashInFront(t *testing.T) {
	for _, c := range []struct{ strip, prepend, path, want string }{
		{"/a", "", "/a", "/"}, {"/a", "", "/ab", "/b"}, {"/a/", "", "/a/b", "/b"}, {"/", "", "/b", "/b"},
		{"/a", "/z", "/a/b", "/z/b"}, {"/a", "", "/c", "/c"}, {"", "", "/c", "/c"},
		{"/a", "/z", "/a", "/z"}, {"/a", "/z", "/a/", "/z/"}, {"/a/", "/z", "/a/", "/z/"}, {"", "/z", "/", "/z/"}, {"/a", "/z", "/ab", "/z/b"},
	} {
		o := Options{Strip: c.strip, Prepend: c.prepend}
		if got := rewritten(&o, c.path); got != c.want {
			t.Errorf("strip %q prepend %q of %q: %q, want %q", c.strip, c.prepend, c.path, got, c.want)
		}
	}
}

func TestAccessLists(t *testing.T) {
	o := one(t, "urlprefix-/ allow=ip:10.0.0.0/8,ip:192.168.1.1,ip:fd00::/8").Policy
	for addr, want := range map[string]bool{
		"10.9.9.9": true, "::ffff:10.1.1.1": true, "192.168.1.1": true, "192.168.1.2": false, "fd00::1": true, "fe80::1": false,
	} {
		if got := within(o.Allow, netip.MustParseAddr(addr).Unmap()); got != want {
			t.Errorf("allow %s: %v", addr, got)
		}
	}
	o = one(t, "urlprefix-/ deny=ip:10.0.0.0/8").Policy
	if !within(o.Deny, netip.MustParseAddr("10.1.1.1")) || within(o.Deny, netip.MustParseAddr("11.1.1.1")) {
		t.Error("deny does not hold")
	}
}

func within(list []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(a) })
}

func TestRestrictionThatCannotBeHonouredClosesTheRoute(t *testing.T) {
	for _, tag := range []string{
		"urlprefix-/a auth=basic",
		"urlprefix-/a AUTH=basic",
		"urlprefix-/a deny=ip:10.0.0.0/8,100.123.0.0/16",
		"urlprefix-/a allow=ip:10.0.0.0/40",
		"urlprefix-/a allow=",
		"urlprefix-/a allow=ip:10.0.0.1 deny=ip:10.0.0.2",
		"urlprefix-/a weight=abc deny=ip:10.0.0.2",
		"urlprefix-/a deny=ip:10.0.0.2 weight=abc",
		"urlprefix-/a deny=ip:10.0.0.2 =x strip=..",
	} {
		rules, rejects := parse(tag)
		if len(rejects) != 1 || len(rules) != 1 || !rules[0].Policy.Closed || rules[0].Match.Path.Text != "/a" {
			t.Errorf("%q: rules %v, rejects %v", tag, rules, rejects)
		}
	}
	for _, tags := range [][]string{
		{"urlprefix-/a", "urlprefix-/a deny=ip:10.0.0.2"}, {"urlprefix-/a deny=ip:10.0.0.2", "urlprefix-/a"},
	} {
		rules, rejects := parse(tags...)
		if len(rules) != 1 || len(rules[0].Policy.Deny) != 1 || len(rejects) != 1 {
			t.Errorf("%q: the restriction got lost: %+v %v", tags, rules, rejects)
		}
	}
}

// A comma that was not escaped makes two tags of one access list; what is left of it must not decide.
func TestListCutAtACommaClosesTheRoute(t *testing.T) {
	for _, tags := range [][]string{
		{"urlprefix-/a deny=ip:10.0.0.0/8", "ip:192.0.2.7"},
		{"ip:192.0.2.7", "urlprefix-/a allow=ip:10.0.0.0/8"},
		{"pointsman.route=/a deny=ip:10.0.0.0/8", "ip:192.0.2.7 strip=/a"},
		{"urlprefix-/a deny=ip:10.0.0.0/8", " ip:192.0.2.300"},
		{"urlprefix-/a deny=ip:10.0.0.0/8", "192.0.2.0/24"},
		{"urlprefix-/a deny=ip:10.0.0.0/8", "2001:db8::1"},
	} {
		rules, rejects := parse(append(tags, "urlprefix-/b", "v2")...)
		if len(rules) != 2 || !rules[0].Policy.Closed || rules[0].Match.Path.Text != "/a" || rules[0].Policy.Deny != nil || rules[1].Policy.Closed {
			t.Errorf("%q: %+v", tags, rules)
		}
		if len(rejects) != 1 || rejects[0].Rule != "/a" || !strings.Contains(rejects[0].Reason, "comma") {
			t.Errorf("%q: rejects %+v", tags, rejects)
		}
	}
	for _, tags := range [][]string{{"urlprefix-/a", "ip:192.0.2.7"}, {"urlprefix-/a deny=ip:10.0.0.0/8", "ipv6", "v1.2"}} {
		if rules, rejects := parse(tags...); len(rules) != 1 || rules[0].Policy.Closed || len(rejects) != 0 {
			t.Errorf("%q: %+v, rejects %+v", tags, rules, rejects)
		}
	}
}

// Every option that can't take effect on its route is told, and not in effect; what may take effect is not complained about.
func TestOptionsAreJudgedByTheirRoute(t *testing.T) {
	for tag, want := range map[string]int{
		"urlprefix-/artefacts/installers strip=/installers":           1,
		"urlprefix-/a strip=/b":                                       1,
		"urlprefix-ex.com/*":                                          1,
		"urlprefix-/a strip=/a":                                       0,
		"urlprefix-/a/b strip=/a":                                     0,
		"urlprefix-/a strip=/ab":                                      0,
		"pointsman.route=/a strip=/ab":                                1,
		"pointsman.route=/a strip=/a/b":                               0,
		"pointsman.route=/ strip=/b":                                  0,
		"pointsman.route=/a/ strip=/a/b":                              0,
		"urlprefix-/a tlsskipverify=true":                             1,
		"urlprefix-/a tlsskipverify=false":                            0,
		"urlprefix-/a tlsskipverify=true proto=https":                 0,
		"urlprefix-/a prepend=/":                                      1,
		"urlprefix-/a strip=/a strip=/":                               1,
		"urlprefix-/a redirect=301,https://x.io$path":                 0,
		"urlprefix-/a redirect=301,https://x.io$path strip=/a":        0,
		"urlprefix-/a redirect=301,https://x.io strip=/a":             1,
		"urlprefix-/a redirect=301,/x weight=0.5":                     0,
		"urlprefix-/a redirect=301,/x allow=ip:10.0.0.1":              0,
		"urlprefix-/a redirect=301,/x prepend=/y host=dst":            2,
		"urlprefix-/a redirect=301,/x proto=https tlsskipverify=true": 2,
	} {
		r := one(t, tag)
		if list := notes(tag); len(list) != want {
			t.Errorf("%q: notes %+v", tag, list)
		}
		if o := r.Options; want > 0 && r.Policy.Redirect != nil && (o.Prepend != "" || o.HostDst || o.TLS || o.Strip != "") {
			t.Errorf("%q: %+v", tag, r)
		}
	}
}

func TestBadTagsAreRejected(t *testing.T) {
	for _, tag := range []string{
		"urlprefix-", "urlprefix-   ", "urlprefix-/a weight=abc", "urlprefix-/a weight=NaN", "urlprefix-/a/../b",
		"urlprefix-/a/%2e%2E/b", "urlprefix-/a%zz", "urlprefix-/a?b", "urlprefix-/a#b", "urlprefix-a..b/", "urlprefix-a_b\x00/",
		"urlprefix-ex.com:0/", "urlprefix-ex.com:65536/", "urlprefix-ex.com:8x/", "urlprefix-a@b/", "urlprefix-[::1/", "urlprefix-\xff/",
		"urlprefix-/a redirect=301", "urlprefix-/a redirect=301,http://a,b", "urlprefix-/a redirect=200,http://a",
		"urlprefix-/a redirect=301,javascript:x", "urlprefix-/a redirect=301,//evil", "urlprefix-/a redirect=301,https://$path", "urlprefix-/a redirect=301,https:///$path",
		"urlprefix-/a redirect=301,https:$path", "urlprefix-/a strip=..", "urlprefix-/a host=a/b",
		"urlprefix-[a/", "urlprefix-{a/", "urlprefix-*a*a*a*a*a*a*a*a*a/", "urlprefix-{a,b,c,d}{a,b,c,d}{a,b}.x/", "urlprefix-/" + strings.Repeat("a", 3000),
		"pointsman.route=/a\nb",
	} {
		rules, rejects := parse(tag, "urlprefix-/good")
		if len(rejects) != 1 || len(rules) != 1 || rules[0].Match.Path.Text != "/good" {
			t.Errorf("%q: rules %v, rejects %v", tag, rules, rejects)
			continue
		}
		if r := rejects[0]; len(r.Sources) != 1 || r.Reason == "" || len(r.Sources[0]) > 4*maxShown+3 || strings.ContainsAny(r.Sources[0], "\n\x00") || !utf8.ValidString(r.Sources[0]) {
			t.Errorf("%q: reject %+v", tag, r)
		}
	}
}

// What is TCP or gRPC is refused whole, and is never a route over HTTP; where it restricts, its path is not left to a wider route.
func TestOtherProtocolsAreInert(t *testing.T) {
	for _, tag := range []string{
		"urlprefix-/x proto=TCP", "urlprefix-/mysql:3306 proto=tcp", "urlprefix-:22 proto=tcp allow=ip:10.0.0.1",
		"urlprefix-:3306 proto=tcp", "urlprefix-10.1.1.1:3306 proto=tcp", "urlprefix-:3306", "urlprefix-/x proto=grpc",
		"urlprefix-/x proto=grpcs grpcservername=a", "urlprefix-ex.com:443 proto=tcp+sni",
	} {
		if r := both.Parse([]string{tag}, Env{}); len(r.Rules) != 0 || len(r.Verdicts) != 1 || r.Verdicts[0].Kind != VerdictRefused || !r.Verdicts[0].Final || r.Verdicts[0].Restricts || !strings.Contains(r.Verdicts[0].Reason, "later") {
			t.Errorf("%q is in effect: %+v", tag, r)
		}
	}
	for _, tags := range [][]string{{"urlprefix-ex.com/x proto=grpc deny=ip:10.0.0.1"}, {"urlprefix-ex.com/x proto=grpc", "pointsman.allow=10.0.0.1"}} {
		if r := both.Parse(tags, Env{}); len(r.Rules) != 1 || !r.Rules[0].Policy.Closed || len(of(r, VerdictRefused)) != 1 {
			t.Errorf("%q: %+v", tags, r)
		}
	}
}

func TestManyTags(t *testing.T) {
	var tags []string
	for i := range 10_000 {
		tags = append(tags, fmt.Sprintf("urlprefix-/p%d", i), "other")
	}
	rules, rejects := parse(tags...)
	if len(rules) != maxRoutes || len(rejects) != 1 {
		t.Fatalf("%d rules, %d rejects", len(rules), len(rejects))
	}
}

func TestManyPatterns(t *testing.T) {
	var tags []string
	for i := range 20 {
		tags = append(tags, fmt.Sprintf("urlprefix-{a,b}*.h%d.io/", i), fmt.Sprintf("urlprefix-*.w%d.io/", i), fmt.Sprintf("urlprefix-[::%d]/", i))
	}
	rules, rejects := parse(tags...)
	if len(rules) != 20+20+maxPatterns/2 || len(rejects) != 1 || !strings.Contains(rejects[0].Reason, "patterns") {
		t.Errorf("%d rules, rejects %+v", len(rules), rejects)
	}
}

// A restriction that has no room, or stands in a tag that can't be read, is never dropped: what it was to close is closed.
func TestRestrictionBeyondTheBoundsCloses(t *testing.T) {
	tags := make([]string, maxRoutes, maxRoutes+1)
	for i := range tags {
		tags[i] = fmt.Sprintf("urlprefix-/p%d", i)
	}
	globs := make([]string, maxPatterns, maxPatterns+1)
	for i := range globs {
		globs[i] = fmt.Sprintf("urlprefix-a*.h%d.io/", i)
	}
	for _, tags := range [][]string{append(tags, "urlprefix-/admin DENY=ip:10.0.0.0/8"), append(globs, "urlprefix-b*.io/ allow=ip:10.0.0.1")} {
		rules, rejects := parse(tags...)
		if len(rejects) != 2 {
			t.Errorf("rejects %+v", rejects)
		}
		for _, r := range rules {
			if !r.Policy.Closed {
				t.Fatalf("%s is open", r.Name)
			}
		}
	}
	for _, tag := range []string{
		"urlprefix-/a allow=ip:10.0.0.1" + strings.Repeat(",ip:10.0.0.1", 300), "urlprefix-/a host=\xff deny=ip:10.0.0.1",
	} {
		rules, rejects := parse(tag)
		if len(rules) != 1 || !rules[0].Policy.Closed || rules[0].Match.Path.Text != "/a" || len(rejects) != 1 || rejects[0].Rule != "/a" {
			t.Errorf("%.40q: %+v %+v", tag, rules, rejects)
		}
	}
}

func TestRedirectLocation(t *testing.T) {
	for _, c := range []struct{ url, host, path, query, strip, want string }{
		{"https://new.io$path", "h", "/old/x", "q=1", "", "https://new.io/old/x?q=1"},
		{"https://new.io/$path", "h", "/old/x", "", "", "https://new.io/old/x"},
		{"https://new.io/", "h", "/old/x", "q=1", "", "https://new.io/"},
		{"https://new.io$path?a=b", "h", "/x", "q=1", "", "https://new.io/x?a=b"},
		{"https://$host$path", "h", "/x", "", "", "https://h/x"},
		{"https://new.io$path", "h", "/old/x", "", "/old", "https://new.io/x"},
		{"$path", "h", "//evil.io/", "", "", "/evil.io/"},
		{"$path", "h", "/old/\\evil.io", "", "/old", "/%5Cevil.io"},
		{"/$path", "h", "/old\\/evil.io", "", "/old", "/%5C/evil.io"},
		{"$path", "h", "/old//evil.io", "", "/old", "/evil.io"},
		{"$path", "h", "/old//\\evil.io", "", "/old/", "/%5Cevil.io"},
		{"https://new.io$path", "h", "/old/\\e\"<>^`{|}", "", "/old", "https://new.io/%5Ce%22%3C%3E%5E%60%7B%7C%7D"},
		{"https://new.io$path", "h", "/old/$host", "", "", "https://new.io/old/$host"},
		{"https://$host$path", "$path", "/old/x", "", "", "https://$path/old/x"},
		{"https://$host$path", "", "/old/evil.io", "", "/old", ""},
		{"/$host/x", "", "/old/x", "", "", ""},
	} {
		r := one(t, "urlprefix-/old redirect=301,"+c.url).Policy.Redirect
		if got := r.Location(c.host, c.path, c.query, c.strip); got != c.want || r.Code != 301 {
			t.Errorf("%q: %q, want %q", c.url, got, c.want)
		}
	}
}

func TestWants(t *testing.T) {
	if both.Wants([]string{"v2", "xurlprefix-/"}) || !both.Wants([]string{"v2", "urlprefix-/"}) || !both.Wants([]string{" pointsman.route=/"}) {
		t.Fatal("Wants is wrong")
	}
}

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern, host string
		want          bool
	}{
		{"*", "", true}, {"*", "a.b", true}, {"*.b", "a.b", true}, {"*.b", "x.a.b", true}, {"*.b", "b", false}, {"a*", "abc.d", true},
		{"a?c", "abc", true}, {"a?c", "ac", false}, {"[a-c]x", "bx", true}, {"[!a-c]x", "bx", false}, {"[!a-c]x", "dx", true},
		{"{a,bc}.x", "bc.x", true}, {"{a,bc}.x", "b.x", false}, {"a**b", "a--b", true}, {"*a*b*", "xxaxxb", true}, {"*a*b*", "xxbxxa", false},
	} {
		p, err := ParsePattern(c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if p.Match(c.host) != c.want {
			t.Errorf("%q on %q: %v", c.pattern, c.host, !c.want)
		}
	}
}

// A bad tag among good ones never changes what the good ones yield.
func TestBadTagsHurtNobodyElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bad := rapid.SampledFrom([]string{"urlprefix-", "urlprefix-/x weight=q", "urlprefix-\x01", "pointsman.route=/../"}).Draw(t, "bad")
		n := rapid.IntRange(0, 8).Draw(t, "n")
		var tags []string
		for i := range n {
			tags = append(tags, fmt.Sprintf("urlprefix-h%d.io/p", i))
		}
		at := rapid.IntRange(0, n).Draw(t, "at")
		mixed := append(append(append([]string{}, tags[:at]...), bad), tags[at:]...)
		rules, rejects := parse(mixed...)
		if len(rules) != n || len(rejects) != 1 {
			t.Fatalf("%q: %d rules, %d rejects", mixed, len(rules), len(rejects))
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, tag := range []string{
		"urlprefix-/a", "urlprefix-*.ex.com:81/a strip=/a weight=0.5 deny=ip:10.0.0.0/8", "pointsman.route=[::1]:8/x redirect=301,https://$host$path",
		"urlprefix-$DC{a,b}[!a-c]?.x/", "urlprefix-/a auth=x", "urlprefix-:1 proto=tcp",
	} {
		f.Add(tag)
	}
	f.Fuzz(func(t *testing.T, tag string) {
		r := both.Parse([]string{tag}, Env{Datacenter: "dc1"})
		if len(r.Verdicts) > 0 != both.Wants([]string{tag}) {
			t.Fatalf("Wants and Parse disagree on %q", tag)
		}
		for _, v := range r.Verdicts {
			if len(v.Sources[0]) > 4*maxShown+3 || (v.Reason == "") != (v.Kind == VerdictUsed) {
				t.Fatalf("verdict %+v", v)
			}
		}
		for _, r := range r.Rules {
			checkRule(t, r)
		}
	})
}

func checkRule(t *testing.T, r *Rule) {
	t.Helper()
	if err := checkPath(r.Match.Path.Text); err != nil {
		t.Fatal(err)
	}
	if p, err := ParsePattern(r.Match.Host.Text); err == nil {
		p.Match("a.example.com")
	} else if !strings.HasPrefix(r.Match.Host.Text, "[") {
		t.Fatal(err)
	}
	if p := rewritten(&r.Options, "/a/b"); p == "" || p[0] != '/' {
		t.Fatalf("rewritten to %q", p)
	}
	if d := r.Policy.Redirect; d != nil {
		checkLocation(t, d, "h", "/p", "q", "")
		checkLocation(t, d, "evil.io", r.Match.Path.Text+"/\\evil.io", "", r.Options.Strip)
	}
}

// checkLocation holds what every location of our making has in common.
func checkLocation(t *testing.T, d *Redirect, host, path, query, strip string) {
	t.Helper()
	got := d.Location(host, path, query, strip)
	u, err := neturl.Parse(got)
	switch {
	case err != nil, strings.ContainsAny(got, "\r\n \x00\\"):
		t.Fatalf("redirect %q of %q: %q, %v", d.URL, path, got, err)
	case u.Scheme == "" && (u.Host != "" || !strings.HasPrefix(got, "/") || strings.HasPrefix(got, "//")):
		t.Fatalf("redirect %q of %q names a host: %q", d.URL, path, got)
	case u.Scheme != "" && u.Host == "":
		t.Fatalf("redirect %q of %q names no host: %q", d.URL, path, got)
	}
}

// Whatever a path holds, it does not decide which host a location names.
func FuzzLocation(f *testing.F) {
	for _, c := range [][4]string{
		{"$path", "h", "/old/\\evil.io", "/old"}, {"/x# y", "h", "/", "/"}, {"/$path", "h", "//evil.io", ""}, {"https://$host$path", "h", "/a//b", "/a"},
		{"https://new.io/$path?x", "$path", "/$host", "/"}, {"/a$path", "[::1]", "/%5c", ""},
	} {
		f.Add(c[0], c[1], c[2], c[3])
	}
	f.Fuzz(func(t *testing.T, url, host, path, strip string) {
		d, err := parseRedirect("301," + url)
		if err != nil || checkPath(path) != nil && checkPath(strings.ReplaceAll(path, "\\", "")) != nil || strip != "" && checkPath(strip) != nil {
			return
		}
		if host == "" || !outside.IsHostName(host) {
			host = "h"
		}
		checkLocation(t, d, host, path, "", strip)
		if u, err := neturl.Parse(d.URL); err == nil && u.Host != "" && !strings.Contains(u.Host, "$") {
			if got, _ := neturl.Parse(d.Location(host, path, "", strip)); got.Host != u.Host {
				t.Fatalf("%q of %q: host %q", url, path, got.Host)
			}
		}
	})
}
