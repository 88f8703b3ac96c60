package admin

import (
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/browser"
	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// What a person without a mouse, or without eyes, needs: each part has a name and a role, the keys lead everywhere, and texts stand out.
func TestDashboardIsForEverybody(t *testing.T) {
	list := crowdOfInstances(40, 3)
	bad := fixture.Instance("a-broken", "10.9.9.9", 80, "pointsman.route=broken.example/", "pointsman.route=x.example/ nonsense=1")
	bad.Status = discovery.Critical
	p, at := dashboardOf(t, append(list, bad)...)
	p.Go("http://" + at + "/")
	p.Until("rows", `document.querySelectorAll('.body .row').length > 20`)
	t.Run("keys", func(t *testing.T) { keysLeadEverywhere(t, p) })
	p.Go("http://" + at + "/?names#services?service=a-broken")
	p.Until("the details", `document.querySelector('.panel:not([hidden]) .members .body .row')`)
	t.Run("names", func(t *testing.T) { partsHaveNames(t, p) })
	for _, scheme := range []string{"light", "dark"} {
		p.Prefers("prefers-color-scheme", scheme)
		for _, view := range []string{"services?service=a-broken", "routes", "verdicts", "certificates", "events", "explain?url=http%3A%2F%2Fbroken.example%2F"} {
			p.Go("http://" + at + "/#" + view)
			p.Until("the view", `document.querySelector('main').innerText.length > 20 && !document.querySelector('main').innerText.includes('Asking')`)
			for _, complaint := range browser.Eval[[]string](p, lowContrast) {
				t.Errorf("%s, %s: %s", view, scheme, complaint)
			}
		}
	}
	p.Size(360, 740)
	for _, view := range []string{"services", "routes", "instances", "verdicts", "explain", "services?service=a-broken"} {
		p.Go("http://" + at + "/#" + view)
		p.Until("the view", `document.querySelector('main').innerText.length > 20 || document.querySelector('aside').innerText.length > 20`)
		if over := browser.Eval[int](p, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
			t.Errorf("%s is %d pixels too wide for a telephone", view, over)
		}
	}
	p.Shot("telephone")
	quiet(t, p, at)
}

const focused = `(() => { const e = document.activeElement; return e.id || e.getAttribute('aria-label') || (e.getAttribute('role') === 'row' ? 'row ' + e.getAttribute('aria-rowindex') : e.textContent.trim()); })()`

// keysLeadEverywhere follows the order of the focus, and opens and closes a service by keys alone.
func keysLeadEverywhere(t *testing.T, p *browser.Page) {
	at := func(want string) {
		t.Helper()
		if got := browser.Eval[string](p, focused); got != want {
			t.Errorf("the focus is at %q, want %q", got, want)
		}
	}
	for _, want := range []string{"skip", "Pointsman", "filter", "Help", "token", "Services", "Routes", "Instances", "Verdicts", "Ejections", "Certificates", "Events", "History", "Explain", "row 2"} {
		p.Press(kb.Tab)
		if want == "Verdicts" { // a number follows it
			continue
		}
		at(want)
	}
	p.Press(kb.ArrowDown, kb.ArrowDown)
	at("row 4")
	p.Press(kb.End)
	at("row 42")
	p.Press(kb.Home)
	at("row 2")
	p.Press(kb.Enter)
	p.Until("the details", `document.querySelector('.panel:not([hidden])')`)
	at("panel-title")
	p.Press(kb.Escape)
	p.Until("no details", `document.querySelector('.panel[hidden]')`)
	at("row 2")
	p.Press("/")
	at("filter")
	p.Press("0", "0", "3", "9")
	p.Until("one row", `document.querySelectorAll('.body .row').length === 1`)
	p.Press(kb.Enter)
	at("row 2")
	if hash := browser.Eval[string](p, "location.hash"); hash != "#services?filter=0039" {
		t.Errorf("the address says %q", hash)
	}
	p.Reload()
	p.Until("the same after a reload", `document.querySelectorAll('.body .row').length === 1 && document.getElementById('filter').value === '0039'`)
}

// partsHaveNames asks what the browser tells assistive technology.
func partsHaveNames(t *testing.T, p *browser.Page) {
	for _, complaint := range browser.Eval[[]string](p, `(() => {
		const list = [], named = (e) => (e.getAttribute('aria-label') || document.getElementById(e.getAttribute('aria-labelledby') ?? '')?.textContent || e.labels?.[0]?.textContent || (e.matches('a, button') && e.textContent) || '').trim();
		for (const e of document.querySelectorAll('button, a, input, select, textarea, nav, main, aside, section, [role=grid], [role=log], dialog[open]')) {
			if (e.checkVisibility() && !/\p{L}/u.test(named(e))) list.push('without a name: ' + e.outerHTML.slice(0, 120));
		}
		for (const [what, n] of [['h1', 1], ['main', 1], ['nav', 1], ['header', 1], ['[role=search]', 1], ['[role=status]', 1], ['[role=log][aria-live=polite]', 1]]) {
			if (document.querySelectorAll(what).length < n) list.push('there is no ' + what);
		}
		for (const row of document.querySelectorAll('[role=row]')) if (![...row.children].every((c) => /^(gridcell|columnheader)$/.test(c.getAttribute('role')))) list.push('a row with other parts');
		for (const e of document.querySelectorAll('canvas')) if (e.getAttribute('aria-hidden') !== 'true') list.push('a picture that is not hidden');
		const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
		if (new Set(ids).size !== ids.length) list.push('an id twice');
		if (document.documentElement.lang !== 'en') list.push('no language');
		return list;
	})()`) {
		t.Error(complaint)
	}
}

// lowContrast lists the texts whose contrast is below 4.5 to 1 (WCAG 2.2, 1.4.3).
const lowContrast = `(() => {
	const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
	const over = (colours) => { canvas.clearRect(0, 0, 1, 1); for (const c of colours) { canvas.fillStyle = c; canvas.fillRect(0, 0, 1, 1); } return [...canvas.getImageData(0, 0, 1, 1).data]; };
	const light = (c) => { const [r, g, b] = c.slice(0, 3).map((x) => { x /= 255; return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
	const list = [];
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walk.nextNode()) {
		const e = walk.currentNode.parentElement;
		if (!walk.currentNode.textContent.trim() || !e.checkVisibility() || e.closest('.hidden, .skip, option')) continue;
		const grounds = [];
		for (let p = e; p; p = p.parentElement) grounds.unshift(getComputedStyle(p).backgroundColor);
		const ground = over(['#fff', ...grounds]), text = over(['#fff', ...grounds, getComputedStyle(e).color]);
		const [a, b] = [light(ground), light(text)], contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		if (contrast < 4.5) list.push(contrast.toFixed(1) + ': ' + e.className + ' ' + e.textContent.slice(0, 40));
	}
	return list;
})()`
