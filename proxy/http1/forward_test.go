package http1_test

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/routing"
)

// post is a proxy without its sockets: one route for all, to one instance.
type post struct {
	scope  *proxy.Scope
	table  *routing.Table
	client proxy.Client
	now    time.Time
}

func newPost(trusted string) *post {
	common := &proxy.Shared{Metrics: proxy.NewMetrics(prometheus.NewRegistry()), Limits: proxy.DefaultLimits()}
	forwarder, err := proxy.ParseForwarder(trusted)
	if err != nil {
		panic(err)
	}
	common.Forwarder = forwarder
	web := &discovery.Service{Name: "web", Instances: []discovery.Instance{{
		Identity: discovery.Identity{Node: "n", ID: "web-1", Address: "10.0.0.1", Port: 80},
		Service:  "web", Tags: []string{"urlprefix-/"}, Weight: 1, Status: discovery.Passing,
	}}}
	return &post{
		scope:  common.NewScope(),
		table:  routing.NewTable(routing.Options{Languages: fixture.Languages()}).Next(&discovery.Snapshot{Sequence: 1, Services: []*discovery.Service{web}}),
		client: proxy.NewClient(netip.MustParseAddr("10.0.0.9"), "http", &common.Forwarder),
		now:    time.Unix(1_800_000_000, 0),
	}
}

// twoPosts are one that doesn't believe its client's forwarding fields, and one that does.
func twoPosts() [2]*post { return [2]*post{newPost(""), newPost("10.0.0.0/8")} }

// FuzzForward: what goes to an instance, and what comes back to the client, is exactly one message, for us and for net/http, with
// the method or status, the content, and no field that belongs to the other connection.
func FuzzForward(f *testing.F) {
	both := twoPosts()
	for seed := range uint64(fuzzSeeds) {
		f.Add(messageOf(seed, requestStarts), messageOf(seed+1, answerStarts), seed%2 == 0)
	}
	f.Fuzz(func(t *testing.T, src, reply []byte, trusted bool) {
		p := both[0]
		if trusted {
			p = both[1]
		}
		p.forward(t, src, reply)
	})
}

func TestForwardedParts(t *testing.T) {
	both := twoPosts()
	sent, answered := 0, 0
	for seed := range uint64(partSeeds) {
		way := both[seed%2].forward(t, messageOf(seed, requestStarts), messageOf(seed*7, answerStarts))
		sent += min(way, 1)
		answered += way / 2
	}
	if sent < 500 || answered < 200 {
		t.Errorf("of %d messages %d were sent and %d answered", partSeeds, sent, answered)
	}
}

// forward says how far it came: 1 to the instance, 2 to the client.
func (p *post) forward(t *testing.T, src, reply []byte) (way int) {
	var x proxy.Exchange
	r, err := parseRequest(src, limits)
	do := proxy.ActionReply
	if err != nil {
		r.Method = "" // nothing is known of what could not be read
		x.BadHead(p.scope, &p.client, err, p.now)
	} else if do = x.Begin(p.scope, &r.Request, &p.client, p.now); do == proxy.ActionContinue {
		do = x.Match(p.table)
	}
	defer x.Finish(p.now)
	if do != proxy.ActionSend {
		p.back(t, x.AppendLocalReply(nil, false, p.now), r.Method, x.Status, nil)
		return 0
	}
	r.asked, r.body = x.Target, decode(r.Framing, src[r.head:])
	p.toInstance(t, &x, r)
	a, ok := acceptAnswer(reply, r.Method, limits)
	if !ok || a.Status < 200 {
		return 1
	}
	x.Answered(&a.Response, time.Millisecond, p.now, true)
	framing := x.AnswerFraming(&a.Response)
	out := x.AppendAnswer(nil, &a.Response, x.CloseAfter(), p.now)
	if framing.Kind == http1.Chunked && r.Minor == 0 || framing.Kind == http1.UntilClose && (r.Minor == 1 || !x.CloseAfter() || !bytes.Contains(out, []byte("\r\nConnection: close\r\n"))) {
		t.Fatalf("HTTP/1.%d is answered with %q, and close is %v", r.Minor, out, x.CloseAfter())
	}
	if a.body.fate == whole {
		a.body.trailers = allowed(a.body.trailers)
		p.back(t, emitBody(out, framing, a.body), r.Method, a.Status, a.body.content)
	}
	return 2
}

// toInstance looks at what goes to the instance.
func (p *post) toInstance(t *testing.T, x *proxy.Exchange, r request) {
	out := x.AppendRequest(nil)
	if r.body.fate != whole {
		return
	}
	r.body.trailers = allowed(r.body.trailers)
	out = emitBody(out, r.Framing, r.body)
	sent, ok := accept(out, roomy)
	if !ok || sent.head+sent.body.used != len(out) || sent.Method != r.Method || sent.Framing.Empty() != r.Framing.Empty() || sent.Minor != 1 ||
		!bytes.Equal(sent.body.content, r.body.content) || !slices.Equal(sent.body.trailers, r.body.trailers) || sent.WebSocket != r.WebSocket {
		t.Fatalf("what goes to the instance: %q", out)
	}
	for _, f := range sent.Fields {
		switch k := f.Known(); {
		case k == http1.KeepAlive, k == http1.ProxyConnection, k == http1.Proxy, k == http1.HTTP2Settings, k == http1.Underscored,
			k == http1.TE && f.Value != "trailers", k == http1.Upgrade && !sent.WebSocket, k == http1.Connection && f.Value != "TE" && f.Value != "Upgrade":
			t.Fatalf("%s goes to the instance: %q", f.Name, out)
		}
	}
	compareRequest(t, sent, out)
}

// back looks at what goes to the client.
func (p *post) back(t *testing.T, out []byte, method string, status int, content []byte) {
	a, ok := acceptAnswer(out, method, roomy)
	if !ok || a.head+a.body.used != len(out) || a.Status != status || a.body.fate != whole || content != nil && !bytes.Equal(a.body.content, content) {
		t.Fatalf("what goes to the client: %v %q", ok, out)
	}
	for _, f := range a.Fields {
		switch f.Known() {
		case http1.KeepAlive, http1.ProxyConnection, http1.Upgrade, http1.TE:
			t.Fatalf("%s goes to the client: %q", f.Name, out)
		}
	}
	compareAnswer(t, a, out, method)
}

func allowed(trailers []http1.Field) []http1.Field {
	return slices.DeleteFunc(slices.Clone(trailers), func(f http1.Field) bool { return !proxy.AllowedTrailer(f.Name) })
}
