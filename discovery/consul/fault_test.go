package consul

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/pointsman/pointsman/discovery"
)

// fake is an agent that misbehaves as told.
func fake(t *testing.T, answer http.HandlerFunc) (*Catalogue, *Agent) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/agent/self" {
			fmt.Fprint(w, `{"Config":{"Datacenter":"dc9","NodeName":"n1"}}`)
			return
		}
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	o := Options{Config: Config{Address: server.URL, Stale: true}}
	catalogue, err := NewCatalogue(o)
	if err != nil {
		t.Fatal(err)
	}
	agent, err := NewAgent(o)
	if err != nil {
		t.Fatal(err)
	}
	return catalogue, agent
}

const oneInstance = `[{"Node":{"Node":"n1","Address":"10.0.0.1"},"Service":{"ID":"i","Service":"web","Port":80,
	"Weights":{"Passing":2,"Warning":0},"ModifyIndex":7},"Checks":[{"CheckID":"serfHealth","Status":"passing"}]}]`

// A proxy may start before its agent: where it is, it then knows with the first list.
func TestHomeIsKnownWithTheFirstAnswer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	catalogue, err := NewCatalogue(Options{Config: Config{Address: address}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := catalogue.List(t.Context(), discovery.Query{}); err == nil {
		t.Fatal("nobody listens, and the list is answered")
	}
	if l, err = net.Listen("tcp", address); err != nil {
		t.Skip(err) // somebody else has taken the port meanwhile
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text := `{"consul":[]}`
		if r.URL.Path == "/v1/agent/self" {
			text = `{"Config":{"Datacenter":"dc9","NodeName":"n1"}}`
		}
		fmt.Fprint(w, text)
	})}
	go func() { _ = server.Serve(l) }()
	defer server.Close()
	_, err = catalogue.List(t.Context(), discovery.Query{})
	if datacenter, node := catalogue.Home(); err != nil || datacenter != "dc9" || node != "n1" {
		t.Errorf("%v: datacenter %q, node %q", err, datacenter, node)
	}
}

func TestIndexIsJudged(t *testing.T) {
	for header, want := range map[string]discovery.Meta{
		"12":                   {Index: 12},
		"0":                    {Index: 0},
		"18446744073709551614": {Index: 18446744073709551614},
		"18446744073709551615": {IndexBad: true},
		"18446744073709551616": {IndexBad: true},
		"-1":                   {IndexBad: true},
		"+1":                   {IndexBad: true},
		"1.5":                  {IndexBad: true},
		"junk":                 {IndexBad: true},
		"":                     {IndexBad: true},
	} {
		catalogue, _ := fake(t, func(w http.ResponseWriter, _ *http.Request) {
			if header != "" {
				w.Header().Set("X-Consul-Index", header)
			}
			w.Header().Set("X-Consul-LastContact", "junk")
			fmt.Fprint(w, oneInstance)
		})
		answer, err := catalogue.Instances(t.Context(), "web", discovery.Query{})
		if err != nil || answer.Meta != want || len(answer.Instances) != 1 {
			t.Errorf("index %q: %+v, %v", header, answer, err)
		}
	}
}

func TestLeaderIsBelievedFromBlockingQueriesOnly(t *testing.T) {
	for _, c := range []struct {
		leader, backend string
		leaderless      bool
	}{
		{"false", "blocking-query", true}, {"false", "", true}, {"false", "streaming", false},
		{"true", "blocking-query", false}, {"", "", false},
	} {
		catalogue, _ := fake(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Consul-Index", "5")
			w.Header().Set("X-Consul-KnownLeader", c.leader)
			w.Header().Set("X-Consul-Query-Backend", c.backend)
			fmt.Fprint(w, `{"web":["a"]}`)
		})
		list, err := catalogue.List(t.Context(), discovery.Query{})
		if err != nil || list.Leaderless != c.leaderless {
			t.Errorf("%+v: %+v, %v", c, list, err)
		}
		if datacenter, node := catalogue.Home(); datacenter != "dc9" || node != "n1" {
			t.Errorf("home %q %q", datacenter, node)
		}
	}
}

