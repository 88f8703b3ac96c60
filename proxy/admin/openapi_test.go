package admin

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/certs"
	"github.com/pointsman/pointsman/proxy/history"
	"github.com/pointsman/pointsman/proxy/record"
	"github.com/pointsman/pointsman/proxy/routing"
)

// described is the description, as far as the tests read it.
type described struct {
	Paths      map[string]map[string]describedOperation
	Components struct {
		Parameters map[string]describedParameter
		Responses  map[string]describedResponse
		Schemas    map[string]json.RawMessage
	}
}

type describedOperation struct {
	Parameters []describedParameter
	Responses  map[string]describedResponse
}

type describedParameter struct {
	Ref      string `json:"$ref"`
	Name, In string
}

type describedResponse struct {
	Ref     string `json:"$ref"`
	Headers map[string]any
	Content map[string]struct{ Schema map[string]any }
}

// contract holds answers against the description, and notes what was held against it.
type contract struct {
	t *testing.T
	described
	schemas *jsonschema.Compiler
	unseen  map[string]bool // parameters, and statuses with their media types, by operation
}

func newContract(t *testing.T) *contract {
	t.Helper()
	c := &contract{t: t, schemas: jsonschema.NewCompiler(), unseen: map[string]bool{}}
	if err := json.Unmarshal(description, &c.described); err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(description))
	if err == nil {
		c.schemas.DefaultDraft(jsonschema.Draft2020)
		c.schemas.AssertFormat()
		err = c.schemas.AddResource("openapi.json", document)
	}
	if err != nil {
		t.Fatal(err)
	}
	for path, methods := range c.Paths {
		for method, o := range methods {
			name := strings.ToUpper(method) + " " + path
			for i, p := range o.Parameters {
				if key, is := strings.CutPrefix(p.Ref, "#/components/parameters/"); is {
					o.Parameters[i] = c.Components.Parameters[key]
				}
				if o.Parameters[i].Name == "" {
					t.Errorf("%s: parameter %+v is nowhere", name, p)
				}
				c.unseen[name+" "+o.Parameters[i].In+" "+o.Parameters[i].Name] = true
			}
			for status, r := range o.Responses {
				if key, is := strings.CutPrefix(r.Ref, "#/components/responses/"); is {
					if r, is = c.Components.Responses[key]; !is {
						t.Errorf("%s: response %s is nowhere", name, key)
					}
					o.Responses[status] = r
				}
				for kind := range r.Content {
					c.unseen[name+" "+status+" "+kind] = true
				}
				if len(r.Content) == 0 {
					c.unseen[name+" "+status+" "] = true
				}
			}
		}
	}
	return c
}

// check holds an answer against the description of an operation.
func (c *contract) check(name string, r *http.Request, w *httptest.ResponseRecorder) {
	c.t.Helper()
	method, path, _ := strings.Cut(name, " ")
	o, ok := c.Paths[path][strings.ToLower(method)]
	if !ok {
		c.t.Errorf("%s is not described", name)
		return
	}
	c.parameters(name, o, r)
	response, ok := o.Responses[fmt.Sprint(w.Code)]
	kind, _, _ := mime.ParseMediaType(w.Header().Get("Content-Type"))
	content, ok2 := response.Content[kind]
	if !ok || !ok2 && w.Code != http.StatusNotModified {
		c.t.Errorf("%s %s: %d %s is not described: %s", name, r.URL.RawQuery, w.Code, kind, w.Body)
		return
	}
	delete(c.unseen, fmt.Sprintf("%s %d %s", name, w.Code, kind))
	for field := range response.Headers {
		if w.Header().Get(field) == "" && kind == "application/json" {
			c.t.Errorf("%s: %d without %s", name, w.Code, field)
		}
	}
	switch {
	case kind == lineForm.kind:
		for line := range strings.Lines(w.Body.String()) {
			if line != "\n" {
				c.valid(name, content.Schema["$ref"].(string), []byte(line))
			}
		}
	case strings.HasSuffix(kind, "json"):
		ref, _ := content.Schema["$ref"].(string)
		c.valid(name, ref, w.Body.Bytes())
	case kind == eventStream:
		c.events(name, w.Body.String())
	}
}

// parameters sees to it that the request has none that is not described.
func (c *contract) parameters(name string, o describedOperation, r *http.Request) {
	known := func(in, key string) bool {
		return slices.ContainsFunc(o.Parameters, func(p describedParameter) bool { return p.In == in && strings.EqualFold(p.Name, key) })
	}
	for key := range r.URL.Query() {
		if !known("query", key) {
			c.t.Errorf("%s: ?%s= is not described", name, key)
		}
		delete(c.unseen, name+" query "+key)
	}
	for _, key := range []string{"If-None-Match", "Last-Event-ID"} {
		if r.Header.Get(key) != "" && known("header", key) {
			delete(c.unseen, name+" header "+key)
		}
	}
	delete(c.unseen, name+" path name")
}

