package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/proxy/admin/crowd"
)

const testToken = "a-token-for-tests-only"

// scaleUpTo is an action that takes what the demo's scale takes; got, unless nil, gets what was asked for.
func scaleUpTo(most int, got *[]string) Action {
	type wish struct {
		Service   string
		Instances *int
	}
	return ActionOf(`{"service": "web", "instances": 5}`, func(_ context.Context, w wish) (Done, error) {
		switch {
		case w.Instances == nil:
			return Done{}, Refusal(http.StatusBadRequest, "want a number")
		case w.Service == "busy":
			return Done{}, Refusal(http.StatusServiceUnavailable, "busy")
		case *w.Instances > most:
			return Done{}, errors.New("too many")
		}
		if got != nil {
			*got = append(*got, fmt.Sprint(w.Service, *w.Instances))
		}
		return Done{Service: w.Service, Text: fmt.Sprint(*w.Instances, " instances")}, nil
	})
}

// post sends a body as an action's client does, with pairs of header fields that replace the usual ones; "" takes one away.
func post(h http.Handler, host, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Host = host
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+testToken)
	for i := 0; i < len(header); i += 2 {
		r.Header.Del(header[i])
		if header[i+1] != "" {
			r.Header.Set(header[i], header[i+1])
		}
	}
	return recorded(h, r)
}

// listed asks which actions there are.
func listed(h http.Handler, authorization string) *httptest.ResponseRecorder {
	r := request("/api/actions")
	r.Header.Set("Authorization", authorization)
	return recorded(h, r)
}

func TestActionsTakeOnlyWhatTheTokensOwnerSends(t *testing.T) {
	var got []string
	notices, log := NewNotices(), &strings.Builder{}
	h := Admin(Options{Notices: notices, Log: zerolog.New(log), Token: func() string { return testToken }, Actions: map[string]Action{"scale": scaleUpTo(9, &got)}})
	const good = `{"service":"web","instances":3}`
	for _, c := range []struct {
		host, body string
		header     []string
		want       int
	}{
		{"localhost", good, nil, 200},
		{"localhost", good, []string{"Authorization", "bearer   " + testToken}, 200},
		{"localhost:8090", good, []string{"Origin", "http://localhost:8090", "Sec-Fetch-Site", "same-origin"}, 200},
		{"localhost:8090", good, []string{"Origin", "http://evil.example"}, 403},
		{"localhost:8090", good, []string{"Origin", "null"}, 403},
		{"localhost:8090", good, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"localhost:8090", good, []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"evil.example", good, nil, 421},
		{"localhost", good, []string{"Authorization", ""}, 401},
		{"localhost", good, []string{"Authorization", "Bearer"}, 401},
		{"localhost", good, []string{"Authorization", "Bearer " + testToken + "x"}, 401},
		{"localhost", good, []string{"Authorization", "Bearer " + testToken[1:]}, 401},
		{"localhost", good, []string{"Authorization", "Basic " + testToken}, 401},
		{"localhost", good, []string{"Content-Type", "text/plain"}, 415},
		{"localhost", good, []string{"Content-Type", ""}, 415},
		{"localhost", `{"service":"web"}`, nil, 400},
		{"localhost", good + good, nil, 400},
		{"localhost", `{"service":"web","instances":3,"x":1}`, nil, 400},
		{"localhost", `{"service":"` + strings.Repeat("w", 5000) + `","instances":3}`, nil, 400},
		{"localhost", `{"service":"web","instances":10}`, nil, 422},
		{"localhost", `{"service":"web","instances":10}`, nil, 422},
		{"localhost", `{"service":"busy","instances":1}`, nil, 503},
	} {
		if w := post(h, c.host, "/api/actions/scale", c.body, c.header...); w.Code != c.want {
			t.Errorf("%s %.40s %v: %d, want %d: %s", c.host, c.body, c.header, w.Code, c.want, w.Body)
		}
	}
	if len(got) != 3 {
		t.Errorf("scaled %v", got)
	}
	if w := get(h, "localhost", "/api/actions/scale"); w.Code != 405 {
		t.Errorf("GET: %d", w.Code)
	}
	for _, token := range []string{"", "Bearer " + testToken + "x"} { // what there is, nobody else learns
		if w := listed(h, token); w.Code != 401 || strings.Contains(w.Body.String(), "scale") {
			t.Errorf("the list for %q: %d %s", token, w.Code, w.Body)
		}
	}
	if w := listed(h, "Bearer "+testToken); w.Code != 200 || !strings.Contains(w.Body.String(), `"scale"`) {
		t.Errorf("the list: %d %s", w.Code, w.Body)
	}
	list, _, _ := notices.since(0, mostNotices)
	said := map[string]int{}
	for _, k := range list {
		if k.Kind != NoticeAction {
			t.Errorf("%+v", k)
		}
		said[k.Text] = k.count
	}
	if said["scale: 3 instances"] != 3 || said["refused: scale, without the right token"] != 5 || said["refused: scale: too many"] != 2 || said["refused: to list the actions, without the right token"] != 2 {
		t.Errorf("noted %v", said)
	}
	text := log.String() + get(h, "localhost", "/api/notices").Body.String()
	if strings.Contains(text, testToken) || strings.Count(text, "carried out") != 3 || strings.Count(text, "asked for without the right token") != 2 || strings.Count(log.String(), `"reason":"too many"`) != 1 {
		t.Errorf("logged and noted: %s", text)
	}
}

