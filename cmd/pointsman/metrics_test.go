package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// watched is a proxy with everything on that metrics tell of, and a registrator, over a real Consul.
type watched struct {
	t                      *testing.T
	consul                 *lab.Consul
	address, admin, status string
}

// startWatched starts them, and sends requests of every kind. The service web has two instances, one of which answers 500, and that of broken closes
// connections.
func startWatched(t *testing.T) *watched {
	t.Helper()
	w := &watched{t: t, consul: lab.StartConsul(t)}
	good, goodPort := instance(t, "good")
	put(t, w.consul, "web", good, goodPort, "urlprefix-web.example/")
	faulty := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }))
	t.Cleanup(faulty.Close)
	bad, badPort := split(t, faulty.Listener.Addr().String())
	put(t, w.consul, "web", bad, badPort, "urlprefix-web.example/")
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	t.Cleanup(silent.Close)
	broken, brokenPort := split(t, silent.Listener.Addr().String())
	put(t, w.consul, "broken", broken, brokenPort, "urlprefix-broken.example/")
	put(t, w.consul, "wrong", good, goodPort, "urlprefix-web.example/ strip=nothing=really")
	dir := t.TempDir()
	cert, key := fixture.WriteCertificate(t, dir, "web.example")
	_, w.address, w.admin = startProxy(t, nil, "-consul", w.consul.HTTP, "-metrics-instances", "-slow", "1ms", "-otlp", "http://127.0.0.1:1", "-register", "edge", "-zone", "here",
		"-tls-listen", "127.0.0.1:0", "-tls-cert", cert, "-tls-key", key, "-acme-dir", filepath.Join(dir, "acme"), "-acme-ca", "https://127.0.0.1:1/none",
		"-access-log-file", filepath.Join(dir, "access.log"), "-eject", "shadow", "-state", filepath.Join(dir, "state"))
	engine := lab.StartEngine(t)
	engine.Run(2, "app", "SERVICE_NAME=app")
	r := lab.StartProcess(t, "registrator", []string{"DOCKER_HOST=unix://" + engine.Socket}, binary, "registrator", "-status", "127.0.0.1:0", "consul://"+w.consul.HTTP)
	w.status = bound(t, r, "health and metrics")
	answers(t, w.address, "web.example", 200, "good")
	answers(t, w.address, "web.example", 500, "")
	answers(t, w.address, "broken.example", 502, "")
	answers(t, w.address, "nowhere.example", 404, "")
	lab.Eventually(t, 10*time.Second, "the registrator has written", func() bool { return w.consul.Passing("app") == 2 })
	return w
}

// metrics is a scrape of the proxy and one of the registrator.
func (w *watched) metrics() (proxy, registrator string) {
	w.t.Helper()
	code, proxy := status("http://" + w.admin + "/metrics")
	codeToo, registrator := status("http://" + w.status + "/metrics")
	if code != 200 || codeToo != 200 {
		w.t.Fatalf("%d %s\n%d %s", code, proxy, codeToo, registrator)
	}
	return proxy, registrator
}

func TestMetricsPassPromlintAndLeaveNothingOfGoneInstances(t *testing.T) {
	w := startWatched(t)
	proxy, registrator := w.metrics()
	for name, text := range map[string]string{"proxy": proxy, "registrator": registrator} {
		problems, err := promlint.New(strings.NewReader(text)).Lint()
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range problems {
			t.Errorf("%s: %s: %s", name, p.Metric, p.Text)
		}
		if n := len(seriesOf(text, "pointsman_")); n < 10 || n > 400 {
			t.Errorf("%s: %d series of ours", name, n)
		}
	}
	if list := seriesOf(proxy, "pointsman_certificate_expires_timestamp_seconds", `name="web.example"`); len(list) != 1 {
		t.Errorf("certificates: %q", list)
	}
	instances := seriesOf(proxy, "pointsman_upstream_attempts_total", `service="web"`)
	if len(instances) != 6 {
		t.Errorf("want three results of two instances: %q", instances)
	}
	for _, want := range []string{`service="web",upstream="[^"]+"} [1-9]`, `result="failed",service="broken",upstream="[^"]+"} [1-9]`, `result="error",service="web",upstream="[^"]+"} [1-9]`} {
		if !regexp.MustCompile(want).MatchString(proxy) {
			t.Errorf("no %s in %q", want, seriesOf(proxy, "pointsman_upstream_attempts_total"))
		}
	}

	for _, label := range seriesOf(proxy, "pointsman_upstream_ejected", `service="web"`) {
		address := regexp.MustCompile(`upstream="127.0.0.1:(\d+)"`).FindStringSubmatch(label)
		if err := w.consul.Put("/v1/agent/service/deregister/web-"+address[1], nil); err != nil {
			t.Fatal(err)
		}
	}
	lab.Eventually(t, 10*time.Second, "series of the instances are gone", func() bool {
		proxy, _ = w.metrics()
		return len(seriesOf(proxy, "pointsman_upstream_", `service="web"`, "upstream=")) == 0
	})
	if len(seriesOf(proxy, "pointsman_upstream_attempts_total", `service="broken"`)) != 3 {
		t.Error("an instance that stays has lost its series")
	}
}

// seriesOf are the lines of a scrape whose name begins so and that hold the texts.
func seriesOf(scrape, prefix string, texts ...string) (out []string) {
	for line := range strings.Lines(scrape) {
		ok := strings.HasPrefix(line, prefix)
		for _, text := range texts {
			ok = ok && strings.Contains(line, text)
		}
		if ok {
			out = append(out, strings.TrimSpace(line))
		}
	}
	return out
}

// A client can't add series.
func TestMetricsKnowNoHostsThatClientsMakeUp(t *testing.T) {
	_, address, admin := startDemo(t, "-metrics-instances")
	for i := range 50 {
		withHost(address, fmt.Sprintf("made-up-%d.example", i))
	}
	_, text := status("http://" + admin + "/metrics")
	if strings.Contains(text, "made-up") {
		t.Error("a host that a client made up is in the metrics")
	}
	if n := len(seriesOf(text, "pointsman_requests_total")); n != 1 {
		t.Errorf("%d series of requests, want one: the demo's service gets them all", n)
	}
}
