//go:build linux

package reactor

// A connection owns a buffer only while something is left over: a head or a chunk that is not complete, or what a socket did not
// take. Everything else passes through the loop's shared buffers, which stay in the processor's cache.
const (
	// SharedBytes is what one read may bring: an answer of 16 KiB with its head in one piece; what is larger is spliced.
	SharedBytes = 32 << 10
	// HeadSpace is left free before such a read, so that what is to go before it, as a rewritten head, goes out in one piece with what
	// follows it.
	HeadSpace = 4 << 10
)

// The sizes of buffers that are kept for reuse, and how many bytes of each a loop keeps at most.
const (
	smallBuffer = 4 << 10
	largeBuffer = SharedBytes + HeadSpace
	keepBuffers = 4 << 20
)

// buffer is a piece of memory that one connection owns for a while.
type buffer struct {
	next *buffer
	b    []byte
}

// buffers keeps what is not used. It is one loop's.
type buffers struct {
	small, large   *buffer
	nSmall, nLarge int
}

// take is a buffer of at least n bytes.
func (p *buffers) take(n int) *buffer {
	var list **buffer
	var count *int
	switch {
	case n <= smallBuffer:
		list, count, n = &p.small, &p.nSmall, smallBuffer
	case n <= largeBuffer:
		list, count, n = &p.large, &p.nLarge, largeBuffer
	default:
		return &buffer{b: make([]byte, n)}
	}
	b := *list
	if b == nil {
		return &buffer{b: make([]byte, n)}
	}
	*list, b.next = b.next, nil
	*count--
	return b
}

// give returns a buffer; nil is none.
func (p *buffers) give(b *buffer) {
	switch {
	case b == nil:
	case len(b.b) == smallBuffer && p.nSmall < keepBuffers/smallBuffer:
		b.next, p.small = p.small, b
		p.nSmall++
	case len(b.b) == largeBuffer && p.nLarge < keepBuffers/largeBuffer:
		b.next, p.large = p.large, b
		p.nLarge++
	}
}
