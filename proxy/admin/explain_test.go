package admin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/history"
	"github.com/pointsman/pointsman/proxy/routing"
)

// explained is what the API says of a request.
func explained(t *testing.T, table *routing.Table, in url.Values) (status int, body string, view explainView) {
	t.Helper()
	w := get(Admin(Options{Table: func() *routing.Table { return table }}), "localhost", "/api/explain?"+in.Encode())
	body = w.Body.String()
	if w.Code == http.StatusOK && in.Get("text") == "" {
		if err := json.Unmarshal([]byte(body), &view); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
	}
	return w.Code, body, view
}

func TestExplainTellsWhereARequestGoes(t *testing.T) {
	gone := fixture.Instance("web", "10.0.0.2", 80, "pointsman.route=a.io/")
	gone.Status = discovery.Critical
	table := routing.NewTable(routing.Options{Languages: fixture.Languages(), Listeners: []string{"http", "https"}}).Next(fixture.Snapshot(
		fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=a.io/"), gone,
		fixture.Instance("canary", "10.0.0.3", 80, "pointsman.route=a.io/ header=X-Key:geheim method=GET client=10.0.0.0/8 query=v:1 listener=https"),
		fixture.Instance("shut", "10.0.0.4", 80, "pointsman.route=shut.io/ listener=nowhere")))
	for _, c := range []struct {
		name, service string
		in            url.Values
	}{
		{"plain", "web", url.Values{"url": {"a.io/x"}}},
		{"all conditions", "canary", url.Values{"url": {"https://A.io/x/../y?v=1"}, "header": {"x-key: geheim"}, "client": {"::ffff:10.1.2.3"}}},
		{"another method", "web", url.Values{"url": {"https://a.io/?v=1"}, "header": {"x-key: geheim"}, "client": {"10.1.2.3"}, "method": {"PUT"}}},
		{"another listener", "web", url.Values{"url": {"https://a.io/?v=1"}, "header": {"x-key: geheim"}, "client": {"10.1.2.3"}, "listener": {"http"}}},
		{"closed", "shut", url.Values{"url": {"shut.io"}}},
		{"none", "", url.Values{"url": {"b.io"}}},
	} {
		status, body, view := explained(t, table, c.in)
		got := ""
		if view.Route != nil {
			got = view.Route.Service
		}
		if status != 200 || got != c.service || view.Closed != (c.name == "closed") || strings.Contains(body, "geheim") {
			t.Errorf("%s: %d %s", c.name, status, body)
		}
	}
	_, text, _ := explained(t, table, url.Values{"url": {"a.io/x?y#z"}, "text": {"1"}})
	if want := `GET http://a.io/x?y
  table     1
  route     a.io/  (web)
  instance  web  web-10.0.0.1-80  10.0.0.1:80  passing   100 %
  instance  web  web-10.0.0.2-80  10.0.0.2:80  critical  gets no requests of this route
  sent as   /x?y, Host: a.io
  policy    connect-timeout=1s answer-timeout=1m0s progress-timeout=1m0s retries=2 eject=on
  next      web-10.0.0.1-80 10.0.0.1:80
  not       a.io/ method=GET header=x-key:... query=v:1 client=10.0.0.0/8 listener=https  (canary)  listener= does not hold
`; text != want {
		t.Errorf("%s\nwant\n%s", text, want)
	}
	_, text, _ = explained(t, table, url.Values{"url": {"shut.io"}, "text": {"1"}})
	if !strings.Contains(text, "  route     shut.io/") || !strings.Contains(text, "            closed: 503 to everybody") || !strings.Contains(text, "            there is no listener nowhere") {
		t.Error(text)
	}
	drained := fixture.Instance("web", "10.0.0.2", 80, "pointsman.route=a.io/")
	drained.Draining = time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC)
	_, text, _ = explained(t, routing.NewTable(routing.Options{Languages: fixture.Languages()}).Next(fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=a.io/"), drained)),
		url.Values{"url": {"a.io"}, "text": {"1"}})
	if want := "10.0.0.2:80  passing  no new requests: draining until 2026-11-21 09:30:00 UTC\n"; !strings.Contains(text, want) {
		t.Errorf("%q is missing in\n%s", want, text)
	}
	spare := routing.NewTable(routing.Options{Languages: fixture.Languages()}).Next(fixture.Snapshot(fixture.Instance("pages", "10.0.2.1", 80, "pointsman.route=pages.io/"),
		fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=a.io/ fallback=service:spare on=502:service:pages"),
		fixture.Instance("web", "10.0.0.2", 80, "pointsman.route=a.io/ backup fallback=service:spare on=502:service:pages")))
	_, text, _ = explained(t, spare, url.Values{"url": {"a.io"}, "text": {"1"}})
	if want := `GET http://a.io/
  table     1
  route     a.io/  (web)
  instance  web  web-10.0.0.1-80  10.0.0.1:80  passing  50 %
  instance  web  web-10.0.0.2-80  10.0.0.2:80  passing  50 %  backup
  fallback  spare  0 instances, 0 usable
  on=       pages  1 instance, 1 usable
  sent as   /, Host: a.io
  policy    connect-timeout=1s answer-timeout=1m0s progress-timeout=1m0s retries=2 eject=on fallback=service:spare on=502:service:pages
  next      web-10.0.0.1-80 10.0.0.1:80
`; text != want {
		t.Errorf("%s\nwant\n%s", text, want)
	}
	for _, bad := range []url.Values{{}, {"url": {"ftp://x"}}, {"url": {"/x"}}, {"url": {"a.io"}, "client": {"x"}}, {"url": {"a.io"}, "header": {"x"}}, {"url": {"a.io"}, "header": {"a: b\r\nc: d"}},
		{"url": {"a.io"}, "method": {"a b"}}, {"url": {"a.io/\x00"}}} {
		if status, body, _ := explained(t, table, bad); status != 400 {
			t.Errorf("%v: %d %s", bad, status, body)
		}
	}
	if status, _, _ := explained(t, nil, url.Values{"url": {"a.io"}}); status != 503 {
		t.Errorf("no table: %d", status)
	}
}

