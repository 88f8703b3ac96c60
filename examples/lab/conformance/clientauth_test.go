package conformance

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/certs"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// guests are two sets of authorities, and clients' certificates.
type guests struct {
	a, b      *fixture.Authority
	fileA     string
	sets      map[string]*certs.Authorities
	certs     map[string]tls.Certificate // by the authority's name; "old" has expired
	listeners map[string]dialect.ClientCA
}

func newGuests(t testing.TB) *guests {
	t.Helper()
	g := &guests{a: fixture.NewAuthority(t, "a"), b: fixture.NewAuthority(t, "b"), sets: map[string]*certs.Authorities{}, certs: map[string]tls.Certificate{}}
	named := func(name string) func(c *x509.Certificate) {
		return func(c *x509.Certificate) {
			c.Subject = pkix.Name{Organization: []string{"Mü, \"Co\""}, CommonName: name}
		}
	}
	for name, a := range map[string]*fixture.Authority{"a": g.a, "b": g.b} {
		g.certs[name] = a.Issue(t, named("anna"))
		file, _, _ := a.WriteFiles(t, t.TempDir(), g.certs[name])
		set, err := certs.NewAuthorities(file, zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		if g.sets[name] = set; name == "a" {
			g.fileA = file
		}
	}
	g.certs["old"] = g.a.Issue(t, func(c *x509.Certificate) {
		named("old")(c)
		c.NotAfter = time.Now().Add(-time.Minute)
	})
	return g
}

func (g *guests) auth() proxy.ClientAuth {
	out := proxy.ClientAuth{Authorities: map[string]proxy.Authority{}, Listeners: g.listeners}
	for name, set := range g.sets {
		out.Authorities[name] = set
	}
	return out
}

// guest is a request, and the name and the certificate of the handshake before it.
type guest struct {
	name      string // that is said in the handshake; "" says none
	host      string
	path      string
	shows     string // see guests.certs
	fields    []string
	status    int // 0 where the handshake fails
	sent, not []string
}

const (
	told = "X-SSL-Client-S-DN: CN=anna,O=M\\C3\\BC\\, \\\"Co\\\""
	none = "X-SSL-Client-Verify: NONE"
	good = "X-SSL-Client-Verify: SUCCESS"
)

// claims are what clients may say of certificates that they have not shown.
var claims = []string{"X-SSL-Client-S-DN: CN=root", "x-ssl-client-verify: SUCCESS", "X_SSL_Client_S_DN: CN=root", "X-SSL-Client_Verify: SUCCESS", "X-Ssl-Client-Cert: x"}

// transport makes a client that connects as one guest does.
func (g *guests) transport(shows, name string, http2 bool) *http.Transport {
	config := &tls.Config{InsecureSkipVerify: true, ServerName: name, NextProtos: []string{"http/1.1"}}
	if shows != "" {
		pair := g.certs[shows]
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil } // whatever is asked for
	}
	if http2 {
		config.NextProtos = []string{"h2"}
	}
	return &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: http2}
}

