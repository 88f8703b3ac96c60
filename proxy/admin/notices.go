package admin

import (
	"sync"
	"time"

	"github.com/pointsman/pointsman/discovery/outside"
)

// NoticeKind is what a Notice is about.
type NoticeKind string

// The kinds.
const (
	NoticeTable       NoticeKind = "table"       // another table is in use
	NoticeEjected     NoticeKind = "ejected"     // an instance gets no more requests, as it did worse than the others
	NoticeReturned    NoticeKind = "returned"    // it gets some again
	NoticeRemoval     NoticeKind = "removal"     // what became of an instance whose removal was in doubt
	NoticeDrain       NoticeKind = "drain"       // an instance is drained, or no longer
	NoticePin         NoticeKind = "pin"         // a service's routes are held at an earlier table, or no longer
	NoticeAction      NoticeKind = "action"      // somebody with the token asked for something, or without it
	NoticeCertificate NoticeKind = "certificate" // one came, was renewed, or could not be had
	NoticeRefused     NoticeKind = "refused"     // a tag, a label or a line is not in effect
	NoticeCatalogue   NoticeKind = "catalogue"   // the catalogue stopped answering, or answers again
)

// Notice is something that happened which a person may want to know.
type Notice struct {
	At   time.Time // zero: when it was added
	Kind NoticeKind
	// Service and Instance are whose it is, as the catalogue calls them; "" where it is nobody's.
	Service, Instance string
	// Text says it in a sentence. It may hold what others wrote: Add bounds it, and puts a mark in the place of each control character.
	Text string
}

// The bounds of Notices.
const (
	// mostNotices is how many are kept. Where there are more, the oldest of the most frequent kind goes: a busy catalogue must not push out
	// why an instance was ejected.
	mostNotices = 1000
	// mostNoticeText bounds a text, in bytes.
	mostNoticeText = 400
)

// Notices are the last ones, for people. Those that say the same are one, with a count. Make it with NewNotices. Safe for concurrent use; a nil
// *Notices takes all and keeps none.
type Notices struct {
	mu    sync.Mutex
	last  uint64                 // the id of the last one
	list  []*keptNotice          // by id
	same  map[Notice]*keptNotice // by what they say, without a time
	kinds map[NoticeKind]int
	more  chan struct{} // closed when there is one more
}

// keptNotice is one, or several that say the same.
type keptNotice struct {
	Notice         // At is that of the last one
	id, was uint64 // was is the id before the last one that says the same; 0 for none
	first   time.Time
	count   int
}

// NewNotices makes a ring without any. The ids of its notices grow over restarts too: they begin with the microseconds since 1970.
func NewNotices() *Notices {
	return &Notices{last: uint64(time.Now().UnixMicro()), same: map[Notice]*keptNotice{}, kinds: map[NoticeKind]int{}, more: make(chan struct{})}
}

// Add adds a notice. One that says the same as an earlier one is counted there, and comes last again. It waits for nobody.
func (n *Notices) Add(one Notice) {
	if n == nil {
		return
	}
	at := one.At
	if at.IsZero() {
		at = time.Now()
	}
	one = Notice{Kind: one.Kind, Service: outside.Printable(one.Service, maxText), Instance: outside.Printable(one.Instance, maxText), Text: outside.Printable(one.Text, mostNoticeText)}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.last++
	k := n.same[one]
	if k != nil {
		n.cut(n.find(k.id))
		k.was = k.id
	} else {
		if len(n.list) == mostNotices {
			n.forget()
		}
		k = &keptNotice{Notice: one, first: at}
		n.same[one] = k
		n.kinds[one.Kind]++
	}
	k.id, k.At = n.last, at
	k.count++
	n.list = append(n.list, k)
	close(n.more)
	n.more = make(chan struct{})
}

// forget drops the oldest of the most frequent kind.
func (n *Notices) forget() {
	most := n.list[0].Kind
	for kind, count := range n.kinds {
		if count > n.kinds[most] {
			most = kind
		}
	}
	for i, k := range n.list {
		if k.Kind == most {
			k.Notice.At = time.Time{}
			delete(n.same, k.Notice)
			n.kinds[most]--
			n.cut(i)
			return
		}
	}
}

func (n *Notices) cut(i int) {
	copy(n.list[i:], n.list[i+1:])
	n.list[len(n.list)-1] = nil
	n.list = n.list[:len(n.list)-1]
}

// find is where the first notice stands whose id is at least a number.
func (n *Notices) find(id uint64) int {
	low, high := 0, len(n.list)
	for low < high {
		if m := (low + high) / 2; n.list[m].id < id {
			low = m + 1
		} else {
			high = m
		}
	}
	return low
}

// since are the last notices after an id, at most so many, the oldest first; next is the id of the last one that there is, and more is closed
// when there is another one.
func (n *Notices) since(id uint64, most int) (list []keptNotice, next uint64, more <-chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	at := 0
	if id <= n.last { // else it is of nobody's making, and says nothing
		at = n.find(id + 1)
	}
	for _, k := range n.list[max(at, len(n.list)-most):] {
		list = append(list, *k)
	}
	return list, n.last, n.more
}
