package proxy

import (
	"encoding/binary"
	"math/rand/v2"
	"unsafe"
)

// newID gives the request an id: 128 bits from the runtime's ChaCha8 generators, which are per thread and seeded by the system.
func (x *Exchange) newID() {
	spread(x.id[:16], rand.Uint64())
	spread(x.id[16:], rand.Uint64())
	x.Origin.ID = unsafe.String(&x.id[0], len(x.id))
}

// spread writes the 16 hexadecimal digits of n, all at once: the digits are spread over two words, a byte each, and what is above
// nine moves on to the letters.
func spread(dst []byte, n uint64) {
	half := func(n uint64) uint64 {
		n = (n | n<<16) & 0x0000ffff0000ffff
		n = (n | n<<8) & 0x00ff00ff00ff00ff
		n = (n | n<<4) & 0x0f0f0f0f0f0f0f0f
		letters := (n + 0x0606060606060606) >> 4 & 0x0101010101010101
		return n + 0x3030303030303030 + letters*('a'-'0'-10)
	}
	binary.LittleEndian.PutUint64(dst, half(n&0xffffffff))
	binary.LittleEndian.PutUint64(dst[8:], half(n>>32))
}
