package dialect

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// lines are those of the rules of one instance, the closed ones with a mark.
func lines(r Result) (out []string) {
	for _, rule := range r.Rules {
		line := rule.Line()
		if rule.Policy.Closed {
			line += " (closed)"
		}
		out = append(out, line)
	}
	return out
}

// kinds are the verdicts' kinds in their order, a sign each: used, partly, ignored, refused.
func kinds(r Result) (out string) {
	for _, v := range r.Verdicts {
		out += v.Kind.String()[:1]
	}
	return out
}

func TestOptionsForAllRoutesOfAnInstance(t *testing.T) {
	for _, c := range []struct{ name, tags, lines, kinds string }{
		{"each route has them", "pointsman.weight=5; pointsman.route=a.io/x; pointsman.route.two=/y", "a.io/x weight=5; /y weight=5", "uuu"},
		{"a line keeps its own", "pointsman.weight=5; pointsman.route=/x weight=7", "/x weight=7", "uu"},
		{"those of Fabio too", "pointsman.allow=ip:10.0.0.1|ip:10.0.0.2; urlprefix-/x weight=0.5", "/x path=prefix share=0.5 allow=ip:10.0.0.1/32,ip:10.0.0.2/32", "uu"},
		{"a bad one alone is refused", "pointsman.weight=x; pointsman.route=/x", "/x", "ru"},
		{"an unknown one", "pointsman.wieght=5; pointsman.route=/x", "/x", "ru"},
		{"a restriction that can't be honoured closes all", "pointsman.allow=x; pointsman.route=/x; urlprefix-/y", "/x (closed); /y path=prefix (closed)", "rrr"},
		{"one that is misspelt too", "pointsman.alow=ip:10.0.0.1; pointsman.route=/x", "/x (closed)", "rr"},
		{"two of them", "pointsman.deny=ip:10.0.0.1; pointsman.deny=ip:10.0.0.2; pointsman.route=/x", "/x (closed)", "urr"},
		{"a quoted one", `pointsman.strip="/x"; pointsman.route=/x`, "/x strip=/x", "uu"},
		{"a badly quoted one", `pointsman.strip="/x" y; pointsman.route=/x`, "/x", "ru"},
		{"no effect on one route", "pointsman.strip=/x; pointsman.route=/x; pointsman.route=/y; pointsman.route=/z redirect=301|/x", "/x strip=/x; /y; /z redirect=301,/x", "uuuu"},
		{"no route", "pointsman.route=off; pointsman.weight=5", "", "uu"},
		{"none at all", "pointsman.; pointsman.x; pointsman.route", "", "rrr"},
	} {
		r := both.Parse(strings.Split(c.tags, "; "), Env{})
		if got := strings.Join(lines(r), "; "); got != c.lines {
			t.Errorf("%s: %s; want %s", c.name, got, c.lines)
		}
		for _, kind := range "upir" {
			if strings.Count(kinds(r), string(kind)) != strings.Count(c.kinds, string(kind)) {
				t.Errorf("%s: %s, want %s: %+v", c.name, kinds(r), c.kinds, r.Verdicts)
			}
		}
		if off := r.Defaults != nil && r.Defaults.Off; off != strings.Contains(c.tags, "=off") {
			t.Errorf("%s: off is %t", c.name, off)
		}
	}
}

// The route that no line asks for has them too, and a condition that restricts closes the one that has no match.
func TestOptionsForRoutesThatNoLineAsksFor(t *testing.T) {
	match := Match{Host: Host{Kind: HostExact, Text: "a.io"}, Path: Path{Text: "/"}}
	for tag, want := range map[string]string{
		"v1": "a.io/", "pointsman.weight=5": "a.io/ weight=5", "pointsman.allow=ip:10.0.0.1": "a.io/ allow=ip:10.0.0.1/32",
	} {
		d := both.Parse([]string{tag}, Env{}).Defaults
		if r := d.Rule("a.io", match); r.Line() != want || r.Policy.Closed || len(d.Fallback().Words()) != len(r.Words()) {
			t.Errorf("%s: %s, %+v", tag, r.Line(), d.Fallback())
		}
	}
	if v := both.Parse([]string{"pointsman.port=80"}, Env{}).Verdicts; len(v) != 1 || v[0].Kind != VerdictRefused || !strings.Contains(v[0].Reason, "labels of a container") {
		t.Errorf("%+v", v)
	}
	if d := both.Parse([]string{"pointsman.allow=x"}, Env{}).Defaults; !d.Rule("a.io", match).Policy.Closed || !d.Fallback().Policy.Closed {
		t.Error("open in spite of a restriction that can't be honoured")
	}
}

