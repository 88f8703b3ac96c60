package admin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/routing"
)

// filled is a switch over n services whose texts are as hostile as a catalogue lets them be.
func filled(n int) *routing.Switch {
	s := routing.NewSwitch(routing.Options{Languages: fixture.Languages(), Registered: true})
	snap := &discovery.Snapshot{Sequence: 7, Cause: strings.Repeat("c", 10000), Taken: time.Unix(1, 0)}
	for k := range n {
		name := fmt.Sprintf("web%05d", k)
		snap.Services = append(snap.Services, &discovery.Service{Name: name, Instances: []discovery.Instance{{
			Identity: discovery.Identity{Node: "n", ID: "<script>" + strings.Repeat("é", 10000), Address: "10.0.0.1", Port: 1000 + k},
			Service:  name, Tags: []string{"urlprefix-" + name + ".example/", "urlprefix-\x1b[31m" + strings.Repeat("x", 9000)},
			Meta: map[string]string{"password": "s3cr3t-marker"}, Weight: 1, Status: discovery.Passing,
		}}})
	}
	s.Apply(snap)
	return s
}

func get(h http.Handler, host, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host = host
	return recorded(h, r)
}

// request is one to localhost.
func request(path string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host = "localhost"
	return r
}

func recorded(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestAdminAnswersOnlyToHostsThatNoForeignPageCanSend(t *testing.T) {
	h := Admin(Options{Hosts: []string{"ops.example.com"}})
	for host, want := range map[string]int{
		"localhost": 200, "LocalHost:8090": 200, "localhost.": 200, "127.0.0.1:8090": 200, "[::1]:8090": 200, "[::1]": 200, "10.1.2.3": 200,
		"ops.example.com:8090": 200, "OPS.example.com": 200,
		"evil.example": 421, "localhost.evil.example": 421, "127.0.0.1.evil.example": 421, "": 421, "127.0.0.1@evil.example": 421, "0x7f.1": 421,
	} {
		if got := get(h, host, "/healthz").Code; got != want {
			t.Errorf("Host %q: %d, want %d", host, got, want)
		}
	}
	if got := get(Status(Options{}), "proxy.internal:9100", "/healthz").Code; got != 200 {
		t.Errorf("the status address is for machines and takes any Host: %d", got)
	}
}

func TestPagesOfOtherSitesHaveNothingMade(t *testing.T) {
	s := filled(1)
	for name, h := range map[string]http.Handler{"admin": Admin(Options{Table: s.Load}), "discovery": Discovery(Options{Table: s.Load}, true)} {
		for _, c := range []struct {
			site, mode, dest string
			want             int
		}{
			{"", "", "", 200}, {"none", "navigate", "document", 200}, {"same-origin", "cors", "empty", 200}, {"same-site", "cors", "empty", 200},
			{"cross-site", "navigate", "document", 200}, {"cross-site", "no-cors", "empty", 403}, {"cross-site", "cors", "empty", 403},
			{"cross-site", "no-cors", "script", 403}, {"cross-site", "navigate", "iframe", 403}, {"cross-site", "", "", 403},
		} {
			r := request("/services/web00000")
			for key, value := range map[string]string{"Sec-Fetch-Site": c.site, "Sec-Fetch-Mode": c.mode, "Sec-Fetch-Dest": c.dest} {
				if value != "" {
					r.Header.Set(key, value)
				}
			}
			if w := recorded(h, r); w.Code != c.want {
				t.Errorf("%s: %+v: %d", name, c, w.Code)
			}
		}
	}
}

func TestStatusHasHealthAndMetricsOnly(t *testing.T) {
	registry := prometheus.NewRegistry()
	table := filled(3)
	registry.MustRegister(NewTableCollector(table))
	o := Options{Table: table.Load, Gatherer: registry, Notices: NewNotices(), Token: func() string { return testToken }, Actions: map[string]Action{"scale": scaleUpTo(9, nil)}}
	h := Status(o)
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/metrics": 200, "/": 404, "/api/routes": 404,
		"/api/services": 404, "/api/actions/scale": 404, "/api/notices": 404, "/debug/pprof/": 404} {
		if got := get(h, "x", path).Code; got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
	body := get(h, "x", "/metrics").Body.String()
	for _, line := range []string{"pointsman_table_swaps_total 1", "pointsman_services 3", "pointsman_instances_usable 3", "pointsman_rejected_tags 3", "pointsman_route_conflicts 0"} {
		if !strings.Contains(body, line+"\n") {
			t.Errorf("no line %q in:\n%s", line, body)
		}
	}
	if got := get(Admin(o), "localhost", "/debug/pprof/").Code; got != 404 {
		t.Errorf("pprof on the admin address: %d", got)
	}
}

// How many instances are kept from requests now, and why, can be drawn: each reason is there from the beginning.
func TestEjectedInstancesAreAGauge(t *testing.T) {
	registry := prometheus.NewRegistry()
	table := filled(3)
	registry.MustRegister(NewTableCollector(table))
	shows := func(lines ...string) {
		t.Helper()
		body := get(Status(Options{Gatherer: registry}), "x", "/metrics").Body.String()
		for _, line := range lines {
			if !strings.Contains(body, "pointsman_upstreams_ejected{reason="+line+"\n") {
				t.Errorf("no line %q in:\n%s", line, body)
			}
		}
	}
	shows(`"refused"} 0`, `"check"} 0`, `"status"} 0`, `"silent"} 0`, `"max-fails"} 0`)
	routes, now := table.Load().Routes(), time.Now()
	routes[0].Members[0].Way.ObserveRefused(now)
	routes[1].Members[0].Way.Fail(balancer.MaxFails{Fails: 1, Timeout: time.Minute}, false, now, func() int { return 1 })
	shows(`"refused"} 1`, `"check"} 0`, `"max-fails"} 1`)
}

func TestReadinessTellsWhy(t *testing.T) {
	h := Status(Options{Ready: func() (bool, string) { return false, "draining" }})
	w := get(h, "x", "/readyz")
	if w.Code != 503 || !strings.Contains(w.Body.String(), "draining") || w.Header().Get("Retry-After") == "" {
		t.Errorf("%d %q %v", w.Code, w.Body, w.Header())
	}
	if get(h, "x", "/healthz").Code != 200 {
		t.Error("a process that is not ready still lives")
	}
}

func TestViewsAreBoundedEscapedAndWithoutSecrets(t *testing.T) {
	h := Admin(Options{Table: filled(1500).Load, Ages: func() map[string]time.Duration { return map[string]time.Duration{"web00000": time.Second} }})
	for _, path := range []string{"/api/routes", "/api/services"} {
		w := get(h, "localhost", path)
		body := w.Body.String()
		if w.Code != 200 || !json.Valid(w.Body.Bytes()) || len(body) > 3<<20 {
			t.Fatalf("%s: %d, %d bytes", path, w.Code, len(body))
		}
		for _, bad := range []string{"<script>", "\x1b", "s3cr3t-marker", strings.Repeat("é", 300), strings.Repeat("x", 300), strings.Repeat("c", 300)} {
			if strings.Contains(body, bad) {
				t.Errorf("%s holds %.20q", path, bad)
			}
		}
	}
	var v routesView
	if err := json.Unmarshal(get(h, "localhost", "/api/routes?limit=2&offset=1499").Body.Bytes(), &v); err != nil || v.Count < 1500 || len(v.Routes) != 1 || v.RejectCount < 1500 {
		t.Errorf("%v: %d routes of %d, %d rejects", err, len(v.Routes), v.Count, v.RejectCount)
	}
	for _, query := range []string{"?limit=-1", "?limit=x", "?limit=99999999", "?offset=-1"} {
		if got := get(h, "localhost", "/api/services"+query).Code; got != 400 {
			t.Errorf("%s: %d", query, got)
		}
	}
}

func TestViewsBeforeTheFirstTable(t *testing.T) {
	h := Admin(Options{Table: routing.NewSwitch(routing.Options{Languages: fixture.Languages()}).Load})
	for _, path := range []string{"/api/routes", "/api/services"} {
		if w := get(h, "localhost", path); w.Code != 200 || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

func newRequest(path string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host = "localhost"
	return r
}

func newRecorder() *httptest.ResponseRecorder { return httptest.NewRecorder() }
