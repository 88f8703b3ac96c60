package conformance

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/http2"

	"github.com/pointsman/pointsman/discovery"
)

// filterCase is a request to a route with filters: the route has the path /NUMBER, whatever its options are.
type filterCase struct {
	name    string
	options string
	method  string // "" is GET
	path    string // behind the route's; "" is the route's alone
	fields  []string
	body    string
	chunked bool

	status int
	// has and hasNot are fields of the answer: "Name: value", or "Name" for any value.
	has, hasNot []string
	// sent and notSent are lines, or their beginnings, of what the instance got; none is looked for where the request must not get there.
	sent, notSent []string
}

func basic(user string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user))
}

// users are one of each kind of hash, all with the password "secret".
const users = "anna:$apr1$r31abcde$SZEN.U5sWGGNcv9YsUrqI.|bob:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=|carl:$2y$04$UOG4R9l3STvR4SVz6KcwWuHrxD4fRB.S8bEDxLKkXposO7NffN0Hm"

// saying asks the instance for a field in its answer.
func saying(field string) string { return "X-Say: " + field }

// filtered answers with what it got, and with the fields that X-Say fields ask for, in which SELF is its own address.
func filtered(t testing.TB) *script {
	return play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
		for {
			m, err := readMessage(in)
			if err != nil {
				return
			}
			body, own := m.line+"\n"+strings.Join(m.fields, "\n")+"\n\n"+m.body+strings.Join(m.trailer, "\n"), ""
			for _, f := range m.fields {
				if field, ok := strings.CutPrefix(f, "X-Say: "); ok {
					own += strings.ReplaceAll(field, "SELF", c.LocalAddr().String()) + "\r\n"
				}
			}
			_, _ = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s", own, len(body), body)
		}
	})
}

// gatekeeper is an auth server: who has the cookie may pass.
func gatekeeper(t testing.TB) *script {
	return play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
		for {
			m, err := readMessage(in)
			switch {
			case err != nil:
				return
			case m.path() != "/check":
				_, _ = io.WriteString(c, "HTTP/1.1 500 Wrong\r\nContent-Length: 0\r\n\r\n")
			case strings.Contains(m.field("Cookie"), "pass"):
				_, _ = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nX-User: alice\r\nX-Asked: %s %s\r\nX-Other: no\r\nContent-Length: 0\r\n\r\n",
					m.field("X-Forwarded-Method"), m.field("X-Forwarded-Uri"))
			default:
				_, _ = io.WriteString(c, "HTTP/1.1 302 Found\r\nLocation: https://login.test/\r\nSet-Cookie: seen=1\r\nServer: gate\r\nContent-Length: 5\r\n\r\nlogin")
			}
		}
	})
}

// reply is what a client got.
type reply struct {
	status int
	fields []string
	body   string
}

// overHTTP1 asks over HTTP/1.1.
func overHTTP1(t testing.TB, r *rig, c filterCase, path string) reply {
	t.Helper()
	conn := r.dial(t)
	text := c.method + " " + path + " HTTP/1.1\r\nHost: t\r\n"
	for _, f := range c.fields {
		text += f + "\r\n"
	}
	switch {
	case c.chunked:
		text += fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\nX-Auth-User: root\r\nX-Sum: 1\r\n\r\n", len(c.body), c.body)
	case c.body != "":
		text += fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(c.body), c.body)
	default:
		text += "\r\n"
	}
	conn.send(text)
	a := conn.answer(c.method)
	_ = conn.tcp.Close()
	return reply{a.status, a.fields, a.body}
}

