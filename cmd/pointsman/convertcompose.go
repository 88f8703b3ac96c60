package main

import (
	"context"
	"strings"

	"github.com/pointsman/pointsman/registrator/compose"
)

// composeName takes any name of one label for a Compose service.
func composeName(name string) (string, bool) {
	return name, !strings.ContainsAny(name, ".:/") && name != "localhost"
}

// composeNames are the names by which containers of a Compose file reach each other: those of services, and of containers.
func composeNames(ctx context.Context, file string) (func(name string) (string, bool), error) {
	if file == "" {
		return composeName, nil
	}
	project, err := compose.Read(ctx, file, compose.Options{})
	if err != nil {
		return nil, err
	}
	known := map[string]string{}
	for _, s := range project.Services {
		for _, c := range s.Containers {
			known[strings.TrimPrefix(c.Name, "/")] = s.Name
		}
	}
	for _, s := range project.Services {
		known[s.Name] = s.Name
	}
	return func(name string) (string, bool) {
		service, ok := known[name]
		return service, ok
	}, nil
}
