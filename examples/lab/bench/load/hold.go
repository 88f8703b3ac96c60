//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// held is what hold found at its end.
type held struct {
	Opened int
	Closed int // by the proxy, meanwhile
}

// hold opens connections one after the other, says "ready" on stdout, and keeps them until stdin ends.
func hold(address string, requests [][]byte, count int, slow bool) (*held, error) {
	c := &conn{in: make([]byte, 0, 4<<10)}
	fds := make([]int, 0, count)
	for i := range count {
		fd, err := dial(address)
		if err != nil {
			return nil, fmt.Errorf("connection %d: %w", i+1, err)
		}
		fds = append(fds, fd)
		if slow {
			_, err = unix.Write(fd, part(requests[0], i%3))
		} else {
			c.fd = fd
			c.begin(requests[i%len(requests)], 0)
			for done := false; !done && err == nil; {
				done, err = c.step()
			}
		}
		if err != nil {
			return nil, fmt.Errorf("connection %d: %w", i+1, err)
		}
	}
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin)
	h := &held{Opened: len(fds)}
	for _, fd := range fds {
		if ended(fd) {
			h.Closed++
		}
	}
	return h, nil
}

// part is what a slow client has sent so far: nothing, half of its head, or its head and half of its body.
func part(request []byte, kind int) []byte {
	head := bytes.Index(request, []byte("\r\n\r\n")) + 4
	switch kind {
	case 0:
		return nil
	case 1:
		return request[:head/2]
	}
	return request[:head+(len(request)-head)/2]
}

// ended says that the proxy has closed a connection, be it with an answer before.
func ended(fd int) bool {
	_ = unix.SetNonblock(fd, true)
	for {
		n, err := unix.Read(fd, scratch[:])
		if err == nil && n > 0 {
			continue
		}
		return !errors.Is(err, unix.EAGAIN)
	}
}
