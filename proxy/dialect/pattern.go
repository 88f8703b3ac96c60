package dialect

import (
	"errors"
	"fmt"
	"strings"
)

// Bounds of a pattern: matching costs at most the product of both lengths, and these keep it small.
const (
	maxStars        = 8
	maxAlternatives = 16
)

// Pattern is a host pattern: * is any run of bytes (dots too), ? any byte, [a-z] one of a class, [!a-z] none of it, {a,b}
// alternatives (not nested). Immutable.
type Pattern struct{ alternatives []plain }

// plain is a pattern without alternatives; head and tail are the literal texts before its first and behind its last special
// sign, a quick way to say no.
type plain struct {
	tokens     []token
	head, tail string
}

type token struct {
	kind   byte // '*', '?', '[' or 0 for a literal byte
	b      byte
	negate bool
	ranges []byte // pairs of lowest and highest
}

// ParsePattern reads a pattern in lower case.
func ParsePattern(text string) (*Pattern, error) {
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
			if n := len(p.tokens); n == 0 || p.tokens[n-1].kind != '*' {
				p.tokens = append(p.tokens, token{kind: '*'})
				stars++
			}
			last = i + 1
		case c == '?':
			p.tokens = append(p.tokens, token{kind: '?'})
			last = i + 1
		case c == '[':
			class, n, err := parseClass(text[i:])
			if err != nil {
				return p, err
			}
			p.tokens = append(p.tokens, class)
			i += n - 1
			last = i + 1
		case hostByte(c) || c == '.':
			p.tokens = append(p.tokens, token{b: c})
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

// parseClass reads [a-z0] or [!a-z0] at the front of text, and says how long it is.
func parseClass(text string) (t token, n int, err error) {
	end := strings.IndexByte(text, ']')
	if end < 0 {
		return t, 0, errors.New("[ without ]")
	}
	body := text[1:end]
	t.kind = '['
	if strings.HasPrefix(body, "!") {
		t.negate, body = true, body[1:]
	}
	if body == "" {
		return t, 0, errors.New("an empty class")
	}
	for i := 0; i < len(body); i++ {
		low, high := body[i], body[i]
		if i+2 < len(body) && body[i+1] == '-' {
			high = body[i+2]
			i += 2
		}
		if !hostByte(low) && low != '.' || !hostByte(high) && high != '.' || low > high {
			return t, 0, errors.New("a class of something else than host characters")
		}
		t.ranges = append(t.ranges, low, high)
	}
	return t, end + 1, nil
}

// Match says whether the whole host fits. The host is in lower case. No allocation.
func (p *Pattern) Match(host string) bool {
	for i := range p.alternatives {
		if p.alternatives[i].match(host) {
			return true
		}
	}
	return false
}

// match is the usual walk that goes back to the last star only.
func (p *plain) match(host string) bool {
	if !strings.HasSuffix(host, p.tail) || !strings.HasPrefix(host, p.head) {
		return false
	}
	t, h, star, mark := 0, 0, -1, 0
	for h < len(host) {
		switch {
		case t < len(p.tokens) && p.tokens[t].kind == '*':
			star, mark = t, h
			t++
		case t < len(p.tokens) && p.tokens[t].fits(host[h]):
			t++
			h++
		case star >= 0:
			mark++
			t, h = star+1, mark
		default:
			return false
		}
	}
	for t < len(p.tokens) && p.tokens[t].kind == '*' {
		t++
	}
	return t == len(p.tokens)
}

func (t *token) fits(c byte) bool {
	switch t.kind {
	case '?':
		return true
	case '[':
		for i := 0; i < len(t.ranges); i += 2 {
			if t.ranges[i] <= c && c <= t.ranges[i+1] {
				return !t.negate
			}
		}
		return t.negate
	}
	return t.b == c
}
