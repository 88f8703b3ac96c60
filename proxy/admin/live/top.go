package live

import (
	"cmp"
	"slices"
	"time"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/proxy/routing"
)

// By is a figure by which a viewer wants the services or routes with the largest. "" is none.
type By string

// The figures by which services and routes are ordered: ByLatency is the mean of routes, which have no quantiles.
const (
	ByRate     By = "rate"
	ByErrors   By = "errors"
	ByP50      By = "p50"
	ByP99      By = "p99"
	ByInFlight By = "in_flight"
	ByLatency  By = "latency"
)

// OfServices and OfRoutes are the figures that there are.
var (
	OfServices = []By{ByRate, ByErrors, ByP50, ByP99, ByInFlight}
	OfRoutes   = []By{ByRate, ByErrors, ByLatency}
)

// ranked is something with the figure by which it is ordered.
type ranked struct {
	name  string
	value float64
}

// largest are the names of the first MostNames by a figure. What has none, or 0, is not among them: it is like all the others.
func largest(list []ranked) (names []string) {
	list = slices.DeleteFunc(list, func(r ranked) bool { return r.value <= 0 })
	slices.SortFunc(list, func(a, b ranked) int { return cmp.Or(cmp.Compare(b.value, a.value), cmp.Compare(a.name, b.name)) })
	for _, r := range list[:min(len(list), MostNames)] {
		names = append(names, r.name)
	}
	return names
}

// tops finds what is wanted because it is large, and adds it to what is shown.
func (r *reading) tops(t *routing.Table, all *wishes, now time.Time, span float64) {
	if len(all.routes)+len(all.topRoutes) > 0 {
		r.findRoutes(t)
	}
	for by := range all.topServices {
		names := r.topServices(t, by, span)
		all.topServices[by] = names
		for _, name := range names {
			all.services[name] = struct{}{}
		}
	}
	for by := range all.topRoutes {
		names := r.topRoutes(by, now)
		all.topRoutes[by] = names
		for _, id := range names {
			all.routes[id] = struct{}{}
		}
	}
}

// topServices are those with the largest figures.
func (r *reading) topServices(t *routing.Table, by By, span float64) []string {
	var list []ranked
	for name := range t.Names() {
		list = append(list, ranked{name, r.figureOf(t, name, by, span)})
	}
	return largest(list)
}

func (r *reading) figureOf(t *routing.Table, name string, by By, span float64) float64 {
	if by == ByInFlight {
		var n int64
		standings, _ := t.Standings(name)
		for x := range standings {
			if x.Upstream != nil {
				n += x.Upstream.InFlight()
			}
		}
		return float64(n)
	}
	f := figuresOf(r.counts.Of(routing.Label(name)), span)
	switch {
	case by == ByErrors:
		return f.Errors
	case by == ByP50 && f.P50 != nil:
		return *f.P50
	case by == ByP99 && f.P99 != nil:
		return *f.P99
	case by == ByRate:
		return f.Rate
	}
	return 0
}

// topRoutes are the ids of those with the largest figures.
func (r *reading) topRoutes(by By, now time.Time) []string {
	var list []ranked
	for id, route := range r.routes {
		list = append(list, ranked{id, figureOfLane(route.Lane, by, now)})
	}
	return largest(list)
}

func figureOfLane(l *balancer.Lane, by By, now time.Time) float64 {
	if by == ByRate {
		return l.Budget.Rate(now)
	}
	errors, mean, _ := l.Answered.Lately(now)
	if by == ByErrors {
		return errors
	}
	return float64(mean)
}
