package outside

import (
	"net/netip"
	"strings"
	"testing"
)

func TestAddresses(t *testing.T) {
	const good, local, bad = "good", "link-local", "bad"
	for text, want := range map[string]string{
		"10.0.0.1": good, "127.0.0.1": good, "::1": good, "2001:db8::1": good, "::ffff:10.0.0.1": good, "fd00::1": good, "64:ff9b::a00:1": good,
		"169.254.169.254": local, "::ffff:169.254.1.1": local, "fe80::1": local, "64:ff9b::a9fe:a9fe": local,
		"0.0.0.0": bad, "::": bad, "::ffff:0.0.0.0": bad, "224.0.0.1": bad, "239.1.1.1": bad, "ff02::1": bad, "::ffff:224.0.0.1": bad,
		"255.255.255.255": bad, "::ffff:255.255.255.255": bad, "fe80::1%eth0": bad, "::1%lo": bad,
	} {
		ip := netip.MustParseAddr(text)
		if unicast, instance := CheckUnicast(ip) == nil, CheckInstance(ip) == nil; unicast != (want != bad) || instance != (want == good) {
			t.Errorf("%s is %s: of one host %v, an instance's %v", text, want, unicast, instance)
		}
	}
	if CheckUnicast(netip.Addr{}) == nil {
		t.Error("no address is taken for one")
	}
}

func TestHosts(t *testing.T) {
	for _, good := range []string{"host", "web_1.net", "A.Example.com.", "3scale", "1a.b2", "x0.0xy", "0xy", strings.Repeat("a.", 126) + "a"} {
		if err := CheckHost(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", ".", "1.2.3", "127.1", "1.2.3.999", "2130706433", "0x7f000001", "0X7F.1", "a.0x7f", "0177.0.0.1", "a b", "a\nb", "a\x00", "a..b", ".a", "é",
		"http://a", "a/b", "user@h", "a:80", "[::1]", "*.a", strings.Repeat("a", 64), strings.Repeat("a.", 127) + "a"} {
		if CheckHost(bad) == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestLiterals(t *testing.T) {
	for text, want := range map[string]string{"localhost": "127.0.0.1", "LocalHost.": "127.0.0.1", "a.localhost": "127.0.0.1", "10.0.0.1": "10.0.0.1", "::1": "::1", "a": "", "localhost.io": "", "": ""} {
		if ip, ok := ParseLiteral(text); ok != (want != "") || ok && ip.String() != want {
			t.Errorf("%q: %v %v", text, ip, ok)
		}
	}
}

// What passes for a host is no address in any spelling, and holds nothing that a line, a URL or a header field could be broken with.
func FuzzCheckHost(f *testing.F) {
	for _, seed := range []string{"host", "127.1", "0x7f.1", "a\r\nb", "a..b", "::1", "é"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, host string) {
		if CheckHost(host) != nil {
			return
		}
		if _, err := netip.ParseAddr(host); err == nil || len(host) > MaxHost+1 || strings.ContainsAny(host, " \r\n\t\x00/:@?#[]%\\\"'") {
			t.Errorf("%q was taken for a host name", host)
		}
	})
}
