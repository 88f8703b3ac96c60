package ctmpl

import (
	"slices"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
	"github.com/pointsman/pointsman/proxy/dialect/convert/haproxy"
	"github.com/pointsman/pointsman/proxy/dialect/convert/nginx"
)

// small is a catalogue with a few services, each with one instance.
type small []*Snippet

func (s small) services() []*Snippet { return s }

func (s small) whole(q query) []instanceFields { return s.service(q) }

func (s small) service(q query) (out []instanceFields) {
	for i, one := range s {
		if one.Name == q.name && (q.tag == "" || one.Tags.Contains(q.tag)) {
			out = append(out, instanceFields{"Address": "10.0.0." + string(rune('1'+i)), "Port": Port("80"), "Name": one.Name, "ID": one.Name, "Tags": one.Tags})
		}
	}
	return out
}

func (s small) outside(kind, name string) any { return newUnset("zvar000z") }

// What a template becomes is, for each service, what becomes of the configuration that consul-template would write for a small catalogue.
func TestTemplatesAndWhatTheyAreRenderedTo(t *testing.T) {
	services := small{{Name: "harbour-web"}, {Name: "maps", Tags: Tags{"public", "rpc"}}, {Name: "mail", Tags: Tags{"v1"}}}
	tags := map[string]string{"ctm-3-tagfilter.ctmpl": "public", "ctm-4-haproxy.ctmpl": "rpc"}
	for _, name := range names {
		f := file(t, name)
		tree, err := read(name, f.Text)
		if err != nil {
			t.Fatal(err)
		}
		r, err := tree.render(name, services)
		if err != nil {
			t.Fatal(err)
		}
		text := convert.File{Name: name, Text: r.text}
		var plain *convert.Result
		if haproxy.Is(r.text) {
			plain = haproxy.Convert([]convert.File{text}, nil)
		} else {
			plain = nginx.Convert([]convert.File{text}, nginx.Options{})
		}
		var want, got []string
		for _, route := range plain.Routes {
			want = append(want, route.Lines()...)
		}
		for _, route := range Convert(f, Options{}).Routes {
			for _, line := range route.Lines() {
				if !route.Offered {
					got = append(got, strings.ReplaceAll(line, "service=harbour-web", "to=10.0.0.1:80"))
					continue
				}
				for i, s := range services {
					if tags[name] == "" || s.Tags.Contains(tags[name]) {
						line := strings.ReplaceAll(line, "service=name", "to=10.0.0."+string(rune('1'+i))+":80")
						for _, at := range []string{"/", "=", "^/", "\"^/"} {
							line = strings.ReplaceAll(line, at+"name", at+s.Name)
						}
						got = append(got, strings.Replace(line, "name.parks", s.Name+".parks", 1))
					}
				}
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(want, got) {
			t.Errorf("%s: what is rendered becomes\n%s\n\nthe template\n%s", name, strings.Join(want, "\n"), strings.Join(got, "\n"))
		}
	}
}
