package dialect

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/discovery/outside"
)

// No host makes a pattern slow: the worst takes about as long as any other that is as long, and a pattern that fits nearly everywhere
// no longer than one that fits once. Trying again at each byte takes 60,000 steps here where 250 do.
func TestPatternsTakeTimeByLengthAlone(t *testing.T) {
	host := strings.Repeat("a", outside.MaxHost)
	took := func(text string, host string) time.Duration {
		p, err := ParsePattern(text)
		if err != nil {
			t.Fatal(err)
		}
		least := time.Hour
		for range 50 { // the least of many: what else the machine does adds to each
			began := time.Now()
			for range 10 {
				p.Match(host)
			}
			least = min(least, time.Since(began))
		}
		return least
	}
	easy := took(strings.Repeat("?", 241)+"*", host)
	for _, text := range []string{
		"*" + strings.Repeat("a", 240) + "?b*", "*" + strings.Repeat("a", 120) + "*" + strings.Repeat("a", 120) + "[b]?",
		strings.Repeat("*a", 8) + strings.Repeat("?", 200) + "[b]a",
	} {
		if hard := took(text, host); hard > 10*easy {
			t.Errorf("%.20s...: %v, and %v for an easy one", text, hard, easy)
		}
	}
}

// oracle is a pattern as an expression of another library's.
func oracle(text string) *regexp.Regexp {
	out := strings.NewReplacer(".", `\.`, "*", ".*", "?", ".", "[!", "[^", "{", "(?:", "}", ")", ",", "|").Replace(text)
	return regexp.MustCompile("(?s)^(?:" + out + ")$")
}

func FuzzPattern(f *testing.F) {
	for _, c := range [][2]string{
		{"*.ex.com", "a.ex.com"}, {"a?c*", "abc~"}, {"{a,b*}[!a-c].x", "bx-.x"}, {"*a*a*b", "aaaaab"}, {"x[a-z0-9]*[!_]", "xa~"}, {"", ""}, {"**", "~"},
		{strings.Repeat("?", 200) + "*", strings.Repeat("a", 253)},
	} {
		f.Add(c[0], c[1])
	}
	f.Fuzz(func(t *testing.T, text, host string) {
		p, err := ParsePattern(text)
		if err != nil || strings.ContainsAny(text, "}") && !strings.Contains(text, "{") {
			return
		}
		for _, c := range []byte(host) { // what is no host character is all one; ~ stands for it, as no class of host characters spans it
			if symbolOf[c] == alien && c != '~' {
				return
			}
		}
		for _, part := range strings.Split(text, "{") { // the reference has no comma outside of alternatives, nor a dot in a class
			if strings.Contains(part, "[") && strings.ContainsAny(part, ".{},") {
				return
			}
		}
		if got, want := p.Match(host), oracle(text).MatchString(host); got != want {
			t.Fatalf("%q on %q: %v, want %v", text, host, got, want)
		}
	})
}
