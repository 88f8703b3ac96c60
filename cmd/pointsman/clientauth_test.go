package main

import (
	"testing"

	"github.com/pointsman/pointsman/proxy/dialect"
)

func TestWhichListenersAskForCertificates(t *testing.T) {
	c, _ := proxyLine(t, map[string]string{"POINTSMAN_CLIENT_CA": "staff=/a.pem partners=/b.pem"}, "-tls-client-ca", "staff:optional", "-tls-client-ca", "inner=partners")
	for listener, want := range map[string]dialect.ClientCA{
		"inner": {Name: "partners"},
		"https": {Name: "staff", Optional: true},
	} {
		if got, ok := c.tls.clients.of(listener); got != want || !ok {
			t.Errorf("%s asks for %v, want %v", listener, got, want)
		}
	}
	if got := c.tls.clients.listeners.String(); got != "staff:optional,inner=partners" {
		t.Errorf("printed as %q", got)
	}
	if got := c.tls.clients.sets.String(); got != "staff=/a.pem partners=/b.pem" {
		t.Errorf("printed as %q", got)
	}
	c, _ = proxyLine(t, nil, "-tls-client-ca", "inner=partners")
	if got, ok := c.tls.clients.of("https"); ok {
		t.Errorf("https asks for %v", got)
	}
}
