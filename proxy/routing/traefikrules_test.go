package routing

import (
	"math/rand/v2"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// traefikFunction is one of Traefik's, and what it says of a request, read as Traefik's manual has it.
type traefikFunction struct {
	text  string
	holds func(q *request) bool
}

func (q *request) asked() string {
	host, _, _ := strings.Cut(strings.ToLower(q.host), ":")
	return strings.TrimSuffix(host, ".")
}

func (q *request) parsed() *url.URL {
	u, _ := url.Parse(q.target)
	return u
}

var traefikFunctions = []traefikFunction{
	{"Host(`a.b`)", func(q *request) bool { return q.asked() == "a.b" }},
	{"Host(`a.b`,`c.a.b`)", func(q *request) bool { return q.asked() == "a.b" || q.asked() == "c.a.b" }},
	{"HostRegexp(`^[a-z]\\.a\\.b$`)", func(q *request) bool { return regexp.MustCompile(`^[a-z]\.a\.b$`).MatchString(q.asked()) }},
	{"HostRegexp(`^a|x$`)", func(q *request) bool { return regexp.MustCompile(`^a|x$`).MatchString(q.asked()) }},
	{"HostRegexp(`{sub:[a-c]}.a.b`)", func(q *request) bool { return regexp.MustCompile(`^[a-c]\.a\.b$`).MatchString(q.asked()) }},
	{"PathPrefix(`/p`)", func(q *request) bool { return strings.HasPrefix(q.parsed().Path, "/p") }},
	{"Path(`/p/q`)", func(q *request) bool { return q.parsed().Path == "/p/q" }},
	{"PathRegexp(`^/p/.$`)", func(q *request) bool { return regexp.MustCompile(`^/p/.$`).MatchString(q.parsed().Path) }},
	{"PathRegexp(`q`)", func(q *request) bool { return strings.Contains(q.parsed().Path, "q") }},
	{"Method(`GET`,`PUT`)", func(q *request) bool { return q.method == "GET" || q.method == "PUT" }},
	{"Method(`POST`)", func(q *request) bool { return q.method == "POST" }},
	{"Header(`X-A`,`1`)", func(q *request) bool { return slices.Contains(q.header["X-A"], "1") }},
	{"Headers(`X-B`,``)", func(q *request) bool { return len(q.header["X-B"]) > 0 }},
	{"HeaderRegexp(`x-a`,`^[12]$`)", func(q *request) bool {
		return slices.ContainsFunc(q.header["X-A"], regexp.MustCompile(`^[12]$`).MatchString)
	}},
	{"HeadersRegexp(`X-B`,`2`)", func(q *request) bool {
		return slices.ContainsFunc(q.header["X-B"], regexp.MustCompile("2").MatchString)
	}},
	{"Query(`v`,`1`)", func(q *request) bool { return slices.Contains(q.parsed().Query()["v"], "1") }},
	{"QueryRegexp(`v`,`^1?$`)", func(q *request) bool {
		return slices.ContainsFunc(q.parsed().Query()["v"], regexp.MustCompile("^1?$").MatchString)
	}},
	{"Query(`v={v:[01]}`,`w=`)", func(q *request) bool {
		return slices.ContainsFunc(q.parsed().Query()["v"], regexp.MustCompile("^[01]$").MatchString) && q.parsed().Query().Has("w")
	}},
	{"ClientIP(`10.0.0.0/8`)", func(q *request) bool { return q.client.Is4() && q.client.As4()[0] == 10 }},
	{"ClientIP(`10.9.9.9`,`fd00::/8`)", func(q *request) bool { return q.client.String() == "10.9.9.9" || q.client.String() == "fd00::1" }},
}

// someRule is a rule of Traefik, and what it says.
func someRule(r *rand.Rand, depth int) (string, func(q *request) bool) {
	if depth == 0 || r.IntN(4) == 0 {
		f := traefikFunctions[r.IntN(len(traefikFunctions))]
		return f.text, f.holds
	}
	a, holdsA := someRule(r, depth-1)
	if r.IntN(3) == 0 {
		return "!(" + a + ")", func(q *request) bool { return !holdsA(q) }
	}
	b, holdsB := someRule(r, depth-1)
	if r.IntN(2) == 0 {
		return "(" + a + " && " + b + ")", func(q *request) bool { return holdsA(q) && holdsB(q) }
	}
	return "(" + a + " || " + b + ")", func(q *request) bool { return holdsA(q) || holdsB(q) }
}

// plain says whether a request is written so that a negated condition looks no closer than Traefik does.
func (q *request) plain() bool {
	return !strings.Contains(q.target, "%7") && !strings.Contains(strings.Join(append(q.header["X-A"], q.header["X-B"]...), ""), ",") &&
		len(q.header["X-A"]) < 2 && len(q.header["X-B"]) < 2
}

// Rules of Traefik take what they say, with any expressions, ! and parentheses, and never more.
func TestTraefiksRulesAreNotMoreOpenThanWritten(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 11))
	const rules, requests = 1_500, 40
	made, taken := 0, 0
	for range rules {
		text, holds := someRule(r, 3)
		table := newTable(Options{}).Next(fixture.Snapshot(enabled("s", "10.0.0.1", "traefik.http.routers.r.rule="+text)))
		if len(table.Routes()) == 0 { // it asks for two hosts at once, or for too much
			continue
		}
		made++
		for range requests {
			q := someRequest(r)
			found, ok := table.Match(q.query())
			got, want := ok && len(found.Members) > 0, holds(&q)
			if got && !want || want && !got && q.plain() {
				t.Fatalf("%s\n%+v: taken %v, want %v of\n%v", text, q, got, want, linesOf(table))
			}
			if got {
				taken++
			}
		}
	}
	if made < rules/2 || taken < made*requests/4 {
		t.Errorf("%d routers, %d requests taken", made, taken)
	}
}

func linesOf(t *Table) (out []string) {
	for _, r := range t.Routes() {
		out = append(out, r.Rules[0].Line())
	}
	return out
}
