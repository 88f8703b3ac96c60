package drain

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/discovery"
)

// leastID is the shortest beginning of a container's id that is taken for one: what docker ps shows.
const leastID = 12

// Find is the instances that people call by a name: an instance's own ID, a container's id or its beginning, or a container's name as it stands in the
// ID of the registration (HOST:NAME:PORT). One container may be several. A name that means containers of several hosts is an error.
func Find(all []*discovery.Service, name string) ([]discovery.Instance, error) {
	if name == "" {
		return nil, fmt.Errorf("%w without a name", ErrNotFound)
	}
	for _, means := range []func(*discovery.Instance) bool{
		func(in *discovery.Instance) bool { return in.ID == name },
		func(in *discovery.Instance) bool {
			return in.Container != "" && len(name) >= leastID && strings.HasPrefix(in.Container, name)
		},
		func(in *discovery.Instance) bool { return in.Registered && containerName(in.ID) == name },
	} {
		var found []discovery.Instance
		for _, s := range all {
			for i := range s.Instances {
				if means(&s.Instances[i]) {
					found = append(found, s.Instances[i])
				}
			}
		}
		if len(found) == 0 {
			continue
		}
		for i := range found {
			if a, b := &found[0], &found[i]; a.Node != b.Node && (a.Container == "" || a.Container != b.Container) || hostOf(a.ID) != hostOf(b.ID) {
				return nil, fmt.Errorf("%q may be %s or %s: say which", name, shown(&found[0]), shown(&found[i]))
			}
		}
		return found, nil
	}
	return nil, fmt.Errorf("%w %.200q", ErrNotFound, name)
}

// ErrNotFound says that the catalogue has no instance of a name.
var ErrNotFound = errors.New("the catalogue has no instance")

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

func shown(in *discovery.Instance) string { return fmt.Sprintf("%.200q on %.100q", in.ID, in.Node) }

// Last says which service would have no usable instance any more without the given ones and those that are drained already; "" for none. One that has none
// anyhow does not count.
func Last(all []*discovery.Service, drained []Drain, without []discovery.Instance) string {
	for _, s := range all {
		left, lost := 0, 0
		for i := range s.Instances {
			in := &s.Instances[i]
			switch {
			case !in.Usable():
			case slices.ContainsFunc(drained, func(d Drain) bool { of := d.of(); return of.Of(in) }):
			case slices.ContainsFunc(without, func(w discovery.Instance) bool { of := discovery.Drain{Identity: w.Identity}; return of.Of(in) }):
				lost++
			default:
				left++
			}
		}
		if left == 0 && lost > 0 {
			return s.Name
		}
	}
	return ""
}