// Where the own zone is preferred, explain tells the zones, and what stays; a route has that, too.
func TestExplainTellsZones(t *testing.T) {
	const tag = "pointsman.route=a.io/"
	var list []discovery.Instance
	for address, zone := range map[string]string{"10.0.0.1": "a", "10.0.0.2": "a", "10.0.0.3": "b\x1b"} {
		in := fixture.Instance("web", address, 80, tag)
		in.Zone = zone
		if address == "10.0.0.2" {
			in.Status = discovery.Critical
		}
		list = append(list, in)
	}
	slices.SortFunc(list, func(a, b discovery.Instance) int { return strings.Compare(a.ID, b.ID) })
	table := routing.NewTable(routing.Options{Languages: fixture.Languages(), Zone: "a"}).Next(fixture.Snapshot(list...))
	_, text, _ := explained(t, table, url.Values{"url": {"a.io"}, "text": {"1"}})
	if want := `GET http://a.io/
  table     1
  route     a.io/  (web)
  instance  web  web-10.0.0.1-80  10.0.0.1:80  passing   in a  100 %
  instance  web  web-10.0.0.2-80  10.0.0.2:80  critical  in a  gets no requests of this route
  instance  web  web-10.0.0.3-80  10.0.0.3:80  passing   in "b\x1b"  0 %
  zone      71 % of the requests stay in a
  sent as   /, Host: a.io
  policy    connect-timeout=1s answer-timeout=1m0s progress-timeout=1m0s retries=2 eject=on
  next      web-10.0.0.3-80 10.0.0.3:80
`; text != want {
		t.Errorf("%s\nwant\n%s", text, want)
	}
	_, body, view := explained(t, table, url.Values{"url": {"a.io"}})
	if share := view.Route.HomeShare; share == nil || *share < 0.71 || *share > 0.72 || view.Zone != "a" || view.Instances[0].Zone != "a" {
		t.Error(body)
	}
}