// valid holds a JSON text against a schema; "" is any.
func (c *contract) valid(name, ref string, text []byte) {
	c.t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err == nil && ref != "" {
		var schema *jsonschema.Schema
		if schema, err = c.schemas.Compile("openapi.json" + ref); err == nil {
			err = schema.Validate(value)
		}
	}
	if err != nil {
		c.t.Errorf("%s: %v\n%s", name, err, text)
	}
}

// events holds those of a stream against the schemas that their names stand for.
func (c *contract) events(name, text string) {
	c.t.Helper()
	schemas := map[string]string{eventService: "Service", eventServiceGone: "ServiceGone", eventRoute: "Route", eventRouteGone: "RouteGone", eventTable: "Table", eventReset: "Table", eventUpstreams: "Upstreams", eventContainers: "Containers", eventLive: "Live", eventNotice: "Notice"}
	n, kind := 0, ""
	for one := range strings.SplitSeq(text, "\n\n") {
		_, one, ok := strings.Cut(one, "event: ")
		if !ok {
			continue
		}
		var data string
		kind, data, _ = strings.Cut(one, dataStart)
		c.valid(name+" "+kind, "#/components/schemas/"+cmp.Or(schemas[kind], kind), []byte(data))
		n++
	}
	if n < 2 && kind != eventContainers && kind != eventUpstreams && kind != eventLive {
		c.t.Errorf("%s: %q has %d events", name, text, n)
	}
}

// full is an API with something of everything to tell.
func full(t testing.TB, table func() *routing.Table, feed *Feed) http.Handler {
	past := remembered(t)
	pins := pinning(t, table, past)
	out := balancer.Ejection{Reason: balancer.ReasonCut, Failed: 3, Good: 4, Others: 1, OthersShare: 0.25, For: time.Second, Times: 2, Trial: true}
	return Admin(Options{
		Table: table, Feed: feed, History: past,
		Ages: func() map[string]time.Duration { return map[string]time.Duration{"web": time.Second} },
		Ejections: func() []record.Ejection {
			return []record.Ejection{{At: time.Unix(1, 0), Service: "web", Instance: "a:80", Ejection: out}, {At: time.Unix(1, 0), Service: "web", Instance: "a:80", Ended: true}}
		},
		Decisions: func() []discovery.Decision {
			return []discovery.Decision{{Service: "web", Instance: "i", Address: "a:80", Kept: true, Why: "x", Vanished: 2, Services: 3}, {Removed: true, Why: "y"}, {Why: "z"}}
		},
		Certificates: func() []certs.Status {
			return []certs.Status{{Names: []string{"a.io"}, Source: "acme", State: certs.StateInUse, Issuer: "CN=x", NotBefore: time.Unix(1, 0), NotAfter: time.Unix(2, 0),
				Next: time.Unix(3, 0), Failures: 1, Fault: "x", FaultAt: time.Unix(4, 0)}, {Source: "b.crt", State: certs.StateUnusable, Fault: "y"}}
		},
		Notices: someNotices(), Live: looking(t, table),
		Token: func() string { return testToken },
		Drains: func() ([]DrainView, error) {
			return []DrainView{{ID: "x", Service: "web", Instance: "i", Node: "n", By: "host", Since: time.Unix(1, 0), Until: time.Unix(2, 0), Left: 3, Listed: true}}, errors.New("no right")
		},
		Actions: map[string]Action{"drain": drainOf(), "undrain": drainOf(), "scale": scaleUpTo(9, nil), "end-ejection": EndEjection(table, nil), "pin": pins.Pin(), "release": pins.Release()},
	})
}

// drainOf stands for the actions that the command makes: it fails as its instance is called.
func drainOf() Action {
	type wish struct {
		Instance string  `json:"instance"`
		Seconds  float64 `json:"seconds"`
		Force    bool    `json:"force"`
	}
	return ActionOf(`{"instance": "web-1"}`, func(_ context.Context, w wish) (Done, error) {
		switch w.Instance {
		case "last":
			return Done{}, Refusal(http.StatusConflict, "the last one")
		case "away":
			return Done{}, Refusal(http.StatusBadGateway, "no answer")
		case "busy":
			return Done{}, Refusal(http.StatusServiceUnavailable, "later")
		case "none":
			return Done{}, errors.New("no instance")
		}
		return Done{Service: "web", Instance: w.Instance, Text: "draining", Drains: []Drained{{ID: "x", Until: time.Unix(2, 0)}}}, nil
	})
}

