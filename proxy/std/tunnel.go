package std

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/pointsman/pointsman/proxy"
)

// switchOver turns the exchange into a tunnel, after the instance's 101 and not before. What the client sent behind its head
// waited in net/http's buffer until now.
func (a *try) switchOver(ans answer) proxy.Failure {
	if !a.unhook() {
		return proxy.FailedClient
	}
	client, buffered, err := a.control.Hijack()
	if err != nil {
		a.log.Error().Err(err).Msg("take over the connection for a tunnel")
		return proxy.FailedAnswer
	}
	defer client.Close()
	a.status = http.StatusSwitchingProtocols
	head := append(strconv.AppendInt([]byte("HTTP/1.1 "), http.StatusSwitchingProtocols, 10), " Switching Protocols\r\nConnection: Upgrade\r\n"...)
	for _, f := range proxy.AppendResponseFields(nil, ans.fields, true) {
		head = appendField(head, f)
	}
	// Tunnels may be quiet for as long as they like.
	if err := clearDeadlines(client, a.conn); err != nil {
		return answered
	}
	a.metrics.TunnelOpened() // before the client knows of it
	defer a.metrics.TunnelClosed()
	if _, err := client.Write(append(head, "\r\n"...)); err != nil {
		return answered
	}
	a.bytes += tunnel(client, buffered.Reader, a.conn)
	return answered
}

func clearDeadlines(client net.Conn, conn *backConn) error {
	if err := client.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	return conn.SetDeadline(time.Time{})
}

// tunnel copies both ways until both have ended or one failed. An end in one direction is passed on and leaves the other open.
func tunnel(client net.Conn, buffered *bufio.Reader, conn *backConn) (toClient int64) {
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := pass(conn.Conn, buffered, client); err != nil {
			client.Close()
			conn.Close()
		}
	})
	toClient, err := pass(client, conn.br, conn.Conn)
	if err != nil {
		client.Close()
		conn.Close()
	}
	wg.Wait()
	return toClient
}

// pass sends what is buffered and then everything from src, and ends dst's direction when src ends.
func pass(dst net.Conn, buffered *bufio.Reader, src net.Conn) (n int64, err error) {
	if held := buffered.Buffered(); held > 0 {
		if n, err = io.CopyN(dst, buffered, int64(held)); err != nil {
			return n, err
		}
	}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	more, err := io.CopyBuffer(plainWriter{dst}, plainReader{src}, *buf)
	if err != nil {
		return n + more, err
	}
	if half, ok := dst.(interface{ CloseWrite() error }); ok {
		return n + more, half.CloseWrite()
	}
	return n + more, dst.Close()
}

// plainReader and plainWriter keep io.CopyBuffer to the buffer that it is given.
type (
	plainReader struct{ io.Reader }
	plainWriter struct{ io.Writer }
)
