package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/consul"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// checkConsul is the report about what a catalogue in Consul holds now.
func (c *checkFlags) checkConsul(ctx context.Context, config consul.Config) (*checkReport, error) {
	catalogue, err := consul.NewCatalogue(consul.Options{Config: config, Log: zerolog.Nop()})
	if err != nil {
		return nil, err
	}
	view, err := viewOf(ctx, catalogue, catalogue)
	if err != nil {
		return nil, err
	}
	texts, err := catalogue.Texts(ctx, discovery.Query{})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", consul.RoutesPrefix, err)
	}
	view.Texts = texts.Texts
	if err := c.addFile(view); err != nil {
		return nil, err
	}
	report := &checkReport{}
	read, passed := newReadings(c.routing(), view), 0
	for _, block := range view.Services {
		s := readService(block, c.known.all())
		read.tell(s)
		if len(s.Results) == 0 {
			passed++
			continue
		}
		report.Services = append(report.Services, s.checkedService)
	}
	if passed > 0 {
		report.Notes = append(report.Notes, fmt.Sprintf("services without a label or tag that asks for a route: %d", passed))
	}
	read.unasked(report)
	read.lines(view, report)
	report.count()
	return report, nil
}

// readService lists the tags of a service's instances that languages read.
func readService(block *discovery.Service, l dialect.Languages) *composeService {
	s := &composeService{checkedService: &checkedService{Service: block.Name, Instances: len(block.Instances)}, labels: map[string]*checkedLabel{}}
	for i := range block.Instances {
		in := &block.Instances[i]
		s.ids = append(s.ids, in.ID)
		for _, tag := range in.Tags {
			if s.labels[dialect.Source(tag)] == nil && l.Wants([]string{tag}) {
				s.Results = append(s.Results, s.label("tag", tag))
			}
		}
	}
	return s
}

// lines adds what became of lines that stand in no tag, but for what is in effect as it was written. They stand under what holds them.
func (r *readings) lines(view *discovery.Snapshot, report *checkReport) {
	for _, v := range r.table.Verdicts() {
		if slices.ContainsFunc(view.Services, func(s *discovery.Service) bool { return s.Name == v.Service }) {
			continue
		}
		at := slices.IndexFunc(report.Services, func(s *checkedService) bool { return s.Service == v.Service })
		if at < 0 {
			report.Services = append(report.Services, &checkedService{Service: v.Service})
			at = len(report.Services) - 1
		}
		l := &checkedLabel{Kind: "line", Source: strings.TrimSpace(v.Instance + " " + strings.Join(v.Sources, ", "))}
		l.say(v.Verdict)
		report.Services[at].Results = append(report.Services[at].Results, l)
	}
}
