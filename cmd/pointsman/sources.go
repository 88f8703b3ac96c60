package main

import (
	"fmt"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/names"
	"github.com/pointsman/pointsman/discovery/text"
	"github.com/pointsman/pointsman/proxy/routing"
)

// follow adds what is followed beside the catalogue: the routes file, and the names that lines lead to.
func (h *dataPath) follow(a *actors, resolver *names.Resolver) error {
	a.support(resolver.Run)
	if h.flags.routesFile == "" {
		return nil
	}
	file, err := text.Open(h.flags.routesFile, h.watcher.SetTexts, h.log)
	if err != nil {
		return fmt.Errorf("-routes-file: %w", err)
	}
	a.reread("the routes file "+h.flags.routesFile, file.Reload)
	a.support(file.Run)
	return nil
}

// refer finds what lines name, and has the hosts among it resolved.
func refer(o routing.Options, resolver *names.Resolver) func([]*discovery.Text) discovery.References {
	return func(texts []*discovery.Text) discovery.References {
		named := o.Refer(texts)
		resolver.Follow(named.Hosts)
		return named
	}
}