// TestBadAnswersAreErrors: whatever is no complete answer is an error, never an empty list.
func TestBadAnswersAreErrors(t *testing.T) {
	status := func(code int, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, text, code) }
	}
	body := func(kind, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.Header().Set("X-Consul-Index", "5")
			fmt.Fprint(w, text)
		}
	}
	for name, answer := range map[string]http.HandlerFunc{
		"500":           status(500, "rpc error: no cluster leader"),
		"429":           status(429, "Your IP is issuing too many concurrent connections"),
		"503":           status(503, "error reading from server: EOF"),
		"404":           status(404, ""),
		"301":           func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", 301) },
		"204":           func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) },
		"HTML":          body("text/html", "<html><body>Login</body></html>"),
		"HTML as JSON":  body("application/json", "<html>"),
		"JSON as HTML":  body("text/html; charset=utf-8", "[]"),
		"empty":         body("application/json", ""),
		"null":          body("application/json", "null"),
		"string":        body("application/json", `"web"`),
		"number":        body("application/json", `7`),
		"cut":           body("application/json", oneInstance[:len(oneInstance)/2]),
		"no node":       body("application/json", `[{"Service":{"ID":"i","Service":"web","Port":80}}]`),
		"null elements": body("application/json", `[null]`),
		"wrong types":   body("application/json", `[{"Node":{"Node":7}}]`),
		"filtered": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Consul-Results-Filtered-By-ACLs", "true")
			fmt.Fprint(w, "[]")
		},
		"cut chunk": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, oneInstance[:len(oneInstance)-1])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		},
		"closed": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			catalogue, agent := fake(t, answer)
			if got, err := catalogue.Instances(t.Context(), "web", discovery.Query{}); err == nil {
				t.Errorf("instances %+v", got)
			}
			if name != "filtered" {
				if got, err := catalogue.List(t.Context(), discovery.Query{}); err == nil {
					t.Errorf("list %+v", got)
				}
			}
			if got, err := agent.Held(t.Context()); err == nil {
				t.Errorf("held %+v", got)
			}
		})
	}
}

func TestDeniedIsLoud(t *testing.T) {
	catalogue, agent := fake(t, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "Permission denied: token with AccessorID\r\nX lacks permission", http.StatusForbidden)
	})
	_, instances := catalogue.Instances(t.Context(), "web", discovery.Query{})
	_, list := catalogue.List(t.Context(), discovery.Query{})
	_, held := agent.Held(t.Context())
	register := agent.Deregister(t.Context(), "x")
	for _, err := range []error{instances, list, held, register} {
		if !errors.Is(err, discovery.ErrDenied) || strings.ContainsAny(err.Error(), "\r\n") {
			t.Errorf("%v", err)
		}
	}
	emptied, _ := fake(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Consul-Default-ACL-Policy", "deny")
		fmt.Fprint(w, "{}")
	})
	if _, err := emptied.List(t.Context(), discovery.Query{}); !errors.Is(err, discovery.ErrDenied) {
		t.Errorf("a list without even Consul itself, where the policy is deny: %v", err)
	}
}

// TestLargeAnswersAreBounded: a large answer is read, more than maxAnswer are an error, whatever else follows.
func TestLargeAnswersAreBounded(t *testing.T) {
	element := strings.Replace(strings.TrimSuffix(strings.TrimPrefix(oneInstance, "["), "]"), `"Port"`,
		`"Tags":["`+strings.Repeat("x", 10_000)+`"],"Port"`, 1)
	send := func(megabytes int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, "[", element)
			for sent := 0; sent < megabytes<<20; sent += len(element) + 1 {
				if _, err := fmt.Fprint(w, ",", element); err != nil {
					return
				}
			}
			fmt.Fprint(w, "]")
		}
	}
	catalogue, _ := fake(t, send(20))
	answer, err := catalogue.Instances(t.Context(), "web", discovery.Query{})
	if err != nil || len(answer.Instances) < 2000 {
		t.Errorf("20 MB: %d instances, %v", len(answer.Instances), err)
	}
	answer = discovery.Answer{}
	catalogue, _ = fake(t, send(200))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := catalogue.Instances(t.Context(), "web", discovery.Query{}); !errors.Is(err, errTooLarge) {
		t.Errorf("200 MB: %v", err)
	}
	runtime.ReadMemStats(&after)
	if grown := int64(after.TotalAlloc - before.TotalAlloc); grown > 1<<30 {
		t.Errorf("200 MB took %d MiB of allocations", grown>>20)
	}
}

