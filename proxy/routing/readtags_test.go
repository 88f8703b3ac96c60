package routing

import (
	"strings"
	"testing"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// Each tag is told of, also those that are in effect as they are written, and tags that many instances have once.
func TestTagsAreReadTagByTag(t *testing.T) {
	tags := []string{"pointsman.route=a.io/ auth=basic:anna:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "pointsman.route.b=b.io/ speed=9", "urlprefix-/x allow=nobody", "v2"}
	list := []discovery.Instance{fixture.Instance("web", "10.0.0.1", 80, tags...), fixture.Instance("web", "10.0.0.2", 80, tags...), fixture.Instance("web", "10.0.0.3", 80, "urlprefix-/y"), fixture.Instance("old", "10.0.0.4", 80)}
	table := newTable(Options{}).Next(fixture.Snapshot(list...))
	var got []string
	for _, v := range table.ReadTags("web") {
		if strings.Contains(v.Tag+v.Route, "W6ph5") {
			t.Errorf("it shows a password: %+v", v)
		}
		name, _, _ := strings.Cut(v.Tag, " ")
		route, _, _ := strings.Cut(v.Route, " ")
		got = append(got, v.Language+" "+name+" "+v.Kind.String()+" "+route)
		if (v.Reason == "") != (v.Kind.String() == "used") {
			t.Errorf("%+v", v)
		}
	}
	want := "native pointsman.route.b=b.io/ partly b.io/|fabio urlprefix-/x refused /x|native pointsman.route=a.io/ used a.io/|fabio urlprefix-/y used /y"
	if all := strings.Join(got, "|"); all != want {
		t.Errorf("%s\nwant %s", all, want)
	}
	if n := len(table.ReadTags("old")) + len(table.ReadTags("none")) + len((*Table)(nil).ReadTags("web")); n > 0 {
		t.Errorf("%d of nothing", n)
	}
}
