package listen

import (
	"net"
	"runtime"
	"strconv"
	"testing"
	"time"
)

// What waits to be accepted when a server begins to drain is accepted; whoever comes later is not let in.
func TestQuiesceKeepsWhoIsWaitingAndLetsNobodyIn(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux lets a listener take no one new without resetting those who wait")
	}
	var plain net.ListenConfig
	plain.SetMultipathTCP(false)
	l, err := plain.Listen(t.Context(), "tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	for range 3 {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	if got := Queued(l); got != 3 {
		t.Errorf("%d wait to be accepted, want 3", got)
	}
	if !Quiesce(l) {
		t.Fatal("no filter")
	}
	if c, err := net.DialTimeout("tcp", address, 100*time.Millisecond); err == nil {
		c.Close()
		t.Error("somebody new was let in")
	}
	for range 3 {
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	if got := Queued(l); got != 0 {
		t.Errorf("%d wait to be accepted, want none", got)
	}
}