// TestSlowAnswersEnd: an agent that sends a byte now and then is given up when the context ends.
func TestSlowAnswersEnd(t *testing.T) {
	catalogue, _ := fake(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Consul-Index", "5")
		for {
			fmt.Fprint(w, "[")
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer stop()
	start := time.Now()
	if _, err := catalogue.Instances(ctx, "web", discovery.Query{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if took := time.Since(start); took > time.Minute {
		t.Errorf("given up after %v", took)
	}
}

func TestQuestionsAsSent(t *testing.T) {
	t.Setenv("CONSUL_HTTP_TOKEN", "from-environment")
	t.Setenv("CONSUL_NAMESPACE", "from-environment")
	t.Setenv("CONSUL_HTTP_AUTH", "from:environment")
	var got *http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Clone(context.Background())
		w.Header().Set("X-Consul-Index", "5")
		fmt.Fprint(w, "[]")
	}))
	defer server.Close()
	config := Config{Address: server.URL + "/behind/a/gateway/", Stale: true, Near: "_agent", Datacenter: "d", Partition: "p"}
	catalogue, err := NewCatalogue(Options{Config: config})
	if err != nil {
		t.Fatal(err)
	}
	_, err = catalogue.Instances(t.Context(), "../a b", discovery.Query{Index: 9, Wait: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if want := "/behind/a/gateway/v1/health/service/..%2Fa%20b?dc=d&index=9&near=_agent&partition=p&stale=&wait=1000ms"; got.RequestURI != want {
		t.Errorf("asked %s\nwant  %s", got.RequestURI, want)
	}
	if got.Header.Get("X-Consul-Token") != "" || got.Header.Get("Authorization") != "" {
		t.Errorf("the environment speaks: %v", got.Header)
	}
	agent, err := NewAgent(Options{Config: config})
	if err != nil {
		t.Fatal(err)
	}
	if err := agent.Deregister(t.Context(), "a:b/80"); err != nil {
		t.Fatal(err)
	}
	if want := "/behind/a/gateway/v1/agent/service/deregister/a:b%2F80?partition=p"; got.RequestURI != want {
		t.Errorf("asked %s\nwant  %s", got.RequestURI, want)
	}
}

func TestTokenFileIsReadAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	write := func(text string, at time.Time) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
	}
	var seen string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header.Get("X-Consul-Token")
		fmt.Fprint(w, `""`)
	}))
	defer server.Close()
	o := Options{Config: Config{Address: server.URL, TokenFile: file, Token: "unused"}}
	if _, err := NewAgent(o); err == nil {
		t.Error("a missing token file was taken")
	}
	now := time.Now()
	write("first\n", now)
	agent, err := NewAgent(o)
	if err != nil {
		t.Fatal(err)
	}
	expect := func(want string) {
		t.Helper()
		if err := agent.Ping(t.Context()); err != nil || seen != want {
			t.Errorf("sent %q, want %q (%v)", seen, want, err)
		}
	}
	expect("first")
	write("other", now.Add(time.Second))
	expect("other")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	expect("other")
	write("two words", now.Add(2*time.Second))
	expect("other")
	write("third", now.Add(3*time.Second))
	expect("third")
}

func TestSecretsStayOutOfErrors(t *testing.T) {
	config := Config{Address: "http://user:hunter2@127.0.0.1:1", Token: "hunter2", Username: "me", Password: "hunter2"}
	agent, err := NewAgent(Options{Config: config})
	if err != nil {
		t.Fatal(err)
	}
	err = agent.Ping(t.Context())
	if err == nil || strings.Contains(err.Error(), "hunter2") || strings.Contains(config.String(), "hunter2") {
		t.Errorf("%v, %s", err, config)
	}
}

func TestPingCountsAnyOK(t *testing.T) {
	for _, text := range []string{`"127.0.0.1:8300"`, `""`, "", "hello"} {
		_, agent := fake(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) })
		if err := agent.Ping(t.Context()); err != nil {
			t.Errorf("body %q: %v", text, err)
		}
	}
	_, agent := fake(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", 500) })
	if agent.Ping(t.Context()) == nil {
		t.Error("500 was taken for an answer")
	}
}

