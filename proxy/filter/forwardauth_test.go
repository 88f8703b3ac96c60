package filter

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/http1"
)

// authServer answers as the path asks.
func authServer(t *testing.T) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/in":
			w.Header().Add("X-User", "anna")
			w.Header().Add("X-Seen", r.Method+" "+r.Header.Get("X-Forwarded-Method")+" "+r.Header.Get("X-Forwarded-Uri")+" "+r.Header.Get("Content-Type")+r.Header.Get("User-Agent"))
		case "/away":
			http.Redirect(w, r, "https://login.test/", http.StatusFound)
		case "/large":
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write(make([]byte, maxAnswerBody+1))
		case "/head":
			w.Header().Set("X-Large", strings.Repeat("x", 2*maxAnswerHead))
		case "/304":
			w.WriteHeader(http.StatusNotModified)
		case "/silent":
			<-r.Context().Done()
		case "/cut":
			w.Header().Set("Content-Length", "10")
			w.WriteHeader(http.StatusForbidden)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func TestForwardAuth(t *testing.T) {
	s, common := authServer(t), NewCommon(outside.Gate{})
	for _, c := range []struct {
		path   string
		passed bool
		status int // 0 with neither is an error: nobody is let in
		fields string
	}{
		{"/in", true, 0, "X-User: anna|X-Seen: GET PUT /a?b"}, {"/away", false, 302, "Location: https://login.test/"},
		{"/large", false, 0, ""}, {"/head", false, 0, ""}, {"/304", false, 0, ""}, {"/silent", false, 0, ""}, {"/cut", false, 0, ""},
	} {
		for _, byName := range []bool{true, false} {
			f := ForwardAuth{ForwardAuth: dialect.ForwardAuth{URL: s.URL + c.path, Operator: true, Headers: []string{"X-User", "X-Seen"}, Timeout: 200 * time.Millisecond}, shared: common, grants: true}
			if byName {
				f.Service, f.Path, f.URL = "gate", c.path, ""
			}
			if c.path != "/silent" {
				f.Timeout = time.Minute
			}
			a, err := f.Ask(t.Context(), &Question{Method: "PUT", Proto: "http", Host: "t", URI: "/a?b", Client: "10.0.0.1",
				Fields: []http1.Field{http1.NewField("Content-Type", "text/x")}, Instance: func(string, bool) string { return s.Listener.Addr().String() }})
			if a.Passed != c.passed || a.Status != c.status || (err != nil) != (!c.passed && c.status == 0) {
				t.Errorf("%s: %+v %v", c.path, a, err)
			}
			var got []string
			for _, f := range a.Fields {
				if f.Name != "Content-Type" && f.Name != "Cache-Control" {
					got = append(got, f.Name+": "+f.Value)
				}
			}
			if text := strings.Join(got, "|"); text != c.fields {
				t.Errorf("%s: %q, want %q", c.path, text, c.fields)
			}
		}
	}
}

// Where nobody can be asked, nobody is let in, and what a tag leads to goes through the gate.
func TestForwardAuthWithoutAnybodyToAsk(t *testing.T) {
	common := NewCommon(outside.Gate{})
	for _, address := range []string{"", "169.254.169.254:80", "127.0.0.1:1"} {
		asked := 0
		f := ForwardAuth{ForwardAuth: dialect.ForwardAuth{Service: "gate", Path: "/"}, shared: common}
		a, err := f.Ask(t.Context(), &Question{Instance: func(string, bool) string { asked++; return address }})
		if a.Passed || err == nil || asked > maxInstances {
			t.Errorf("%q: %+v %v, asked %d times", address, a, err, asked)
		}
	}
}

// An address that a tag names is asked where -allow-upstreams lets it, and connections that the operator's lines keep are not used for it.
func TestForwardAuthOfAnAddress(t *testing.T) {
	s := authServer(t)
	allowed := outside.Gate{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	for _, c := range []struct {
		gate     outside.Gate
		operator bool
		passed   bool
	}{{outside.Gate{}, true, true}, {outside.Gate{}, false, false}, {allowed, false, true}} {
		common := NewCommon(c.gate)
		for _, operator := range []bool{true, c.operator} { // the operator's first
			f := ForwardAuth{ForwardAuth: dialect.ForwardAuth{URL: s.URL + "/in", Operator: operator}, shared: common}
			a, err := f.Ask(t.Context(), &Question{})
			if want := operator || c.passed; a.Passed != want || (err == nil) != want {
				t.Errorf("%+v, operator %v: %+v %v", c.gate.Allow, operator, a, err)
			}
		}
	}
}

// Who shares a route with others may refuse their requests, and not say to them who sent them.
func TestOnlyTheDecidingRuleGrantsFields(t *testing.T) {
	s, common := authServer(t), NewCommon(outside.Gate{})
	asks := func(name string) *dialect.Filters {
		return &dialect.Filters{ForwardAuth: &dialect.ForwardAuth{URL: s.URL + "/in", Operator: true, Headers: []string{name}}}
	}
	for _, c := range []struct {
		rules []*dialect.Filters
		want  string
	}{
		{[]*dialect.Filters{asks("X-Seen"), asks("X-User")}, "X-Seen"}, {[]*dialect.Filters{{}, asks("X-User")}, ""},
		{[]*dialect.Filters{asks("X-User"), asks("X-User")}, "X-User"},
	} {
		set := New(common, memory{}, c.rules)
		got := ""
		for _, f := range set.ForwardAuths {
			a, err := f.Ask(t.Context(), &Question{})
			if err != nil || !a.Passed {
				t.Fatalf("%+v %v", a, err)
			}
			for _, field := range a.Fields {
				got += field.Name
			}
		}
		if got != c.want || !set.Request.Drops("X-User") {
			t.Errorf("%q is granted, want %q; the client's is dropped: %v", got, c.want, set.Request.Drops("X-User"))
		}
	}
}

// An auth server is told those fields of the request that it is to know, and what is asked for.
func TestForwardAuthTellsWhatItIsToTell(t *testing.T) {
	var told []string
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"Cookie", "X-Key", "X-Other", "X-Forwarded-Uri"} {
			if v := r.Header.Get(name); v != "" {
				told = append(told, name+"="+v)
			}
		}
	}))
	t.Cleanup(s.Close)
	for sends, want := range map[string]string{"": "Cookie=c X-Key=k X-Other=o X-Forwarded-Uri=/a", "cookie": "Cookie=c X-Forwarded-Uri=/a", "X-KEY,X-Missing": "X-Key=k X-Forwarded-Uri=/a"} {
		f := ForwardAuth{ForwardAuth: dialect.ForwardAuth{URL: s.URL, Operator: true, Timeout: time.Minute}, shared: NewCommon(outside.Gate{})}
		if sends != "" {
			f.Sends = strings.Split(sends, ",")
		}
		told = nil
		a, err := f.Ask(t.Context(), &Question{Method: "GET", URI: "/a", Fields: []http1.Field{http1.NewField("Cookie", "c"), http1.NewField("X-Key", "k"), http1.NewField("X-Other", "o")}})
		if got := strings.Join(told, " "); err != nil || !a.Passed || got != want {
			t.Errorf("%q: told %q, want %q; %v", sends, got, want, err)
		}
	}
}
