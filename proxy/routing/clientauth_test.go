package routing

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// asked is what the handshake for a host asks, in words: names, with ! where they are required.
func asked(t *Table, host, listener string) string {
	a := t.ClientAuth(host, listener)
	out := strings.Join(a.Names(), ",")
	if a.Required {
		out += "!"
	}
	return out
}

// What a handshake asks follows from all routes that may take the host's requests.
func TestClientAuthOfAHost(t *testing.T) {
	const ca, may = " client-ca=a", " client-ca=a:optional"
	for _, c := range []struct {
		name  string
		lines []string
		hosts map[string]string
	}{
		{"one route", []string{"t/" + ca}, map[string]string{"t": "a!", "T.": "a!", "other": "", "": ""}},
		{"optional", []string{"t/" + may}, map[string]string{"t": "a"}},
		{"nobody asks", []string{"t/"}, map[string]string{"t": ""}},
		{"one path of some", []string{"t/", "t/in" + ca}, map[string]string{"t": "a"}},
		{"all paths", []string{"t/" + ca, "t/in" + ca, "t/x client-ca=b"}, map[string]string{"t": "a,b!"}},
		{"some optional", []string{"t/" + ca, "t/in" + may}, map[string]string{"t": "a"}},
		{"a path alone", []string{"t/in" + ca}, map[string]string{"t": "a!"}},
		{"what a path leaves goes to a wider route", []string{"t/in" + ca, "/"}, map[string]string{"t": "a", "other": ""}},
		{"what a path leaves asks, too", []string{"t/in" + ca, "/ client-ca=b"}, map[string]string{"t": "a,b!", "other": "b!", "": "b!"}},
		{"what takes all hides wider routes", []string{"t/", "/" + ca}, map[string]string{"t": "", "other": "a!"}},
		{"an exact path takes not all", []string{"t/ path=exact", "/" + ca}, map[string]string{"t": "a"}},
		{"a condition takes not all", []string{"t/ method=GET", "/" + ca}, map[string]string{"t": "a"}},
		{"a condition and the rest", []string{"t/ method=GET", "t/" + ca}, map[string]string{"t": "a"}},
		{"both ask", []string{"t/ method=GET" + ca, "t/" + ca}, map[string]string{"t": "a!"}},
		{"wildcards", []string{"*.w/" + ca, "x.w/"}, map[string]string{"x.w": "", "y.w": "a!", "z.y.w": "a!", "w": "", ".w": ""}},
		{"a wildcard within another", []string{"*.w/" + ca, "*.y.w/in client-ca=b"}, map[string]string{"z.y.w": "a,b!", "y.w": "a!"}},
		{"patterns", []string{"a*.p/" + ca}, map[string]string{"ab.p": "a!", "b.p": ""}},
		{"port 443", []string{"t:443/" + ca}, map[string]string{"t": "a!"}},
		{"port 443 and all", []string{"t:443/" + ca, "t/"}, map[string]string{"t": "a"}},
		{"another port may be asked for", []string{"t:8443/" + ca, "t/"}, map[string]string{"t": "a"}},
		{"of another listener", []string{"t/ listener=other" + ca, "t/"}, map[string]string{"t": ""}},
		{"of this listener", []string{"t/ listener=https" + ca}, map[string]string{"t": "a!"}},
		{"a priority", []string{"t/x priority=5" + ca, "t/"}, map[string]string{"t": "a"}},
		{"no longer host is a rule's", []string{"*.w/" + ca}, map[string]string{strings.Repeat("x", 300) + ".w": ""}},
	} {
		table := newTable(Options{}).Next(fixture.Snapshot(tagged(c.lines)))
		for host, want := range c.hosts {
			if got := asked(table, host, "https"); got != want {
				t.Errorf("%s: %q asks for %q, want %q", c.name, host, got, want)
			}
		}
	}
}

func tagged(lines []string) discovery.Instance {
	var tags []string
	for _, l := range lines {
		tags = append(tags, "pointsman.route="+l)
	}
	return fixture.Instance("web", "10.0.0.1", 80, tags...)
}

