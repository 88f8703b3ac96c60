package e2e

import (
	"bufio"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// start is one container's way from Docker's StartedAt to its first answer through the proxy.
type start struct {
	// By the proxy's own histogram, each from the one before.
	registered, seen, routable, answered, total time.Duration
	// From outside, since StartedAt.
	listening, first time.Duration
	refused          int // connects that were refused on the way
}

// ready is when the instance could have answered: it is routable, and its application listens.
func (s start) ready() time.Duration {
	return max(s.registered+s.seen+s.routable, s.listening)
}

// figure is a line of the report.
type figure struct {
	name string
	of   func(start) time.Duration
	bar  time.Duration // of the median; 0 for none
}

func figures(bars map[string]time.Duration) []figure {
	list := []figure{
		{name: "start -> registered (sent)", of: func(s start) time.Duration { return s.registered }},
		{name: "start -> seen", of: func(s start) time.Duration { return s.registered + s.seen }},
		{name: "start -> routable", of: func(s start) time.Duration { return s.registered + s.seen + s.routable }},
		{name: "start -> listening (the application)", of: func(s start) time.Duration { return s.listening }},
		{name: "ready -> first answer, by the histogram", of: func(s start) time.Duration { return s.total - s.ready() }},
		{name: "ready -> first answer, from outside", of: func(s start) time.Duration { return s.first - s.ready() }},
		{name: "whole, by the histogram", of: func(s start) time.Duration { return s.total }},
		{name: "whole, from outside", of: func(s start) time.Duration { return s.first }},
	}
	for i := range list {
		list[i].bar = bars[list[i].name]
	}
	return list
}

// The application's own start is not the proxy's doing: what counts is from when the instance could have answered ("ready":
// routable, and the application listens). Speed is asserted in the long form alone, which is to run on a machine of its own.
func TestStartToFirstAnswer(t *testing.T) {
	const ms = time.Millisecond
	t.Run("idle", func(t *testing.T) {
		s, l := burdenedSite(t, "idle", 1, 1, ms) // one request per millisecond is what finds out
		report(t, s.starts(l), figures(map[string]time.Duration{"start -> routable": 10 * ms}))
	})
	t.Run("under load", func(t *testing.T) {
		s, l := burdenedSite(t, "busy", 2, 12, ms) // well over 5,000 requests a second; without pauses they would take all there is
		before, begun := l.sent.Load(), time.Now()
		all := s.starts(l)
		rate := float64(l.sent.Load()-before) / time.Since(begun).Seconds()
		t.Logf("%.0f requests/s on the route all the while", rate)
		if lab.Long() && rate < 5000 {
			t.Errorf("%.0f requests/s are not the load that the figures are for, 5000", rate)
		}
		report(t, all, figures(map[string]time.Duration{"start -> routable": 15 * ms, "ready -> first answer, by the histogram": 4 * ms,
			"ready -> first answer, from outside": 4 * ms, "whole, by the histogram": 15 * ms, "whole, from outside": 15 * ms}))
	})
}

// burdenedSite is a site with instances that stay, and clients that send requests to them. It has an engine of its own, since
// that uses the storage driver that users have: where the machine's own does with fuse-overlayfs, each container reads its
// binary anew through a process, and the application alone needs three times as long as everything else.
func burdenedSite(t *testing.T, name string, instances, clients int, pause time.Duration) (*site, *lookouts) {
	d := lab.StartDockerd(t)
	t.Logf("storage driver %s", d.Do("info", "-f", "{{.Driver}}"))
	s := build(t, plan{name: name, lameDuck: "0", docker: d.Docker, noLedger: true})
	s.startAll(instances)
	s.serves(instances)
	l := post(t, s.proxy.Proxy, s.host(), clients, pause)
	lab.Eventually(t, 10*time.Second, "the clients are served", func() bool { return l.sent.Load() > 100 })
	return s, l
}

// starts starts containers one by one, and removes each once it has answered.
func (s *site) starts(l *lookouts) []start {
	s.t.Helper()
	return s.startsOf(l, long(5, 120))
}

// startsOf is starts for n containers.
func (s *site) startsOf(l *lookouts, n int) []start {
	s.t.Helper()
	stay := s.consul.Named(s.name)
	var all []start
	for range n {
		time.Sleep(300 * time.Millisecond) // Docker still tidies up after the one before
		before := s.histogram()
		id, err := s.start()
		if err != nil {
			s.t.Fatal(err)
		}
		one := s.follow(l, id, before)
		all = append(all, one)
		s.docker.Remove(id)
		s.settle(stay)
	}
	return all
}

// follow waits for a container's first answer and collects what is known about its way there.
func (s *site) follow(l *lookouts, id string, before histogram) start {
	s.t.Helper()
	var f firstAnswer
	lab.Eventually(s.t, 10*time.Second, "container "+id[:12]+" answers", func() (ok bool) {
		f, ok = l.first(id[:12])
		return ok
	})
	after, at := s.histogram(), s.docker.StartedAt(id)
	for part, n := range after.count {
		if n-before.count[part] != 1 {
			s.t.Errorf("one start gave %d values of part %q", n-before.count[part], part)
		}
	}
	of := func(part string) time.Duration { return after.sum[part] - before.sum[part] }
	one := start{registered: of("registered"), seen: of("seen"), routable: of("routable"), answered: of("answered"), total: of("total"),
		listening: f.listening.Sub(at), first: f.at.Sub(at), refused: after.refused - before.refused}
	if parts := one.registered + one.seen + one.routable + one.answered; (parts - one.total).Abs() > time.Millisecond {
		s.t.Errorf("the parts add up to %s, the whole is %s", parts, one.total)
	}
	if one.total > one.first+time.Millisecond || one.registered <= 0 || one.total <= 0 {
		s.t.Errorf("the proxy says %+v", one)
	}
	return one
}

// histogram is pointsman_start_to_first_answer_seconds at one moment. The difference of two sums around one start is that start's value.
type histogram struct {
	sum     map[string]time.Duration
	count   map[string]int
	refused int
}

func (s *site) histogram() histogram {
	h := histogram{sum: map[string]time.Duration{}, count: map[string]int{}}
	in := bufio.NewScanner(strings.NewReader(s.proxy.Metrics()))
	for in.Scan() {
		series, text, _ := strings.Cut(in.Text(), " ")
		value, _ := strconv.ParseFloat(text, 64)
		name, part, _ := strings.Cut(strings.TrimSuffix(series, `"}`), `{part="`)
		switch {
		case name == "pointsman_start_to_first_answer_seconds_sum":
			h.sum[part] = time.Duration(value * float64(time.Second))
		case name == "pointsman_start_to_first_answer_seconds_count":
			h.count[part] = int(value)
		case series == `pointsman_upstream_connects_total{result="refused"}`:
			h.refused = int(value)
		}
	}
	return h
}

// report prints medians and 90th percentiles, and checks what holds on any machine; the bars in the long form.
func report(t *testing.T, all []start, figures []figure) {
	t.Helper()
	refused, apart := 0, make([]time.Duration, 0, len(all))
	for _, s := range all {
		if s.refused > 0 {
			refused++
		}
		apart = append(apart, s.first-s.total)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d starts; the first connect was refused in %d; milliseconds:\n", len(all), refused)
	for _, f := range figures {
		values := make([]time.Duration, 0, len(all))
		for _, s := range all {
			values = append(values, f.of(s))
		}
		median, p90 := quantile(values, 0.5), quantile(values, 0.9)
		fmt.Fprintf(&b, "  %-40s median %6.2f  p90 %6.2f", f.name, inMs(median), inMs(p90))
		if f.bar > 0 {
			fmt.Fprintf(&b, "  (bar %g)", inMs(f.bar))
		}
		b.WriteByte('\n')
		if lab.Long() && f.bar > 0 && median > f.bar {
			t.Errorf("%s: median %s, more than %s", f.name, median, f.bar)
		}
	}
	t.Log(b.String())
	// The histogram ends when the proxy has the answer's head, a client has it a hop later: on a busy machine that may keep it waiting.
	if d := quantile(apart, 0.5); d < 0 || lab.Long() && d > 20*time.Millisecond {
		t.Errorf("histogram and outside differ by %s in the median", d)
	}
	if len(all) == 0 {
		t.Error("nothing was measured")
	}
}

func quantile(values []time.Duration, q float64) time.Duration {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

func inMs(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
