package routing

import (
	"hash/maphash"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Difference is what one table holds and another one does not hold, or not in this form. What was compiled again and came out the same is
// part of it.
type Difference struct {
	Services []Service // in the order of Table.Services
	Gone     []string  // services
	Routes   []*Route  // as Table.Routes sorts them
	Left     []*Route  // those whose place has no such route any more, likewise
}

// Since tells how t differs from an older table of the same Switch; nil stands for the empty one. Any number of tables may lie between
// them. It reads what the two don't share: one changed service among thousands costs microseconds.
func (t *Table) Since(old *Table) Difference {
	if old == nil {
		old = &Table{index: &index{}}
	}
	var d Difference
	d.services(old.claimants, t.claimants)
	d.services(old.remote, t.remote)
	for i := range t.index.slots.parts {
		d.slots(old.index.slots.parts[i], t.index.slots.parts[i])
	}
	slices.SortFunc(d.Routes, inOrder)
	slices.SortFunc(d.Left, inOrder)
	switch was, is := old.fallback, t.fallback; {
	case is != nil && is != was:
		d.Routes = append(d.Routes, is)
	case is == nil && was != nil:
		d.Left = append(d.Left, was)
	}
	return d
}

// services compares the services of both sides.
func (d *Difference) services(was, is []*claimant) {
	sideBySide(was, is, func(was, is *claimant) {
		if is == nil {
			d.Gone = append(d.Gone, was.text())
		} else {
			d.Services = append(d.Services, is.view())
		}
	})
}

// sideBySide walks two lists of services, which are sorted alike, and calls differ where they do: a side without the service is nil.
func sideBySide(was, is []*claimant, differ func(was, is *claimant)) {
	for len(was) > 0 || len(is) > 0 {
		switch {
		case len(was) > 0 && len(is) > 0 && was[0] == is[0]: // as nearly all are
			was, is = was[1:], is[1:]
		case len(is) == 0 || len(was) > 0 && was[0].before(is[0]):
			differ(was[0], nil)
			was = was[1:]
		case len(was) == 0 || is[0].before(was[0]):
			differ(nil, is[0])
			is = is[1:]
		default:
			differ(was[0], is[0])
			was, is = was[1:], is[1:]
		}
	}
}

// slots compares one shard of both sides. Tables share the shards in which nothing has changed.
func (d *Difference) slots(was, is map[place]slot) {
	if reflect.ValueOf(was).UnsafePointer() == reflect.ValueOf(is).UnsafePointer() {
		return
	}
	for p, now := range is {
		before := was[p]
		d.slot(&before, &now)
	}
	for p, before := range was {
		if _, still := is[p]; !still {
			d.Left = slices.AppendSeq(d.Left, before.all)
		}
	}
}

func (d *Difference) slot(was, is *slot) {
	if was.first == is.first && len(was.more)+len(was.ranked)+len(is.more)+len(is.ranked) == 0 {
		return // nearly all are such
	}
	before := map[routeKey]*Route{}
	for r := range was.all {
		before[r.key] = r
	}
	for r := range is.all {
		if before[r.key] != r {
			d.Routes = append(d.Routes, r)
		}
		delete(before, r.key)
	}
	for _, r := range before {
		d.Left = append(d.Left, r)
	}
}

// ID names what a route asks for: the same in all tables of a Switch, and different for each Switch. It tells nothing of the values of
// header fields and cookies.
func (t *Table) ID(r *Route) string {
	return strconv.FormatUint(maphash.Comparable(t.index.seed, r.key), 36)
}

// Like is the table's route that asks for the same as one of another table of the same Switch; nil where there is none.
func (t *Table) Like(r *Route) *Route {
	switch {
	case t == nil:
		return nil
	case r.key.isDefault:
		return t.fallback
	}
	return t.index.route(r.key)
}

// Text is host, port and path of the route for people, with what else has to hold; escaped and bounded.
func (r *Route) Text() string {
	if r.Default {
		return "(the default service)"
	}
	return escaped(strings.Join(append([]string{r.key.String()}, r.Rules[0].MatchWords()...), " "))
}
