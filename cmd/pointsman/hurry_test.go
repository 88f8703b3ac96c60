package main

import (
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// A second signal ends a drain that would last for an hour, and the exit code says that it was cut short.
func TestSecondSignalCutsTheDrainShort(t *testing.T) {
	p := lab.StartProcess(t, "demo", nil, binary, "demo", "-listen", "127.0.0.1:0", "-admin", "127.0.0.1:0", "-drain-wait", "0s", "-grace", "1h")
	c, err := net.Dial("tcp", bound(t, p, "HTTP"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\n1"); err != nil { // a request that never ends
		t.Fatal(err)
	}
	admin := bound(t, p, "the admin API")
	lab.Eventually(t, 30*time.Second, "the request has begun", func() bool { // one that has not is no reason to wait
		_, text := status("http://" + admin + "/metrics")
		return strings.Contains(text, "\npointsman_requests_in_flight 1\n")
	})
	p.Signal(syscall.SIGTERM)
	if !p.Says(5*time.Second, "draining") {
		t.Fatal(p.Output())
	}
	p.Signal(syscall.SIGTERM)
	if err := p.Wait(5 * time.Second); err == nil {
		t.Errorf("ended as if nothing had been cut: %s", p.Output())
	}
	if !p.Says(time.Second, "told to stop at once; closing open connections") {
		t.Error(p.Output())
	}
}
