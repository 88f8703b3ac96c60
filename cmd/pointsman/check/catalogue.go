package check

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// Catalogue is the report about what a catalogue and the lines in it hold now.
func Catalogue(ctx context.Context, from discovery.HomeCatalogue, lines discovery.TextLister, o Options) (*Report, error) {
	view, err := discovery.ReadOnce(ctx, from)
	if err != nil {
		return nil, err
	}
	texts, err := lines.Texts(ctx, discovery.Query{})
	if err != nil {
		return nil, fmt.Errorf("read the lines of routes: %w", err)
	}
	view.Texts = slices.Concat(o.Files, texts.Texts)
	report := &Report{}
	read, passed := newReadings(o.Routing, view), 0
	for _, block := range view.Services {
		s := readService(block, o.Languages)
		read.tell(s)
		if len(s.Results) == 0 {
			passed++
			continue
		}
		report.Services = append(report.Services, s.ServiceReport)
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
func readService(block *discovery.Service, l dialect.Languages) *member {
	s := &member{ServiceReport: &ServiceReport{Service: block.Name, Instances: len(block.Instances)}, labels: map[string]*Result{}}
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
func (r *readings) lines(view *discovery.Snapshot, report *Report) {
	for _, v := range r.table.Verdicts() {
		if slices.ContainsFunc(view.Services, func(s *discovery.Service) bool { return s.Name == v.Service }) {
			continue
		}
		at := slices.IndexFunc(report.Services, func(s *ServiceReport) bool { return s.Service == v.Service })
		if at < 0 {
			report.Services = append(report.Services, &ServiceReport{Service: v.Service})
			at = len(report.Services) - 1
		}
		l := &Result{Kind: "line", Source: strings.TrimSpace(v.Instance + " " + strings.Join(v.Sources, ", "))}
		l.say(v.Verdict)
		report.Services[at].Results = append(report.Services[at].Results, l)
	}
}
