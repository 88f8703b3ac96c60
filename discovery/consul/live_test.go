package consul

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/registrator"
)

// TestSelfIsKeptAndRemoved: what this process registers about itself comes back when the agent loses it, follows its health,
// and goes when the process does.
func TestSelfIsKeptAndRemoved(t *testing.T) {
	address := realAgent(t)
	o := Options{Config: Config{Address: address, Stale: true}}
	agent, err := NewAgent(o)
	if err != nil {
		t.Fatal(err)
	}
	catalogue, err := NewCatalogue(o)
	if err != nil {
		t.Fatal(err)
	}
	b := both{catalogue, agent, ErrUnknown}
	var health atomic.Value
	health.Store("passing")
	self := Self{ID: "p1", Name: "proxy", Address: "127.0.0.1", Port: 8080,
		Health: func() (string, string) { return health.Load().(string), "so it is" }}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- agent.RegisterSelf(ctx, self, zerolog.Nop()) }()
	b.await(t, "proxy", count(1))
	b.await(t, "proxy", one(discovery.Passing))
	health.Store("warning")
	b.await(t, "proxy", one(discovery.Warning))
	stop()
	if err := <-ended; err != nil {
		t.Errorf("leave: %v", err)
	}
	b.await(t, "proxy", count(0))
	lost := Self{ID: "p2", Name: "lost"}
	k := keeper{agent: agent, self: lost, registration: lost.registration(), registered: true}
	if err := k.keep(t.Context(), "passing", ""); err != nil {
		t.Errorf("the agent had lost it, and it was not registered again: %v", err)
	}
	if held, err := agent.Held(t.Context()); err != nil || held["p2"].Name != "lost" {
		t.Errorf("held %+v, %v", held["p2"], err)
	}
}

