package dialect

import (
	"fmt"
	"slices"
	"strings"
)

// ByTLS takes listeners apart into those without TLS and those with it, for what languages ask of one of the two alone. Nil stands for all that
// there are. Whether a listener speaks TLS is told by the entry points web and websecure; of one that is neither it is not known, and the route
// has to be refused.
func (e Env) ByTLS(on []string) (plain, secure []string, err error) {
	allPlain, err := e.EntryPoints.Listeners([]string{"web"})
	if err != nil {
		return nil, nil, err
	}
	allSecure, err := e.EntryPoints.Listeners([]string{"websecure"})
	if err != nil {
		return nil, nil, err
	}
	for _, l := range on {
		if !slices.Contains(allPlain, l) && !slices.Contains(allSecure, l) {
			return nil, nil, fmt.Errorf("whether the listener %s is one for TLS is not known", shown(l))
		}
	}
	there := func(l string) bool { return e.Listeners == "" || slices.Contains(strings.Split(e.Listeners, ","), l) }
	if on == nil {
		on = slices.DeleteFunc(slices.Concat(allPlain, allSecure), func(l string) bool { return !there(l) })
	} else if slices.ContainsFunc(on, there) { // else the line tells that there is none of them
		on = slices.DeleteFunc(slices.Clone(on), func(l string) bool { return !there(l) })
	}
	in := func(list []string) (out []string) {
		for _, l := range list {
			if slices.Contains(on, l) {
				out = append(out, l)
			}
		}
		return out
	}
	return in(allPlain), in(allSecure), nil
}
