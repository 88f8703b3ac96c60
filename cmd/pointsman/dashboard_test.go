package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/examples/lab/browser"
)

// A person opens the page, and sees instances come as the demo is scaled.
func TestDashboardShowsInstancesAsTheyCome(t *testing.T) {
	t.Parallel()
	p := browser.Open(t, 1440, 900)
	_, address, admin := startDemo(t)
	s := startStream(address, 2)
	defer s.stop()
	p.Go("http://" + admin + "/#services?service=web")
	p.Until("the three instances", `document.querySelectorAll('.members .row[data-state="ok"]').length === 3`)
	if o := execute(t, binary, nil, "scale", "-admin", admin, "web=5"); o.code != 0 {
		t.Fatal(o.stderr)
	}
	p.Until("the five instances", `document.querySelectorAll('.members .row[data-state="ok"]').length === 5 && document.querySelector('.services .body .up').innerText.includes('5/5')`)
	p.Shot("demo wide")
	p.Prefers("prefers-color-scheme", "dark")
	p.Shot("demo dark")
	p.Size(360, 740)
	p.Shot("demo narrow detail")
	p.Go("http://" + admin + "/#services")
	p.Shot("demo narrow")
	if list := slices.DeleteFunc(p.Complaints(), func(s string) bool { return strings.HasSuffix(s, "/api/live") || strings.Contains(s, "/api/live?") }); len(list) > 0 {
		t.Errorf("the browser complains: %q", list)
	}
	if list := p.Strangers(admin); len(list) > 0 {
		t.Errorf("it asks others: %q", list)
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
}
