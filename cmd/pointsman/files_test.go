package main

import (
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// However many clients come over plain HTTP and HTTPS together, descriptors are left for whoever asks how the program is.
func TestCrowdsAtBothPortsLeaveTheAdminAPIDescriptors(t *testing.T) {
	const files = 256
	cert, key := fixture.WriteCertificate(t, t.TempDir(), "t")
	p := lab.StartProcess(t, "demo", nil, "sh", "-c", fmt.Sprint("ulimit -n ", files, `; exec "$0" "$@"`),
		binary, "demo", "-listen", "127.0.0.1:0", "-tls-listen", "127.0.0.1:0", "-tls-cert", cert, "-tls-key", key, "-admin", "127.0.0.1:0")
	admin := bound(t, p, "the admin API")
	for _, address := range []string{bound(t, p, "HTTP"), bound(t, p, "HTTPS")} {
		for range files { // the kernel's queue takes those that are not accepted
			c, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
		}
	}
	time.Sleep(300 * time.Millisecond)
	if code, text := status("http://" + admin + "/healthz"); code != 200 {
		t.Errorf("%d %s", code, text)
	}
}

// Whoever holds connections to the addresses for health and metrics takes nothing from requests, nor from who asks for health.
func TestCrowdsAtTheStatusAndAdminAddressesTakeNothingFromRequests(t *testing.T) {
	const files = 256
	p := lab.StartProcess(t, "demo", nil, "sh", "-c", fmt.Sprint("ulimit -n ", files, `; exec "$0" "$@"`),
		binary, "demo", "-listen", "127.0.0.1:0", "-status", "127.0.0.1:0", "-admin", "127.0.0.1:0")
	web, side := bound(t, p, "HTTP"), []string{bound(t, p, "health and metrics"), bound(t, p, "the admin API")}
	for _, address := range side {
		for range files {
			c, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			_, _ = io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
		}
	}
	s := startStream(web, 4)
	lab.Eventually(t, 30*time.Second, "200 requests", func() bool { return s.sent.Load() >= 200 })
	s.stop()
	if lost := s.lost.Load(); lost > 0 {
		t.Errorf("%d of %d requests lost: %s", lost, s.sent.Load(), s.first)
	}
	for _, address := range side {
		if code, text := status("http://" + address + "/healthz"); code != 200 {
			t.Errorf("%s: %d %s", address, code, text)
		}
	}
}
