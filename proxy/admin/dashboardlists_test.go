package admin

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/browser"
	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// firstRow is the name in the first row of a view, once the rows have been drawn.
const firstRow = `[...document.querySelectorAll('.body .row')].find((r) => r.getAttribute('aria-rowindex') === '2')?.querySelector('.name bdi').textContent`

// Lists are sorted by a press on a column's head or by keys; the order stands in the address and outlives a reload.
func TestDashboardSortsLists(t *testing.T) {
	list := crowdOfInstances(200, 1)
	for range 3 {
		list = append(list, crowdOfInstances(1, 1)...)
	}
	broken := fixture.Instance("broken", "10.9.9.9", 80, "pointsman.route=broken.example/")
	broken.Status = discovery.Critical
	p, at := dashboardOf(t, append(list, broken)...)
	p.Go("http://" + at + "/#services")
	p.Until("the services by name", firstRow+` === 'broken'`)
	sorted := func(what, column, order, first string) {
		t.Helper()
		p.Until(what, firstRow+` === '`+first+`' && document.querySelector('.head .`+column+`').getAttribute('aria-sort') === '`+order+`'`)
		if n := browser.Eval[int](p, `document.querySelectorAll('.head [aria-sort$="ending"]').length`); order != "none" && n != 1 {
			t.Errorf("%s: %d columns say that the list is sorted by them", what, n)
		}
	}
	p.Do(chromedp.Click(`.head .name button`))
	sorted("by name", "name", "ascending", "broken")
	p.Do(chromedp.Click(`.head .name button`))
	sorted("by name, the last first", "name", "descending", "service-0199")
	p.Reload()
	sorted("the same after a reload", "name", "descending", "service-0199")
	p.Do(chromedp.Click(`.head .name button`))
	sorted("as before", "name", "none", "broken")

	p.Until("a row to begin with", `document.querySelector('.body .row[tabindex="0"]')`)
	browser.Eval[bool](p, `document.querySelector('.body .row[tabindex="0"]').focus() === undefined`)
	p.Press(kb.ArrowUp, kb.ArrowRight, kb.Enter)
	sorted("by how many instances are usable", "up", "ascending", "broken")
	p.Press(kb.Enter)
	sorted("by that, the best first", "up", "descending", "service-0000")
	p.Press(kb.ArrowRight, kb.ArrowRight, kb.Enter)
	sorted("by errors", "errors", "descending", "broken")
	p.Asked("top_services=errors")
	if hash := browser.Eval[string](p, "location.hash"); hash != "#services?sort=-errors" {
		t.Errorf("the address says %q", hash)
	}
	p.Press(kb.ArrowDown)
	if got := browser.Eval[string](p, focused); got != "row 2" {
		t.Errorf("the focus is at %q, want the first row", got)
	}
	p.Go("http://" + at + "/#instances?sort=-at&filter=service-01")
	p.Until("the instances by address, of a link", firstRow+`?.startsWith('service-0199')`)
	p.Go("http://" + at + "/#routes?sort=-latency")
	p.Asked("top_routes=latency")
	for _, bad := range []string{"nothing", "-", "constructor", "-age"} {
		p.Go("http://" + at + "/#services?sort=" + bad)
		p.Until("an order that there is not changes nothing", firstRow+` === 'broken' && !document.querySelector('.head [aria-sort$="ending"]')`)
	}
	quiet(t, p, at)
}

// A service's panel says of each tag what became of it, in which route it is, and why it is not in effect.
func TestDashboardTellsWhatBecameOfEachTag(t *testing.T) {
	p, at := dashboardOf(t, fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=web.example/", "pointsman.route=web.example/ nonsense=1", "urlprefix-fabio.example/ strip=/x", "<i>free text</i>"))
	p.Go("http://" + at + "/#services?service=web")
	p.Until("the tags", `document.querySelectorAll('.tags li').length >= 3`)
	type tag struct{ Verdict, Tag, Text string }
	for _, want := range []tag{{"used", "pointsman.route=web.example/", "native"}, {"refused", "pointsman.route=web.example/ nonsense=1", "nonsense"}, {"used", "urlprefix-fabio.example/ strip=/x", "fabio"}} {
		if !browser.Eval[bool](p, `[...document.querySelectorAll('.tags li[data-verdict="`+want.Verdict+`"]')].some((li) => li.querySelector('code').textContent === '`+want.Tag+`' && li.innerText.includes('`+want.Text+`'))`) {
			t.Errorf("the panel does not tell that %q is %s: %s", want.Tag, want.Verdict, browser.Eval[string](p, `document.querySelector('.tags').innerText`))
		}
	}
	p.Shot("tags")
	quiet(t, p, at)
}
