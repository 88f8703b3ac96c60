package http1

import (
	"encoding/binary"
	"math/bits"
)

// class is what a byte may be part of.
type class uint8

const (
	inToken  class = 1 << iota // RFC 9110 section 5.6.2
	inTarget                   // visible ASCII: RFC 3986 has no other in a target
	inValue                    // RFC 9110 section 5.5: no control but the tab
	inHost                     // of a registered name that can be routed
	under                      // the underscore
	upper                      // A to Z
)

var classes = func() (t [256]class) {
	for c := range 256 {
		b := byte(c)
		switch {
		case b >= 'A' && b <= 'Z':
			t[b] |= inToken | inHost | upper
		case b >= 'a' && b <= 'z', b >= '0' && b <= '9':
			t[b] |= inToken | inHost
		}
		if b > ' ' && b < 0x7f {
			t[b] |= inTarget
		}
		if b >= ' ' && b != 0x7f || b == '\t' {
			t[b] |= inValue
		}
	}
	for _, b := range []byte("!#$%&'*+-.^_`|~") {
		t[b] |= inToken
	}
	// Unreserved and sub-delims but for the percent sign, which no host that can be routed has, and the comma, which makes two
	// hosts out of one for careless readers.
	for _, b := range []byte("-._~!$&'()*+;=") {
		t[b] |= inHost
	}
	t['_'] |= under
	return t
}()

// ValidToken says whether s is a token (RFC 9110 section 5.6.2): what a method and a field name are made of.
func ValidToken(s string) bool {
	for i := 0; i < len(s); i++ {
		if classes[s[i]]&inToken == 0 {
			return false
		}
	}
	return s != ""
}

// ValidValue says whether s may stand as a field's value: no control but the tab (RFC 9110 section 5.5).
func ValidValue(s string) bool {
	for i := 0; i < len(s); i++ {
		if classes[s[i]]&inValue == 0 {
			return false
		}
	}
	return true
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// valueEnd is the index, from i on, of the first byte that may not stand in a field's value, or len(b). It looks at eight bytes
// at a time: the subtraction sets a byte's high bit where it was below a blank, or equal to DEL; a borrow can spoil only bytes
// above the first one found.
func valueEnd(b []byte, i int) int {
	for i+8 <= len(b) {
		x := binary.LittleEndian.Uint64(b[i:])
		del := x ^ 0x7f*ones
		found := ((x-0x20*ones)&^x | (del-ones)&^del) & highs
		if found == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(found) / 8
		if b[i] != '\t' {
			return i
		}
		i++
	}
	for i < len(b) && classes[b[i]]&inValue != 0 {
		i++
	}
	return i
}

// targetEnd is the same for the first byte that may not stand in a target.
func targetEnd(b []byte, i int) int {
	for i+8 <= len(b) {
		x := binary.LittleEndian.Uint64(b[i:])
		del := x ^ 0x7f*ones
		found := (x | (x - 0x21*ones) | (del - ones)) & highs
		if found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
		i += 8
	}
	for i < len(b) && classes[b[i]]&inTarget != 0 {
		i++
	}
	return i
}

// sameFold says whether token is word but for the case of its letters; word is in lower case. Only ASCII folds.
func sameFold(token, word string) bool {
	if len(token) != len(word) {
		return false
	}
	for i := 0; i < len(token); i++ {
		c := token[i]
		if classes[c]&upper != 0 {
			c |= 0x20
		}
		if c != word[i] {
			return false
		}
	}
	return true
}

// bothFold is sameFold for two words of any case.
func bothFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := 0; i < len(a); i++ {
		c, d := a[i], b[i]
		if c == d {
			continue
		}
		if c^d != 0x20 || classes[c&^0x20]&upper == 0 {
			return false
		}
	}
	return true
}
