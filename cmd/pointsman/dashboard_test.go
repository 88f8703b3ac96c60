package main

import (
	"regexp"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/examples/lab/browser"
)

// fiveServe holds when the page shows five instances that take requests.
const fiveServe = `document.querySelectorAll('.members .row[data-state="ok"]').length === 5 && document.querySelector('.services .body .up').innerText.includes('5/5')`

// A person who has the token scales the demo by the page, and sees the instances come, step by step, and get their shares.
func TestDashboardScalesAndShowsInstancesAsTheyCome(t *testing.T) {
	t.Parallel()
	p := browser.Open(t, 1440, 900)
	demo, address, admin := startDemo(t)
	s := startStream(address, 2)
	defer s.stop()
	if !demo.Says(10*time.Second, "#token=") {
		t.Fatal(demo.Output())
	}
	token := regexp.MustCompile(`#token=\S+`).FindString(demo.Output())
	p.Go("http://" + admin + "/" + token)
	p.Until("the token out of the address", `location.hash === '#services'`)
	p.Until("a service", `document.querySelector('.services .body .row')`)
	p.Do(chromedp.Click(`.services .body .row`), chromedp.WaitVisible(`[data-action="scale"]`), chromedp.Click(`[data-action="scale"]`),
		chromedp.WaitVisible(`#ask-field`), chromedp.SetValue(`#ask-field`, "5"), chromedp.Click(`#ask button[type="submit"]`))
	p.Until("five instances", fiveServe)
	p.Until("their shares", `[...document.querySelectorAll('.members .share')].filter((e) => /^(1\d|2\d) %$/.test(e.innerText.trim())).length === 5`)
	p.Until("their steps", `document.querySelectorAll('.starts .track [data-step="traffic"]').length >= 2`)
	p.Until("the event", `document.querySelector('.recent').innerText.includes('scale')`)
	p.Until("curves", `document.querySelector('.figures .rate dd').innerText > '0'`)
	p.Shot("demo")
	p.Do(chromedp.Click(`.members .body .row:last-child`))
	p.Until("one instance", `document.querySelector('.one').innerText.includes('127.0.0.1')`)
	p.Prefers("prefers-color-scheme", "dark")
	p.Shot("demo dark")
	p.Size(360, 740)
	p.Shot("demo narrow detail")
	p.Do(chromedp.Click(`.close`))
	p.Until("the list", `document.querySelector('.services .body .row').checkVisibility()`)
	p.Shot("demo narrow")
	p.Size(1440, 900)
	p.Go("http://" + admin + "/#explain?url=http%3A%2F%2Fweb.localhost%2Fx")
	p.Until("an explanation", `document.querySelectorAll('.answer tbody tr').length === 5`)
	p.Shot("demo explain")
	if list := append(p.Complaints(), p.Strangers(admin)...); len(list) > 0 {
		t.Errorf("the browser complains or asks others: %q", list)
	}
}

// A page that is cut off says how old it is, keeps what it shows, and catches up by itself.
func TestDashboardSaysHowOldItIsWhenCutOff(t *testing.T) {
	t.Parallel()
	p := browser.Open(t, 1440, 900)
	_, _, admin := startDemo(t)
	f := lab.Forward(t, admin)
	const state = `document.getElementById('state-text').innerText`
	p.Go("http://" + f.Address + "/#services?service=web")
	p.Until("live", state+` === 'Live' && document.querySelectorAll('.members .body .row').length === 3`)
	f.Set(lab.Refusing)
	f.Reset()
	p.Until("it says so", `/^Cut off. What you see is \d+ s old. Trying again/.test(`+state+`)`)
	if n := browser.Eval[int](p, `document.querySelectorAll('.members .body .row').length`); n != 3 {
		t.Errorf("cut off it shows %d instances, want the 3 that it knew", n)
	}
	p.Shot("cut off")
	if o := execute(t, binary, nil, "scale", "-admin", admin, "web=5"); o.code != 0 {
		t.Fatal(o.stderr)
	}
	f.Set(lab.Healthy)
	p.Until("live again, with what came meanwhile", state+` === 'Live' && document.querySelectorAll('.members .body .row').length === 5`)
	f.Set(lab.Frozen)
	p.Until("it says so of a stream that only stays silent", `/^Cut off. What you see is ([5-9]|\d\d) s old/.test(`+state+`)`)
	f.Set(lab.Healthy)
	p.Until("live once more", state+` === 'Live'`)
}