func TestWithoutATokenThereAreNoActions(t *testing.T) {
	h := Admin(Options{Actions: map[string]Action{"scale": scaleUpTo(9, nil)}})
	if w := post(h, "localhost", "/api/actions/scale", `{"service":"web","instances":3}`); w.Code != 404 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// Where the token is empty nobody has it.
func TestAnEmptyTokenIsNobodys(t *testing.T) {
	h := Admin(Options{Token: func() string { return "" }, Actions: map[string]Action{"scale": scaleUpTo(9, nil)}})
	for _, field := range []string{"Bearer", "Bearer ", "bearer  ", ""} {
		if w := post(h, "localhost", "/api/actions/scale", `{"service":"web","instances":3}`, "Authorization", field); w.Code != 401 {
			t.Errorf("%q: %d %s", field, w.Code, w.Body)
		}
	}
}

// A token that was replaced is worth nothing from then on.
func TestATokenCanBeReplaced(t *testing.T) {
	token := testToken
	h := Admin(Options{Token: func() string { return token }, Actions: map[string]Action{"scale": scaleUpTo(9, nil)}})
	const good = `{"service":"web","instances":3}`
	before := post(h, "localhost", "/api/actions/scale", good).Code
	token = "another-token-altogether"
	if after := post(h, "localhost", "/api/actions/scale", good).Code; before != 200 || after != 401 {
		t.Errorf("%d, %d", before, after)
	}
}

func TestActionsAreBounded(t *testing.T) {
	began, end := make(chan struct{}), make(chan struct{})
	slow := func(ctx context.Context, _ []byte) (Done, error) {
		began <- struct{}{}
		if at, ok := ctx.Deadline(); !ok || time.Until(at) > crowd.ResponseTime {
			t.Error("an action has no end")
		}
		<-end
		return Done{Text: "x"}, nil
	}
	h := Admin(Options{Token: func() string { return testToken }, Actions: map[string]Action{"slow": slow}})
	codes := make(chan int, mostActing)
	for range mostActing {
		go func() { codes <- post(h, "localhost", "/api/actions/slow", "{}").Code }()
		<-began
	}
	if w := post(h, "localhost", "/api/actions/slow", "{}"); w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("one too many: %d", w.Code)
	}
	close(end)
	for range mostActing {
		if code := <-codes; code != 200 {
			t.Error(code)
		}
	}
}

func TestAnEjectionIsEndedByHand(t *testing.T) {
	s := filled(1)
	u := s.Load().Upstreams()[0].Upstream
	way := u.Way(balancer.WayKey{})
	var ended []string
	h := Admin(Options{Table: s.Load, Token: func() string { return testToken },
		Actions: map[string]Action{"end-ejection": EndEjection(s.Load, func(u *balancer.Upstream, _ time.Time) { ended = append(ended, u.Address()) })}})
	body := fmt.Sprintf(`{"service":%q,"instance":%q}`, u.Service(), u.Address())
	if code := post(h, "localhost", "/api/actions/end-ejection", body).Code; code != 409 {
		t.Errorf("not ejected: %d", code)
	}
	way.ObserveRefused(time.Now().Add(time.Hour))
	if way.Usable() {
		t.Fatal("it is not ejected")
	}
	if w := post(h, "localhost", "/api/actions/end-ejection", body); w.Code != 200 || !way.Usable() || len(ended) != 1 {
		t.Errorf("%d %s, usable %v, ended %v", w.Code, w.Body, way.Usable(), ended)
	}
	for _, wrong := range []string{`{"service":"none","instance":"x"}`, fmt.Sprintf(`{"service":%q,"instance":"x"}`, u.Service())} {
		if code := post(h, "localhost", "/api/actions/end-ejection", wrong).Code; code != 404 {
			t.Errorf("%s: %d", wrong, code)
		}
	}
}
