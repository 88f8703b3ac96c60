package outside

import (
	"net"
	"net/netip"
	"path/filepath"
	"testing"
)

func TestAddressesThatTextsName(t *testing.T) {
	gate := func(allow ...string) Gate {
		g := Gate{Own: func(to netip.AddrPort) bool { return to.Port() == 1 }, Agent: func(to netip.AddrPort) bool { return to.Port() == 8500 }}
		for _, text := range allow {
			g.Allow = append(g.Allow, netip.MustParsePrefix(text))
		}
		return g
	}
	for _, c := range []struct {
		gate Gate
		to   string
		ok   bool
	}{
		{Gate{}, "10.0.0.1:80", false},
		{gate("10.0.0.0/8"), "10.0.0.1:80", true},
		{gate("10.0.0.0/8"), "[::ffff:10.0.0.1]:80", true},
		{gate("10.0.0.0/8"), "11.0.0.1:80", false},
		{gate("10.0.0.0/8"), "10.0.0.1:1", false},
		{gate("10.0.0.0/8", "192.0.2.7/32"), "192.0.2.7:80", true},
		{gate("0.0.0.0/0", "::/0"), "127.0.0.1:80", false},
		{gate("0.0.0.0/0", "::/0"), "[::1]:80", false},
		{gate("126.0.0.0/7"), "127.0.0.1:80", false},
		{gate("127.0.0.0/8"), "127.0.0.1:80", true},
		{gate("::1/128"), "[::1]:80", true},
		{gate("0.0.0.0/0"), "169.254.169.254:80", false},
		{gate("169.254.169.254/32"), "169.254.169.254:80", true},
		{gate("::/0"), "[fe80::1]:80", false},
		{gate("::/0"), "[64:ff9b::a9fe:a9fe]:80", false},
		{gate("0.0.0.0/0"), "10.0.0.1:8500", false},
		{gate("10.0.0.1/32"), "10.0.0.1:8500", true},
		{gate("0.0.0.0/0"), "224.0.0.1:80", false},
		{gate("0.0.0.0/0"), "255.255.255.255:80", false},
	} {
		if err := c.gate.CheckNamed(netip.MustParseAddrPort(c.to)); (err == nil) != c.ok {
			t.Errorf("%s, allowed %v: %v", c.to, c.gate.Allow, err)
		}
	}
}

func TestASocketIsDialled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := Gate{}.Dial(t.Context(), "tcp", "unix:"+path)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	for address, want := range map[string]string{"unix:/a": "/a", "unix:80": "80", "10.0.0.1:80": "", "unix.example:80": "", "[::1]:80": ""} {
		if got, ok := Socket(address); got != want || ok != (want != "") {
			t.Errorf("%s is the socket %q", address, got)
		}
	}
}
