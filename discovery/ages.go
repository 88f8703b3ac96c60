package discovery

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// age holds a moment of one service, as a duration since the Watcher was made.
type age struct {
	answered atomic.Int64
	hinted   atomic.Bool // followed by node: ages.covered holds for it too
}

// ages is how fresh the answers are: atomics beside the Snapshot, which is never modified.
type ages struct {
	mu   sync.RWMutex
	of   map[string]*age
	list atomic.Int64 // 0 before the first list
	// covered is when the topics last told, all of them, that nothing else has changed; 0 for never.
	covered atomic.Int64
}

func (a *ages) add(name string) *age {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := &age{}
	a.of[name] = n
	return n
}

func (a *ages) remove(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.of, name)
}

func (a *ages) read(now time.Duration) map[string]time.Duration {
	a.mu.RLock()
	defer a.mu.RUnlock()
	out := make(map[string]time.Duration, len(a.of))
	for key, n := range a.of {
		name, datacenter, remote := strings.Cut(key, "\x00")
		if name += "@" + datacenter; !remote {
			name = key
		} else if a.of[name] != nil { // a service here that is called so
			continue
		}
		if age, ok := a.since(n, now); ok {
			out[name] = age
		}
	}
	return out
}

// readOne is what read has of one name.
func (a *ages) readOne(name string, now time.Duration) (age time.Duration, ok bool) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	n := a.of[name]
	if at := strings.LastIndexByte(name, '@'); n == nil && at >= 0 {
		n = a.of[name[:at]+"\x00"+name[at+1:]]
	}
	if n == nil {
		return 0, false
	}
	return a.since(n, now)
}

// since is how long ago an answer came. ok is false where there was none.
func (a *ages) since(n *age, now time.Duration) (age time.Duration, ok bool) {
	at := n.answered.Load()
	if at != 0 && n.hinted.Load() {
		at = max(at, a.covered.Load())
	}
	return now - time.Duration(at), at != 0
}
