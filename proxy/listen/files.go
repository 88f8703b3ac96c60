package listen

import (
	"sync/atomic"
	"syscall"
)

// ReserveFiles is how many descriptors are left to the rest of the process: 200 for the connections that Consul's agent allows to one
// address, 48 for the admin, status and discovery addresses (crowd.MostConns each), the rest for files and the runtime.
const ReserveFiles = 272

// Files counts the descriptors of connections, clients' and instances', against what the process may have. All listeners of a process
// share one: each with its own count, they would together leave nothing to anybody else.
type Files struct {
	open atomic.Int64
	most int64
}

// NewFiles reads what the process may have. Without the reserve, a quarter of it where there are few, it is for connections.
func NewFiles() *Files {
	var r syscall.Rlimit
	most := int64(1 << 20)
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r) == nil {
		most = int64(min(r.Cur, 1<<30))
	}
	return &Files{most: most - min(ReserveFiles, most/4)}
}

// Add counts descriptors that were opened or, with n below 0, closed.
func (f *Files) Add(n int64) { f.open.Add(n) }

// Open is how many there are.
func (f *Files) Open() int64 { return f.open.Load() }

// Room says whether another client may come. A quarter is for connections to instances, without which there is nothing to tell a
// client.
func (f *Files) Room() bool { return f.open.Load() < f.most-f.most/4 }

// Spare says whether there are descriptors for what can be done without.
func (f *Files) Spare() bool { return f.open.Load() < f.most-f.most/8 }
