package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/routing"
)

// hostile are names and texts as a catalogue, a label or a client may bring them.
var hostile = []string{"<script>alert(1)</script>", "web\r\nX: y", "x; } server {", "../../etc/passwd", "a\x00b", "\x1b[31m", "\xff\xfe", "\u202egnp.exe",
	`"],"x":["`, strings.Repeat("w", 5000), "'\" onload=", "${7*7}", "data: x\n\nevent: y", ""}

// hostileTable has services, instances and tags of such names.
func hostileTable() *routing.Switch {
	var list []discovery.Instance
	for i, name := range hostile {
		if name == "" {
			continue
		}
		in := fixture.Instance(name, "10.0.0.1", 1000+i, "pointsman.route=h"+string(rune('a'+i))+".io/", "urlprefix-/"+name, "pointsman.route="+name, name)
		in.ID, in.Node, in.Zone, in.Kind = name, name, name, ""
		in.Meta = map[string]string{name: name}
		list = append(list, in)
	}
	s := routing.NewSwitch(routing.Options{Languages: fixture.Languages(), Zone: "<a>"})
	s.Apply(fixture.Snapshot(list...))
	return s
}

// mostAnswer bounds any answer about what a test makes.
const mostAnswer = 1 << 20

// hostileAPI is an API with everything of such a table to tell.
func hostileAPI(t testing.TB, patience time.Duration) http.Handler {
	s := hostileTable()
	feed := NewFeed(s)
	run(t, feed.Run)
	h := full(t, s.Load, feed)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), patience) // streams and waiting end with their clients
		defer cancel()
		h.ServeHTTP(w, r.WithContext(ctx))
	})
}

// plausible holds an answer against what holds for all of them, whoever asks for what.
func plausible(t *testing.T, r *http.Request, w *httptest.ResponseRecorder) {
	t.Helper()
	body := w.Body.String()
	kind := w.Header().Get("Content-Type")
	switch {
	case w.Code >= 500 && w.Code != http.StatusServiceUnavailable && w.Code != http.StatusNotImplemented:
		t.Errorf("%s %s: %d %s", r.Method, r.URL, w.Code, body)
	case len(body) > mostAnswer:
		t.Errorf("%s %s: %d bytes", r.Method, r.URL, len(body))
	case strings.Contains(body, testToken):
		t.Errorf("%s %s tells the token", r.Method, r.URL)
	case w.Code == http.StatusTemporaryRedirect: // net/http's own, to a path without // and the like; it escapes what stands in it
	case !utf8.ValidString(body) || strings.ContainsAny(body, "\x00\x1b\r"):
		t.Errorf("%s %s: control characters or no UTF-8: %q", r.Method, r.URL, body)
	case strings.HasSuffix(kind, "json") && body != "" && !json.Valid([]byte(body)):
		t.Errorf("%s %s: no JSON: %q", r.Method, r.URL, body)
	case strings.Contains(kind, "json") && strings.ContainsAny(body, "<>"):
		t.Errorf("%s %s: markup: %q", r.Method, r.URL, body)
	}
	for name, values := range w.Header() {
		for _, v := range values {
			if strings.ContainsAny(name+v, "\r\n\x00") {
				t.Errorf("%s %s: field %q: %q", r.Method, r.URL, name, v)
			}
		}
	}
	if kind == eventStream {
		for line := range strings.Lines(body) {
			if key, _, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":"); key != "" && key != "data" && key != "event" && key != "id" && key != "retry" {
				t.Errorf("%s: a line of a stream: %q", r.URL, line)
			}
		}
	}
}

// askable makes a request of parts, as far as net/http would let it come this far. ok is false otherwise.
func askable(method, path, query, field, value, body string) (r *http.Request, ok bool) {
	r, err := http.NewRequest(method, "http://localhost/", strings.NewReader(body))
	if err != nil {
		return nil, false
	}
	if r.URL, err = r.URL.Parse(path); err != nil || r.URL.Host != "localhost" {
		return nil, false
	}
	if strings.ContainsFunc(query, func(c rune) bool { return c <= ' ' || c == 0x7f || c == '#' }) { // net/http refuses such a request
		return nil, false
	}
	r.URL.RawQuery = query
	r.Host, r.RequestURI = "localhost", r.URL.RequestURI()
	if field != "" {
		r.Header.Set(field, value)
	}
	return r, true
}

