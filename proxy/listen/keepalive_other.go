//go:build !linux

package listen

import "net"

// Config is how listeners are made. What they accept has the probes from net.
func Config() (c net.ListenConfig) { return c }
