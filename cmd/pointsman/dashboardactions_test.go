package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/examples/lab/browser"
)

// actingSite is a proxy with a token for actions, and a page of it. Of its two instances one is ejected for as long as the test lasts.
type actingSite struct {
	*testing.T
	page       *browser.Page
	web, admin string
	bad        string // the id of the instance that is ejected
}

const siteToken = "0123456789abcdef"

func newActingSite(t *testing.T) *actingSite {
	t.Helper()
	token, c, u := filepath.Join(t.TempDir(), "token"), lab.StartConsul(t), lab.StartUpstream(t, nil)
	if err := os.WriteFile(token, []byte(siteToken), 0o600); err != nil {
		t.Fatal(err)
	}
	u.Set(lab.ResetAfter)
	host, port := instance(t, "good")
	put(t, c, "web", host, port, "pointsman.route=web.example/")
	host, port = split(t, u.Address)
	put(t, c, "web", host, port, "pointsman.route=web.example/ max-fails=1 fail-timeout=10m")
	s := &actingSite{T: t, bad: fmt.Sprint("web-", port)}
	_, s.web, s.admin = startProxy(t, nil, "-consul", c.HTTP, "-admin-token", token)
	lab.Eventually(t, lab.Patient(10*time.Second), "the second instance is ejected", func() bool {
		withHost(s.web, "web.example")
		_, text := status("http://" + s.admin + "/api/ejections")
		return strings.Contains(text, u.Address)
	})
	s.page = browser.Open(t, 1440, 900)
	return s
}

// unlock gives the page a token.
func (s *actingSite) unlock(token string) {
	s.Helper()
	s.page.Do(chromedp.Click(`#token`), chromedp.WaitVisible(`#ask-field`), chromedp.SetValue(`#ask-field`, token), chromedp.Click(`#ask button[type="submit"]`))
}

// press clicks an action's button, and agrees to what it asks, if it asks.
func (s *actingSite) press(action string, asks bool) {
	s.Helper()
	button := `.panel [data-action="` + action + `"]`
	s.page.Until("the button "+action, `document.querySelector('`+button+`')?.checkVisibility()`)
	s.page.Do(chromedp.Click(button))
	if asks {
		s.page.Do(chromedp.WaitVisible(`#ask-field`), chromedp.Click(`#ask button[type="submit"]`))
	}
}

// noted waits until the page's events tell of an action.
func (s *actingSite) noted(text string) {
	s.Helper()
	s.page.Until("the event "+text, `[...document.querySelectorAll('.recent li[data-kind="action"]')].some((e) => e.innerText.includes('`+text+`'))`)
}

// tagOf is what stands beside the name of the ejected instance.
const tagOf = `document.querySelector('.members .row[aria-selected="true"] .tag').textContent`

// Who has the token acts in the page, and each action is among the events; for who has not, there is nothing to act with.
func TestDashboardActsForWhoHasTheToken(t *testing.T) {
	t.Parallel()
	s := newActingSite(t)
	p := s.page
	none := func(when string) {
		t.Helper()
		p.Until("no actions "+when, `document.querySelector('.members .row') && document.querySelectorAll('[data-action]').length === 0`)
	}
	p.Go("http://" + s.admin + "/#services?service=web&instance=" + s.bad)
	p.Until("the ejection", tagOf+` === 'ejected'`)
	none("without a token")
	p.Complaints()
	s.unlock("another-token-altogether")
	p.Until("that it is the wrong one", `document.getElementById('toast').innerText.startsWith('That is not the token')`)
	none("with a wrong token")
	if list := p.Complaints(); len(list) != 1 || !strings.Contains(list[0], "401") {
		t.Errorf("the browser complains %q, want of the wrong token alone", list)
	}
	s.unlock(siteToken)
	p.Until("what it allows", `document.querySelector('#token').innerText === 'Lock'`)
	p.Shot("actions")
	s.press("end-ejection", false)
	s.noted("end-ejection: the ejection is ended")
	p.Until("its return", `['', 'ready'].includes(`+tagOf+`)`)
	s.press("drain", true)
	s.noted("drain: ")
	p.Until("the drain", tagOf+`.startsWith('drain')`)
	s.press("undrain", false)
	s.noted("undrain: ")
	p.Until("the drain's end", `!`+tagOf+`.startsWith('drain')`)
	s.press("pin", true)
	s.noted("pin: the routes of web are held")
	p.Until("that its routes are held", `document.querySelector('.services .body .tag').textContent.startsWith('held at ')`)
	s.press("release", false)
	s.noted("release: the routes of web follow its tags again")
	p.Until("that they are not any more", `document.querySelector('.services .body .tag').textContent === ''`)
	p.Do(chromedp.Click(`#token`))
	none("once they are locked")
	if list := append(p.Complaints(), p.Strangers(s.admin)...); len(list) > 0 {
		t.Errorf("the browser complains or asks others: %q", list)
	}
}

// A page of somebody else's, open in the same browser, can neither read what the proxy tells nor have anything done, even with the token.
func TestDashboardAnswersNoOtherPages(t *testing.T) {
	t.Parallel()
	s := newActingSite(t)
	p := s.page
	stranger := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><title>x</title><form method="post" enctype="text/plain" action="http://%s/api/actions/drain"><input name='{"instance":"%s","seconds":60,"x":"' value='"}'></form>`, s.admin, s.bad)
	}))
	t.Cleanup(stranger.Close)
	_, port, _ := net.SplitHostPort(s.admin)
	p.Reach("http://" + s.admin)
	_, strange, _ := net.SplitHostPort(stranger.Listener.Addr().String())
	p.Go("http://stranger.localhost:" + strange + "/")
	for what, ask := range map[string]string{
		"reads":              `fetch('http://%s/api/services')`,
		"acts":               `fetch('http://%s/api/actions/release', { method: 'POST', headers: { 'Content-Type': 'application/json', Authorization: 'Bearer ` + siteToken + `' }, body: '{"service":"web"}' })`,
		"follows the stream": `fetch('http://%s/api/events')`,
	} {
		if got := browser.Eval[string](p, fmt.Sprintf(ask, s.admin)+`.then((a) => 'it was answered ' + a.status, () => 'refused')`); got != "refused" {
			t.Errorf("a stranger %s: %s", what, got)
		}
	}
	p.Do(chromedp.Evaluate[chromedp.Void](`document.querySelector('form').submit()`))
	p.Until("the refusal of a form", `document.body.innerText.includes('a page of another site must not')`)
	p.Go("http://stranger.localhost:" + port + "/") // a name that leads here
	p.Until("the refusal of a name", `document.body.innerText.includes('this host name is not served here')`)
	if _, text := status("http://" + s.admin + "/api/notices"); strings.Contains(text, `"kind": "action"`) {
		t.Errorf("what strangers asked for was taken up: %s", text)
	}
}
