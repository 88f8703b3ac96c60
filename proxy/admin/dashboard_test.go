package admin

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/examples/lab/browser"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/certs"
	"github.com/pointsman/pointsman/proxy/record"
	"github.com/pointsman/pointsman/proxy/routing"
)

// dashboardOf serves the page over a table of instances, and opens it in a browser.
func dashboardOf(t *testing.T, list ...discovery.Instance) (p *browser.Page, at string) {
	t.Helper()
	t.Parallel()
	p = browser.Open(t, 1440, 900)
	s := routing.NewSwitch(routing.Options{Languages: fixture.Languages()})
	s.Apply(fixture.Snapshot(list...))
	feed := NewFeed(s)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = feed.Run(ctx) })
	at = serve(t, Admin(Options{Table: s.Load, Feed: feed, Notices: NewNotices(), Live: looking(t, s.Load), Ejections: func() []record.Ejection { return nil },
		Decisions: func() []discovery.Decision { return nil }, Certificates: func() []certs.Status { return nil }}))
	t.Cleanup(func() {
		cancel() // before Serve ends: streams end with the Feed
		running.Wait()
	})
	return p, at
}

// quiet ends the test where the browser complains or asks others.
func quiet(t *testing.T, p *browser.Page, at string) {
	t.Helper()
	if list := append(p.Complaints(), p.Strangers(at)...); len(list) > 0 {
		t.Errorf("the browser complains or asks others: %q", list)
	}
}

// crowd is a catalogue of many services.
func crowdOfInstances(services, each int) (list []discovery.Instance) {
	for n := range services {
		name := fmt.Sprintf("service-%04d", n)
		for i := range each {
			list = append(list, fixture.Instance(name, fmt.Sprintf("10.%d.%d.%d", i, n/250, n%250+1), 8000, "pointsman.route="+name+".example/"))
		}
	}
	return list
}

// The bars are those for a machine that does nothing else.
func TestDashboardStaysUsableWithTenThousandInstances(t *testing.T) {
	p, at := dashboardOf(t, crowdOfInstances(2000, 5)...)
	var painted, filtered []float64
	for range 5 {
		p.Go("about:blank")
		p.Go("http://" + at + "/#instances")
		p.Until("rows", `document.querySelector('.body .row')`)
		painted = append(painted, browser.Eval[float64](p, `new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(performance.now()))))`))
		if n := browser.Eval[int](p, `document.querySelectorAll('.body .row').length`); n > 80 {
			t.Errorf("%d rows are in the document, want those in view", n)
		}
		if n := browser.Eval[int](p, `Number(document.querySelector('[role=grid]').getAttribute('aria-rowcount'))`); n != 10001 {
			t.Errorf("the grid says that it has %d rows, want 10001", n)
		}
		filtered = append(filtered, browser.Eval[float64](p, `new Promise((done) => {
			const f = document.getElementById('filter'), begun = performance.now();
			f.value = '1234';
			f.dispatchEvent(new Event('input', { bubbles: true }));
			requestAnimationFrame(() => setTimeout(() => done(performance.now() - begun)));
		})`))
		p.Until("the filtered rows", `document.querySelectorAll('.body .row').length === 5 && document.querySelector('.body .row').innerText.includes('service-1234')`)
	}
	p.Shot("ten thousand filtered")
	p.Go("http://" + at + "/#services")
	p.Until("rows", `document.querySelector('.body .row')`)
	p.Press(kb.Tab)
	browser.Eval[bool](p, `(document.querySelector('.body').scrollTop = 20000) > 0`)
	p.Until("rows further down", `document.querySelector('.body').innerText.includes('service-0590')`)
	p.Shot("ten thousand")
	slices.Sort(painted)
	slices.Sort(filtered)
	t.Logf("10,000 instances: painted after %.0f ms, filtered after %.1f ms (medians of %d)", painted[2], filtered[2], len(painted))
	if lab.Long() && (painted[2] > 1000 || filtered[2] > 100) {
		t.Errorf("painted after %v ms, filtered after %v ms; want 1000 and 100", painted, filtered)
	}
	quiet(t, p, at)
}

// The stream tells the first thousand instances of a service; the page asks for the others.
func TestDashboardShowsAllInstancesOfALargeService(t *testing.T) {
	var list []discovery.Instance
	for n := range 2500 {
		list = append(list, fixture.Instance("large", fmt.Sprintf("10.0.%d.%d", n/250, n%250+1), 8000, "pointsman.route=large.example/"))
	}
	p, at := dashboardOf(t, list...)
	p.Go("http://" + at + "/#instances")
	p.Until("all of them", `document.querySelector('[role=grid]').getAttribute('aria-rowcount') === '2501'`)
	if n := browser.Eval[string](p, `document.querySelector('.figures .instances dd').innerText`); n != "2\u202f500" {
		t.Errorf("the page counts %q instances", n)
	}
	p.Go("http://" + at + "/#services?service=large")
	p.Until("all of them", `document.querySelector('.members').getAttribute('aria-rowcount') === '2501'`)
	quiet(t, p, at)
}

// Names come from whoever may start a container. They are shown as they are, and do nothing.
func TestDashboardShowsHostileNamesAsText(t *testing.T) {
	names := []string{"<script>document.title='x'</script>", "<img src=x onerror=document.title='x'>", "x; } server {", "\x1b[31mred\x00\r\n", "a\u202egpj.exe\u2066", strings.Repeat("w", 5000)}
	var list []discovery.Instance
	for n, name := range names {
		i := fixture.Instance(name, "10.0.0.1", 8000+n, fmt.Sprintf("pointsman.route=h%d.example/", n), "pointsman.route=<b>"+name)
		i.ID, i.Node, i.Zone = name+"-1", name, name
		list = append(list, i)
	}
	p, at := dashboardOf(t, list...)
	for _, view := range []string{"services", "routes", "instances", "verdicts", "ejections", "events", "explain", "services?service=%3Cscript%3E&filter=%3Cb%3E", "routes?route=%3Cb%3E"} {
		p.Go("http://" + at + "/#" + view)
		p.Until("the table", `document.querySelector('.figures .services dd').innerText === '6'`)
		p.Until("the view", `document.querySelector('main').childElementCount > 0`)
	}
	p.Go("http://" + at + "/#verdicts")
	p.Until("the verdicts", `document.querySelectorAll('.verdicts li').length > 0`)
	p.Shot("hostile verdicts")
	p.Go("http://" + at + "/#services")
	p.Until("the services", `document.querySelectorAll('.body .row').length === 6`)
	for range names {
		browser.Eval[bool](p, `[...document.querySelectorAll('.services .body .row')].forEach((r) => r.click()) === undefined`)
	}
	p.Until("a service", `document.querySelector('.panel-body .members .row')`)
	p.Shot("hostile names")
	text := browser.Eval[string](p, `document.querySelector('.services .body').textContent`)
	for _, want := range []string{"<script>document.title='x'</script>", "<img src=x onerror", "x; } server {", `\u001b[31mred\u0000`, `a\u202egpj.exe\u2066`} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not show %q: %q", want, text)
		}
	}
	if n := browser.Eval[int](p, `document.querySelectorAll('main script, main img, main b, aside script, aside img:not([alt=""]), aside b').length`); n > 0 {
		t.Errorf("%d elements are made of names", n)
	}
	if title := browser.Eval[string](p, `document.title`); title == "x" {
		t.Error("a name ran as a script")
	}
	quiet(t, p, at)
}
