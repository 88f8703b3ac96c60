package conformance

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// What peers do with such requests differs widely; here each is refused or understood in the one safe way, and what goes on is clean.
func TestRequestsAsBytes(t *testing.T) {
	fill := strings.NewReplacer("<len>", strconv.Itoa(len(smuggled)), "<len+5>", strconv.Itoa(len(smuggled)+len("0\r\n\r\n")))
	every(t, func(t *testing.T, k *kind) {
		rec := newRecorder(t)
		r := start(t, k, setup{}, at(rec.Addr(), "urlprefix-t/", "urlprefix-victim/", "urlprefix-after/"))
		for _, group := range [][]requestCase{bodyCases, chunkCases, lineCases, hostCases, fieldCases, hopCases} {
			for _, c := range group {
				c.send = fill.Replace(c.send)
				part(t, c.name, func(t testing.TB) { c.check(t, r, rec) })
			}
		}
	})
}

func (c requestCase) check(t testing.TB, r *rig, rec *recorder) {
	r.settles(t)
	rec.take() // what an earlier part left
	want := c.whole
	if refused := c.exchange(t, r); refused {
		want = 0
	}
	var heads, whole []*message
	var broken []string
	arrives := func() bool {
		h, w, b := rec.take()
		heads, whole, broken = append(heads, h...), append(whole, w...), append(broken, b...)
		return len(whole) >= want
	}
	lab.Within(patience, arrives)
	r.settles(t)
	arrives()
	if len(whole) != want || len(broken) > 0 {
		t.Errorf("%d requests went on, want %d, and broken %q", len(whole), want, broken)
	}
	went := ""
	for _, m := range whole {
		if went += m.text() + m.body; m.path() == "/smug" {
			t.Errorf("smuggled: %+v", m)
		}
	}
	for _, m := range heads {
		if list := dirt(m); len(list) > 0 {
			t.Errorf("went on with %v: %.500q", list, m.text())
		}
	}
	if want > 0 && !strings.Contains(went, c.contains) {
		t.Errorf("want %q in what went on: %.500q", c.contains, went)
	}
}

// settles waits until no request is on its way.
func (r *rig) settles(t testing.TB) {
	t.Helper()
	lab.Eventually(t, patience, "no request is on its way", func() bool { return r.counter("pointsman_requests_in_flight") == 0 })
}

// exchange sends the request and checks what the client sees. It says whether the request was refused.
func (c requestCase) exchange(t testing.TB, r *rig) (refused bool) {
	conn := r.dial(t)
	defer conn.tcp.Close()
	sent := make(chan struct{})
	defer func() { <-sent }()
	go func() { // the answer may come, and the connection end, before all is sent
		defer close(sent)
		first, rest, paused := strings.Cut(c.send, pause)
		conn.send(first)
		if paused {
			time.Sleep(20 * time.Millisecond)
			conn.send(rest)
		}
	}()
	a, err := readAnswer(conn.in, "GET")
	if err != nil {
		t.Errorf("no answer: %v", err)
		return true
	}
	if !slices.Contains(c.codes, a.status) {
		t.Errorf("got %d %q, want one of %v", a.status, a.body, c.codes)
	}
	refused = a.status >= 400
	<-sent
	switch {
	case c.ends || refused && a.status != 404 && a.status != 417, a.closes() && len(c.codes) > 1:
		conn.ends()
		return refused
	}
	for range c.whole - 1 {
		conn.want(200, "ok")
	}
	// The connection is still good for a next request, and that is all that comes.
	conn.send("GET /after HTTP/1.1\r\nHost: nobody\r\nConnection: close\r\n\r\n")
	if a := conn.answer("GET"); a.status != 404 {
		t.Errorf("the next request got %d %q", a.status, a.body)
	}
	conn.ends()
	return refused
}

