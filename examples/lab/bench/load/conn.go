//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"strconv"

	"golang.org/x/sys/unix"
)

// conn is one kept connection of the meter.
type conn struct {
	fd   int
	at   int // in meter.conns
	busy bool
	due  int64
	out  []byte
	in   []byte // a head that has come in part
	left int    // of the answer's body; -1 while its head is awaited
	ends bool   // the connection is not to be used again: the answer says so, or the proxy has ended it
	over bool   // no more will arrive than has, and no event will tell of it
}

// scratch takes what the kernel has; bodies are thrown away.
var scratch [256 << 10]byte

// open connects and lets one request through, so that what is measured is a kept connection.
func (m *meter) open(at int) (*conn, error) {
	fd, err := dial(m.address)
	if err != nil {
		return nil, err
	}
	c := &conn{at: at, fd: fd, in: make([]byte, 0, 4<<10)}
	c.begin(m.requests[0], 0)
	for done := false; !done; { // still blocking
		if done, err = c.step(); err != nil {
			return nil, err
		}
	}
	c.busy = false
	if c.ends {
		return c, m.reopen(c)
	}
	return c, m.register(c)
}

// register adds a connection once for everything.
func (m *meter) register(c *conn) error {
	if err := unix.SetNonblock(c.fd, true); err != nil {
		return fmt.Errorf("unblock: %w", err)
	}
	event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET, Fd: int32(c.at)}
	return unix.EpollCtl(m.epoll, unix.EPOLL_CTL_ADD, c.fd, &event)
}

// reopen takes a new connection in the place of one that has ended.
func (m *meter) reopen(c *conn) (err error) {
	_ = unix.Close(c.fd)
	c.ends, c.over = false, false
	m.report.Reopened++
	if c.fd, err = dial(m.address); err != nil {
		return err
	}
	return m.register(c)
}

// dial makes a blocking connection.
func dial(address string) (int, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return 0, err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, fmt.Errorf("make a socket: %w", err)
	}
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if err := unix.Connect(fd, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}); err != nil {
		_ = unix.Close(fd)
		return 0, fmt.Errorf("connect: %w", err)
	}
	return fd, nil
}

func (c *conn) begin(request []byte, due int64) {
	c.busy, c.out, c.in, c.left, c.due = true, request, c.in[:0], -1, due
}

var errClosed = errors.New("the connection ended")

// flush writes as far as that goes.
func (c *conn) flush() error {
	for len(c.out) > 0 {
		n, err := unix.Write(c.fd, c.out)
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) {
			break
		}
		if err != nil {
			return fmt.Errorf("write: %w", err)
		}
		c.out = c.out[n:]
	}
	return nil
}

// step writes and reads as far as that goes; done says that the answer is complete.
func (c *conn) step() (done bool, err error) {
	if err := c.flush(); err != nil || len(c.out) > 0 {
		return false, err
	}
	for {
		n, err := unix.Read(c.fd, scratch[:])
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EAGAIN):
			return false, nil
		case err != nil:
			return false, fmt.Errorf("read: %w", err)
		case n == 0:
			return false, errClosed
		}
		if done, err = c.take(scratch[:n]); done || err != nil {
			return done, err
		}
		if n < len(scratch) && !c.over {
			return false, nil // edge-triggered, but less than was asked for is all there is
		}
	}
}

// take counts what arrived towards the answer.
func (c *conn) take(data []byte) (done bool, err error) {
	if c.left < 0 {
		c.in = append(c.in, data...)
		end := bytes.Index(c.in, []byte("\r\n\r\n"))
		if end < 0 {
			return false, nil
		}
		var last bool
		if c.left, last, err = head(c.in[:end+2]); err != nil {
			return false, err
		}
		c.ends = c.ends || last
		data = c.in[end+4:]
	}
	c.left -= len(data)
	if c.left < 0 {
		return false, errors.New("bytes after the answer")
	}
	return c.left == 0, nil
}

// head reads what an answer of 200 announces for its body, and whether it is the connection's last. Every answer of the benchmark
// has a Content-Length.
func head(text []byte) (length int, last bool, err error) {
	if !bytes.HasPrefix(text, []byte("HTTP/1.1 200")) {
		return 0, false, fmt.Errorf("answer %q", text[:min(len(text), 40)])
	}
	length = -1
	for len(text) > 0 {
		var line []byte
		line, text, _ = bytes.Cut(text, []byte("\r\n"))
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, false, err
			}
		case bytes.EqualFold(name, []byte("Connection")):
			last = bytes.EqualFold(value, []byte("close"))
		}
	}
	if length < 0 {
		return 0, false, errors.New("an answer without Content-Length")
	}
	return length, last, nil
}
