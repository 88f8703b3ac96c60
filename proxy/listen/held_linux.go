package listen

import (
	"net"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Held is how much of what was written to a connection the kernel still holds, as the other side has not acknowledged it.
func Held(c net.Conn) (n int) {
	withFD(c, func(fd int) { n = HeldFD(fd) })
	return n
}

// HeldFD is Held for a descriptor.
func HeldFD(fd int) int {
	var n int32
	if _, _, errno := unix.RawSyscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCOUTQ, uintptr(unsafe.Pointer(&n))); errno != 0 {
		return 0
	}
	return int(n)
}
