//go:build !linux

package listen

import (
	"net"
	"time"
)

// QuiesceFor is 0: there is nothing to wait for.
const QuiesceFor = time.Duration(0)

// Quiesce can do nothing here: closing the listener resets what waits to be accepted.
func Quiesce(net.Listener) bool { return false }

// Queued is 0: nothing tells it here.
func Queued(net.Listener) int { return 0 }
