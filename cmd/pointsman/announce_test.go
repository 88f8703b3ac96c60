package main

import (
	"net"
	"testing"
)

func TestAddressByWhichAnAgentIsReached(t *testing.T) {
	for _, agent := range []string{"", "127.0.0.1:8500", "[::1]:8500", "localhost:8500"} {
		if got, err := reaching(t.Context(), agent); got != "" || err != nil {
			t.Errorf("%s is on this host, and its node's address is ours: %q, %v", agent, got, err)
		}
	}
	if got, err := reaching(t.Context(), "192.0.2.1:8500"); err == nil && (net.ParseIP(got) == nil || net.ParseIP(got).IsLoopback()) { // no machine may have a way there
		t.Errorf("another host: %q", got)
	}
	if got, err := reaching(t.Context(), "consul.invalid:8500"); err == nil { // RFC 6761
		t.Errorf("a name that nobody has: %q", got)
	}
}
