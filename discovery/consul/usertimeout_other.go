//go:build !linux

package consul

import "syscall"

// setUserTimeout: only Linux has TCP_USER_TIMEOUT; elsewhere the keep-alive probes do.
func setUserTimeout(string, string, syscall.RawConn) error { return nil }