// What an instance would be sent, what the proxy answers by itself, and who is next.
func TestExplainTellsWhatBecomesOfARequest(t *testing.T) {
	var list []discovery.Instance
	for i, line := range []string{"a.io/x strip=/x prepend=/v1 host=inner answer-timeout=3s", "a.io/old redirect=301,https://new.io$path", "a.io/in allow=10.0.0.0/8",
		"a.io/least balance=least-connections", "a.io/by balance=hash:client-ip"} {
		for j := range 2 {
			list = append(list, fixture.Instance(fmt.Sprint("s", i), fmt.Sprintf("10.0.%d.%d", i, j+1), 80, "pointsman.route="+line))
		}
	}
	snap := fixture.Snapshot(list...)
	snap.Texts = []*discovery.Text{discovery.NewText(discovery.TextFile, "routes", "a.io/said respond=204", 0)}
	table := routing.NewTable(routing.Options{Languages: fixture.Languages()}).Next(snap)
	for path, want := range map[string][]string{
		"/x/y?z":             {"  sent as   /v1/y?z, Host: inner\n", "answer-timeout=3s", "strip=/x", "  next      s0-10.0.0.1-80 10.0.0.1:80, then s0-10.0.0.2-80 10.0.0.2:80, then"},
		"/old/y":             {"  answer    301, by the proxy itself: redirect 301 https://new.io/old/y\n"},
		"/in":                {"it hangs on the client's address, too", "allow=ip:10.0.0.0/8"},
		"/in&client=1.2.3.4": {"  answer    403, by the proxy itself: forbidden\n"},
		"/said":              {"  answer    204, by the proxy itself"},
		"/least":             {"  next      50 %  s3-10.0.3.1-80 10.0.3.1:80\n            50 %  s3-10.0.3.2-80 10.0.3.2:80\n"},
		"/by":                {"it hangs on the client's address, too"},
		"/none":              {"no route takes it: 404"},
	} {
		path, client, _ := strings.Cut(path, "&client=")
		_, text, _ := explained(t, table, url.Values{"url": {"a.io" + path}, "client": {client}, "text": {"1"}})
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s: no %q in\n%s", path, w, text)
			}
		}
	}
}

// An earlier table is asked by its number or by a time, and says which it is.
func TestExplainAsksEarlierTables(t *testing.T) {
	past := remembered(t)
	h := Admin(Options{Table: func() *routing.Table { t, _ := past.At(history.Moment{Number: 3}); return t }, History: past})
	ask := func(at string) (code int, view explainView) {
		w := get(h, "localhost", "/api/explain?"+url.Values{"url": {"a.io/x/y"}, "at": {at}}.Encode())
		_ = json.Unmarshal(w.Body.Bytes(), &view)
		return w.Code, view
	}
	_, two := ask("2")
	if two.Table != 2 || two.Present || len(two.Instances) != 2 || two.Instances[0].StandingView != nil || two.Next != nil || two.Published.IsZero() || two.Sent == nil {
		t.Errorf("%+v", two)
	}
	if _, same := ask(two.Published.Format(time.RFC3339Nano)); same.Table != 2 {
		t.Errorf("%+v", same)
	}
	if _, three := ask("3"); !three.Present || len(three.Instances) != 1 || three.Next == nil {
		t.Errorf("%+v", three)
	}
	for at, want := range map[string]int{"9": 404, "1h": 404, "x": 400} {
		if code, _ := ask(at); code != want {
			t.Errorf("%s: %d", at, code)
		}
	}
	text := get(h, "localhost", "/api/explain?"+url.Values{"url": {"a.io/"}, "at": {"1"}, "text": {"1"}}.Encode()).Body.String()
	if !strings.Contains(text, "  table     1, in use since ") || !strings.Contains(text, "not the present one") || !strings.Contains(text, "  instance  web  web-10.0.0.1-80  10.0.0.1:80  passing  100 %\n") {
		t.Error(text)
	}
}
