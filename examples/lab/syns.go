package lab

import (
	"encoding/binary"
	"errors"
	"sync/atomic"
	"syscall"
	"testing"
)

// CountConnects counts the connection attempts on loopback to a TCP port from now on: those that the kernel refuses too, which
// no listener can see. It reads the packets themselves, which takes root.
func CountConnects(t testing.TB, port int) *atomic.Int64 {
	t.Helper()
	protocol := binary.NativeEndian.Uint16([]byte{0x08, 0x00}) // ETH_P_IP, in network order
	fd, err := syscall.Socket(syscall.AF_PACKET, syscall.SOCK_DGRAM, int(protocol))
	if errors.Is(err, syscall.EPERM) {
		Missing(t, "not allowed to read packets: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	// A read that ends by itself lets the goroutine see that the test is over.
	if err := syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &syscall.Timeval{Usec: 100_000}); err != nil {
		t.Fatal(err)
	}
	n, over, ended := new(atomic.Int64), make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(over); <-ended })
	go func() {
		defer close(ended)
		defer func() { _ = syscall.Close(fd) }()
		buf := make([]byte, 128)
		for {
			select {
			case <-over:
				return
			default:
			}
			got, from, err := syscall.Recvfrom(fd, buf, 0)
			link, ok := from.(*syscall.SockaddrLinklayer)
			if err == nil && ok && link.Pkttype == syscall.PACKET_HOST && isSYN(buf[:got], port) { // loopback shows each packet twice
				n.Add(1)
			}
		}
	}()
	return n
}

// isSYN reads an IPv4 packet: TCP, to the port, SYN without ACK.
func isSYN(packet []byte, port int) bool {
	const tcp, flags, syn, ack = 6, 13, 0x02, 0x10
	if len(packet) < 20 || packet[9] != tcp {
		return false
	}
	segment := packet[min(int(packet[0]&0xf)*4, len(packet)):]
	return len(segment) > flags && int(binary.BigEndian.Uint16(segment[2:])) == port && segment[flags]&(syn|ack) == syn
}
