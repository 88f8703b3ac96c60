package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/examples/lab/browser"
	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// shop is what stands in the pictures: services as a small shop has them, with how many instances each has and how long they take.
var shop = []struct {
	name      string
	instances int
	took      time.Duration
	every     time.Duration // a client asks
}{
	{"api", 6, 12 * time.Millisecond, 20 * time.Millisecond}, {"auth", 3, 8 * time.Millisecond, 50 * time.Millisecond}, {"basket", 4, 15 * time.Millisecond, 30 * time.Millisecond},
	{"billing", 2, 40 * time.Millisecond, 200 * time.Millisecond}, {"catalogue", 5, 10 * time.Millisecond, 20 * time.Millisecond}, {"images", 4, 30 * time.Millisecond, 25 * time.Millisecond},
	{"legacy", 1, time.Millisecond, time.Second}, {"mail", 2, 5 * time.Millisecond, 700 * time.Millisecond}, {"search", 8, 20 * time.Millisecond, 20 * time.Millisecond},
	{"web", 5, 6 * time.Millisecond, 12 * time.Millisecond},
}

// openShop starts the shop's instances, with one of each kind of trouble, and clients that ask until the test ends.
func openShop(t *testing.T) (admin string) {
	t.Helper()
	cert, key := fixture.WriteCertificate(t, t.TempDir(), "shop.example")
	c := lab.StartConsul(t)
	for _, s := range shop {
		for i := range s.instances {
			host, port := stall(t, s.took, s.name == "catalogue" && i == 0)
			body := map[string]any{"ID": fmt.Sprintf("%s-%x", s.name, 4096+i*5123), "Name": s.name, "Address": host, "Port": port, "Tags": shopTags(s.name)}
			if s.name == "legacy" || s.name == "basket" && i == 2 {
				body["Check"] = map[string]any{"TTL": "1h", "Status": "critical"}
			}
			if err := c.Put("/v1/agent/service/register", body); err != nil {
				t.Fatal(err)
			}
		}
	}
	_, web, admin := startProxy(t, nil, "-consul", c.HTTP, "-tls-listen", "127.0.0.1:0", "-tls-cert", cert, "-tls-key", key)
	ctx, cancel := context.WithCancel(context.Background())
	var asking sync.WaitGroup
	t.Cleanup(func() { cancel(); asking.Wait() })
	for _, s := range shop {
		asking.Go(func() { shopAsk(ctx, web, s.name, s.every) })
	}
	return admin
}

func shopTags(service string) []string {
	switch service {
	case "web":
		return []string{"pointsman.route=shop.example/"}
	case "billing":
		return []string{"pointsman.route=shop.example/billing", "urlprefix-shop.example/pay strip=/pay host=dst", "pointsman.route=pay.example/ retrys=2"}
	}
	return []string{"pointsman.route=shop.example/" + service}
}

// stall is an instance; a broken one answers most requests with 503.
func stall(t *testing.T, took time.Duration, broken bool) (host string, port int) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(time.Duration((0.5 + rand.ExpFloat64()/2) * float64(took))):
		case <-r.Context().Done():
		}
		if broken && rand.IntN(4) > 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(s.Close)
	return split(t, s.Listener.Addr().String())
}

// shopAsk asks for a service about so often, now more and now less.
func shopAsk(ctx context.Context, address, service string, every time.Duration) {
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	path := "/" + service
	if service == "web" {
		path = "/"
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Duration((0.4 + rand.ExpFloat64()*0.6) * float64(every))):
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, nil)
		if err != nil {
			return
		}
		r.Host = "shop.example"
		if answer, err := transport.RoundTrip(r); err == nil {
			_, _ = io.Copy(io.Discard, answer.Body)
			_ = answer.Body.Close()
		}
	}
}

// A link leads each time to what it was made of: each view, with what is chosen in it, outlives a reload. The pictures of the tour are for people to look
// at; the one of the documentation is "picture", after a minute in the long rounds.
func TestDashboardTour(t *testing.T) {
	t.Parallel()
	admin := openShop(t)
	p := browser.Open(t, 1280, 760)
	p.Go("http://" + admin + "/#services?service=catalogue")
	p.Until("the ejection", `[...document.querySelectorAll('.members .tag')].some((e) => e.textContent === 'ejected')`)
	if lab.Long() {
		time.Sleep(time.Minute) // the curves are of the last one
		p.Shot("picture")
	}
	for _, stop := range []struct{ name, link, shows string }{
		{"services", "services?sort=-rate", `document.querySelector('.head .rate').getAttribute('aria-sort') === 'descending' && /^\d/.test(document.querySelector('.body .rate span').textContent)`},
		{"services filtered", "services?filter=shop.example+partly", `document.querySelectorAll('.body .row').length === 1`},
		{"service", "services?service=billing", `document.querySelectorAll('.tags li').length >= 3 && document.querySelector('#panel-title').textContent === 'billing'`},
		{"routes", "routes", `[...document.querySelectorAll('.body .latency')].some((e) => /ms|µs/.test(e.textContent))`},
		{"route", "routes?filter=catalogue", `document.querySelectorAll('.body .row').length === 1`},
		{"instances", "instances?sort=status&service=basket", `document.querySelector('.head .status').getAttribute('aria-sort') === 'ascending' && document.querySelector('#panel-title').textContent === 'basket'`},
		{"verdicts", "verdicts", `document.querySelectorAll('.verdicts li').length > 0`},
		{"ejections", "ejections", `document.querySelector('main .feed [data-kind="ejected"]')`},
		{"certificates", "certificates", `/shop\.example.* in use.*ends in .* old/.test(document.querySelector('.certificates li').textContent)`},
		{"events", "events", `document.querySelector('main .feed')`},
		{"history", "history", `document.querySelector('main .feed li')`},
		{"explain", "explain?url=http%3A%2F%2Fshop.example%2Fcatalogue%2F7&method=HEAD", `document.querySelectorAll('.answer tbody tr').length === 5 && document.querySelector('#explain-method').value === 'HEAD'`},
	} {
		p.Go("http://" + admin + "/#" + stop.link)
		p.Until(stop.name, stop.shows+` && document.getElementById('state').dataset.state === 'live'`)
		for _, as := range []struct {
			name, scheme  string
			width, height int
		}{{"", "light", 1280, 760}, {" dark", "dark", 1280, 760}, {" narrow", "light", 360, 740}} {
			p.Size(as.width, as.height)
			p.Prefers("prefers-color-scheme", as.scheme)
			p.Shot("tour " + stop.name + as.name)
		}
		p.Size(1280, 760)
		p.Reload()
		p.Until(stop.name+" after a reload", stop.shows)
		if hash := browser.Eval[string](p, "location.hash"); hash != "#"+stop.link {
			t.Errorf("%s: the address became %q", stop.name, hash)
		}
	}
	if list := append(p.Complaints(), p.Strangers(admin)...); len(list) > 0 {
		t.Errorf("the browser complains or asks others: %q", list)
	}
}
