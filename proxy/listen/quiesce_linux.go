package listen

import (
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// QuiesceFor is how long handshakes that have begun get to end: the round trip of a far client. Whoever comes in this
// time is not answered by the kernel and tries again after a second, when the port is closed or another's.
const QuiesceFor = 200 * time.Millisecond

// Quiesce lets no new connection begin and those that have begun be accepted. Closing a listener right away resets what
// waits to be accepted, although such a client may have sent its request. A filter on the listening socket drops segments
// with SYN set and nothing else; the caller closes the listener after QuiesceFor. It says whether the filter is in place:
// Multipath TCP, which Go's listeners speak unless told otherwise, takes none.
func Quiesce(l net.Listener) (quiet bool) {
	withFD(l, func(fd int) { quiet = QuiesceFD(fd) })
	return quiet
}

// QuiesceFD is Quiesce for a listening descriptor.
func QuiesceFD(fd int) bool {
	// The packet as a TCP socket's filter sees it begins with the TCP header; the flags are its byte 13.
	code := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: 13},
		{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, K: 0x02, Jt: 0, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0xffffffff},
	}
	program := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &program) == nil
}

// Queued is the number of connections that wait to be accepted.
func Queued(l net.Listener) (n int) {
	withFD(l, func(fd int) { n = QueuedFD(fd) })
	return n
}

// QueuedFD is Queued for a listening descriptor: the kernel tells it in place of unacknowledged segments.
func QueuedFD(fd int) int {
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return 0
	}
	return int(info.Unacked)
}

func withFD(socket any, do func(fd int)) {
	c, ok := socket.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) { do(int(fd)) }) // closed: nothing is quiet, nothing waits, nothing is held
}