// Asking ends with the last route that asks, and a route is asked for no longer than it is there.
func TestClientAuthFollowsTheTable(t *testing.T) {
	table := newTable(Options{})
	if table.AsksForCertificates() || (*Table)(nil).AsksForCertificates() {
		t.Error("an empty table asks")
	}
	for i, c := range []struct {
		lines []string
		want  string
	}{
		{[]string{"t/ client-ca=a"}, "a!"},
		{[]string{"t/ client-ca=b:optional"}, "b"},
		{[]string{"t/ client-ca=b:optional", "t/x client-ca=a"}, "a,b"},
		{[]string{"t/x client-ca=a"}, "a!"},
		{[]string{"t/x"}, ""},
		{[]string{"t/ client-ca=a"}, "a!"},
	} {
		before := table
		was := asked(before, "t", "")
		table = table.Next(fixture.Snapshot(tagged(c.lines)))
		if got := asked(table, "t", ""); got != c.want || table.AsksForCertificates() != (c.want != "") {
			t.Errorf("step %d: asks for %q, want %q", i, got, c.want)
		}
		if asked(before, "t", "") != was {
			t.Errorf("step %d: the table before has changed", i)
		}
	}
}

// What two services ask of one route adds up.
func TestClientAuthOfSeveralServices(t *testing.T) {
	s := fixture.Snapshot(fixture.Instance("a", "10.0.0.1", 80, "pointsman.route=t/ client-ca=a:optional"), fixture.Instance("b", "10.0.0.2", 80, "pointsman.route=t/ client-ca=a"),
		fixture.Instance("c", "10.0.0.3", 80, "pointsman.route=t/ client-ca=b"), fixture.Instance("d", "10.0.0.4", 80, "pointsman.route=t/"))
	table := newTable(Options{}).Next(s)
	if got := asked(table, "t", ""); got != "a,b!" {
		t.Errorf("asks for %q", got)
	}
	r, _ := table.Match(Query{Authority: "t", Path: "/"})
	if got := fmt.Sprint(r.Policy.Admission.ClientCAs); got != "[a b]" {
		t.Errorf("the route wants %s", got)
	}
}

// A name that the operator has not given closes the route.
func TestUnknownClientCA(t *testing.T) {
	for _, names := range [][]string{{}, {"b"}} {
		table := newTable(Options{ClientCAs: names}).Next(fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=t/ client-ca=a", "pointsman.route=u/ client-ca=a:x")))
		for _, host := range []string{"t", "u"} {
			if r, ok := table.Match(Query{Authority: host, Path: "/"}); !ok || !r.Closed || len(r.Members) != 0 {
				t.Errorf("with %v %s is served", names, host)
			}
		}
	}
	table := newTable(Options{ClientCAs: []string{"b", "a"}}).Next(fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=t/ client-ca=a")))
	if got := asked(table, "t", ""); got != "a!" {
		t.Errorf("asks for %q", got)
	}
}

func TestClientAuthAnd(t *testing.T) {
	var a ClientAuth
	if a = a.And(dialect.ClientCA{}); a != (ClientAuth{}) {
		t.Errorf("%+v", a)
	}
	a = a.And(dialect.ClientCA{Name: "b", Optional: true}).And(dialect.ClientCA{Name: "a"}).And(dialect.ClientCA{Name: "b", Optional: true})
	if fmt.Sprint(a.Names()) != "[a b]" || !a.Required || !a.Asks("a") || a.Asks("c") {
		t.Errorf("%+v", a)
	}
}

func TestIsAddress(t *testing.T) {
	for host, want := range map[string]bool{"192.0.2.1": true, "[2001:db8::1]": true, "::1": true, "": false, "[]": false, "[": false, "a.test": false,
		"1.2.3.test": false, "1.2.3": false, "1.2.3.4.": false, "[1.2.3.4": false} {
		if got := IsAddress(host); got != want {
			t.Errorf("%q: %t", host, got)
		}
	}
}
