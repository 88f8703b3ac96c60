package consul

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/discovery"
)

// raw puts something into a Consul as an operator would.
type raw struct {
	t              *testing.T
	address, token string
}

func (c raw) put(path string, body any) []byte {
	c.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		c.t.Fatal(err)
	}
	for limit := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		status, answer := c.try(path, text)
		if status == http.StatusOK {
			return answer
		}
		if status != http.StatusForbidden || time.Now().After(limit) { // its ACLs may not be up yet
			c.t.Fatalf("PUT %s: %d: %s", path, status, answer)
		}
	}
}

func (c raw) try(path string, text []byte) (status int, answer []byte) {
	c.t.Helper()
	request, err := http.NewRequest(http.MethodPut, "http://"+c.address+path, bytes.NewReader(text))
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("X-Consul-Token", c.token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	answer, _ = io.ReadAll(response.Body)
	return response.StatusCode, answer
}

func (c raw) register(node, service, status string) {
	c.t.Helper()
	c.put("/v1/catalog/register", map[string]any{
		"Node": node, "Address": "127.0.0.1", "SkipNodeUpdate": true,
		"Service": map[string]any{"ID": service + "-1", "Service": service, "Port": 80, "Tags": []string{"t"}},
		"Check":   map[string]any{"Node": node, "CheckID": "c:" + service, "Name": "c", "ServiceID": service + "-1", "Status": status},
	})
}

func (c raw) remove(node, service string) {
	c.t.Helper()
	body := map[string]any{"Node": node}
	if service != "" {
		body["ServiceID"] = service + "-1"
	}
	c.put("/v1/catalog/deregister", body)
}

func hints(t *testing.T, c *Catalogue, topic discovery.Topic, q discovery.Query) discovery.Hints {
	t.Helper()
	h, err := c.Hints(t.Context(), topic, q)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// A topic's question is woken by what it is about, and what it tells is enough to find what has changed.
func TestHintsOfARealConsul(t *testing.T) {
	c := raw{t: t, address: realAgent(t)}
	catalogue, err := NewCatalogue(Options{Config: Config{Address: c.address, Stale: true}})
	if err != nil {
		t.Fatal(err)
	}
	const odd = "a/../b c?%"
	for _, node := range []string{"n1", "n2", odd} {
		c.register(node, "web", "passing")
	}
	c.register("n1", "api", "warning")
	var names []string
	for _, f := range hints(t, catalogue, discovery.Topic{}, discovery.Query{}).Facts {
		names = append(names, f.Node)
	}
	for _, node := range []string{"n1", "n2", odd} {
		if !slices.Contains(names, node) {
			t.Errorf("no node %q in %q", node, names)
		}
		h := hints(t, catalogue, discovery.Topic{Kind: discovery.TopicNode, Node: node}, discovery.Query{})
		if len(h.Facts) == 0 || h.Facts[0].Node != node || h.Facts[0].Index == 0 || h.Index == 0 || h.Bytes < 100 {
			t.Errorf("node %q: %+v", node, h)
		}
	}
	warned := hints(t, catalogue, discovery.Topic{Kind: discovery.TopicWarning}, discovery.Query{})
	if want := (discovery.Fact{Node: "n1", Service: "api", ID: "c:api"}); !slices.Contains(warned.Facts, want) {
		t.Errorf("warnings: %+v", warned)
	}
	first := hints(t, catalogue, discovery.Topic{Kind: discovery.TopicNode, Node: "n1"}, discovery.Query{})
	waiting := make(chan discovery.Hints, 1)
	wait := func(topic discovery.Topic, index uint64, limit time.Duration) {
		go func() {
			h, err := catalogue.Hints(t.Context(), topic, discovery.Query{Index: index, Wait: limit})
			if err != nil {
				t.Error(err)
			}
			waiting <- h
		}()
	}
	wait(discovery.Topic{Kind: discovery.TopicNode, Node: "n1"}, first.Index, time.Second)
	for range 20 {
		c.register("n2", "other", "passing")
		c.remove("n2", "other")
	}
	if h := <-waiting; !h.Unchanged || h.Index != first.Index {
		t.Errorf("another node's changes are told: %+v", h)
	}
	wait(discovery.Topic{Kind: discovery.TopicNode, Node: "n1"}, first.Index, time.Minute)
	c.remove("n1", "api")
	if h := <-waiting; h.Unchanged || len(h.Facts) != 1 || h.Index <= first.Index {
		t.Errorf("a removal: %+v", h)
	}
	sick := hints(t, catalogue, discovery.Topic{Kind: discovery.TopicCritical}, discovery.Query{})
	wait(discovery.Topic{Kind: discovery.TopicCritical}, sick.Index, time.Minute)
	c.register("n2", "web", "critical")
	if h := <-waiting; len(h.Facts) != 1+len(sick.Facts) {
		t.Errorf("a check turned critical: %+v", h)
	}
}

// A view that is followed by node is the view that asking for each service gives: through changes of every kind, nodes that
// come and go, and with a token that may not see everything.
func TestFollowedByNodeOnARealConsul(t *testing.T) {
	const master = "11111111-2222-3333-4444-555555555555"
	c := raw{t: t, token: master, address: realAgent(t, `{"acl":{"enabled":true,"default_policy":"deny","tokens":{"initial_management":"`+master+`","agent":"`+master+`"}}}`)}
	c.put("/v1/acl/policy", map[string]string{"Name": "some", "Rules": `node_prefix "" { policy = "read" } node "n3" { policy = "deny" }
		service_prefix "" { policy = "read" } service "s07" { policy = "deny" }`})
	var token struct{ SecretID string }
	if err := json.Unmarshal(c.put("/v1/acl/token", map[string]any{"Policies": []map[string]string{{"Name": "some"}}}), &token); err != nil {
		t.Fatal(err)
	}
	name := func(i int) string { return fmt.Sprintf("s%02d", i) }
	for i := range 30 {
		c.register(fmt.Sprintf("n%d", i%6), name(i), "passing")
		c.register("n9", name(i), "passing") // an answer of which everything was hidden would be an error
	}
	catalogue, err := NewCatalogue(Options{Config: Config{Address: c.address, Token: token.SecretID, Stale: true}, Watches: 8})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	w := discovery.NewWatcher(discovery.Options{Catalogue: catalogue, MaxWatches: 8, Log: zerolog.New(&log),
		Wanted: func(_ string, tags []string) bool { return slices.Contains(tags, "t") }})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	defer func() { stop(); <-ended }()
	var newest *discovery.Snapshot
	agree := func(what string) {
		t.Helper()
		want, got := "", "-"
		for limit := time.Now().Add(time.Minute); got != want && time.Now().Before(limit); time.Sleep(10 * time.Millisecond) {
			select {
			case newest = <-w.Snapshots():
			default:
			}
			if newest != nil {
				got = text(newest.Services)
			}
			want = text(asked(t, catalogue, name))
		}
		if got != want {
			t.Fatalf("%s:\n%s\nwant\n%s\nlog: %s", what, got, want, log.Bytes())
		}
	}
	agree("at first")
	if !strings.Contains(log.String(), "followed by node") {
		t.Fatal("not followed by node")
	}
	for round := range 3 {
		for i := range 30 {
			switch (i + round) % 4 {
			case 0:
				c.register(fmt.Sprintf("n%d", i%6), name(i), []string{"critical", "warning", "passing"}[round])
			case 1:
				c.register(fmt.Sprintf("new%d", round), name(i), "passing")
			case 2:
				c.remove(fmt.Sprintf("n%d", i%6), name(i))
			}
		}
		agree(fmt.Sprintf("round %d", round))
		c.remove("n1", "")
		agree("a node is gone")
	}
}

// asked is what asking for each service gives.
func asked(t *testing.T, catalogue *Catalogue, name func(int) string) (out []*discovery.Service) {
	for i := range 30 {
		answer, err := catalogue.Instances(t.Context(), name(i), discovery.Query{})
		if err != nil && !errors.Is(err, discovery.ErrDenied) {
			t.Fatal(err)
		}
		if len(answer.Instances) > 0 {
			out = append(out, &discovery.Service{Name: name(i), Instances: answer.Instances})
		}
	}
	return out
}

func text(services []*discovery.Service) string {
	var lines []string
	for _, s := range services {
		for _, i := range s.Instances {
			lines = append(lines, fmt.Sprintf("%s %s on %s %s", s.Name, i.ID, i.Node, i.Status))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// What is no complete answer to a topic is an error; an index is waited with only as long as nothing moves.
func TestBadHintsAreErrors(t *testing.T) {
	topics := []discovery.Topic{{}, {Kind: discovery.TopicNode, Node: "n"}, {Kind: discovery.TopicCritical}, {Kind: discovery.TopicWarning}}
	for name, body := range map[string]string{"null": "null", "empty": "", "cut": `[{"Node":"n"`, "string": `"n"`, "HTML": "<html>"} {
		catalogue, _ := fake(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Consul-Index", "5")
			fmt.Fprint(w, body)
		})
		for _, topic := range topics {
			for _, q := range []discovery.Query{{}, {Index: 4, Wait: time.Second}} {
				if h, err := catalogue.Hints(t.Context(), topic, q); err == nil {
					t.Errorf("%s: %s: %+v", name, topic, h)
				}
			}
		}
	}
	var sent []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent = append(sent, r.RequestURI)
		w.Header().Set("X-Consul-Index", "9")
		fmt.Fprint(w, `{"Node":{},"Services":[{"ID":"i","Service":"s","ModifyIndex":8}]}`)
	}))
	defer server.Close()
	catalogue, err := NewCatalogue(Options{Config: Config{Address: server.URL, Stale: true, Near: "_agent", Datacenter: "d"}})
	if err != nil {
		t.Fatal(err)
	}
	node := discovery.Topic{Kind: discovery.TopicNode, Node: "../n"}
	if h := hints(t, catalogue, node, discovery.Query{Index: 9, Wait: time.Second}); !h.Unchanged {
		t.Errorf("%+v", h)
	}
	if h := hints(t, catalogue, node, discovery.Query{Index: 8, Wait: time.Second}); h.Unchanged || len(h.Facts) != 1 {
		t.Errorf("%+v", h)
	}
	const path = "/v1/catalog/node-services/..%2Fn?dc=d"
	want := []string{path + "&filter=Service+%3D%3D+%22%22&index=9&stale=&wait=1000ms", path + "&filter=Service+%3D%3D+%22%22&index=8&stale=&wait=1000ms", path + "&stale="}
	if !slices.Equal(sent, want) {
		t.Errorf("asked\n%s\nwant\n%s", strings.Join(sent, "\n"), strings.Join(want, "\n"))
	}
}
