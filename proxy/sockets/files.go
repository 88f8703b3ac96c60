package sockets

import "syscall"

// ReserveFiles is how many descriptors are left to the rest of the process: the admin and status addresses, the catalogue, logs.
const ReserveFiles = 64

// MostFiles is how many descriptors a listener's connections, clients' and instances', may use: what the process may have without the
// reserve, a quarter of it where there are few.
func MostFiles() int64 {
	var r syscall.Rlimit
	most := int64(1 << 20)
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r) == nil {
		most = int64(min(r.Cur, 1<<30))
	}
	return most - min(ReserveFiles, most/4)
}

// Room says whether another client may come where open of most descriptors are used. A quarter is for connections to instances,
// without which there is nothing to tell a client.
func Room(open, most int64) bool { return open < most-most/4 }
