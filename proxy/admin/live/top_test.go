package live

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/record"
)

// Who orders a list by a figure is told of those with the largest, whichever rows are in view.
func TestTheLargestAreShownBesidesWhatIsInView(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var list []discovery.Instance
		for i := range 200 {
			name := fmt.Sprintf("s%03d", i)
			list = append(list, fixture.Instance(name, fmt.Sprintf("10.0.0.%d", i), 80, "pointsman.route="+name+".io/"))
		}
		r := newRig(t, list...)
		defer r.end()
		table := r.table.Load()
		wishes := map[By]Wish{ByErrors: {Services: []string{"s000", "s150"}, TopServices: ByErrors, TopRoutes: ByErrors}, ByRate: {TopServices: ByRate, TopRoutes: ByLatency}, "": {Services: []string{"s000"}}}
		viewers := map[By]*Viewer{}
		for by, w := range wishes {
			viewers[by] = r.view(w)
			defer viewers[by].Close()
		}
		for i := range 100 { // s000 has one request, s001 two...; s150 to s152 have errors
			for range i + 1 {
				r.ended(fmt.Sprintf("s%03d", i), 200)
			}
		}
		for i, n := range []int{3, 5, 7} {
			for range n {
				r.ended(fmt.Sprintf("s%03d", 150+i), 502)
			}
		}
		for i, route := range table.Routes() {
			route.Lane.Answered.Note(time.Now(), i == 7, time.Duration(i+1)*time.Millisecond)
		}
		time.Sleep(Period)
		got := map[By]shown{}
		for by, v := range viewers {
			r.next(v)
			got[by] = r.next(v)
		}
		if len(got[""].Services) != 1 || len(got[""].Routes) != 0 {
			t.Errorf("who asks for nothing more is told of %d services", len(got[""].Services))
		}
		if names := slices.Sorted(maps.Keys(got[ByErrors].Services)); !slices.Equal(names, []string{"s000", "s150"}) {
			t.Errorf("a second without errors shows %v", names)
		}
		if routes := got[ByErrors].Routes; len(routes) != 1 {
			t.Errorf("%d routes have errors, want 1", len(routes))
		}
		if routes := got[ByRate].Routes; len(routes) != MostNames || routes[table.ID(table.Routes()[199])].Mean == nil || routes[table.ID(table.Routes()[0])].Mean != nil {
			t.Errorf("the slowest are %v", routes)
		}
	})
}

// The figures of a second are those of that second.
func TestTheLargestOfASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fixture.Instance("a", "10.0.0.1", 80, "pointsman.route=a.io/"), fixture.Instance("b", "10.0.0.2", 80, "pointsman.route=b.io/"), fixture.Instance("c", "10.0.0.3", 80, "pointsman.route=c.io/"))
		defer r.end()
		for _, by := range OfServices[:4] { // in flight is counted by instance
			v := r.view(Wish{TopServices: by})
			r.ended("b", 503)
			r.ended("c", 503)
			s := r.next(v)
			if names := slices.Sorted(maps.Keys(s.Services)); !slices.Equal(names, []string{"b", "c"}) {
				t.Errorf("by %s: %v", by, names)
			}
			v.Close()
			synctest.Wait()
			time.Sleep(2 * Period)
		}
	})
}

// ended is a request of a service that was answered with a status.
func (r *rig) ended(service string, status int) {
	var q record.Request
	r.counts.Begin()
	r.counts.Finish(&q, service, status, time.Millisecond, nil)
}
