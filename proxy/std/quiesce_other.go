//go:build !linux

package std

import (
	"net"
	"time"
)

const quiesceFor = time.Duration(0)

// quiesce can do nothing here: closing the listener resets what waits to be accepted.
func quiesce(net.Listener) bool { return false }

func queued(net.Listener) int { return 0 }
