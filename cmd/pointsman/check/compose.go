package check

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/memory"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/routing"
	"github.com/pointsman/pointsman/registrator"
	"github.com/pointsman/pointsman/registrator/compose"
)

// Host is the address that stands for the host's (RFC 5737: it is nobody's).
const Host = "192.0.2.1"

// Options are what the registrator and the proxy would be told.
type Options struct {
	Registrator registrator.Options
	Languages   dialect.Languages
	Routing     routing.Options
	// Files are what the operator's files say. They come before the lines of a catalogue.
	Files []*discovery.Text
}

// composed takes the containers of a Compose file through the registrator and the proxy.
type composed struct {
	options   registrator.Options
	languages dialect.Languages
	project   *compose.Project
	catalogue *memory.Catalogue
	report    *Report
	services  []*member
}

// member is one of the file's services, and what is registered of it.
type member struct {
	*ServiceReport
	of        *compose.Service
	container registrator.Container // the first of them
	labels    map[string]*Result
	tags      []string                   // that are collected, as the languages get them
	first     []registrator.Registration // of that container
	ids       []string                   // of all registrations
	spoken    bool                       // some label or variable is about a route or a registration
}

// Compose is the report about a Compose file. Its error is that of ctx, or of the catalogue that the containers are registered in.
func Compose(ctx context.Context, project *compose.Project, o Options) (*Report, error) {
	k := &composed{options: o.Registrator, languages: o.Languages, project: project, report: &Report{Notes: slices.Clone(project.Notes)},
		catalogue: memory.NewCatalogue(memory.Options{Node: "check", Address: Host})}
	if project.Version1 {
		k.report.Notes = append(k.report.Notes, "a file of Compose's first version: its services stand at the top")
	}
	for _, s := range project.Services {
		if err := k.register(ctx, s); err != nil {
			return nil, err
		}
	}
	k.nginxProxies()
	view, err := discovery.ReadOnce(ctx, k.catalogue)
	if err != nil {
		return nil, err
	}
	view.Texts = slices.Concat(o.Files, view.Texts)
	read := newReadings(o.Routing, view)
	for _, s := range k.services {
		read.tell(s)
		s.conclude()
	}
	read.unasked(k.report)
	read.lines(view, k.report)
	k.report.count()
	return k.report, nil
}

// register takes the containers of a service through the registrator.
func (k *composed) register(ctx context.Context, of *compose.Service) error {
	s := &member{ServiceReport: &ServiceReport{Service: of.Name, Image: of.Image, Instances: of.Scale, Notes: of.Notes}, of: of, labels: map[string]*Result{}}
	k.services = append(k.services, s)
	k.report.Services = append(k.report.Services, s.ServiceReport)
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
	k.registrations(s)
	s.variables(registrator.VariableUses(s.container, owner, k.options))
	k.complaints(s, complaints)
	return nil
}
