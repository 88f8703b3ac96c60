package consul

import "testing"

func TestAddrPort(t *testing.T) {
	for address, want := range map[string]string{
		"": "127.0.0.1:8500", "10.0.0.1:8500": "10.0.0.1:8500", "http://[::1]:8500": "[::1]:8500", "https://10.0.0.1": "10.0.0.1:443",
		"10.0.0.1": "10.0.0.1:80", "localhost:8500": "127.0.0.1:8500", "consul.internal:8500": "", "unix:///run/consul": "", "::": "",
	} {
		at, ok := Config{Address: address}.AddrPort()
		if got := at.String(); ok != (want != "") || ok && got != want {
			t.Errorf("%q: %s %t, want %s", address, got, ok, want)
		}
	}
}
