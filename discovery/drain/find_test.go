package drain

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/discovery"
)

var long = strings.Repeat("ab", 32)

func of(node, id, container string) discovery.Instance {
	return discovery.Instance{Service: "web", Status: discovery.Passing, Registered: true, Container: container,
		Identity: discovery.Identity{Node: node, ID: id, Address: "10.0.0.1", Port: len(node) + len(id)}}
}

func TestFind(t *testing.T) {
	all := []*discovery.Service{{Name: "web", Instances: []discovery.Instance{
		of("n", "h:web-1:80", long), of("n", "h:web-1:8080", long), of("n", "h:twin:80", "x"), of("m", "g:twin:80:", "y"), of("m", "plain", ""), of("m", "same", ""), of("n", "same", ""),
	}}}
	for name, want := range map[string]string{
		"h:web-1:80": "h:web-1:80", "web-1": "h:web-1:80 h:web-1:8080", long[:12]: "h:web-1:80 h:web-1:8080", "plain": "plain", "h:web-1": "h:web-1:80 h:web-1:8080",
		"h:twin": "h:twin:80", "g:twin": "g:twin:80:", "n/same": "same", "m/same": "same", "n/h:web-1:80": "h:web-1:80",
		"m/h:web-1:80": "!no instance", long[:11]: "!no instance", "none": "!no instance", "h:web": "!no instance", "": "!no instance",
		"twin": `!"twin" may be "n/h:twin:80" or "m/g:twin:80:"`, "same": `!"same" may be "m/same" or "n/same"`,
	} {
		found, err := Find(all, name)
		var ids []string
		for _, f := range found {
			ids = append(ids, f.ID)
		}
		wrong, refused := strings.CutPrefix(want, "!")
		if got := strings.Join(ids, " "); !refused && (err != nil || got != want) || refused && (err == nil || !strings.Contains(err.Error(), wrong)) {
			t.Errorf("%q: %s, %v; want %s", name, got, err, want)
		}
	}
}

// A drain is found by the names of its instance, and where only one of several is drained, by a name that they share.
func TestDrainsOfAName(t *testing.T) {
	one, two, gone := of("m", "same", ""), of("n", "same", ""), of("n", "gone", "")
	all := []*discovery.Service{{Name: "web", Instances: []discovery.Instance{one, two}}}
	drains := func(list ...discovery.Instance) (out []Drain) {
		for i := range list {
			out = append(out, newDrain(&list[i], time.Now().Add(time.Hour), ""))
		}
		return out
	}
	for _, c := range []struct {
		drained    []Drain
		name, want string
	}{
		{drains(one, two), "same", "!may be"}, {drains(one, two), "n/same", "n/same"}, {drains(one), "same", "m/same"}, {drains(gone), "gone", "n/gone"},
		{drains(gone), "n/gone", "n/gone"}, {drains(one), "n/same", ""}, {drains(), "same", "!may be"}, {drains(), "none", ""},
	} {
		list, err := Of(c.drained, all, c.name)
		var names []string
		for i := range list {
			names = append(names, Named(list[i].Node, list[i].Instance))
		}
		wrong, refused := strings.CutPrefix(c.want, "!")
		if got := strings.Join(names, " "); !refused && (err != nil || got != c.want) || refused && (err == nil || !strings.Contains(err.Error(), wrong)) {
			t.Errorf("%q: %s, %v; want %s", c.name, got, err, c.want)
		}
	}
}

func TestLast(t *testing.T) {
	all := []*discovery.Service{{Name: "web", Instances: []discovery.Instance{of("n", "a", ""), of("n", "bb", ""), of("m", "ccc", "")}}}
	some := slices.Clone(all[0].Instances[:2])
	if err := last(all, nil, some); err != nil {
		t.Error(err)
	}
	if err := last(all, []Drain{newDrain(&all[0].Instances[2], time.Now().Add(time.Hour), "")}, some); err != (LastError{"web", 1}) {
		t.Error(err)
	}
	if err := last(all, nil, all[0].Instances); err != (LastError{"web", 0}) {
		t.Error(err)
	}
	all[0].Instances[2].Status = discovery.Critical
	if err := last(all, nil, some); err != (LastError{"web", 0}) {
		t.Error(err)
	}
	if err := last(all, nil, all[0].Instances[2:]); err != nil { // it takes none anyhow
		t.Error(err)
	}
}
