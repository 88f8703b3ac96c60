package history

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/routing"
)

// newSwitch is a Switch for all languages.
func newSwitch() *routing.Switch {
	return routing.NewSwitch(routing.Options{Languages: fixture.Languages()})
}

// run lets a History run until the test ends.
func run(t testing.TB, h *History) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = h.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
}

func TestHistoryTellsWhatEachTableChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSwitch()
		var requests, errors uint64
		h := New(Options{Switch: s, Answers: func() (uint64, uint64) { return requests, errors }})
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _ = h.Run(ctx) }()
		synctest.Wait()
		var services []*discovery.Service // of the last snapshot
		publish := func(index uint64, text string, list ...discovery.Instance) {
			snap := fixture.Snapshot(list...)
			if list == nil {
				snap.Services = services
			}
			for _, one := range snap.Services {
				one.Index = index
			}
			services, snap.Cause = snap.Services, "first view"
			if text != "" {
				snap.Texts = []*discovery.Text{discovery.NewText(discovery.TextFile, "routes.txt", text, 0)}
			}
			s.Apply(snap)
			synctest.Wait()
			time.Sleep(time.Second)
		}
		one, two := fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=a.io/"), fixture.Instance("web", "10.0.0.2", 80, "pointsman.route=a.io/")
		shop := fixture.Instance("shop", "10.0.1.1", 80, "pointsman.route=s.io/")
		publish(1, "", one)
		requests, errors = 10, 1
		publish(2, "", one, two)
		requests, errors = 30, 1
		sick := one
		sick.Status = discovery.Critical
		publish(3, "", sick, two, shop)
		requests, errors = 35, 3
		sick.Tags, two.Tags = []string{"pointsman.route=a.io/ strip=/x"}, []string{"pointsman.route=a.io/ strip=/x"}
		publish(4, "c.io/ service=web\n# x\n", sick, two)
		requests = 40
		publish(4, "c.io/ service=web\n# y\n")
		got := h.Versions(10)
		if len(got) != 5 || len(h.Versions(2)) != 2 {
			t.Fatalf("%d versions", len(got))
		}
		slices.Reverse(got)
		for i, want := range []string{
			"first view | 10 1 | services +[web] -[] ~[] | instances +[web web-10.0.0.1-80 10.0.0.1:80] -[] ~[] | routes +[a.io/ (web)] -[] ~[]",
			"web: 1 instance added | 20 0 | services +[] -[] ~[] | instances +[web web-10.0.0.2-80 10.0.0.2:80] -[] ~[] | routes +[] -[] ~[]",
			"shop: 1 instance added, web: 1 instance changed | 5 2 | services +[shop] -[] ~[] | instances +[shop shop-10.0.1.1-80 10.0.1.1:80] -[] " +
				"~[web web-10.0.0.1-80 10.0.0.1:80: passing to critical] | routes +[s.io/ (shop)] -[] ~[]",
			"shop: 1 instance removed, web: 2 instances changed, routes in routes.txt, which is new | 5 0 | services +[] -[] ~[] | instances +[] -[shop shop-10.0.1.1-80 10.0.1.1:80] " +
				"~[web web-10.0.0.1-80 10.0.0.1:80: tags web web-10.0.0.2-80 10.0.0.2:80: tags] | routes +[c.io/ (web)] -[] ~[a.io/ (web): +strip=/x]",
			"routes in routes.txt, line 2 | 0 0 | services +[] -[] ~[] | instances +[] -[] ~[] | routes +[] -[] ~[]",
		} {
			v := got[i]
			if text := told(&v); text != want {
				t.Errorf("table %d:\ngot  %s\nwant %s", v.Number, text, want)
			}
			if v.Number != uint64(i+1) || !v.Held || v.Published.IsZero() || (i < 4) != (v.Replaced.Sub(v.Published) == time.Second) {
				t.Errorf("%+v", v)
			}
		}
		if c := got[1].Cause; len(c.Services) != 1 || c.Services[0].Index != 2 || c.Services[0].Instance != two.ID {
			t.Errorf("%+v", c)
		}
		for _, c := range []struct {
			at   Moment
			want uint64
		}{{Moment{Number: 3}, 3}, {Moment{Time: got[3].Published.Add(time.Millisecond)}, 4}, {Moment{Time: got[3].Published.Add(-time.Millisecond)}, 3}, {Moment{Time: time.Now()}, 5}} {
			if table, err := h.At(c.at); err != nil || table.Number != c.want {
				t.Errorf("%s: %v %v", c.at, table, err)
			}
		}
		for _, c := range []struct {
			at   Moment
			want string
		}{{Moment{Number: 9}, "there is no table 9 yet: the present one is 5"}, {Moment{Time: got[0].Published.Add(-time.Second)}, "nothing is known of"}} {
			if _, err := h.At(c.at); err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("%s: %v", c.at, err)
			}
		}
		cancel()
		synctest.Wait()
	})
}

