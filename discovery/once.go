package discovery

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// HomeCatalogue is a Catalogue that says where it is.
type HomeCatalogue interface {
	Catalogue
	Home() (datacenter, node string)
}

// ReadOnce is what a catalogue holds now, without watching it: for commands that look once. Instances are sorted by their Identity. Its Texts are not
// read. The error is the catalogue's, with the name of the service that could not be read.
func ReadOnce(ctx context.Context, c HomeCatalogue) (*Snapshot, error) {
	list, err := c.List(ctx, Query{})
	if err != nil {
		return nil, err
	}
	s := &Snapshot{}
	for _, name := range slices.Sorted(maps.Keys(list.Services)) {
		answer, err := c.Instances(ctx, name, Query{})
		if err != nil {
			return nil, fmt.Errorf("read service %.200q: %w", name, err)
		}
		slices.SortFunc(answer.Instances, func(a, b Instance) int { return a.Compare(b.Identity) })
		s.Services = append(s.Services, &Service{Name: name, Instances: answer.Instances, Index: answer.Index})
	}
	s.Datacenter, s.Node = c.Home()
	return s, nil
}
