package consul

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/discovery"
)

// BenchmarkInstances is one service of ten instances, from the question to the answer.
func BenchmarkInstances(b *testing.B) {
	element := `{"Node":{"ID":"94a5d2de-5ffb-98af-6eb4-d09e42eaf5a6","Node":"node1","Address":"127.0.0.1","Datacenter":"dc1","TaggedAddresses":{"lan":"127.0.0.1"},"Meta":{"consul-network-segment":""},"CreateIndex":7,"ModifyIndex":7},
		"Service":{"ID":"service1-%d","Service":"service1","Tags":["pointsman.route=service1.test/"],"Address":"127.0.0.1","TaggedAddresses":null,"Meta":{"host":"node1","version":"1.2.3"},"Port":80,"Weights":{"Passing":1,"Warning":1},"EnableTagOverride":false,"Proxy":{"Mode":"","MeshGateway":{},"Expose":{}},"Connect":{},"PeerName":"","CreateIndex":12,"ModifyIndex":12},
		"Checks":[{"Node":"node1","CheckID":"service:1","Name":"http","Status":"passing","Notes":"","Output":"","ServiceID":"service1-1","ServiceName":"service1","ServiceTags":["pointsman.route=service1.test/"],"Type":"","Interval":"","Timeout":"","ExposedPort":0,"Definition":{},"CreateIndex":12,"ModifyIndex":12}]}`
	var all []string
	for i := range 10 {
		all = append(all, fmt.Sprintf(element, i))
	}
	body := "[" + strings.Join(all, ",") + "]"
	c := canned(b, body)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if a, err := c.Instances(b.Context(), "service1", discovery.Query{}); err != nil || len(a.Instances) != 10 {
			b.Fatal(a, err)
		}
	}
}

// BenchmarkHintsOfANode is a node of a thousand instances.
func BenchmarkHintsOfANode(b *testing.B) {
	element := `{"ID":"service1-%d","Service":"service1","Tags":["pointsman.route=service1.test/"],"Address":"127.0.0.1","TaggedAddresses":{"lan_ipv4":{"Address":"127.0.0.1","Port":80},"wan_ipv4":{"Address":"127.0.0.1","Port":80}},"Meta":{"host":"node1","version":"1.2.3","container":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},"Port":80,"Weights":{"Passing":1,"Warning":1},"EnableTagOverride":false,"Proxy":{"Mode":"","MeshGateway":{},"Expose":{}},"Connect":{},"PeerName":"","CreateIndex":12,"ModifyIndex":12}`
	var all []string
	for i := range 1000 {
		all = append(all, fmt.Sprintf(element, i))
	}
	body := `{"Node":{"Node":"node1"},"Services":[` + strings.Join(all, ",") + "]}"
	c := canned(b, body)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		h, err := c.Hints(b.Context(), discovery.Topic{Kind: discovery.TopicNode, Node: "node1"}, discovery.Query{})
		if err != nil || len(h.Facts) != 1000 {
			b.Fatal(len(h.Facts), err)
		}
	}
}

// canned is a Catalogue whose agent says the same always.
func canned(b *testing.B, body string) *Catalogue {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Consul-Index", "9")
		_, _ = io.WriteString(w, body)
	}))
	b.Cleanup(server.Close)
	catalogue, err := NewCatalogue(Options{Config: Config{Address: server.URL}})
	if err != nil {
		b.Fatal(err)
	}
	return catalogue
}
