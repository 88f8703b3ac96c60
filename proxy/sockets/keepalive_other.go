//go:build !linux

package sockets

import "net"

// ListenConfig is how listeners are made. What they accept has the probes from net.
func ListenConfig() (c net.ListenConfig) { return c }
