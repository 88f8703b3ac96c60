package dialect

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pointsman/pointsman/discovery/outside"
)

// Pattern is a host pattern: * is any run of bytes (dots too), ? any byte, [a-z] one of a class of host characters, [!a-z] any byte but
// those, {a,b} alternatives (not nested). Immutable.
type Pattern struct {
	alternatives []plain
	cost         int
}

// Cost is what trying the pattern costs: one for each alternative, and for each 64 bytes of it.
func (p *Pattern) Cost() int { return p.cost }

// plain is a pattern without alternatives; head and tail are the literal texts before its first and behind its last special
// sign, a quick way to say no. The rest is what match walks with: signs is the number of its signs but for the stars, runs has bit i
// where a star stands before sign i, and accepts has, for each symbol, bit i where sign i takes it.
type plain struct {
	head, tail string
	signs      int
	runs       set
	accepts    [symbols]set
}

// set is a set of positions in a pattern: before its first sign, ..., behind its last one.
type set [maxWords]uint64

// maxWords holds all positions of a pattern of outside.MaxHost bytes.
const maxWords = (outside.MaxHost + 1 + 63) / 64

func (s *set) add(i int)      { s[i/64] |= 1 << (i % 64) }
func (s *set) has(i int) bool { return s[i/64]>>(i%64)&1 == 1 }

// symbols are the bytes that a pattern tells apart: those of hosts, the dot, and one for all others.
const (
	hostBytes = "abcdefghijklmnopqrstuvwxyz0123456789-_."
	symbols   = len(hostBytes) + 1
	alien     = uint8(symbols - 1)
)

// symbolOf tells which symbol a byte is.
var symbolOf = func() (t [256]uint8) {
	for c := range t {
		t[c] = alien
	}
	for i, c := range []byte(hostBytes) {
		t[c] = uint8(i)
	}
	return t
}()

// ParsePattern reads a pattern in lower case.
func ParsePattern(text string) (*Pattern, error) {
	if len(text) > outside.MaxHost {
		return nil, fmt.Errorf("the host pattern is longer than %d bytes", outside.MaxHost)
	}
	texts, err := alternatives(text)
	if err != nil {
		return nil, err
	}
	p := &Pattern{}
	for _, t := range texts {
		one, err := parsePlain(t)
		if err != nil {
			return nil, fmt.Errorf("host pattern %q: %w", text, err)
		}
		p.alternatives = append(p.alternatives, one)
		p.cost += len(t)/64 + 1
	}
	return p, nil
}

// alternatives multiplies {a,b} out.
func alternatives(text string) ([]string, error) {
	open := strings.IndexByte(text, '{')
	if open < 0 {
		return []string{text}, nil
	}
	length := strings.IndexByte(text[open:], '}')
	if length < 0 {
		return nil, fmt.Errorf("host pattern %q: { without }", text)
	}
	tails, err := alternatives(text[open+length+1:])
	if err != nil {
		return nil, err
	}
	var out []string
	for middle := range strings.SplitSeq(text[open+1:open+length], ",") {
		for _, tail := range tails {
			out = append(out, text[:open]+middle+tail)
		}
		if len(out) > maxAlternatives {
			return nil, fmt.Errorf("host pattern %q has more than %d alternatives", text, maxAlternatives)
		}
	}
	return out, nil
}

func parsePlain(text string) (p plain, err error) {
	stars, last := 0, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '*':
			if !p.runs.has(p.signs) {
				p.runs.add(p.signs)
				stars++
			}
			last = i + 1
		case c == '?':
			p.sign(func(byte) bool { return true }, true)
			last = i + 1
		case c == '[':
			takes, negated, n, err := parseClass(text[i:])
			if err != nil {
				return p, err
			}
			p.sign(func(c byte) bool { return takes(c) != negated }, negated)
			i += n - 1
			last = i + 1
		case hostByte(c) || c == '.':
			p.accepts[symbolOf[c]].add(p.signs)
			p.signs++
		default:
			return p, fmt.Errorf("%q is not allowed", c)
		}
	}
	if stars > maxStars {
		return p, fmt.Errorf("more than %d stars", maxStars)
	}
	p.tail = text[last:]
	if i := strings.IndexAny(text, "*?["); i >= 0 {
		p.head = text[:i]
	}
	return p, nil
}

// sign adds a sign that takes some host characters, and maybe all other bytes.
func (p *plain) sign(takes func(byte) bool, others bool) {
	for s := range hostBytes {
		if takes(hostBytes[s]) {
			p.accepts[s].add(p.signs)
		}
	}
	if others {
		p.accepts[alien].add(p.signs)
	}
	p.signs++
}

// parseClass reads [a-z0] or [!a-z0] at the front of text: which bytes it names, whether all others are meant, and how long it is.
func parseClass(text string) (takes func(byte) bool, negated bool, n int, err error) {
	end := strings.IndexByte(text, ']')
	if end < 0 {
		return nil, false, 0, errors.New("[ without ]")
	}
	body := text[1:end]
	if strings.HasPrefix(body, "!") {
		negated, body = true, body[1:]
	}
	if body == "" {
		return nil, false, 0, errors.New("an empty class")
	}
	var named [256]bool
	for i := 0; i < len(body); i++ {
		low, high := body[i], body[i]
		if i+2 < len(body) && body[i+1] == '-' {
			high = body[i+2]
			i += 2
		}
		if !hostByte(low) && low != '.' || !hostByte(high) && high != '.' || low > high {
			return nil, false, 0, errors.New("a class of something else than host characters")
		}
		for c := int(low); c <= int(high); c++ {
			named[c] = true
		}
	}
	return func(c byte) bool { return named[c] }, negated, end + 1, nil
}

// Match says whether the whole host fits. The host is in lower case. No allocation; the time goes with the host's length, and not with
// what it holds.
func (p *Pattern) Match(host string) bool {
	for i := range p.alternatives {
		if p.alternatives[i].match(host) {
			return true
		}
	}
	return false
}

// match walks all ways through the pattern at once: at holds the positions that the bytes so far lead to. Nothing is ever tried again, so
// that no host makes it slow.
func (p *plain) match(host string) bool {
	if !strings.HasSuffix(host, p.tail) || !strings.HasPrefix(host, p.head) {
		return false
	}
	if p.signs < 64 {
		return p.matchShort(host)
	}
	at := set{1}
	words := p.signs/64 + 1
	for i := 0; i < len(host); i++ {
		accepts := &p.accepts[symbolOf[host[i]]]
		carry, alive := uint64(0), uint64(0)
		for w := range words {
			taken := at[w] & accepts[w]
			at[w] = at[w]&p.runs[w] | taken<<1 | carry
			carry = taken >> 63
			alive |= at[w]
		}
		if alive == 0 {
			return false
		}
	}
	return at.has(p.signs)
}

// matchShort is match for a pattern of which all positions are in one word, as nearly all are.
func (p *plain) matchShort(host string) bool {
	at, runs := uint64(1), p.runs[0]
	for i := 0; i < len(host) && at != 0; i++ {
		at = at&runs | at&p.accepts[symbolOf[host[i]]][0]<<1
	}
	return at>>p.signs&1 == 1
}

// hostByte says whether a byte stands in the labels of a host in lower case.
func hostByte(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}
