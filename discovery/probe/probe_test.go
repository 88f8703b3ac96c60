package probe

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/pointsman/pointsman/discovery/outside"
)

func TestHTTPVerdicts(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("a redirect was followed to another host")
	}))
	defer elsewhere.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, elsewhere.URL, http.StatusFound)
		case "/here":
			http.Redirect(w, r, "/followed", http.StatusTemporaryRedirect)
		case "/followed":
			t.Error("a redirect was followed")
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		case "/head":
			if r.Method != "HEAD" || r.Header.Get("X-A") != "b" || r.Host != "named" {
				w.WriteHeader(500)
			}
		case "/flood":
			for range 1000 {
				fmt.Fprint(w, strings.Repeat("x\r\n\x00", 1000))
			}
		default:
			var code int
			fmt.Sscanf(r.URL.Path, "/%d", &code)
			w.WriteHeader(code)
		}
	}))
	defer server.Close()
	for path, want := range map[string]Verdict{
		"/200": Passing, "/204": Passing, "/299": Passing, "/429": Warning, "/301": Critical, "/404": Critical, "/500": Critical,
		"/away": Critical, "/here": Critical, "/round": Critical, "/flood": Passing, "/head": Critical,
	} {
		got := (Prober{}).HTTP(t.Context(), HTTPCheck{URL: server.URL + path})
		if got.Verdict != want || len(got.Output) > maxOutput || strings.ContainsAny(got.Output, "\r\n\x00") {
			t.Errorf("%s: %+v", path, got)
		}
	}
	header := map[string][]string{"x-a": {"b"}, "host": {"named"}}
	if got := (Prober{}).HTTP(t.Context(), HTTPCheck{URL: server.URL + "/head", Method: "HEAD", Header: header}); got.Verdict != Passing {
		t.Errorf("method and header: %+v", got)
	}
	for _, bad := range []string{"", "ftp://x/", "http://", "http://\r\n/", "file:///etc/passwd"} {
		if got := (Prober{}).HTTP(t.Context(), HTTPCheck{URL: bad}); got.Verdict != Critical || got.Output == "" {
			t.Errorf("%q: %+v", bad, got)
		}
	}
}

func TestHTTPSVerification(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	if got := (Prober{}).HTTP(t.Context(), HTTPCheck{URL: server.URL}); got.Verdict != Critical {
		t.Errorf("an unknown certificate passed: %+v", got)
	}
	if got := (Prober{}).HTTP(t.Context(), HTTPCheck{URL: server.URL, TLSSkipVerify: true}); got.Verdict != Passing {
		t.Errorf("%+v", got)
	}
}

// TestSilence: whoever accepts and then says nothing is given up when the context ends.
func TestSilence(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	address := listener.Addr().String()
	if got := (Prober{}).TCP(t.Context(), address); got.Verdict != Passing {
		t.Errorf("TCP: %+v", got)
	}
	for name, ask := range map[string]func(context.Context) Result{
		"HTTP": func(ctx context.Context) Result { return Prober{}.HTTP(ctx, HTTPCheck{URL: "http://" + address}) },
		"gRPC": func(ctx context.Context) Result { return Prober{}.GRPC(ctx, GRPCCheck{Target: address}) },
	} {
		ctx, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
		start := time.Now()
		if got := ask(ctx); got.Verdict != Critical || time.Since(start) > time.Minute {
			t.Errorf("%s: %+v after %v", name, got, time.Since(start))
		}
		stop()
	}
}

func TestTCPRefused(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	for _, address := range []string{listener.Addr().String(), "", "127.0.0.1", "127.0.0.1:0", ":80", "127.0.0.1:http", "127.0.0.1:70000"} {
		if got := (Prober{}).TCP(t.Context(), address); got.Verdict != Critical {
			t.Errorf("%q: %+v", address, got)
		}
	}
}

func TestGRPC(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	states := health.NewServer()
	states.SetServingStatus("up", grpc_health_v1.HealthCheckResponse_SERVING)
	states.SetServingStatus("down", grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	server := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(server, states)
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()
	address := listener.Addr().String()
	for target, want := range map[string]Verdict{
		address: Passing, address + "/up": Passing, address + "/down": Critical, address + "/none": Critical,
		"dns:///x": Critical, "unix:/x": Critical, "": Critical,
	} {
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		if got := (Prober{}).GRPC(ctx, GRPCCheck{Target: target}); got.Verdict != want {
			t.Errorf("%q: %+v", target, got)
		}
		stop()
	}
}

// A check reaches none of our own listeners and no link-local address, whatever it is called.
func TestChecksGoThroughTheGate(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("our own listener was asked") }))
	defer server.Close()
	ours := netip.MustParseAddrPort(server.Listener.Addr().String())
	p := Prober{Gate: outside.Gate{Own: func(to netip.AddrPort) bool { return to == ours }}}
	byName := fmt.Sprintf("localhost:%d", ours.Port())
	for _, address := range []string{ours.String(), byName, "169.254.169.254:80", "[::ffff:169.254.169.254]:80"} {
		for kind, ask := range map[string]func(context.Context) Result{
			"HTTP": func(ctx context.Context) Result { return p.HTTP(ctx, HTTPCheck{URL: "http://" + address + "/"}) },
			"TCP":  func(ctx context.Context) Result { return p.TCP(ctx, address) },
			"gRPC": func(ctx context.Context) Result { return p.GRPC(ctx, GRPCCheck{Target: address}) },
		} {
			ctx, stop := context.WithTimeout(t.Context(), time.Minute)
			if got := ask(ctx); got.Verdict != Critical || !strings.Contains(got.Output, "is not dialled") && address != byName {
				t.Errorf("%s %s: %+v", kind, address, got)
			}
			stop()
		}
	}
}
