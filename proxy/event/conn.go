//go:build linux

package event

import (
	"time"

	"github.com/pointsman/pointsman/proxy/listen"
	"github.com/pointsman/pointsman/proxy/reactor"
)

// conn is a connection of a loop, a client's or to an instance, whose other side may be watched for taking what it is sent.
type conn struct {
	reactor.Conn
	stallLimit time.Duration // that nothing may be taken for; 0: nobody looks, see watch
	taking     listen.Taking
}

// arm sets when c expires, d from now.
func (l *loop) arm(c *conn, d time.Duration) {
	c.stallLimit = 0
	l.SetDeadline(&c.Conn, d)
}

// watch lets c expire where the other side takes nothing of what it was sent for as long as limit, from now on.
func (l *loop) watch(c *conn, limit time.Duration) {
	c.stallLimit, c.taking = limit, listen.Taking{}
	l.SetDeadline(&c.Conn, listen.LookAfter(limit))
}

// standsStill looks at c, whose time is over, and gives it more where it is being watched and does not stand still.
func (l *loop) standsStill(c *conn) bool {
	if c.stallLimit == 0 || c.taking.Stands(listen.HeldFD(c.FD())) {
		return true
	}
	l.SetDeadline(&c.Conn, listen.LookAfter(c.stallLimit))
	return false
}
