//go:build linux

package listen

import (
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What a listener accepts has its probes, also where it was handed over as a descriptor; and they are those of what net dials.
func TestProbesAreInherited(t *testing.T) {
	config := Config()
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dialled, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer dialled.Close()
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer accepted.Close()
	f, err := accepted.(*net.TCPConn).File()
	if err != nil {
		t.Fatal(err)
	}
	over, err := net.FileConn(f)
	f.Close()
	if err != nil {
		t.Fatal(err)
	}
	defer over.Close()
	want := [4]int{1, int(KeepIdle / time.Second), int(KeepInterval / time.Second), KeepCount}
	for who, c := range map[string]net.Conn{"accepted": accepted, "dialled": dialled, "handed over": over} {
		if got := probes(t, c); got != want {
			t.Errorf("%s: %v, want %v", who, got, want)
		}
	}
}

// probes is whether there are any, and after how many seconds, how far apart and how many.
func probes(t *testing.T, c net.Conn) (got [4]int) {
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	err = raw.Control(func(fd uintptr) {
		for i, o := range [...][2]int{{unix.SOL_SOCKET, unix.SO_KEEPALIVE}, {unix.IPPROTO_TCP, unix.TCP_KEEPIDLE}, {unix.IPPROTO_TCP, unix.TCP_KEEPINTVL}, {unix.IPPROTO_TCP, unix.TCP_KEEPCNT}} {
			got[i], _ = unix.GetsockoptInt(int(fd), o[0], o[1])
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}
