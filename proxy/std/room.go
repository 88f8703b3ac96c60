package std

import (
	"sync/atomic"
	"syscall"
)

// reserveFiles is how many descriptors are left to the rest of the process: the admin and status addresses, the catalogue, logs.
const reserveFiles = 64

// files counts the descriptors of connections, clients' and instances', against what the process may have.
type files struct {
	open atomic.Int64
	most int64
}

// bound reads what the process may have, once for all connections.
func (f *files) bound() {
	var r syscall.Rlimit
	f.most = 1 << 20
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r) == nil {
		f.most = int64(min(r.Cur, 1<<30))
	}
	f.most -= min(reserveFiles, f.most/4)
}

// room says whether another client may come. A quarter of the descriptors is for connections to instances, without which there is
// nothing to tell a client.
func (f *files) room() bool { return f.open.Load() < f.most-f.most/4 }