// FuzzAdmin asks for everything that there is, in any way: no panic, no 500, nothing but text in JSON, within bounds, and never the token.
func FuzzAdmin(f *testing.F) {
	o := Options{Table: filled(1).Load, Feed: NewFeed(filled(1)), Notices: NewNotices(), Token: func() string { return testToken }, Actions: map[string]Action{"scale": scaleUpTo(9, nil), "end-ejection": nil}}
	for _, x := range o.operations() {
		f.Add(x.method, strings.ReplaceAll(x.path, "{name}", "web"), "offset=1&limit=2&load=1&since=0", "Accept", "application/json", `{"service":"web","instance":"x","instances":3}`)
	}
	for i, text := range hostile {
		q := "service=" + text + "&detail=" + text
		f.Add("GET", "/api/live", q, "Last-Event-ID", text, "")
		f.Add("GET", "/api/events", "index="+text+"&wait="+text, "Accept", "text/event-stream", "")
		f.Add("GET", "/api/explain", "url=a.io/"+text+"&header=X:"+text+"&text=1", "Host", text, "")
		f.Add("POST", "/api/actions/end-ejection", "", "Authorization", "Bearer "+testToken, `{"service":"`+text+`","instance":"`+text+`"}`)
		f.Add("POST", "/api/actions/scale", "", "Origin", text, text)
		f.Add([]string{"PUT", "DELETE", "HEAD", "OPTIONS"}[i%4], "/api/"+text, "", "Content-Type", text, text)
	}
	for path, bodies := range map[string][]string{
		"pin": {`{"service":"web","at":"1"}`, `{"service":"web","at":"10m"}`, `{"service":"a\u0000b","at":"2026-03-04T11:50:00Z"}`}, "release": {`{"service":"web"}`, `{"service":"../x"}`},
		"drain": {`{"instance":"i","seconds":1e300,"force":true}`, `{"instance":"last"}`}, "undrain": {`{"instance":"\n"}`}, "scale": {`{"service":"web","instances":-1}`},
	} {
		for _, body := range bodies {
			f.Add("POST", "/api/actions/"+path, "", "Authorization", "Bearer "+testToken, body)
		}
	}
	f.Add("GET", "/api//routes/../x", "\xff&<script>", "Accept", "text/html", "")
	h := hostileAPI(f, 5*time.Millisecond)
	f.Fuzz(func(t *testing.T, method, path, query, field, value, body string) {
		r, ok := askable(method, path, query, field, value, body)
		if !ok {
			return
		}
		if r.Method == http.MethodPost && r.Header.Get("Content-Type") == "" {
			r.Header.Set("Content-Type", "application/json")
		}
		plausible(t, r, recorded(h, r))
	})
}

// What comes from a catalogue is text, whatever it says: in JSON, in streams, in what explain prints and in the metrics.
func TestHostileNamesAreText(t *testing.T) {
	h := hostileAPI(t, 50*time.Millisecond)
	for _, path := range []string{"/api/services", "/api/services?load=1", "/api/routes", "/api/upstreams", "/api/explain?url=ha.io/", "/api/explain?url=ha.io/&text=1",
		"/api/notices", "/api/ejections", "/api/removals", "/api/certificates"} {
		for _, accept := range []string{"application/json", eventStream} {
			r := newRequest(path)
			r.Header.Set("Accept", accept)
			w := recorded(h, r)
			if plausible(t, r, w); w.Code != 200 {
				t.Errorf("%s: %d %s", path, w.Code, w.Body)
			}
		}
	}
	names := slices.DeleteFunc(slices.Clone(hostile), func(s string) bool { return len(s) > maxName })
	query := url.Values{"service": names, "route": names, "detail": {hostile[0]}, "since": {"0"}}
	patient := hostileAPI(t, 1500*time.Millisecond) // for a moment of /api/live
	for _, path := range []string{"/api/events", "/api/live?" + query.Encode()} {
		r := newRequest(path)
		w := recorded(patient, r)
		if plausible(t, r, w); strings.Count(w.Body.String(), "event: ") < 2 {
			t.Errorf("%s: %s", path, w.Body)
		}
	}
	for _, name := range hostile {
		r, ok := askable("GET", "/api/services/x", "", "", "", "")
		if r.URL.Path = "/api/services/" + name; ok && name != "" && !strings.Contains(name, "..") {
			w := recorded(h, r)
			if plausible(t, r, w); w.Code != 200 && w.Code != 404 {
				t.Errorf("%q: %d %s", name, w.Code, w.Body)
			}
		}
	}
}
