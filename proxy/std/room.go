package std

import (
	"sync/atomic"

	"github.com/pointsman/pointsman/proxy/sockets"
)

// files counts the descriptors of connections, clients' and instances', against what the process may have.
type files struct {
	open atomic.Int64
	most int64
}

// bound reads what the process may have, once for all connections.
func (f *files) bound() { f.most = sockets.MostFiles() }

// room says whether another client may come.
func (f *files) room() bool { return sockets.Room(f.open.Load(), f.most) }
