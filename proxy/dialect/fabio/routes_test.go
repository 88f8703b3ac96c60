package fabio

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/proxy/dialect"
)

var inKV = dialect.Env{Datacenter: "dc1", Writer: dialect.WriterKV, Listeners: "http,https"}

// commands are the outcome of a text for people: the number of each line with its route or verdict.
func commands(text string) (out []string) {
	r := Options{}.Text().ReadText(strings.Split(text, "\n"), nil, inKV)
	for _, l := range r.Lines {
		if l.Rule != nil {
			closed := ""
			if l.Rule.Policy.Closed {
				closed = "closed "
			}
			of := ""
			if name := l.Rule.Options.Upstream.Of.Name; name != "" {
				of = " of " + name
			}
			out = append(out, fmt.Sprintf("%d %s%s%s", l.Number, closed, l.Rule.Line(), of))
		}
		for _, v := range l.Verdicts {
			out = append(out, fmt.Sprintf("%d %s", l.Number, v.Kind))
		}
	}
	for _, c := range r.Changes {
		match := ""
		if c.Match != nil {
			match = c.Match.Host.Text + c.Match.Path.Text
		}
		to := ""
		if c.To.IsValid() {
			to = c.To.String()
		}
		out = append(out, fmt.Sprintf("change %q %q %q %v %t %g", c.Service, match, to, c.Tags, c.Weight, c.Share))
	}
	return out
}

func TestRoutesOfAText(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"# a remark\n// another\n\n  route add web ex.com/ http://10.0.0.1:8000/", "4 ex.com/ path=prefix to=10.0.0.1:8000 of web"},
		{`route add web /a http://10.0.0.1/ weight 0.2 tags "a,b" opts "strip=/a prepend=/b"`, "1 /a path=prefix to=10.0.0.1:80 share=0.2 strip=/a prepend=/b proxy-redirect=off of web"},
		{`route add web /a https://[2001:db8::1]:8443 opts "tlsskipverify=true"`, "1 /a path=prefix to=[2001:db8::1]:8443 proto=https tlsskipverify=true of web"},
		{`route add web a.io:80/ https://b.io$path opts "redirect=301"`, "1 a.io:80/ path=prefix redirect=301,https://b.io$path"},
		{`route add web a.io/ http://10.0.0.1:80/ opts "allow=ip:10.0.0.0/8"`, "1 a.io/ path=prefix to=10.0.0.1:80 allow=ip:10.0.0.0/8 of web"},
		{`route add web a.io/ http://10.0.0.1:80/ opts "allow=10.0.0.0/8"`, "1 closed a.io/ path=prefix, 1 refused"},
		{`route add web a.io/ http://10.0.0.1:80/ opts "auth=staff"`, "1 closed a.io/ path=prefix, 1 refused"},
		{"route add web a.io/ http://backend:80/", "1 refused"},
		{"route add web a.io/ tcp://10.0.0.1:80", "1 refused"},
		{"route add web :80 tcp://10.0.0.1:80", "1 refused"},
		{"route add web a.io/ ftp://10.0.0.1:80", "1 refused"},
		{"route add web a.io/ http://224.0.0.1:80", "1 refused"},
		{"route add web a.io/", "1 refused"},
		{`route add web a.io/ http://10.0.0.1:80/ opts "x`, "1 refused"},
		{`route add web a.io/ http://10.0.0.1:80/ weight`, "1 refused"},
		{`route add web a.io/ http://10.0.0.1:80/ weight x`, "1 refused"},
		{`route add web a.io/ http://10.0.0.1:80/ weight 1 weight 1`, "1 refused"},
		{`route add web a.io/ http://10.0.0.1:80/ colour red`, "1 refused"},
		{`route add web "a.io/ to=10.0.0.9:1" http://10.0.0.1:80/`, "1 refused"},
		{"route remove web", "1 refused"},
		{"hello", "1 refused"},

		{"route add web /a http://10.0.0.1:80/\nroute add web /b http://10.0.0.1:80/\nroute del web /a", "1 ignored, 2 /b path=prefix to=10.0.0.1:80 of web, 3 used, change \"web\" \"/a\" \"\" [] false 0"},
		{"route del web\nroute add web /a http://10.0.0.1:80/", "1 used, 2 /a path=prefix to=10.0.0.1:80 of web, change \"web\" \"\" \"\" [] false 0"},
		{"route add web /a http://10.0.0.1:80/\nroute add web /a http://10.0.0.2:80/\nroute del web /a http://10.0.0.1/", "1 ignored, 2 /a path=prefix to=10.0.0.2:80 of web, 3 used, change \"web\" \"/a\" \"10.0.0.1:80\" [] false 0"},
		{"route add web /a http://10.0.0.1:80/ tags \"v1,x\"\nroute del web tags \"v1\"\nroute del tags \"v2\"", "1 ignored, 2 used, 3 used, change \"web\" \"\" \"\" [v1] false 0, change \"\" \"\" \"\" [v2] false 0"},
		{"route del", "1 refused"},
		{"route del web /a http://backend/", "1 refused"},
		{"route add web /a http://10.0.0.1:80/\nroute add web /a http://10.0.0.2:80/\nroute weight web /a weight 0.5", "1 /a path=prefix to=10.0.0.1:80 share=0.25 of web, 2 /a path=prefix to=10.0.0.2:80 share=0.25 of web, 3 used, change \"web\" \"/a\" \"\" [] true 0.5"},
		{"route weight /a weight 0.5 tags \"x\"", "1 refused"},
		{"route weight web /a weight x", "1 refused"},
	} {
		if got := strings.Join(commands(c.text), ", "); got != c.want {
			t.Errorf("%s\n%s\nwant %s", c.text, got, c.want)
		}
	}
	if got := commands(strings.Repeat("route del web\n", maxCommands+1)); !slices.Contains(got, fmt.Sprint(maxCommands+1, " refused")) {
		t.Error("a text may ask for any number of changes")
	}
}

// Whatever a text holds, each line that is no remark makes a rule or says why not, and one that restricts makes none that does not.
func FuzzText(f *testing.F) {
	f.Add("route add web /a http://10.0.0.1:80/ weight 0.2 tags \"a\" opts \"strip=/a allow=ip:10.0.0.1\"\nroute del web /a\n# x\n//y")
	f.Add("route weight web ex.com/ weight 1e9\nroute add a b c opts \"auth=x redirect=301\"\nroute del tags \"a,,b\" weight")
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Split(text, "\n")
		r := Options{Schemes: map[string]dialect.BasicAuth{"x": {File: "/users"}}}.Text().ReadText(lines, nil, inKV)
		told := map[int]bool{}
		for _, l := range r.Lines {
			told[l.Number] = l.Rule != nil || len(l.Verdicts) > 0
			if l.Rule == nil {
				continue
			}
			if u := l.Rule.Options.Upstream; len(u.To) > 0 && (!u.To[0].Address.IsValid() || u.Of.Name == "") || len(u.Services) > 0 {
				t.Errorf("%q leads to %+v", lines[l.Number-1], u)
			}
			for word := range strings.FieldsSeq(strings.ReplaceAll(strings.ToLower(lines[l.Number-1]), `"`, " ")) {
				if key, _, ok := strings.Cut(word, "="); ok && restricting[key] && strings.Contains(lines[l.Number-1], "opts") && !l.Rule.Restricts() {
					t.Errorf("%q: %s", lines[l.Number-1], l.Rule.Line())
				}
			}
		}
		for i, line := range lines {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' && !strings.HasPrefix(line, "//") && !told[i+1] {
				t.Errorf("nothing is said of %q", line)
			}
		}
	})
}