// TestAPIIsAsDescribed asks for everything that is described, in every way, and for each status.
func TestAPIIsAsDescribed(t *testing.T) {
	c := newContract(t)
	f := newFed(t)
	sick, bad := fixture.Instance("web", "10.0.0.2", 80), fixture.Instance("web", "10.0.0.3", 80, "urlprefix-/x weight=abc")
	sick.Status = discovery.Critical
	f.Apply(fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=a.io/ fallback=other header=X-Key:v"), sick, bad, fixture.Instance("other", "10.0.0.4", 80, "pointsman.route=a.io/b")))
	h := full(t, f.Load, f.feed)
	s := routing.NewSwitch(routing.Options{Languages: fixture.Languages()}) // with choices that are left to chance
	s.Apply(fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=one.io/ balance=least-connections"), fixture.Instance("web", "10.0.0.2", 80, "pointsman.route=one.io/ balance=least-connections")))
	without := full(t, func() *routing.Table { return nil }, nil)
	ask := func(h http.Handler, name, in string, header ...string) *httptest.ResponseRecorder {
		t.Helper()
		method, path, _ := strings.Cut(name, " ")
		query, body, _ := strings.Cut(in, " ")
		if !strings.Contains(query, "=") {
			query, body = "", in
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		service, named := strings.CutPrefix(query, "name=")
		if !named {
			service = "web"
		}
		r := httptest.NewRequest(method, strings.ReplaceAll(path, "{name}", service), strings.NewReader(body)).WithContext(ctx)
		if !named {
			r.URL.RawQuery = query
		}
		r.Host = "localhost"
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
			if header[i] == "Host" {
				r.Host = header[i+1]
			}
		}
		w := endless{httptest.NewRecorder(), cancel}
		h.ServeHTTP(w, r)
		c.check(name, r, w.ResponseRecorder)
		return w.ResponseRecorder
	}
	for path, methods := range c.Paths {
		for method := range methods {
			name := strings.ToUpper(method) + " " + path
			ask(h, name, "", "Host", "evil.example")
			if method == "get" {
				query := ""
				if path == "/api/explain" {
					query = "url=a.io/"
				}
				accept := []string{"Accept", "application/json"}
				if path == "/api/actions" {
					ask(h, name, query, accept...) // without the token
					accept = append(accept, "Authorization", "Bearer "+testToken)
				}
				w := ask(h, name, query, accept...)
				if path == "/api/live" {
					continue // it is never the same
				}
				if ask(h, name, query, append(accept, "If-None-Match", w.Header().Get("ETag"))...).Code != http.StatusNotModified {
					t.Errorf("%s is not the same when asked again", name)
				}
			}
		}
	}
	index := func(w *httptest.ResponseRecorder) string { return w.Header().Get(indexField) }
	for _, name := range []string{"GET /api/services", "GET /api/services/{name}", "GET /api/routes", "GET /api/upstreams", "GET /api/events", "GET /services/{name}"} {
		i := index(ask(h, name, "", "Accept", "application/json"))
		ask(h, name, "index="+i+"&wait=10ms", "Accept", "application/json")
		ask(h, name, "index=1&wait=1m", "Accept", "application/json")
		ask(h, name, "wait=x", "Accept", "application/json")
		for _, in := range []string{"offset=1&limit=1", "load=1", "tags=1"} {
			if describes(c.Paths[name[4:]]["get"], in[:strings.IndexByte(in, '=')]) {
				ask(h, name, in)
			}
		}
		if _, streams := c.Paths[name[4:]]["get"].Responses["200"].Content[eventStream]; streams {
			go func() { time.Sleep(50 * time.Millisecond); f.set("web", 80) }()
			ask(h, name, "", "Accept", eventStream)
			ask(h, name, "", "Accept", eventStream, "Last-Event-ID", f.feed.id(0))
		}
	}
	ask(h, "GET /api/services/{name}", "name=none")
	ask(h, "GET /services/{name}", "name=none")
	ask(h, "GET /services/{name}", "watch=true")
	ask(h, "GET /services/{name}", "watch=x")
	ask(without, "GET /services/{name}", "")
	ask(h, "GET /api/events", "")
	everything := url.Values{"url": {"a.io/b"}, "method": {"GET"}, "header": {"X-Key: v"}, "client": {"10.0.0.1"}, "listener": {"http"}}
	ask(h, "GET /api/explain", everything.Encode())
	ask(h, "GET /api/explain", "url=nowhere.io/")
	ask(h, "GET /api/explain", "url=a.io/&text=1")
	ask(h, "GET /api/explain", "url=ftp://x")
	for _, at := range []string{"1", "5m", "x", "999"} {
		ask(h, "GET /api/explain", "url=a.io/&at="+at)
	}
	ask(full(t, s.Load, nil), "GET /api/explain", "url=one.io/")
	ask(without, "GET /api/explain", "url=a.io/")
	ask(h, "GET /api/live", "service=web&route=x&detail=web&offset=0&since=0", "Last-Event-ID", "1")
	ask(h, "GET /api/live", "since=x")
	ask(h, "GET /api/live", "top_services=errors&top_routes=latency")
	ask(h, "GET /api/live", "top_services=latency")
	ask(h, "GET /api/notices", "since=1&offset=0&limit=1")
	ask(h, "GET /api/history", "offset=0&limit=2")
	ask(h, "GET /api/history", "limit=x")
	ask(h, "GET /api/history", "text=1")
	ask(h, "GET /api/notices", "since=x")
	out := f.Load().Upstreams()[0].Upstream
	out.Way(balancer.WayKey{}).ObserveRefused(time.Now().Add(time.Hour))
	ended := fmt.Sprintf(`{"service":%q,"instance":%q}`, out.Service(), out.Address())
	text, err := routing.ParsePin("web", `{"service":"web","table":1,"at":"2026-01-02T03:04:05Z","lines":[{"tags":["pointsman.route=a.io/"]}]}`)
	if err != nil {
		t.Fatal(err)
	}
	held := fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80))
	held.Pins = []*discovery.Text{textOfPin(t, text)}
	p := routing.NewSwitch(routing.Options{Languages: fixture.Languages()})
	p.Apply(held)
	for path, schema := range map[string]string{"/api/routes": "Routes", "/api/services": "Services", "/api/explain?url=a.io/": "Explanation"} {
		w := get(Admin(Options{Table: p.Load}), "localhost", path)
		if c.valid(path, "#/components/schemas/"+schema, w.Body.Bytes()); !strings.Contains(w.Body.String(), `"pinned": `) {
			t.Errorf("%s says nothing of the pin: %s", path, w.Body)
		}
	}
	actions := map[string][]string{
		"POST /api/actions/scale":        {`{"service":"web","instances":3}`, `{"service":"web","instances":10}`, `{}`, `{"service":"busy","instances":1}`},
		"POST /api/actions/drain":        {`{"instance":"i","seconds":1,"force":true}`, `{"instance":"last"}`, `{"instance":"away"}`, `{"instance":"busy"}`, `{"instance":"none"}`, `{"x":1}`},
		"POST /api/actions/undrain":      {`{"instance":"i"}`, `{"instance":"away"}`, `{"instance":"busy"}`, `{"instance":"none"}`, `{"x":1}`},
		"POST /api/actions/pin":          {`{"service":"web","at":"1"}`, `{"service":"web","at":"999"}`, `{"service":"none","at":"1"}`, `{"service":"web","at":"x"}`, `{"x":1}`},
		"POST /api/actions/release":      {`{"service":"web"}`, `{"service":"web"}`, `{"x":1}`},
		"POST /api/actions/end-ejection": {ended, ended, `{"service":"none"}`, `{"x":1}`},
	}
	for _, name := range slices.Sorted(maps.Keys(actions)) { // a pin comes before its release
		for _, body := range actions[name] {
			ask(h, name, body, "Content-Type", "application/json", "Authorization", "Bearer "+testToken)
		}
		ask(without, name, "{}", "Content-Type", "application/json", "Authorization", "Bearer "+testToken)
		ask(h, name, "{}", "Content-Type", "application/json")
		ask(h, name, "x", "Content-Type", "text/plain", "Authorization", "Bearer "+testToken)
		ask(h, name, "", "Origin", "http://evil.example")
	}
	var all []*follower
	for m, err := f.feed.join(""); err == nil; m, err = f.feed.join("") {
		all = append(all, m)
	}
	ask(Admin(Options{Live: crowdOf(t, f.Load)}), "GET /api/live", "")
	for _, name := range []string{"GET /api/services", "GET /api/services/{name}", "GET /api/routes", "GET /api/upstreams", "GET /api/events"} {
		i := index(ask(h, "GET /api/services", ""))
		ask(h, name, "index="+i+"&wait=1m", "Accept", "application/json")
	}
	for _, m := range all {
		m.leave()
	}
	for _, what := range slices.Sorted(maps.Keys(c.unseen)) {
		t.Errorf("described, and never seen: %s", what)
	}
}

