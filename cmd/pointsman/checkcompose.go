package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/memory"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/registrator"
	"github.com/pointsman/pointsman/registrator/compose"
)

// checkHost is the address that stands for the host's (RFC 5737: it is nobody's).
const checkHost = "192.0.2.1"

// composeCheck takes the containers of a Compose file through the registrator and the proxy.
type composeCheck struct {
	options   registrator.Options
	languages dialect.Languages
	project   *compose.Project
	catalogue *memory.Catalogue
	report    *checkReport
	services  []*composeService
}

// composeService is one of the file's services, and what is registered of it.
type composeService struct {
	*checkedService
	of        *compose.Service
	container registrator.Container // the first of them
	labels    map[string]*checkedLabel
	tags      []string                   // that are collected, as the languages get them
	first     []registrator.Registration // of that container
	ids       []string                   // of all registrations
	spoken    bool                       // some label or variable is about a route or a registration
}

// checkCompose is the report about a Compose file.
func (c *checkFlags) checkCompose(ctx context.Context, file string) (*checkReport, error) {
	project, err := compose.Read(ctx, file, compose.Options{EnvFiles: c.envFiles, Environ: c.environ})
	if err != nil {
		return nil, err
	}
	k := &composeCheck{options: c.registers(), languages: c.known.all(), project: project, report: &checkReport{Notes: project.Notes},
		catalogue: memory.NewCatalogue(memory.Options{Node: "check", Address: checkHost})}
	if project.Version1 {
		k.report.Notes = append(k.report.Notes, "a file of Compose's first version: its services stand at the top")
	}
	for _, s := range project.Services {
		if err := k.register(ctx, s); err != nil {
			return nil, err
		}
	}
	k.nginxProxies()
	view, err := viewOf(ctx, k.catalogue, k.catalogue)
	if err != nil {
		return nil, err
	}
	if err := c.addFile(view); err != nil {
		return nil, err
	}
	read := newReadings(c.routing(), view)
	for _, s := range k.services {
		read.tell(s)
		s.conclude()
	}
	read.unasked(k.report)
	read.lines(view, k.report)
	k.report.count()
	return k.report, nil
}

// registers are the options of the registrator.
func (c *checkFlags) registers() registrator.Options {
	return registrator.Options{Host: "check", HostIP: checkHost, Internal: c.internal, Explicit: c.explicit, Labels: labels(labelledNames(), c.secrets)}
}

// register takes the containers of a service through the registrator.
func (k *composeCheck) register(ctx context.Context, of *compose.Service) error {
	s := &composeService{checkedService: &checkedService{Service: of.Name, Image: of.Image, Instances: of.Scale, Notes: of.Notes}, of: of, labels: map[string]*checkedLabel{}}
	k.services = append(k.services, s)
	k.report.Services = append(k.report.Services, s.checkedService)
	if of.Err != nil {
		s.Error = of.Err.Error()
		return nil
	}
	if len(of.Profiles) > 0 {
		s.Notes = append(s.Notes, "it is started with the profile "+strings.Join(of.Profiles, " or ")+" only")
	}
	if len(of.Containers) == 0 {
		s.Notes = append(s.Notes, "it has no containers")
		return nil
	}
	owner := k.project.NetworkOwner(of)
	s.container = of.Containers[0]
	k.collect(s)
	assumed := k.assume(s, owner)
	var complaints []registrator.Complaint
	for i, c := range of.Containers {
		if assumed {
			c = exposing(c, assumedPort)
		}
		list, said := registrator.Desired(c, owner, k.options)
		if i == 0 {
			s.container, s.first, complaints = c, list, said
		}
		for _, one := range list {
			s.ids = append(s.ids, one.ID)
			one.Checks = nil // nobody makes them here
			if err := k.catalogue.Register(ctx, one); err != nil {
				s.about(dialect.Verdict{Kind: dialect.VerdictRefused, Reason: fmt.Sprintf("not registered: %v", err)}, s.find)
			}
		}
	}
	s.registrations()
	s.variables(registrator.VariableUses(s.container, owner, k.options))
	k.complaints(s, complaints)
	return nil
}

// viewOf is what a catalogue holds now.
func viewOf(ctx context.Context, catalogue discovery.Catalogue, home interface{ Home() (string, string) }) (*discovery.Snapshot, error) {
	list, err := catalogue.List(ctx, discovery.Query{})
	if err != nil {
		return nil, err
	}
	view := &discovery.Snapshot{}
	for _, name := range slices.Sorted(maps.Keys(list.Services)) {
		answer, err := catalogue.Instances(ctx, name, discovery.Query{})
		if err != nil {
			return nil, fmt.Errorf("read service %s: %w", printable(name), err)
		}
		slices.SortFunc(answer.Instances, func(a, b discovery.Instance) int { return a.Compare(b.Identity) })
		view.Services = append(view.Services, &discovery.Service{Name: name, Instances: answer.Instances, Index: answer.Index})
	}
	view.Datacenter, view.Node = home.Home()
	return view, nil
}
