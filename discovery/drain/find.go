package drain

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pointsman/pointsman/discovery"
)

// leastID is the shortest beginning of a container's id that is taken for one: what docker ps shows.
const leastID = 12

// ErrNotFound says that the catalogue has no instance of a name.
var ErrNotFound = errors.New("the catalogue has no instance")

// Find is the instances that people call by a name: an instance's own ID, or NODE/ID where several nodes have one of that ID; a container's id or its
// beginning; or a container's name as it stands in the ID of the registration (HOST:NAME:PORT), also with the host before it (HOST:NAME). One
// container may be several. A name that means instances of several hosts is an error that says how to name each.
func Find(all []*discovery.Service, name string) ([]discovery.Instance, error) {
	if name == "" {
		return nil, fmt.Errorf("%w without a name", ErrNotFound)
	}
	for _, means := range []func(*discovery.Instance) bool{
		func(in *discovery.Instance) bool { return in.ID == name },
		func(in *discovery.Instance) bool { return Named(in.Node, in.ID) == name },
		func(in *discovery.Instance) bool {
			return in.Container != "" && len(name) >= leastID && strings.HasPrefix(in.Container, name)
		},
		func(in *discovery.Instance) bool { return in.Registered && containerName(in.ID) == name },
		func(in *discovery.Instance) bool {
			return in.Registered && hostOf(in.ID) != "" && hostOf(in.ID)+":"+containerName(in.ID) == name
		},
	} {
		var found []discovery.Instance
		for _, s := range all {
			for i := range s.Instances {
				if means(&s.Instances[i]) {
					found = append(found, s.Instances[i])
				}
			}
		}
		if len(found) > 0 {
			return found, ambiguous(name, found)
		}
	}
	return nil, fmt.Errorf("%w %.200q", ErrNotFound, name)
}

// Named is the name that no other instance has.
func Named(node, id string) string { return node + "/" + id }

// ambiguous is an error where instances are not all one container's, or of one node.
func ambiguous(name string, found []discovery.Instance) error {
	a := &found[0]
	for i := range found[1:] {
		b := &found[1+i]
		if a.Node != b.Node && (a.Container == "" || a.Container != b.Container) || hostOf(a.ID) != hostOf(b.ID) {
			return fmt.Errorf("%.200q may be %.400q or %.400q: say which", name, Named(a.Node, a.ID), Named(b.Node, b.ID))
		}
	}
	return nil
}

// Of are the drains of instances that people call by a name, also of those that the catalogue no longer has. A name that means several nodes' is an
// error.
func Of(list []Drain, all []*discovery.Service, name string) (out []Drain, err error) {
	found, err := Find(all, name)
	if err != nil && !errors.Is(err, ErrNotFound) {
		found = nil // perhaps only one of them is drained
	}
	for _, d := range list {
		meant := d.Instance == name || Named(d.Node, d.Instance) == name
		for i := range found {
			meant = meant || found[i].ID == d.Instance && found[i].Node == d.Node
		}
		if meant {
			out = append(out, d)
		}
	}
	for i := range out {
		if a, b := &out[0], &out[i]; len(found) == 0 && a.Node != b.Node {
			return nil, fmt.Errorf("%.200q may be %.400q or %.400q: say which", name, Named(a.Node, a.Instance), Named(b.Node, b.Instance))
		}
	}
	if len(out) == 0 && len(found) == 0 && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	return out, nil
}

// containerName is the middle of HOST:NAME:PORT, "" of another form.
func containerName(id string) string {
	parts := strings.Split(id, ":")
	if len(parts) < 3 {
		return ""
	}
	return parts[1]
}

func hostOf(id string) string {
	host, _, _ := strings.Cut(id, ":")
	if containerName(id) == "" {
		return ""
	}
	return host
}