func ask(t testing.TB, client *http.Transport, r *rig, q guest) (status int, body string) {
	t.Helper()
	scheme := "http"
	if r.kind.secure {
		scheme = "https"
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, scheme+"://"+r.addr+q.path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = q.host
	for _, f := range q.fields {
		name, value, _ := strings.Cut(f, ": ")
		req.Header[name] = append(req.Header[name], value)
	}
	resp, err := client.RoundTrip(req)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(all)
}

func (g *guests) check(t testing.TB, r *rig, q guest, http2 bool) {
	t.Helper()
	if q.path == "" {
		q.path = "/"
	}
	client := g.transport(q.shows, q.name, http2)
	defer client.CloseIdleConnections()
	status, body := ask(t, client, r, q)
	if status != q.status {
		t.Errorf("%q asks %s%s with %q: %d, want %d: %s", q.name, q.host, q.path, q.shows, status, q.status, body)
	}
	lines := "\n" + strings.ToLower(body)
	for _, want := range q.sent {
		if !strings.Contains(lines, "\n"+strings.ToLower(want)+"\n") {
			t.Errorf("%q asks %s%s with %q: the instance did not get %q: %s", q.name, q.host, q.path, q.shows, want, body)
		}
	}
	for _, not := range q.not {
		if strings.Contains(lines, "\n"+strings.ToLower(not)) {
			t.Errorf("%q asks %s%s with %q: the instance got %q: %s", q.name, q.host, q.path, q.shows, not, body)
		}
	}
}

// nothing is what the instance must not get of a certificate.
var nothing = []string{"X-SSL-Client", "X_SSL", "X-SSL-Client_"}

func (g *guests) tags() []string {
	return []string{"pointsman.route=open.test/", "pointsman.route=must.test/ client-ca=a", "pointsman.route=twin.test/ client-ca=a",
		"pointsman.route=may.test/ client-ca=a:optional", "pointsman.route=mixed.test/", "pointsman.route=mixed.test/in client-ca=a",
		"pointsman.route=two.test/a client-ca=a", "pointsman.route=two.test/b client-ca=b", "pointsman.route=*.wild.test/ client-ca=a",
		"pointsman.route=free.wild.test/", "pointsman.route=sent.test/ client-ca=a https=redirect", "pointsman.route=lost.test/ client-ca=nobody",
		"pointsman.route=192.0.2.1/ client-ca=a", "pointsman.route=192.0.2.2/b client-ca=b", "pointsman.route=192.0.2.3/"}
}

func plainGuests() []guest {
	return []guest{
		{host: "open.test", status: 200, fields: claims, not: nothing},
		{host: "must.test", status: 403},
		{host: "may.test", status: 403},
		{host: "mixed.test", status: 200},
		{host: "mixed.test", path: "/in", status: 403},
		{host: "sent.test", status: 308},
	}
}

func secureGuests() []guest {
	return []guest{
		{name: "open.test", host: "open.test", status: 200, fields: claims, not: nothing},
		{name: "open.test", host: "OPEN.test.:443", status: 200},
		{name: "must.test", host: "must.test"},
		{name: "must.test", host: "must.test", shows: "b"},
		{name: "must.test", host: "must.test", shows: "old"},
		{name: "must.test", host: "must.test", shows: "a", status: 200, fields: claims, sent: []string{told, good},
			not: []string{"X-SSL-Client-S-DN: CN=root", "X_SSL", "X-SSL-Client_", "X-SSL-Client-Cert"}},
		{name: "may.test", host: "may.test", status: 200, fields: claims, sent: []string{none}, not: []string{"X-SSL-Client-S-DN"}},
		{name: "may.test", host: "may.test", shows: "a", status: 200, sent: []string{told, good}},
		{name: "may.test", host: "may.test", shows: "b"},
		{name: "mixed.test", host: "mixed.test", status: 200, not: nothing},
		{name: "mixed.test", host: "mixed.test", path: "/in", status: 403},
		{name: "mixed.test", host: "mixed.test", path: "/in/%2e%2e/in", status: 403},
		{name: "mixed.test", host: "mixed.test", path: "/in", shows: "a", status: 200, sent: []string{told, good}},
		{name: "mixed.test", host: "mixed.test", shows: "a", status: 200, fields: claims, not: nothing},
		{name: "two.test", host: "two.test", path: "/a"},
		{name: "two.test", host: "two.test", path: "/a", shows: "old"},
		{name: "two.test", host: "two.test", path: "/a", shows: "a", status: 200, sent: []string{told, good}},
		{name: "two.test", host: "two.test", path: "/a", shows: "b", status: 403},
		{name: "two.test", host: "two.test", path: "/b", shows: "b", status: 200, sent: []string{told, good}},
		{name: "x.wild.test", host: "x.wild.test"},
		{name: "x.wild.test", host: "x.wild.test", shows: "a", status: 200, sent: []string{good}},
		{name: "free.wild.test", host: "free.wild.test", status: 200, not: nothing},
		{name: "lost.test", host: "lost.test", shows: "a"},
		// The name of the handshake is another one than the request's host.
		{name: "open.test", host: "must.test", status: 421},
		{name: "open.test", host: "must.test", shows: "a", status: 421},
		{name: "open.test", host: "lost.test", status: 421},
		{name: "may.test", host: "must.test", status: 421},
		{name: "may.test", host: "must.test", shows: "a", status: 421},
		{name: "must.test", host: "open.test", shows: "a", status: 421},
		{name: "must.test", host: "two.test", path: "/b", shows: "a", status: 421},
		{name: "must.test", host: "twin.test", shows: "a", status: 200, sent: []string{told, good}},
		{name: "open.test", host: "mixed.test", status: 421},
		{name: "open.test", host: "free.wild.test", status: 200},
		{name: "unknown.test", host: "must.test", status: 421},
		{host: "must.test", status: 421},
		{host: "must.test", shows: "a", status: 421},
		{host: "open.test", status: 200},
		// For an IP address no name is said.
		{host: "192.0.2.1", status: 403},
		{host: "192.0.2.1", shows: "a", status: 200, sent: []string{told, good}},
		{host: "192.0.2.1", shows: "b", status: 403},
		{host: "192.0.2.1", shows: "old"},
		{host: "192.0.2.2", path: "/b", shows: "b", status: 200, sent: []string{told, good}},
		{host: "192.0.2.2", path: "/b", shows: "a", status: 403},
		{host: "192.0.2.3", status: 200, fields: claims, not: nothing},
		{host: "192.0.2.3", shows: "a", status: 200, not: nothing},
		{name: "open.test", host: "192.0.2.1", shows: "a", status: 421},
		{name: "must.test", host: "192.0.2.1", shows: "a", status: 200, sent: []string{told, good}},
		{name: "must.test", host: "192.0.2.3", shows: "a", status: 421},
	}
}

// What a route wants of its clients holds by every listener, and whatever HTTP they speak.
func TestClientCertificates(t *testing.T) {
	g := newGuests(t)
	every(t, func(t *testing.T, k *kind) {
		r := start(t, k, setup{clientAuth: g.auth()}, at(filtered(t).Addr(), g.tags()...))
		for _, q := range plainGuests() {
			if !k.secure {
				g.check(t, r, q, false)
			}
		}
		for _, q := range secureGuests() {
			if k.secure {
				g.check(t, r, q, false)
				g.check(t, r, q, true)
			}
		}
	})
}

// A listener that wants certificates wants them of every client, whatever the route.
func TestClientCertificatesOfAListener(t *testing.T) {
	for want, cases := range map[dialect.ClientCA][]guest{
		{Name: "a"}: {
			{name: "open.test", host: "open.test"},
			{name: "open.test", host: "open.test", shows: "b"},
			{name: "open.test", host: "open.test", shows: "a", status: 200, fields: claims, sent: []string{told, good}},
			{name: "must.test", host: "open.test", shows: "a", status: 200, sent: []string{told, good}},
			{name: "unknown.test", host: "unknown.test"},
			{name: "two.test", host: "two.test", path: "/b", shows: "b", status: 403},
			{name: "two.test", host: "two.test", path: "/b", shows: "a", status: 403},
			{host: "open.test", shows: "a", status: 200, sent: []string{told, good}},
		},
		{Name: "a", Optional: true}: {
			{name: "open.test", host: "open.test", status: 200, fields: claims, sent: []string{none}, not: []string{"X-SSL-Client-S-DN"}},
			{name: "open.test", host: "open.test", shows: "b"},
			{name: "open.test", host: "open.test", shows: "a", status: 200, sent: []string{told, good}},
			{name: "must.test", host: "must.test"},
			{name: "open.test", host: "must.test", status: 421},
		},
		{Name: "nobody"}: {
			{name: "open.test", host: "open.test", shows: "a"},
		},
	} {
		t.Run(want.String(), func(t *testing.T) {
			t.Parallel()
			g := newGuests(t)
			g.listeners = map[string]dialect.ClientCA{"main": want}
			r := start(t, kindNamed("std-tls"), setup{clientAuth: g.auth()}, at(filtered(t).Addr(), g.tags()...))
			for _, q := range cases {
				g.check(t, r, q, false)
				g.check(t, r, q, true)
			}
		})
	}
}

// What is asked for a connection's name changes while it is open: the client is sent to open a new one, and this one ends.
func TestClientCertificatesThatAreAskedForLater(t *testing.T) {
	t.Parallel()
	for _, http2 := range []bool{false, true} {
		g := newGuests(t)
		instance := filtered(t)
		r := start(t, kindNamed("std-tls"), setup{clientAuth: g.auth()}, at(instance.Addr(), "pointsman.route=t/"))
		client := g.transport("a", "t", http2)
		defer client.CloseIdleConnections()
		q := guest{host: "t", path: "/"}
		if status, body := ask(t, client, r, q); status != 200 {
			t.Fatalf("%d %s", status, body)
		}
		r.apply(at(instance.Addr(), "pointsman.route=t/ client-ca=a"))
		if status, body := ask(t, client, r, q); status != 421 {
			t.Errorf("HTTP/2 %v: %d, want 421: %s", http2, status, body)
		}
		client.CloseIdleConnections()
		if status, body := ask(t, client, r, q); status != 200 || !strings.Contains(strings.ToLower(body), strings.ToLower(good)) {
			t.Errorf("HTTP/2 %v: %d %s", http2, status, body)
		}
		r.apply(at(instance.Addr(), "pointsman.route=t/ client-ca=a", "pointsman.route=t/open")) // which the handshake need not have asked for
		if status, body := ask(t, client, r, q); status != 200 {
			t.Errorf("HTTP/2 %v: %d %s", http2, status, body)
		}
	}
}

// An authority that is taken out of its file lets nobody in any more, whose connection may be open.
func TestClientCertificatesOfAnAuthorityThatIsTakenOut(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	r := start(t, kindNamed("std-tls"), setup{clientAuth: g.auth()}, at(filtered(t).Addr(), g.tags()...))
	client := g.transport("a", "must.test", false)
	defer client.CloseIdleConnections()
	q := guest{host: "must.test", path: "/"}
	if status, body := ask(t, client, r, q); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	other, _, _ := g.b.WriteFiles(t, t.TempDir(), g.certs["b"])
	text, err := os.ReadFile(other)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(g.fileA, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if changed, err := g.sets["a"].Reload(); !changed || err != nil {
		t.Fatal(changed, err)
	}
	if status, body := ask(t, client, r, q); status != 403 {
		t.Errorf("%d, want 403: %s", status, body)
	}
	g.check(t, r, guest{name: "must.test", host: "must.test", shows: "a"}, false)
	g.check(t, r, guest{name: "must.test", host: "must.test", shows: "b", status: 200}, false)
}

// An absolute target names the host, whatever the Host field says.
func TestClientCertificatesAndAbsoluteTargets(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	r := start(t, kindNamed("std-tls"), setup{clientAuth: g.auth()}, at(filtered(t).Addr(), g.tags()...))
	c, err := tls.Dial("tcp", r.addr, &tls.Config{InsecureSkipVerify: true, ServerName: "open.test"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "GET https://must.test/ HTTP/1.1\r\nHost: open.test\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 421 {
		t.Errorf("%d, want 421", resp.StatusCode)
	}
}

// sessions keeps the last session, for whatever name.
type sessions struct{ last *tls.ClientSessionState }

func (s *sessions) Get(string) (*tls.ClientSessionState, bool) { return s.last, s.last != nil }

func (s *sessions) Put(_ string, state *tls.ClientSessionState) {
	if state != nil {
		s.last = state
	}
}

// Sessions are resumed where nobody asks for certificates, and nowhere else.
func TestClientCertificatesAndSessions(t *testing.T) {
	t.Parallel()
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		g := newGuests(t)
		r := start(t, kindNamed("std-tls"), setup{clientAuth: g.auth()}, at(filtered(t).Addr(), g.tags()...))
		kept := &sessions{}
		connect := func(name, shows string) (resumed, ok bool) {
			client := g.transport(shows, name, false)
			config := client.TLSClientConfig
			config.ClientSessionCache, config.MinVersion, config.MaxVersion = kept, version, version
			c, err := tls.Dial("tcp", r.addr, config)
			if err != nil {
				return false, false
			}
			defer c.Close()
			if _, err = io.WriteString(c, "GET / HTTP/1.1\r\nHost: "+name+"\r\nConnection: close\r\n\r\n"); err != nil {
				return false, false
			}
			resp, err := http.ReadResponse(bufio.NewReader(c), nil) // TLS 1.3's tickets come before it
			if err != nil {
				return false, false
			}
			resp.Body.Close()
			return c.ConnectionState().DidResume, resp.StatusCode == 200
		}
		for i, step := range []struct {
			name, shows string
			resumed, ok bool
		}{
			{"open.test", "", false, true},
			{"open.test", "", true, true},
			{"must.test", "", false, false}, // with the session of another name
			{"open.test", "", true, true},
			{"must.test", "a", false, true},
			{"must.test", "a", false, true},
			{"open.test", "", true, true},
		} {
			if resumed, ok := connect(step.name, step.shows); resumed != step.resumed || ok != step.ok {
				t.Errorf("TLS %x, step %d: resumed %v, served %v, want %+v", version, i, resumed, ok, step)
			}
		}
	}
}
