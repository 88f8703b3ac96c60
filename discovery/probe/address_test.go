package probe

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"crypto/tls"
)

// A check may be made at another address than its URL names: at a Unix socket, and over TLS as the caller has it.
func TestACheckAtAnotherAddress(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "h.example" || r.URL.String() != "/up?x=1" {
			w.WriteHeader(http.StatusInternalServerError)
		}
		fmt.Fprint(w, r.Host, r.URL)
	})
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	plain := &httptest.Server{Listener: l, Config: &http.Server{Handler: handler}}
	plain.Start()
	defer plain.Close()
	secure := httptest.NewTLSServer(handler)
	defer secure.Close()
	trusting := secure.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	trusting.ServerName = "example.com"
	for _, c := range []struct {
		check HTTPCheck
		want  Verdict
	}{
		{HTTPCheck{URL: "http://h.example/up?x=1", Address: "unix:" + path}, Passing},
		{HTTPCheck{URL: "http://h.example/other", Address: "unix:" + path}, Critical},
		{HTTPCheck{URL: "http://localhost/up?x=1", Address: "unix:" + path, Header: map[string][]string{"Host": {"h.example"}}}, Passing},
		{HTTPCheck{URL: "https://h.example/up?x=1", Address: secure.Listener.Addr().String(), TLS: trusting}, Passing},
		{HTTPCheck{URL: "https://h.example/up?x=1", Address: secure.Listener.Addr().String(), TLS: &tls.Config{ServerName: "h.example"}}, Critical},
		{HTTPCheck{URL: "http://h.example/", Address: "unix:" + path + "none"}, Critical},
	} {
		if r := (Prober{}).HTTP(t.Context(), c.check); r.Verdict != c.want {
			t.Errorf("%+v: %d %s", c.check, r.Verdict, r.Output)
		}
	}
}
