package routing

import (
	"reflect"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
)

func TestCauseNamesServiceInstanceTagAndIndex(t *testing.T) {
	web := func(index uint64, instances ...discovery.Instance) *discovery.Snapshot {
		s := fixture.Snapshot(instances...)
		for i := range s.Services {
			s.Services[i].Index = index
		}
		return s
	}
	one, two := fixture.Instance("web", "10.0.0.1", 80, "urlprefix-a.io/"), fixture.Instance("web", "10.0.0.2", 80, "urlprefix-a.io/")
	tagged := fixture.Instance("web", "10.0.0.1", 80, "urlprefix-a.io/", "urlprefix-b.io/")
	sick := one
	sick.Status = discovery.Critical
	first := web(7, one)
	first.Cause = "first view"
	table := newTable(Options{}).Next(first)
	if c := table.Cause; c.String() != "first view" || len(c.Changes) != 0 {
		t.Errorf("first table: %+v", c)
	}
	for _, step := range []struct {
		snapshot *discovery.Snapshot
		want     Change
		words    string
	}{
		{web(8, one, two), Change{Service: "web", Added: 1, Instance: two.ID, Tag: "urlprefix-a.io/", Index: 8}, "web: 1 instance added"},
		{web(9, tagged, two), Change{Service: "web", Changed: 1, Instance: one.ID, Tag: "urlprefix-b.io/", Index: 9}, "web: 1 instance changed"},
		{web(10, one, two), Change{Service: "web", Changed: 1, Instance: one.ID, Tag: "urlprefix-b.io/", Index: 10}, "web: 1 instance changed"},
		{web(11, sick, two), Change{Service: "web", Changed: 1, Instance: one.ID, Index: 11}, "web: 1 instance changed"},
		{web(12, two), Change{Service: "web", Removed: 1, Instance: one.ID, Tag: "urlprefix-a.io/", Index: 12}, "web: 1 instance removed"},
		{web(0), Change{Service: "web", Removed: 1, Instance: two.ID, Tag: "urlprefix-a.io/"}, "web: 1 instance removed"},
	} {
		table = table.Next(step.snapshot)
		if c := table.Cause; !reflect.DeepEqual(c.Changes, []Change{step.want}) || c.String() != step.words {
			t.Errorf("%s: %+v, want %+v", step.words, c, step.want)
		}
	}
}

func TestCauseIsBounded(t *testing.T) {
	var all []discovery.Instance
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		all = append(all, fixture.Instance(name, "10.0.0.1", 80, "urlprefix-"+name+".io/"))
	}
	table := newTable(Options{}).Next(fixture.Snapshot()).Next(fixture.Snapshot(all...))
	if c := table.Cause; len(c.Changes) != maxChanges || c.More != 2 || c.String() != "a: 1 instance added, b: 1 instance added, c: 1 instance added, and more" {
		t.Errorf("%+v %s", c, c)
	}
}

// A password in a tag that came is not among what people are told of the table.
func TestCauseKeepsSecretsToItself(t *testing.T) {
	const plain = "pointsman.route=a.io/"
	first := newTable(Options{}).Next(fixture.Snapshot(web(1, plain)))
	for _, secret := range []string{plain + " auth=basic:me:$2y$05$W6ph5Mm5Pz8GgiULbPgzG.", plain + " request-header=set:Authorization:W6ph5Mm5", "traefik.http.middlewares.a.basicauth.users=me:W6ph5Mm5"} {
		next := first.Next(fixture.Snapshot(web(1, secret)))
		c := next.Cause.Changes[0]
		if strings.Contains(c.Tag, "W6ph5") || !strings.Contains(c.Tag, secret[:12]) {
			t.Errorf("%q is told as %q", secret, c.Tag)
		}
		if back := next.Next(fixture.Snapshot(web(1, plain))); back.Cause.Changes[0].Tag != plain {
			t.Errorf("%+v", back.Cause.Changes)
		}
	}
}