// dirt lists what is wrong with the head of a request that went on.
func dirt(m *message) (list []string) {
	note := func(is bool, what string) {
		if is {
			list = append(list, what)
		}
	}
	parts := strings.Split(m.line, " ")
	note(len(parts) != 3 || parts[2] != "HTTP/1.1", "request line")
	note(len(parts) > 1 && !strings.HasPrefix(parts[1], "/") && parts[1] != "*", "target")
	note(strings.ContainsFunc(m.text(), func(r rune) bool { return r < ' ' && r != '\r' && r != '\n' && r != '\t' || r > '~' }), "control or 8-bit byte")
	fields := map[string][]string{}
	for _, line := range m.fields {
		name, value, found := strings.Cut(line, ":")
		note(!found || strings.ContainsAny(name, " _"), "field name "+name)
		fields[strings.ToLower(name)] = append(fields[strings.ToLower(name)], strings.TrimSpace(value))
	}
	note(len(fields["host"]) != 1, "hosts")
	coding, length := fields["transfer-encoding"], fields["content-length"]
	note(len(coding)+len(length) > 1 || len(coding) == 1 && coding[0] != "chunked", "framing")
	for _, name := range []string{"proxy", "keep-alive", "proxy-connection", "http2-settings", "x-hop", "x-smuggled", "te", "upgrade", "connection"} {
		note(fields[name] != nil, name)
	}
	for _, f := range m.trailer {
		name, _, _ := strings.Cut(f, ":")
		note(strings.EqualFold(name, "Content-Length") || strings.EqualFold(name, "Host"), "trailer "+name)
	}
	return list
}

// The fields that an instance gets are the client's and the forwarding ones, in this order, and no others.
func TestNothingIsAdded(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		rec := newRecorder(t)
		r := start(t, k, setup{forwarder: forwarder(t, "127.0.0.1")}, at(rec.Addr()))
		c := r.dial(t)
		c.send(get("/g?a=1;b=2&c=%zz", "X-Request-ID: mine\r\nX-Forwarded-For: 9.9.9.9\r\nX-Forwarded-Proto: https\r\nx-MiXed:   blanks \t\r\nX-Empty:\r\n"))
		c.want(200, "ok")
		scheme, port := "http", "443" // which trusted proxies say
		if k.secure {
			scheme = "https"
		}
		want := "GET /g?a=1;b=2&c=%zz HTTP/1.1\r\nHost: t\r\nx-MiXed: blanks\r\nX-Empty: \r\nX-Forwarded-For: 9.9.9.9, 127.0.0.1\r\nX-Forwarded-Proto: https\r\n" +
			"X-Forwarded-Host: t\r\nX-Forwarded-Port: " + port + "\r\nX-Real-IP: 9.9.9.9\r\nForwarded: for=127.0.0.1;host=t;proto=" + scheme + "\r\nX-Request-ID: mine\r\n\r\n"
		heads, _, _ := rec.take()
		if len(heads) != 1 {
			t.Fatalf("%d requests came to the instance", len(heads))
		}
		own := regexp.MustCompile(`Via: 1\.1 pointsman-[0-9a-f]{16}\r\n`)
		if got := own.ReplaceAllString(heads[0].text(), ""); got != want || len(own.FindAllString(heads[0].text(), -1)) != 1 {
			t.Errorf("got  %q\nwant %q with one Via", heads[0].text(), want)
		}
	})
}

// A length of nothing goes on with whatever method it was sent, as a signature may cover it; one that was not sent is made up only where
// the method calls for it (RFC 9110 section 8.6).
func TestLengthOfNothing(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		rec := newRecorder(t)
		r := start(t, k, setup{}, at(rec.Addr()))
		c := r.dial(t)
		for _, method := range []string{"GET", "HEAD", "DELETE", "OPTIONS", "PROPFIND", "REPORT", "POST", "PUT", "PATCH"} {
			for _, version := range []string{"1.1", "1.0"} {
				for field, want := range map[string]string{"Content-Length: 0\r\n": "0", "": ""} {
					if method[0] == 'P' && method != "PROPFIND" {
						want = "0"
					}
					c.send(method + " / HTTP/" + version + "\r\nHost: t\r\nConnection: keep-alive\r\n" + field + "\r\n")
					c.answer(method)
					_, whole, broken := rec.take()
					if len(whole) != 1 || len(broken) > 0 || whole[0].field("Content-Length") != want || whole[0].field("Transfer-Encoding") != "" {
						t.Errorf("%s HTTP/%s with %q becomes %+v %q", method, version, field, whole, broken)
					}
				}
			}
		}
	})
}