// overHTTP2 asks over HTTP/2.
func overHTTP2(t testing.TB, r *rig, c filterCase, path string) reply {
	t.Helper()
	client := &http2.Transport{AllowHTTP: true, DialTLSContext: func(ctx context.Context, network, _ string, _ *tls.Config) (net.Conn, error) {
		if !r.kind.secure {
			return new(net.Dialer).DialContext(ctx, network, r.addr)
		}
		return (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, NextProtos: []string{http2.NextProtoTLS}}}).DialContext(ctx, network, r.addr)
	}}
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), c.method, "http://t"+path, strings.NewReader(c.body))
	if err != nil {
		t.Fatal(err)
	}
	if c.chunked {
		req.ContentLength = -1
		req.Trailer = http.Header{"X-Auth-User": {"root"}, "X-Sum": {"1"}}
	}
	for _, f := range c.fields {
		name, value, _ := strings.Cut(f, ": ")
		req.Header.Add(name, value)
	}
	resp, err := client.RoundTrip(req)
	if err != nil {
		t.Errorf("%s: %v", c.name, err)
		return reply{}
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	out := reply{status: resp.StatusCode, body: string(body)}
	for name, values := range resp.Header {
		for _, v := range values {
			out.fields = append(out.fields, name+": "+v)
		}
	}
	return out
}

// holds says whether a list has a field: "Name: value", or "Name" alone.
func holds(list []string, want string) bool {
	for _, f := range list {
		name, _, _ := strings.Cut(f, ":")
		if strings.EqualFold(f, want) || strings.EqualFold(name, want) {
			return true
		}
	}
	return false
}

func (c filterCase) check(t testing.TB, got reply) {
	t.Helper()
	if got.status != c.status {
		t.Errorf("%s: status %d, want %d: %q", c.name, got.status, c.status, got.body)
	}
	for _, f := range c.has {
		if !holds(got.fields, f) {
			t.Errorf("%s: no %q in the answer: %q", c.name, f, got.fields)
		}
	}
	for _, f := range c.hasNot {
		if holds(got.fields, f) {
			t.Errorf("%s: %q in the answer: %q", c.name, f, got.fields)
		}
	}
	lines := strings.Split(got.body, "\n")
	has := func(want string) bool {
		for _, line := range lines {
			if len(line) >= len(want) && strings.EqualFold(line[:len(want)], want) {
				return true
			}
		}
		return false
	}
	for _, line := range c.sent {
		if !has(line) {
			t.Errorf("%s: the instance did not get %q: %q", c.name, line, got.body)
		}
	}
	for _, line := range c.notSent {
		if has(line) {
			t.Errorf("%s: the instance got %q: %q", c.name, line, got.body)
		}
	}
}

// filterRig serves a route for each case, and asks.
func filterRig(t testing.TB, k *kind, cases []filterCase, ask func(t testing.TB, r *rig, c filterCase, path string) reply) {
	instance := filtered(t)
	var tags []string
	for i, c := range cases {
		tags = append(tags, strings.TrimSpace(fmt.Sprintf("pointsman.route=/%d %s", i, strings.ReplaceAll(c.options, "ROUTE", fmt.Sprintf("/%d", i)))))
	}
	var instances []discovery.Instance
	const most = 60 // an instance may ask for few routes
	for len(tags) > 0 {
		n := min(most, len(tags))
		instances = append(instances, as(fmt.Sprintf("s%d", len(tags)), at(instance.Addr(), tags[:n]...)))
		tags = tags[n:]
	}
	r := start(t, k, setup{}, append(instances, as("gate", at(gatekeeper(t).Addr(), "pointsman.route=gate.internal/")))...)
	for i, c := range cases {
		if c.method == "" {
			c.method = "GET"
		}
		c.has = slices.Clone(c.has)
		scheme := "http"
		if k.secure {
			scheme = "https"
		}
		for j := range c.has {
			c.has[j] = strings.NewReplacer("ROUTE", fmt.Sprintf("/%d", i), "SCHEME", scheme).Replace(c.has[j])
		}
		c.check(t, ask(t, r, c, fmt.Sprintf("/%d%s", i, c.path)))
	}
}

func TestFilters(t *testing.T) {
	one(t, func(t testing.TB, k *kind) { filterRig(t, k, filterCases, overHTTP1) })
}

func TestFiltersOverHTTP2(t *testing.T) {
	everyHTTP2(t, func(t *testing.T, k *kind) { filterRig(t, k, filterCases, overHTTP2) })
}
