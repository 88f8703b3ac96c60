package routing

import (
	"strings"
	"sync"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/http1"
)

// maxSteps is how many steps the conditions of one request may take together: some milliseconds at worst. Regular expressions that people write
// take a few thousand on a path of usual length, and a look through fields, parameters or cookies takes a step for each eight bytes and value.
const maxSteps = 1 << 20

// unmetExpression is unmet for the regular expressions.
func (q *Query) unmetExpression(c *dialect.Conditions) string {
	for i := range c.Paths {
		switch e := &c.Paths[i]; {
		case !e.Not && !q.matches(e.Expression, q.Path):
			return "path-regexp"
		case e.Not && (q.matches(e.Expression, q.Path) || strings.IndexByte(q.Path, '%') >= 0 && q.matchesDecoded(e.Expression, q.Path, false)):
			return "not-path-regexp"
		}
	}
	for i := range c.Hosts {
		if e := &c.Hosts[i]; q.matches(e.Expression, q.hostName()) == e.Not {
			if e.Not {
				return "not-host-regexp"
			}
			return "host-regexp"
		}
	}
	return q.unmetNamed(c, true)
}

// matches says whether a text matches an expression, if there are steps left for it: see maxSteps.
func (q *Query) matches(e *dialect.Expression, text string) bool {
	return q.spend(e, len(text)) && e.Match(text)
}

// spend takes the steps for an expression over a text off what a request may take.
func (q *Query) spend(e *dialect.Expression, length int) bool {
	q.steps += e.Cost * (length + 1)
	return q.steps <= maxSteps
}

// look takes the steps for a look through a text, for values of a condition, off what a request may take.
func (q *Query) look(n *dialect.Named, length int) bool {
	q.steps += (length/8 + 1) * (len(n.Values) + 1)
	return q.steps <= maxSteps
}

// matchesDecoded is matches for what a percent-encoded text means, in which + may be a blank.
func (q *Query) matchesDecoded(e *dialect.Expression, encoded string, plus bool) bool {
	if strings.IndexByte(encoded, '%') < 0 && (!plus || strings.IndexByte(encoded, '+') < 0) {
		return q.matches(e, encoded)
	}
	if !q.spend(e, len(encoded)) {
		return false
	}
	s := scratches.Get().(*scratch)
	defer s.free()
	for i := 0; i < len(encoded); i++ {
		var c byte
		c, i = decoded(encoded, i, plus)
		s.text = append(s.text, c)
	}
	return e.MatchBytes(s.text)
}

// hostName is the host that expressions are asked about: in lower case, without port and without dots at its end.
func (q *Query) hostName() string {
	if q.host == "" {
		q.host = strings.TrimRight(splitHost(http1.LowerHost(q.Authority), q.TLS).host, ".")
	}
	return q.host
}

// scratch holds a text that is looked at and dropped.
type scratch struct{ text []byte }

var scratches = sync.Pool{New: func() any { return &scratch{text: make([]byte, 0, 512)} }}

// maxScratch is kept for the next text: what few requests have is given back.
const maxScratch = 8 << 10

func (s *scratch) free() {
	if cap(s.text) <= maxScratch {
		s.text = s.text[:0]
		scratches.Put(s)
	}
}
