package crowd

import (
	"context"
	"net"
	"net/http"
)

// sendBuffer is what the kernel keeps of a stream for a client that does not read.
const sendBuffer = 64 << 10

// MostApart is how many connections may be set apart at an address.
const MostApart = 1088

// Files counts file descriptors: listen.Files.
type Files interface {
	// Add counts descriptors that were opened or, with n below 0, closed.
	Add(n int64)
	// Spare says whether there are descriptors for what can be done without.
	Spare() bool
}

// connKey finds the connection of a request in its context.
type connKey struct{}

func withConn(ctx context.Context, c net.Conn) context.Context {
	one, _ := ofCrowd(c)
	return context.WithValue(ctx, connKey{}, one)
}

// Apart sets the connection of a request apart, for as long as it is open. It is false where there is no room for it; files may be nil.
// Where as many are apart as may be, one that has ended following makes room.
func Apart(r *http.Request, files Files) bool {
	c, _ := r.Context().Value(connKey{}).(*conn)
	if c == nil { // it has none of a crowd
		return true
	}
	if t, ok := c.Conn.(*net.TCPConn); ok {
		_ = t.SetWriteBuffer(sendBuffer)
	}
	return c.crowd.setApart(c, files)
}

func (c *crowd) setApart(one *conn, files Files) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, is := c.apart[one]; is {
		return true
	}
	if files != nil && !files.Spare() {
		return false
	}
	if len(c.apart) >= MostApart && !c.closeIdle() {
		return false
	}
	delete(c.open, one)
	c.apart[one] = struct{}{}
	if one.files = files; files != nil {
		files.Add(1)
	}
	c.room.Signal()
	return true
}

// closeIdle closes one of those apart that follows nothing any more.
func (c *crowd) closeIdle() bool {
	for one := range c.apart {
		if !one.busy {
			one.leave()
			_ = one.Conn.Close()
			return true
		}
	}
	return false
}