// TestAccessControl: with ACLs that deny, a missing and a useless token are told as denied, a good one works.
func TestAccessControl(t *testing.T) {
	const master = "11111111-2222-3333-4444-555555555555"
	address := realAgent(t, `{"acl":{"enabled":true,"default_policy":"deny","tokens":{"initial_management":"`+master+`","agent":"`+master+`"}}}`)
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("99999999-2222-3333-4444-555555555555"), 0o600); err != nil {
		t.Fatal(err)
	}
	anonymous, err := NewCatalogue(Options{Config: Config{Address: address, Stale: true}})
	if err != nil {
		t.Fatal(err)
	}
	if list, err := anonymous.List(t.Context(), discovery.Query{}); !errors.Is(err, discovery.ErrDenied) {
		t.Errorf("without a token: %+v, %v", list, err)
	}
	if a, err := anonymous.Texts(t.Context(), discovery.Query{}); !errors.Is(err, discovery.ErrDenied) {
		t.Errorf("route lines without a token: %+v, %v", a, err)
	}
	o := Options{Config: Config{Address: address, Stale: true, TokenFile: file}}
	catalogue, err := NewCatalogue(o)
	if err != nil {
		t.Fatal(err)
	}
	agent, err := NewAgent(o)
	if err != nil {
		t.Fatal(err)
	}
	r := registrator.Registration{ID: "a", Name: "web", Address: "127.0.0.1", Port: 80}
	if _, err := catalogue.List(t.Context(), discovery.Query{}); !errors.Is(err, discovery.ErrDenied) {
		t.Errorf("a token that is none: %v", err)
	}
	if err := agent.Register(t.Context(), r); !errors.Is(err, discovery.ErrDenied) {
		t.Errorf("a token that is none: %v", err)
	}
	if err := os.WriteFile(file, []byte(master+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := both{catalogue, agent, ErrUnknown}
	var registered error
	for limit := time.Now().Add(time.Minute); time.Now().Before(limit); time.Sleep(100 * time.Millisecond) {
		if registered = agent.Register(t.Context(), r); registered == nil {
			break
		}
	}
	if registered != nil {
		t.Fatalf("after the file was given a good token: %v", registered)
	}
	b.await(t, "web", one(discovery.Passing))
	if a, err := catalogue.Texts(t.Context(), discovery.Query{}); err != nil || len(a.Texts) != 0 {
		t.Errorf("no route lines, with a token: %+v, %v", a, err)
	}
	if _, node := catalogue.Home(); node == "" {
		time.Sleep(homeRetry)
		_, _ = catalogue.List(t.Context(), discovery.Query{})
		if _, node := catalogue.Home(); node == "" {
			t.Error("the agent's node stayed unknown")
		}
	}
}

// TestManyWatchesShareConnections: on TLS one connection is opened first and the others' questions ride on it.
func TestManyWatchesShareConnections(t *testing.T) {
	var waiting, connections atomic.Int64
	release := make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("index") != "" {
			waiting.Add(1)
			select {
			case <-release:
			case <-r.Context().Done():
			}
		}
		w.Header().Set("X-Consul-Index", "6")
		fmt.Fprint(w, "[]")
	}))
	server.EnableHTTP2 = true
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.StartTLS()
	defer server.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(ca, text, 0o600); err != nil {
		t.Fatal(err)
	}
	catalogue, err := NewCatalogue(Options{Config: Config{Address: server.URL, CAFile: ca}})
	if err != nil {
		t.Fatal(err)
	}
	if !catalogue.Multiplexed() {
		t.Error("HTTPS is not taken as multiplexed")
	}
	const watches = 240 // one connection carries 250 streams
	var all sync.WaitGroup
	for i := range watches {
		all.Go(func() {
			_, err := catalogue.Instances(t.Context(), fmt.Sprint("s", i), discovery.Query{Index: 5, Wait: 5 * time.Minute})
			if err != nil {
				t.Error(err)
			}
		})
	}
	for limit := time.Now().Add(time.Minute); waiting.Load() < watches && time.Now().Before(limit); {
		time.Sleep(5 * time.Millisecond)
	}
	if w, c := waiting.Load(), connections.Load(); w != watches || c > 2 {
		t.Errorf("%d questions wait on %d connections", w, c)
	}
	close(release)
	all.Wait()

	strict, err := NewCatalogue(Options{Config: Config{Address: server.URL}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := strict.Instances(t.Context(), "s", discovery.Query{}); err == nil {
		t.Error("an unknown certificate was accepted")
	}
	careless, err := NewCatalogue(Options{Config: Config{Address: server.URL, Insecure: true}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := careless.Instances(t.Context(), "s", discovery.Query{}); err != nil {
		t.Errorf("unverified: %v", err)
	}
}

// TestConnectionsAreBounded: over HTTP/1.1 an agent sees no more connections than it allows, however many ask.
func TestConnectionsAreBounded(t *testing.T) {
	var open atomic.Int64
	var mu sync.Mutex
	most, many := int64(0), make(chan struct{})
	catalogue, _ := fake(t, func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		if n := open.Add(1); n > most {
			if most = n; n == defaultWatches {
				close(many)
			}
		}
		mu.Unlock()
		select { // so that the first do not end before the last have come
		case <-many:
		case <-time.After(time.Minute):
		}
		time.Sleep(50 * time.Millisecond)
		open.Add(-1)
		w.Header().Set("X-Consul-Index", "6")
		fmt.Fprint(w, "[]")
	})
	var all sync.WaitGroup
	for range 300 {
		all.Go(func() {
			if _, err := catalogue.Instances(t.Context(), "s", discovery.Query{}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if m := most; m > defaultWatches+spareConnections || m < defaultWatches {
		t.Errorf("%d connections at the same time", m)
	}
}

func TestUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `""`) })}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	config, err := ParseURI("consul-unix://"+path, env())
	if err != nil {
		t.Fatal(err)
	}
	agent, err := NewAgent(Options{Config: config})
	if err != nil {
		t.Fatal(err)
	}
	if err := agent.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestFrozenAgent: calls to an agent that accepts and says nothing end by themselves.
func TestFrozenAgent(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 5 s")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	agent, err := NewAgent(Options{Config: Config{Address: listener.Addr().String()}})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if err := agent.Deregister(context.Background(), "x"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if took := time.Since(start); took > callTimeout+30*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestBadFilesAreErrorsAtOnce(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, config := range map[string]Config{
		"CA":         {Address: "https://h", CAFile: empty},
		"no CA":      {Address: "https://h", CAFile: empty + "x"},
		"CA path":    {Address: "https://h", CAPath: filepath.Dir(empty)},
		"no CA path": {Address: "https://h", CAPath: empty + "x"},
		"cert":       {Address: "https://h", CertFile: empty, KeyFile: empty},
		"no key":     {Address: "https://h", CertFile: empty},
		"address":    {Address: "a b"},
		"token file": {TokenFile: empty},
	} {
		if _, err := NewCatalogue(Options{Config: config}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestClientCertificateIsReadAgain: a renewed client certificate is used at the next handshake.
func TestClientCertificateIsReadAgain(t *testing.T) {
	var seen string
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.TLS.PeerCertificates[0].Subject.CommonName
		fmt.Fprint(w, `""`)
	}))
	server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	config := Config{Address: server.URL, Insecure: true}
	bare, err := NewAgent(Options{Config: config})
	if err != nil {
		t.Fatal(err)
	}
	if bare.Ping(t.Context()) == nil {
		t.Error("worked without a client certificate")
	}
	config.CertFile, config.KeyFile = filepath.Join(t.TempDir(), "cert"), filepath.Join(t.TempDir(), "key")
	writePair(t, config, "old")
	agent, err := NewAgent(Options{Config: config})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"old", "new"} {
		writePair(t, config, name)
		server.CloseClientConnections()
		// The first call may find its connection closed under it; that is not what is looked at here.
		if err := agent.Ping(t.Context()); err != nil {
			err = agent.Ping(t.Context())
			if err != nil {
				t.Fatal(err)
			}
		}
		if seen != name {
			t.Errorf("the agent saw %q, want %q", seen, name)
		}
	}
}

func writePair(t *testing.T, config Config, name string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{
		config.CertFile: {Type: "CERTIFICATE", Bytes: certificate}, config.KeyFile: {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
