package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/examples/lab/browser"
)

// Each instance listens a while after its container has started, so that it is registered before it is healthy.
const seenFile = `
version: "2"
services:
  web:
    image: pointsman-web
    command: ["-start-delay", "%[2]s"]
    environment:
      SERVICE_NAME: %[1]s
      SERVICE_TAGS: "pointsman.route=%[1]s.localhost/"
      SERVICE_CHECK_HTTP: /health
      SERVICE_CHECK_INTERVAL: 1s
`

// The delay is longer than the second from one reading of the page's to the next.
const seenDelay = 3 * time.Second

// watchMembers keeps what the page says of each instance, one word after the other, in the order in which it said them.
const watchMembers = `(() => {
	window.said = {};
	const look = () => document.querySelectorAll('.members .body .row').forEach((row) => {
		const list = said[row.querySelector('.name bdi').textContent] ??= [], tag = row.querySelector('.name .tag').textContent;
		const word = tag || (row.dataset.state === 'ok' ? 'serving' : 'unknown');
		if (list.at(-1) !== word) list.push(word);
	});
	new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
	look();
	return true;
})()`

// Who watches the page while Docker starts containers sees each come: registered, healthy, with traffic, how long each step took, and its share;
// and sees them go.
func TestTheDashboardShowsInstancesOfDockerComeAndGo(t *testing.T) {
	images(t)
	docker, consul := lab.FindDocker(t), lab.StartConsul(t)
	lab.StartRegistrator(t, bin, docker.Socket, consul.HTTP, "-internal", "-retry-attempts", "-1")
	proxy := lab.StartProxy(t, bin, consul.HTTP, true)
	name, dir := fmt.Sprintf("seen%d", os.Getpid()), t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "docker-compose.yml"), fmt.Appendf(nil, seenFile, name, seenDelay), 0o600); err != nil {
		t.Fatal(err)
	}
	c := composeV1(t).use(dir, "seen")
	p := browser.Open(t, 1440, 900)
	c.do("up", "-d")
	p.Go("http://" + proxy.Admin + "/#services?service=" + name)
	p.Until("the first instance, healthy", `document.querySelectorAll('.members .row[data-state="ok"]').length === 1`)
	m := lab.StartMeter(t, lab.Load{Address: proxy.Proxy, Host: name + ".localhost", Rate: 200})
	p.Until("its traffic", `document.querySelector('.members .body .share').innerText.trim() === '100 %'`)
	before := browser.Eval[[]string](p, `[...document.querySelectorAll('.members .body .name bdi')].map((e) => e.textContent)`)
	browser.Eval[bool](p, watchMembers)

	c.scale(5)
	p.Until("five instances with their shares", `[...document.querySelectorAll('.members .row[data-state="ok"] .share')].filter((e) => /^(1[5-9]|2[0-5]) %$/.test(e.innerText.trim())).length === 5`)
	said := browser.Eval[map[string][]string](p, `said`)
	if len(said) != 5 {
		t.Errorf("the page has shown %d instances, want 5: %q", len(said), said)
	}
	for id, words := range said {
		registered, serving := slices.Index(words, "registered"), slices.Index(words, "serving")
		if id != before[0] && (registered < 0 || serving < registered || words[len(words)-1] != "serving") {
			t.Errorf("the page said of %s: %q, want registered and then serving", id, words)
		}
	}
	stepsAreTold(t, p)
	p.Shot("docker scaled up")

	c.scale(1)
	p.Until("one instance with all", `document.querySelectorAll('.members .body .row').length === 1 && document.querySelector('.members .body .share').innerText.trim() === '100 %'`)
	p.Until("those that went among the events", `[...document.querySelector('.recent').innerText.matchAll(/(?:(\d+) instances? )?removed/g)].reduce((n, m) => n + Number(m[1] ?? 1), 0) === 4`)
	p.Shot("docker scaled down")
	if tally := m.Stop(); tally.Sent("") == 0 || tally.Lost("") > 0 {
		t.Errorf("lost %d of %d requests", tally.Lost(""), tally.Sent(""))
	}
	if list := append(p.Complaints(), p.Strangers(proxy.Admin)...); len(list) > 0 {
		t.Errorf("the browser complains or asks others: %q", list)
	}
}

// stepsAreTold reads how the last five instances came, for the eye and for a screen reader.
func stepsAreTold(t *testing.T, p *browser.Page) {
	t.Helper()
	type start struct {
		Words  string
		Health float64 // milliseconds
		Parts  int
	}
	p.Until("the steps of five starts", `document.querySelectorAll('.starts li .track [data-step="traffic"]').length === 5`)
	list := browser.Eval[[]start](p, `[...document.querySelectorAll('.starts li')].map((li) => ({ words: li.querySelector('.hidden').textContent,
		health: parseFloat(li.querySelector('.number[data-step="healthy"]').textContent) * (/\d ms/.test(li.querySelector('.number[data-step="healthy"]').textContent) ? 1 : 1000),
		parts: li.querySelectorAll('.track > span').length }))`)
	for _, s := range list {
		for _, step := range []string{"start to registered", "to seen here", "to healthy and in the table", "to the first answer"} {
			if !strings.Contains(s.Words, step) {
				t.Errorf("%q does not tell how long it took %s", s.Words, step)
			}
		}
		if s.Parts != 4 || s.Health < 1000 || s.Health > 30_000 { // the instance listens three seconds after it was started, and is asked each second
			t.Errorf("a start of %d parts, healthy %v ms after it was seen: %q", s.Parts, s.Health, s.Words)
		}
	}
}
