package main

import (
	"slices"
	"strings"
	"testing"

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
