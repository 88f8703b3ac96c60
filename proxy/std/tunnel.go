package std

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// tunnel copies both ways until both have ended or one failed. An end in one direction is passed on and leaves the other open.
// Tunnels may be quiet for as long as they like, and hold no buffer meanwhile.
func tunnel(client net.Conn, fromClient *readBuffer, instance net.Conn, fromInstance *readBuffer) (toClient int64) {
	if client.SetReadDeadline(time.Time{}) != nil || instance.SetDeadline(time.Time{}) != nil {
		return 0
	}
	end := func() {
		client.Close()
		instance.Close()
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := pass(instance, fromClient); err != nil {
			end()
		}
	})
	toClient, err := pass(client, fromInstance)
	if err != nil {
		end()
	}
	wg.Wait()
	return toClient
}

// pass sends what was read before and then everything else, and ends dst's direction when its source ends.
func pass(dst net.Conn, from *readBuffer) (n int64, err error) {
	for {
		for rest := from.unread(); len(rest) > 0; rest = from.unread() {
			wrote, err := dst.Write(rest)
			n += int64(wrote)
			if err != nil {
				return n, err
			}
			from.skip(len(rest))
		}
		if err := from.fill(0); errors.Is(err, io.EOF) {
			return n, endOf(dst)
		} else if err != nil {
			return n, err
		}
	}
}

// endOf ends one direction where that is possible, else both.
func endOf(c net.Conn) error {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.Close()
}