func TestUnusableIsCounted(t *testing.T) {
	registry := prometheus.NewRegistry()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Consul-Index", "5")
		if strings.HasPrefix(r.URL.Path, "/v1/catalog") {
			fmt.Fprint(w, `{"web":[],"x\ny":[],"..":[],"a\u0000b":[]}`)
			return
		}
		fmt.Fprint(w, strings.Replace(oneInstance, `"Port":80`, `"Port":70000`, 1))
	}))
	defer server.Close()
	catalogue, err := NewCatalogue(Options{Config: Config{Address: server.URL}, Registerer: registry})
	if err != nil {
		t.Fatal(err)
	}
	list, err := catalogue.List(t.Context(), discovery.Query{})
	if err != nil || len(list.Services) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	for range 2 {
		answer, err := catalogue.Instances(t.Context(), "web", discovery.Query{})
		if err != nil || len(answer.Instances) != 0 {
			t.Errorf("%+v, %v", answer, err)
		}
	}
	if n := testutil.ToFloat64(catalogue.refuser.count.WithLabelValues(refusedInstance)); n != 2 {
		t.Errorf("%v refused instances", n)
	}
	if n := testutil.ToFloat64(catalogue.refuser.count.WithLabelValues(refusedName)); n != 3 {
		t.Errorf("%v refused names", n)
	}
}

func TestHealthIsTheWorstOfAllChecks(t *testing.T) {
	for _, c := range []struct {
		checks   string
		status   discovery.Status
		nodeDown bool
		weight   int
	}{
		{`[]`, discovery.Passing, false, 5},
		{`[{"CheckID":"serfHealth","Status":"passing"},{"CheckID":"a","Status":"warning"}]`, discovery.Warning, false, 3},
		{`[{"CheckID":"a","Status":"warning"},{"CheckID":"b","Status":"critical"}]`, discovery.Critical, false, 5},
		{`[{"CheckID":"a","Status":"up"}]`, discovery.Critical, false, 5},
		{`[{"CheckID":"serfHealth","Status":"critical"}]`, discovery.Critical, true, 5},
		{`[{"CheckID":"serfHealth","Status":"critical"},{"CheckID":"_node_maintenance","Status":"critical"}]`, discovery.Maintenance, true, 5},
		{`[{"CheckID":"_service_maintenance:i","Status":"critical"}]`, discovery.Maintenance, false, 5},
	} {
		var e entry
		text := `{"Node":{"Node":"n","Address":"10.0.0.1"},"Service":{"ID":"i","Service":"web","Port":80,"Weights":{"Passing":5,"Warning":3}},"Checks":` + c.checks + `}`
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			t.Fatal(err)
		}
		found, refused, err := instances([]entry{e}, "other")
		if err != nil || len(refused) != 0 || len(found) != 1 {
			t.Fatal(found, refused, err)
		}
		if i := found[0]; i.Status != c.status || i.NodeDown != c.nodeDown || i.Weight != c.weight || i.Address != "10.0.0.1" || i.Local {
			t.Errorf("%s: %+v", c.checks, i)
		}
	}
}

func FuzzInstances(f *testing.F) {
	f.Add([]byte(oneInstance))
	f.Add([]byte(`[{"Node":{"Node":"n"},"Service":{"ID":"i","Service":"s","Meta":{"pointsman":"1 d h","pointsman-start":"x"}}}]`))
	f.Add([]byte(`null`))
	f.Add([]byte(`[null]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var answer []entry
		if json.Unmarshal(text, &answer) != nil {
			return
		}
		found, refused, err := instances(answer, "n")
		if err != nil {
			return
		}
		if len(found)+len(refused) != len(answer) {
			t.Fatalf("%d of %d elements", len(found)+len(refused), len(answer))
		}
		for _, i := range found {
			if i.Port < 1 || i.Port > 65535 || i.Weight < 1 || i.Weight > maxWeight || strings.ContainsAny(i.Address, " \r\n\x00") {
				t.Fatalf("%+v", i)
			}
		}
	})
}

func FuzzHeld(f *testing.F) {
	f.Add([]byte(`{"a":{"ID":"a","Service":"s","Meta":{"pointsman":"1 d h"}}}`), []byte(`{"service:a:docker":{"ServiceID":"a"}}`))
	f.Fuzz(func(t *testing.T, services, checks []byte) {
		var s map[string]agentService
		var c map[string]agentCheck
		if json.Unmarshal(services, &s) != nil || json.Unmarshal(checks, &c) != nil {
			return
		}
		if got := held(s, c); len(got) != len(s) {
			t.Fatalf("%d of %d", len(got), len(s))
		}
	})
}

func TestURLsStayOutOfErrors(t *testing.T) {
	err := withoutSecrets(&url.Error{Op: "Get", URL: "http://user:hunter2@host", Err: io.EOF})
	if !errors.Is(err, io.EOF) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
}
