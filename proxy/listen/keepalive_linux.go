package listen

import (
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// KeepAliveFD sets the probes of a socket. What a listening one accepts inherits them, and costs no call of its own. A kind of socket
// that knows no probes goes without.
func KeepAliveFD(fd int) {
	for _, o := range [...]struct{ level, option, value int }{
		{unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
		{unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, int(KeepIdle / time.Second)},
		{unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, int(KeepInterval / time.Second)},
		{unix.IPPROTO_TCP, unix.TCP_KEEPCNT, KeepCount},
	} {
		_ = unix.SetsockoptInt(fd, o.level, o.option, o.value)
	}
}

// Config is how listeners are made: by sockets that can be quiesced, and hand their probes down.
func Config() (c net.ListenConfig) {
	c.SetMultipathTCP(false) // such a socket takes no filter, see Quiesce
	c.KeepAlive = -1         // net would set them again with each connection
	c.Control = func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) { KeepAliveFD(int(fd)) })
	}
	return c
}
