//go:build linux

package reactor

import "math/bits"

// never is the deadline of what may take as long as it likes.
const never = int64(1<<63 - 1)

// The wheel has two rows: slots of a millisecond for what is due soon, and slots of a quarter of a second for the rest, so that
// thousands of idle connections wake nobody more than four times a second. What is due later than both waits in the last slot and is
// looked at again.
const (
	Tick      = 1_000_000 // nanoseconds
	fineSlots = 256
	slowSlots = 512 // 131 s
	allSlots  = fineSlots + slowSlots
	firing    = allSlots // a list of its own, for what is being looked at
	unlinked  = -1
)

// timerWheel finds what is due. It is lazy: a deadline that moves on costs a store; the slot of the old one finds it and puts it where it
// belongs.
type timerWheel struct {
	now   int64 // ticks, up to which everything has been looked at
	heads [allSlots + 1]*Conn
	set   [allSlots / 64]uint64 // a bit per slot that may hold something
}

// timer is the wheel's part of a connection.
type timer struct {
	next, prev *Conn
	deadline   int64 // nanoseconds since the loop's base
	due        int64 // tick at which its slot is looked at
	slot       int16
}

// arm sets a deadline in nanoseconds since the loop's base. never disarms.
func (w *timerWheel) arm(c *Conn, at int64) {
	c.deadline = at
	if at == never {
		return
	}
	t := ceilTick(at)
	if c.slot != unlinked && c.due <= t {
		return
	}
	w.unlink(c)
	w.insert(c, t)
}

func ceilTick(at int64) int64 { return (at + Tick - 1) / Tick }

// insert links c so that it is looked at no later than at tick t.
func (w *timerWheel) insert(c *Conn, t int64) {
	t = max(t, w.now+1)
	slot := 0
	if t-w.now < fineSlots {
		c.due, slot = t, int(t%fineSlots)
	} else {
		row := min(t/fineSlots, w.now/fineSlots+slowSlots-1)
		c.due, slot = row*fineSlots, fineSlots+int(row%slowSlots)
	}
	w.link(c, slot)
}

func (w *timerWheel) link(c *Conn, slot int) {
	head := w.heads[slot]
	c.prev, c.next, c.slot = nil, head, int16(slot)
	if head != nil {
		head.prev = c
	}
	w.heads[slot] = c
	if slot != firing {
		w.set[slot/64] |= 1 << (slot % 64)
	}
}

// unlink forgets c; it may be in no list.
func (w *timerWheel) unlink(c *Conn) {
	if c.slot == unlinked {
		return
	}
	if c.prev != nil {
		c.prev.next = c.next
	} else {
		w.heads[c.slot] = c.next
	}
	if c.next != nil {
		c.next.prev = c.prev
	}
	c.next, c.prev, c.slot = nil, nil, unlinked
}

// next is the first tick at which something may be due; ok is false where nothing is linked.
func (w *timerWheel) next() (at int64, ok bool) {
	if w.heads[firing] != nil { // a panic has left it
		return w.now, true
	}
	at = never
	if n, found := w.scan(0, fineSlots, int((w.now+1)%fineSlots)); found {
		at, ok = w.now+1+int64(n), true
	}
	row := w.now/fineSlots + 1
	if n, found := w.scan(fineSlots, slowSlots, int(row%slowSlots)); found {
		at, ok = min(at, (row+int64(n))*fineSlots), true
	}
	return at, ok
}

// scan looks through the size slots that begin at first, from the one numbered from on and round, for one that holds something: n is how
// many were passed.
func (w *timerWheel) scan(first, size, from int) (n int, found bool) {
	for n = 0; n < size; {
		at := (from + n) % size
		word := w.set[(first+at)/64] >> (at % 64)
		if word == 0 {
			n += 64 - at%64
			continue
		}
		n += bits.TrailingZeros64(word)
		at = first + (from+n)%size
		if w.heads[at] != nil {
			return n, n < size
		}
		w.set[at/64] &^= 1 << (at % 64)
	}
	return 0, false
}

// advance looks at everything that is due by now, in nanoseconds: what has a later deadline is put where it belongs, the rest
// expires.
func (w *timerWheel) advance(now int64, expire func(*Conn)) {
	end := now / Tick
	w.expireFiring(now, expire) // what a panic has left
	for {
		at, ok := w.next()
		if !ok || at > end {
			break
		}
		w.now = at
		if at%fineSlots == 0 {
			w.fire(fineSlots+int(at/fineSlots%slowSlots), now, expire)
		}
		w.fire(int(at%fineSlots), now, expire)
	}
	w.now = max(w.now, end)
}

func (w *timerWheel) fire(slot int, now int64, expire func(*Conn)) {
	head := w.heads[slot]
	w.heads[slot] = nil
	w.set[slot/64] &^= 1 << (slot % 64)
	for c := head; c != nil; c = c.next {
		c.slot = firing
	}
	w.heads[firing] = head
	w.expireFiring(now, expire)
}

func (w *timerWheel) expireFiring(now int64, expire func(*Conn)) {
	for w.heads[firing] != nil {
		c := w.heads[firing]
		w.unlink(c)
		switch {
		case c.deadline == never:
		case c.deadline > now:
			w.insert(c, ceilTick(c.deadline))
		default:
			c.deadline = never
			expire(c)
		}
	}
}
