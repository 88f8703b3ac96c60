package consul

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/registrator"
)

func TestZoneOfAnInstance(t *testing.T) {
	for text, want := range map[string]string{
		`{"Node":{"Node":"n","Address":"10.0.0.1","Datacenter":"dc1","Meta":{"zone":"b"}},"Service":{"ID":"w","Service":"web","Port":80,"Meta":{"zone":"a"}}}`: "a",
		`{"Node":{"Node":"n","Address":"10.0.0.1","Datacenter":"dc1","Meta":{"zone":"b","rack":"7"}},"Service":{"ID":"w","Service":"web","Port":80}}`:          "b",
		`{"Node":{"Node":"n","Address":"10.0.0.1","Datacenter":"dc1","Meta":null},"Service":{"ID":"w","Service":"web","Port":80,"Meta":{"zone":""}}}`:          "dc1",
		`{"Node":{"Node":"n","Address":"10.0.0.1"},"Service":{"ID":"w","Service":"web","Port":80}}`:                                                            "",
	} {
		var e entry
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			t.Fatal(err)
		}
		if got, _, err := instances([]entry{e}, ""); err != nil || len(got) != 1 || got[0].Zone != want {
			t.Errorf("%s: %+v, %v, want zone %q", text, got, err, want)
		}
	}
}

// A real agent's answers carry the node's zone, and the proxy's own registration its own one.
func TestZonesOfARealAgent(t *testing.T) {
	o := Options{Config: Config{Address: realAgent(t, `{"node_meta":{"zone":"b"}}`), Stale: true}}
	catalogue, err := NewCatalogue(o)
	if err != nil {
		t.Fatal(err)
	}
	agent, err := NewAgent(o)
	if err != nil {
		t.Fatal(err)
	}
	b := both{catalogue, agent, ErrUnknown}
	b.register(t, registrator.Registration{ID: "w1", Name: "web", Address: "127.0.0.1", Port: 80})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- agent.RegisterSelf(ctx, Self{ID: "p1", Name: "proxy", Address: "127.0.0.1", Port: 8080, Zone: "a"}, zerolog.Nop())
	}()
	for service, zone := range map[string]string{"web": "b", "proxy": "a"} {
		b.await(t, service, func(in []discovery.Instance) bool { return len(in) == 1 && in[0].Zone == zone })
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
