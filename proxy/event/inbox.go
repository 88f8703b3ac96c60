//go:build linux

package event

import (
	"sync"

	"github.com/pointsman/pointsman/balancer"
)

// inbox is what others leave for a loop.
type inbox struct {
	mu      sync.Mutex
	letters []letter
	spare   []letter
	closed  bool
}

// letter is one thing for a loop to do.
type letter struct {
	guest guest         // a new client's connection, where fd > 0
	gone  *balancer.Way // retired
	do    func()
	// unread is called instead of do where the loop ends before. May be nil.
	unread func()
}

// post leaves a letter and wakes the loop. Any goroutine may call it. It is false after the loop's end.
func (l *loop) post(m letter) bool {
	l.inbox.mu.Lock()
	defer l.inbox.mu.Unlock()
	if l.inbox.closed {
		return false
	}
	l.inbox.letters = append(l.inbox.letters, m)
	if len(l.inbox.letters) == 1 {
		l.knock()
	}
	return true
}

// knock wakes the loop; it needs inbox.mu, or to be called by the loop itself.
func (l *loop) knock() {
	one := [8]byte{1}
	sysWrite(int(l.knocked.fd), one[:])
}

// porter is the owner of the eventfd.
type porter struct{ l *loop }

func (p porter) ready() {
	l := p.l
	var count [8]byte
	sysRead(int(l.knocked.fd), count[:]) // empty where it was read before: an edge more does no harm
	if len(l.mail) == 0 {
		l.inbox.mu.Lock()
		l.mail, l.inbox.letters = l.inbox.letters, l.inbox.spare[:0]
		l.inbox.spare = nil
		l.inbox.mu.Unlock()
		l.page = 0
	}
	for l.page < len(l.mail) {
		m := l.mail[l.page]
		l.mail[l.page] = letter{}
		l.page++
		l.current = nil // nobody's turn, unless the letter says whose
		l.deal(m)
	}
	l.inbox.mu.Lock()
	l.inbox.spare, l.mail = l.mail[:0], nil
	more := len(l.inbox.letters) > 0
	l.inbox.mu.Unlock()
	if more {
		l.knock()
	}
}

func (l *loop) deal(m letter) {
	switch {
	case m.do != nil:
		m.do()
	case m.gone != nil:
		l.dropPool(m.gone)
	case m.guest.fd > 0:
		l.welcome(m.guest)
	}
}

func (porter) expire() {}

// fail has nothing to end: a panic here was over one letter.
func (porter) fail() {}
