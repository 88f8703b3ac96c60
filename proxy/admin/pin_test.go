package admin

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/memory"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/history"
	"github.com/pointsman/pointsman/proxy/routing"
)

// textOfPin is a pin as a Store hands it on.
func textOfPin(t *testing.T, p *routing.Pin) *discovery.Text {
	t.Helper()
	text, err := p.Text()
	if err != nil {
		t.Fatal(err)
	}
	return discovery.NewText(discovery.TextKV, pinKey(p.Service), string(text), 0)
}

// pinning is a Store of which the pins are in effect at once.
func pinning(t testing.TB, table func() *routing.Table, past *history.History) Pinning {
	t.Helper()
	store, err := memory.NewStore("")
	if err != nil {
		t.Fatal(err)
	}
	return Pinning{History: past, Store: store, Table: func() *routing.Table {
		if table() == nil {
			return nil
		}
		snap := fixture.Snapshot()
		keys, _ := store.Keys(context.Background(), discovery.PinPrefix)
		for _, key := range keys {
			value, _ := store.Get(context.Background(), key)
			snap.Pins = append(snap.Pins, discovery.NewText(discovery.TextKV, key, string(value), 0))
		}
		return routing.NewTable(routing.Options{Languages: fixture.Languages()}).Next(snap)
	}}
}

func TestPinAndRelease(t *testing.T) {
	s := routing.NewSwitch(routing.Options{Languages: fixture.Languages()})
	s.Apply(fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=a.io/")))
	p := pinning(t, s.Load, remembered(t))
	notices := NewNotices()
	h := Admin(Options{Table: s.Load, Token: func() string { return testToken }, Notices: notices, Actions: map[string]Action{"pin": p.Pin(), "release": p.Release()}})
	post := func(action, body string) (int, string) {
		r := httptest.NewRequest(http.MethodPost, "/api/actions/"+action, strings.NewReader(body))
		r.Host = "localhost"
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+testToken)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	for _, c := range []struct {
		action, body string
		code         int
		want         string
	}{
		{"release", `{"service":"web"}`, 422, "no routes of that service"},
		{"release", `{"service":""}`, 422, "no routes of that service"},
		{"pin", `{"service":"web","at":"2"}`, 422, "was refused"},
		{"pin", `{"service":"web","at":"1"}`, 200, "the routes of web are held as they were in table 1"},
		{"pin", `{"service":"web","at":"3"}`, 200, "as they were in table 3"},
		{"pin", `{"service":"web","at":"9"}`, 422, "no table 9 yet"},
		{"pin", `{"service":"web","at":"-1"}`, 400, "want the number of a table"},
		{"pin", `{"service":"../x","at":"1"}`, 422, "has no service"},
		{"release", `{"service":"web"}`, 200, "the routes of web follow its tags again"},
		{"release", `{"service":"web"}`, 422, "no routes of that service"},
	} {
		if code, body := post(c.action, c.body); code != c.code || !strings.Contains(body, c.want) || strings.Contains(body, "not heard") {
			t.Errorf("%s %s: %d %s", c.action, c.body, code, body)
		}
	}
}

// A proxy that does not hear of its pin says so in the end.
func TestPinThatIsNotHeardOf(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits for some seconds")
	}
	s := routing.NewSwitch(routing.Options{Languages: fixture.Languages()})
	s.Apply(fixture.Snapshot())
	p := pinning(t, s.Load, remembered(t))
	p.Table = s.Load
	began := time.Now()
	done, err := p.Pin()(t.Context(), []byte(`{"service":"web","at":"1"}`))
	if err != nil || !strings.HasSuffix(done.Text, "this proxy has not heard of it yet") || time.Since(began) < appliedWithin {
		t.Errorf("%+v %v", done, err)
	}
}