// told is a version in a line.
func told(v *Version) string {
	list := func(c Changes) string { return fmt.Sprintf("+%v -%v ~%v", c.Come.First, c.Gone.First, c.Altered.First) }
	return fmt.Sprintf("%s | %d %d | services %s | instances %s | routes %s", v.Cause.Text, v.Requests, v.Errors, list(v.Services), list(v.Instances), list(v.Routes))
}

// More tables than are remembered push the oldest out, and who asks for one of those is told which the oldest is.
func TestHistoryIsBounded(t *testing.T) {
	s := newSwitch()
	h := New(Options{Switch: s, Most: 3})
	for n := range 7 {
		s.Apply(fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 1+n, "pointsman.route=a.io/")))
		h.take(s.Load())
		h.take(s.Load())
	}
	list := h.Versions(100)
	if len(list) != 3 || list[2].Number != 5 || h.archive.Oldest() != 5 {
		t.Errorf("%+v", list)
	}
	if _, err := h.At(Moment{Number: 4}); err == nil || err.Error() != "table 4 is not kept any more: the oldest one is 5" {
		t.Error(err)
	}
}

// Nothing is known before the first table.
func TestHistoryWithoutTable(t *testing.T) {
	h := New(Options{Switch: newSwitch()})
	if _, err := h.At(Moment{Number: 1}); err == nil || len(h.Versions(9)) != 0 {
		t.Error(err)
	}
}

// A change of everything names a few, and counts the rest.
func TestWhatAVersionSaysIsBounded(t *testing.T) {
	var list []discovery.Instance
	for i := range 100 {
		name := fmt.Sprintf("s%d%s", i, strings.Repeat("x", 400))
		list = append(list, fixture.Instance(name, "10.0.0.1", 80, fmt.Sprintf("pointsman.route=s%d.io/", i)))
	}
	s := newSwitch()
	s.Apply(fixture.Snapshot(list...))
	v := versionOf(nil, s.Load())
	for _, n := range []Named{v.Services.Come, v.Instances.Come, v.Routes.Come} {
		if n.Count != 100 || len(n.First) != mostNamed || len(n.First[0]) > mostText+3 {
			t.Errorf("%+v", n)
		}
	}
}

func TestRunEnds(t *testing.T) {
	s := newSwitch()
	s.Apply(fixture.Snapshot())
	h := New(Options{Switch: s})
	run(t, h)
	for end := time.Now().Add(5 * time.Second); len(h.Versions(1)) == 0 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if len(h.Versions(1)) != 1 {
		t.Error("the present table is not known")
	}
}

// A route that many instances ask for in different ways is compared in a moment: nobody waits for it, but it takes from the machine.
func TestRoutesOfManyWordsAreCompared(t *testing.T) {
	list := func(from int) (out []string) {
		for i := range 300_000 {
			out = append(out, fmt.Sprintf("response-header=set:X-A:%d", from+i))
		}
		return out
	}
	begin := time.Now()
	less := missing("-", list(0), list(299_999))
	if took := time.Since(begin); len(less) != 299_999 || less[0] != "-response-header=set:X-A:0" || took > time.Minute {
		t.Errorf("%d are missing, in %s", len(less), took)
	}
}
