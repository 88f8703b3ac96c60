package discovery

import (
	"strings"
	"testing"
)

func TestCheckAddress(t *testing.T) {
	for _, good := range []string{"10.0.0.1", "::1", "2001:db8::1", "host", "web_1.net", "a.example.com.", "127.0.0.1", "1a.b2"} {
		if err := CheckAddress(good, 80); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", ".", "0.0.0.0", "::", "::ffff:0.0.0.0", "224.0.0.1", "[::1]", "fe80::1%eth0", "1.2.3.4:80", "1.2.3", "1.2.3.999", "2130706433",
		"a b", "a\nb", "a\r\nb", "a\x00", "x; evil", "a..b", ".a", "é", "http://a", "a/b", "user@h", strings.Repeat("a", 64),
		strings.Repeat("a.", 127) + "a",
	} {
		if err := CheckAddress(bad, 80); err == nil {
			t.Errorf("%q was taken", bad)
		} else if bad != "" && bad != "." && len(bad) > 8 && strings.Contains(err.Error(), bad) {
			t.Errorf("the error repeats the address: %v", err)
		}
	}
	for _, port := range []int{-1, 0, 65536, 1 << 40} {
		if CheckAddress("10.0.0.1", port) == nil {
			t.Errorf("port %d was taken", port)
		}
	}
}
