package main

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/names"
	"github.com/pointsman/pointsman/discovery/text"
	"github.com/pointsman/pointsman/proxy/dialect/traefik"
	"github.com/pointsman/pointsman/proxy/routing"
)

// follow adds what is followed beside the catalogue: the routes file, and the names that lines lead to.
func (h *dataPath) follow(a *actors, resolver *names.Resolver) error {
	a.support(resolver.Run)
	all := &fileTexts{publish: h.watcher.SetTexts}
	for _, f := range []struct{ flag, path, what, language string }{
		{"-routes-file", h.flags.routesFile, "the routes file", ""}, {"-traefik-file", h.flags.traefikFile, "Traefik's file", traefik.Name},
	} {
		if f.path == "" {
			continue
		}
		if f.language == traefik.Name {
			if err := checkTraefikFile(f.path); err != nil {
				return fmt.Errorf("%s: %w", f.flag, err)
			}
		}
		file, err := text.Open(f.path, f.language, func(t *discovery.Text) {
			if f.language == traefik.Name {
				h.ports.present(t, h.log)
			}
			all.set(t)
		}, h.log)
		if err != nil {
			return fmt.Errorf("%s: %w", f.flag, err)
		}
		a.reread(f.what+" "+f.path, file.Reload)
		a.support(file.Run)
	}
	return nil
}

// fileTexts are the texts of all files. Safe for concurrent use.
type fileTexts struct {
	publish func([]*discovery.Text)

	mu     sync.Mutex
	byName map[string]*discovery.Text
}

// set puts a text in the place of the one of its name, and publishes all.
func (f *fileTexts) set(t *discovery.Text) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.byName == nil {
		f.byName = map[string]*discovery.Text{}
	}
	f.byName[t.Name] = t
	f.publish(slices.Collect(maps.Values(f.byName)))
}

// refer finds what lines name, and has the hosts among it resolved.
func refer(o routing.Options, resolver *names.Resolver) func([]*discovery.Text) discovery.References {
	return func(texts []*discovery.Text) discovery.References {
		named := o.Refer(texts)
		resolver.Follow(named.Hosts)
		return named
	}
}
