package consul

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/pointsman/pointsman/registrator"
)

// recorded is a registration's JSON as Registrator sends it, read back into our nouns by its keys.
type recorded struct {
	ID, Name, Address string
	Tags              []string
	Port              int
	Meta              map[string]string
	Check             *struct {
		HTTP, Method, TCP, GRPC, TTL, Interval, Timeout, Status string
		GRPCUseTLS, TLSSkipVerify                               bool
		ScriptArgs                                              []string
		DeregisterCriticalServiceAfter                          string
	}
}

func (b recorded) registration() registrator.Registration {
	r := registrator.Registration{ID: b.ID, Name: b.Name, Tags: b.Tags, Address: b.Address, Port: b.Port, Meta: b.Meta}
	if c := b.Check; c != nil {
		r.Checks = []registrator.Check{{
			HTTP: c.HTTP, Method: c.Method, TCP: c.TCP, GRPC: c.GRPC, TTL: c.TTL, Interval: c.Interval, Timeout: c.Timeout,
			Status: c.Status, GRPCUseTLS: c.GRPCUseTLS, TLSSkipVerify: c.TLSSkipVerify, Script: c.ScriptArgs,
			DeregisterAfter: c.DeregisterCriticalServiceAfter,
		}}
	}
	return r
}

// TestBodiesWithoutMark: without our mark a body is what Registrator sends: the same keys, nothing empty, Check an object or
// null, Checks null. testdata/bodies.json holds bodies recorded from Registrator.
func TestBodiesWithoutMark(t *testing.T) {
	text, err := os.ReadFile("testdata/bodies.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	for _, raw := range all {
		var parsed recorded
		if err := json.Unmarshal(raw, &parsed); err != nil {
			t.Fatal(err)
		}
		sent, err := json.Marshal(body(parsed.registration(), "digest", time.Now()))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := decoded(t, sent), decoded(t, raw); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %s\nwant %s", parsed.ID, sent, raw)
		}
	}
}

func decoded(t *testing.T, text []byte) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// A check that Registrator's release v7 hands to the shell travels under Consul's old key, which the API client lacks.
func TestBodyWithShellLine(t *testing.T) {
	var sent []byte
	agent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPut || r.URL.Path != "/v1/agent/service/register" || r.URL.RawQuery != "" {
			t.Errorf("asked %s %s", r.Method, r.URL)
		}
		var err error
		if sent, err = io.ReadAll(r.Body); err != nil {
			t.Error(err)
		}
	}))
	defer agent.Close()
	a, err := NewAgent(Options{Config: Config{Address: agent.URL}})
	if err != nil {
		t.Fatal(err)
	}
	err = a.Register(t.Context(), registrator.Registration{ID: "h:web1:80", Name: "web", Tags: []string{"a"}, Port: 8080,
		Checks: []registrator.Check{{ShellLine: "nc 10.1.2.3 8080 | grep OK", Interval: "10s"}}})
	if err != nil {
		t.Fatal(err)
	}
	want := decoded(t, []byte(`{"ID":"h:web1:80","Name":"web","Tags":["a"],"Port":8080,"Checks":null,
		"Check":{"Script":"nc 10.1.2.3 8080 | grep OK","Interval":"10s"}}`))
	if got := decoded(t, sent); !reflect.DeepEqual(got, want) {
		t.Errorf("got %s", sent)
	}
}

func TestBodyWithMark(t *testing.T) {
	r := registrator.Registration{
		ID: "h:web:80", Name: "web", Port: 80, Weight: 4, EnableTagOverride: true,
		Meta:  map[string]string{"a": "b"},
		Owner: registrator.Owner{Host: "my host", Container: "cafe", Started: time.Unix(5, 7)},
		Checks: []registrator.Check{
			{HTTP: "http://127.0.0.1/", Interval: "10s"},
			{ID: "mirror", Name: "Docker", TTL: "24h", Status: "passing"},
		},
	}
	text, err := json.Marshal(body(r, "d1", time.Unix(9, 0)))
	if err != nil {
		t.Fatal(err)
	}
	want := decoded(t, []byte(`{"ID":"h:web:80","Name":"web","Port":80,"EnableTagOverride":true,
		"Weights":{"Passing":4,"Warning":1},
		"Meta":{"a":"b","pointsman":"1 d1 my host","pointsman-container":"cafe",
			"pointsman-start":"1970-01-01T00:00:05.000000007Z","pointsman-sent":"1970-01-01T00:00:09Z"},
		"Check":null,
		"Checks":[{"CheckID":"service:h:web:80","HTTP":"http://127.0.0.1/","Interval":"10s"},
			{"CheckID":"mirror","Name":"Docker","TTL":"24h","Status":"passing"}]}`))
	if got := decoded(t, text); !reflect.DeepEqual(got, want) {
		t.Errorf("got %s", text)
	}
	if r.Meta["pointsman"] != "" {
		t.Error("the registration's own meta was modified")
	}
}

func TestMarkIsReadBack(t *testing.T) {
	for _, owner := range []registrator.Owner{
		{Host: "h", Container: "c", Started: time.Unix(1, 2).UTC(), Sent: time.Unix(3, 4).UTC()},
		{Host: "", Container: "c", Sent: time.Unix(3, 4).UTC()},
		{Host: "a host with words", Sent: time.Unix(3, 4).UTC()},
	} {
		for _, digest := range []string{"", "0123456789abcdef"} {
			meta := withMark(map[string]string{"k": "v"}, owner, digest, owner.Sent)
			got, gotDigest, rest := readMark(meta)
			if got != owner || gotDigest != digest || !reflect.DeepEqual(rest, map[string]string{"k": "v"}) {
				t.Errorf("%+v %q came back as %+v %q %v", owner, digest, got, gotDigest, rest)
			}
		}
	}
	for _, mark := range []string{"", "1", "1 d", "2 d h", "yes"} {
		meta := map[string]string{"pointsman": mark, "pointsman-container": "c"}
		if owner, _, rest := readMark(meta); owner != (registrator.Owner{}) || len(rest) != 2 {
			t.Errorf("mark %q was believed: %+v", mark, owner)
		}
	}
}
