package std

import (
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// quiesceFor is how long handshakes that have begun get to end: the round trip of a far client. Whoever comes in this
// time is not answered by the kernel and tries again after a second, when the port is closed or another's.
const quiesceFor = 200 * time.Millisecond

// quiesce lets no new connection begin and those that have begun be accepted. Closing a listener right away resets what
// waits to be accepted, although such a client may have sent its request. A filter on the listening socket drops segments
// with SYN set and nothing else; the caller closes the listener after quiesceFor. It says whether the filter is in place:
// Multipath TCP, which Go's listeners speak unless told otherwise, takes none.
func quiesce(l net.Listener) bool {
	c, ok := l.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	// The packet as a TCP socket's filter sees it begins with the TCP header; the flags are its byte 13.
	code := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: 13},
		{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, K: 0x02, Jt: 0, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0xffffffff},
	}
	program := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	var failed error
	err = raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &program)
	})
	return err == nil && failed == nil
}

// queued is the number of connections that wait to be accepted: the kernel tells it in place of unacknowledged segments.
func queued(l net.Listener) int {
	c, ok := l.(syscall.Conn)
	if !ok {
		return 0
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return 0
	}
	n := 0
	_ = raw.Control(func(fd uintptr) {
		if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			n = int(info.Unacked)
		}
	})
	return n
}
