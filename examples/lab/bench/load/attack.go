//go:build linux

package main

import (
	"context"
	"io"
	"net"
	"strings"
	"time"
)

// A hostile client begins anew attackPause after each attack; one that never reads holds its stream for holdTime, which is longer than it is let.
const (
	attackPause = 500 * time.Millisecond
	holdTime    = 12 * time.Second
)

// attacks are what hostile clients send, one after the other; SERVICE is a service. What ends with "..." is held, and nothing is read.
var attacks = []string{
	"GET /api/live?service=SERVICE&detail=SERVICE HTTP/1.1\r\nHost: localhost\r\n\r\n...",
	"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n...",
	"GET /api/live HTTP/1.1\r\nHost: localhost\r\nX-Half: ",
	"GET /api/live?" + strings.Repeat("service=SERVICE&", 100) + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"GET /api/live?detail=%00%0a&since=x HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"POST /api/live HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\nx",
	"POST /api/actions/scale HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer guess\r\nContent-Length: 2\r\n\r\n{}",
	"GET /api/services/SERVICE?index=1&wait=10m HTTP/1.1\r\nHost: evil.example\r\n\r\n",
	"\x16\x03\x01\x00\xff",
	"GET /api/notices?since=18446744073709551615&limit=10000 HTTP/1.1\r\nHost: localhost\r\n\r\n",
}

// attack sends one attack after the other until ctx ends.
func (f *followers) attack(ctx context.Context, from int) {
	for i := from; ctx.Err() == nil; i++ {
		text := strings.ReplaceAll(attacks[i%len(attacks)], "SERVICE", f.service)
		text, hold := strings.CutSuffix(text, "...")
		if c, err := (&net.Dialer{}).DialContext(ctx, "tcp", f.address); err == nil {
			f.attacks.Add(1)
			_, _ = io.WriteString(c, text)
			if hold {
				pause(ctx, holdTime)
			} else {
				_ = c.SetReadDeadline(time.Now().Add(attackPause))
				_, _ = io.Copy(io.Discard, io.LimitReader(c, 1<<20))
			}
			_ = c.Close()
		}
		pause(ctx, attackPause)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