// Lines that are not read have the restrictions that all routes of the instance have: a wider route with a list of its own would take their
// requests.
func TestTooManyLinesUnderARestrictionOfAllClose(t *testing.T) {
	for name, c := range map[string]struct {
		tag    string
		lines  int
		closed bool
	}{
		"restricted": {"pointsman.allow=ip:10.0.0.1", maxRoutes + 1, true},
		"as many":    {"pointsman.allow=ip:10.0.0.1", maxRoutes, false},
		"open":       {"pointsman.weight=5", maxRoutes + 1, false},
	} {
		tags := []string{c.tag, "pointsman.route=/ allow=0.0.0.0/0"}
		for i := range c.lines - 1 {
			tags = append(tags, fmt.Sprintf("pointsman.route=/%d", i))
		}
		r := both.Parse(tags, Env{})
		if got := r.Rules[0].Policy.Closed; got != c.closed {
			t.Errorf("%s: closed is %t", name, got)
		}
	}
}

func TestMisspeltOptions(t *testing.T) {
	for key, want := range map[string]string{"wieght": "weight", "weigh": "weight", "alllow": "allow", "denyy": "deny", "dent": "deny", "speed": ""} {
		got := (&line{}).notAnOption(key)
		if meant := strings.Contains(got, "is "+want+" meant"); meant != (want != "") {
			t.Errorf("%s: %s", key, got)
		}
	}
	if r := ruleOf("pointsman.route=/a alow=ip:10.0.0.1"); !r.Policy.Closed {
		t.Errorf("open, although a restriction is meant: %+v", r)
	}
	for _, word := range []string{"basic-auth=x", "ip-allow-list=10.0.0.0/8", "limit-conn=5"} {
		if r := ruleOf("pointsman.route=/a " + word); !r.Policy.Closed {
			t.Errorf("open, although %s sounds like a restriction", word)
		}
	}
	if r := ruleOf("urlprefix-/a alow=ip:10.0.0.1"); r.Policy.Closed {
		t.Errorf("Fabio's tags ignore what they do not know: %+v", r)
	}
}

// ruleOf is the one rule of a tag.
func ruleOf(tag string) *Rule { return both.Parse([]string{tag}, Env{}).Rules[0] }

// Not everybody may write everything.
func TestWhoWroteIt(t *testing.T) {
	if r, v := ParseLine("# a remark", PathSegments, Env{Writer: WriterKV}); r != nil || v != nil {
		t.Errorf("a remark: %+v %+v", r, v)
	}
	long := "/a redirect=301,/" + strings.Repeat("b", maxTag)
	for writer, want := range map[Writer]bool{WriterTag: false, WriterKV: false, WriterOperator: true} {
		if r, v := ParseLine(long, PathSegments, Env{Writer: writer}); (r != nil) != want || (len(v) == 0) != want {
			t.Errorf("a long line of writer %d: %+v", writer, v)
		}
	}
}

// A list that a comma cut, and a restriction beyond the bounds, close the routes that no line asks for, too.
func TestWhatIsLostOfOptionsForAllRoutesClosesThem(t *testing.T) {
	match := Match{Host: Host{Kind: HostExact, Text: "a.io"}, Path: Path{Text: "/"}}
	var long []string
	for len(long) < maxTagBytes/1000 {
		long = append(long, "pointsman.route=/"+strings.Repeat("x", 983))
	}
	allow, weight := "pointsman.allow="+strings.Repeat("ip:192.0.2.1|", 100)+"ip:192.0.2.1", "pointsman.weight="+strings.Repeat("0", 1000)+"5"
	for _, c := range []struct {
		name   string
		tags   []string
		closed bool
	}{
		{"cut", []string{"pointsman.deny=ip:192.0.2.1", "ip:192.0.2.2"}, true},
		{"cut, with clients", []string{"pointsman.client=192.0.2.1", "192.0.2.2"}, true},
		{"no list", []string{"pointsman.weight=5", "192.0.2.2"}, false},
		{"beyond the bounds", append(slices.Clone(long), allow), true},
		{"some others are read", append([]string{"pointsman.weight=5"}, append(slices.Clone(long), allow)...), true},
		{"no restriction beyond the bounds", append(slices.Clone(long), weight), false},
	} {
		r := both.Parse(c.tags, Env{})
		if d := r.Defaults; d.Rule("a.io", match).Policy.Closed != c.closed || d.Fallback().Policy.Closed != c.closed || d.Restricts() != c.closed {
			t.Errorf("%s: %+v", c.name, d)
		}
		if told := strings.Contains(kinds(r), "r"); c.closed && !told {
			t.Errorf("%s: %+v", c.name, r.Verdicts)
		}
	}
}