// endless records a stream until a while after it has begun.
type endless struct {
	*httptest.ResponseRecorder
	end func()
}

func (w endless) Flush() {
	if text := w.Body.String(); w.Header().Get("Content-Type") != eventStream || strings.Count(text, "event: ") > 1 || strings.Contains(text, "event: "+eventContainers) || strings.Contains(text, "event: "+eventUpstreams) || strings.Contains(text, "event: "+eventLive) {
		time.AfterFunc(100*time.Millisecond, w.end)
	}
	w.ResponseRecorder.Flush()
}

func describes(o describedOperation, name string) bool {
	return slices.ContainsFunc(o.Parameters, func(p describedParameter) bool { return p.Name == name })
}

func TestWhatIsGoneIsAsDescribed(t *testing.T) {
	c := newContract(t)
	c.valid(eventServiceGone, "#/components/schemas/ServiceGone", dataOf(frame(eventServiceGone, goneView{Name: "web"})))
	c.valid(eventRouteGone, "#/components/schemas/RouteGone", dataOf(frame(eventRouteGone, leftView{ID: "x", Host: "a.io", Path: "/"})))
}

// Each handler is described, and what is described has a handler.
func TestAPIHasWhatIsDescribed(t *testing.T) {
	c := newContract(t)
	f := newFed(t)
	o := Options{Table: f.Load, Feed: f.feed, History: history.New(history.Options{}), Ejections: func() []record.Ejection { return nil }, Decisions: func() []discovery.Decision { return nil }, Certificates: func() []certs.Status { return nil }, Notices: NewNotices(), Live: looking(t, f.Load), Drains: func() ([]DrainView, error) { return nil, nil },
		Token: func() string { return testToken }, Actions: map[string]Action{"drain": nil, "undrain": nil, "scale": nil, "end-ejection": nil, "pin": nil, "release": nil}}
	var served, described []string
	for _, x := range o.operations() {
		served = append(served, x.method+" "+x.path)
	}
	for path, methods := range c.Paths {
		for method := range methods {
			described = append(described, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(served)
	slices.Sort(described)
	if !slices.Equal(served, described) {
		t.Errorf("served    %q\ndescribed %q", served, described)
	}
}

func TestErrorsAreProblems(t *testing.T) {
	c := newContract(t)
	h := full(t, newFed(t).Load, nil)
	for _, x := range []struct {
		method, path string
		want         int
	}{{"GET", "/api/none", 404}, {"GET", "/api/", 404}, {"GET", "/services/", 404}, {"GET", "/services/web/start", 404}, {"POST", "/api/services", 405}, {"PUT", "/api/services/web", 405}, {"GET", "/api/actions/scale", 405}, {"DELETE", "/api/openapi.json", 405}} {
		r := httptest.NewRequest(x.method, x.path, nil)
		r.Host = "localhost"
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != x.want || w.Header().Get("Content-Type") != "application/problem+json" || (w.Header().Get("Allow") == "") == (x.want == 405) {
			t.Errorf("%s %s: %d %v", x.method, x.path, w.Code, w.Header())
		}
		c.valid(x.path, "#/components/schemas/Problem", w.Body.Bytes())
	}
}

// What is told only sometimes is described as well.
func TestZonesAreAsDescribed(t *testing.T) {
	c := newContract(t)
	s := routing.NewSwitch(routing.Options{Languages: fixture.Languages(), Zone: "a"})
	home, away := fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=a.io/"), fixture.Instance("web", "10.0.0.2", 80, "pointsman.route=a.io/ backup")
	home.Zone, away.Zone = "a", "b"
	third := fixture.Instance("web", "10.0.0.3", 80, "pointsman.route=a.io/")
	third.Zone = "b"
	s.Apply(fixture.Snapshot(home, away, third))
	h := Admin(Options{Table: s.Load})
	for path, x := range map[string]struct{ schema, has string }{
		"/api/services/web":         {"Service", `"zone": "b"`},
		"/api/routes":               {"Routes", `"home_share"`},
		"/api/explain?url=a.io/":    {"Explanation", `"zone": "a"`},
		"/api/explain?url=a.io/&x=": {"Explanation", `"backup": true`},
	} {
		w := get(h, "localhost", path)
		if !strings.Contains(w.Body.String(), x.has) {
			t.Errorf("%s has no %s: %s", path, x.has, w.Body)
		}
		c.valid(path, "#/components/schemas/"+x.schema, w.Body.Bytes())
	}
}
