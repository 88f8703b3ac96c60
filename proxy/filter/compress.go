package filter

import (
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// Coding is a content coding (RFC 9110 section 8.4.1).
type Coding uint8

// The codings. Plain is none.
const (
	Plain  Coding = iota
	Gzip          // RFC 1952
	Zstd          // RFC 8878
	Brotli        // RFC 7932
	codings
)

// String is the coding's name in header fields.
func (c Coding) String() string { return [codings]string{"identity", "gzip", "zstd", "br"}[c] }

// Compression is how a route's responses are compressed. Immutable.
type Compression struct {
	codings []Coding // as preferred among those that a client likes as much
	types   []string // in lower case; "text/*" is all of a kind, "*" all
	minSize int64
}

// NewCompression compiles what a rule asks for; nil where it asks for none.
func NewCompression(asked *dialect.Compress) *Compression {
	if len(asked.Codings) == 0 {
		return nil
	}
	c := &Compression{types: asked.Types, minSize: asked.MinSize}
	for _, name := range asked.Codings {
		for k := Gzip; k < codings; k++ {
			if k.String() == name {
				c.codings = append(c.codings, k)
			}
		}
	}
	if c.types == nil {
		c.types = defaultTypes()
	}
	if c.minSize == 0 {
		c.minSize = dialect.DefaultCompressMin
	}
	return c
}

// defaultTypes are texts, and what is built like one. Pictures, sound, archives and the like are compressed as they are.
func defaultTypes() []string {
	return []string{"text/*", "application/json", "application/javascript", "application/xml", "application/wasm", "image/svg+xml",
		"application/manifest+json", "application/ld+json", "application/problem+json", "application/xhtml+xml", "application/rss+xml",
		"application/atom+xml", "application/x-javascript", "application/vnd.ms-fontobject", "font/ttf", "font/otf", "image/bmp",
		"image/x-icon", "image/vnd.microsoft.icon"}
}

// Takes says whether a body is worth it by its Content-Type and length; -1 is one that is not known. Never taken are event streams, whose
// every event would cost a block, and gRPC, which has compression of its own.
func (c *Compression) Takes(contentType string, length int64) bool {
	if length >= 0 && length < c.minSize {
		return false
	}
	kind, _, _ := strings.Cut(contentType, ";")
	kind = strings.ToLower(strings.Trim(kind, " \t"))
	if kind == "" || kind == "text/event-stream" || strings.HasPrefix(kind, "application/grpc") {
		return false
	}
	for _, t := range c.types {
		front, all := strings.CutSuffix(t, "*")
		if kind == t || all && strings.HasPrefix(kind, front) {
			return true
		}
	}
	return false
}

// Accepted is which of the route's codings a client takes, the best one first, by what Accept-Encoding says (RFC 9110 section 12.5.3);
// none where it says nothing or likes the plain response better. The array is full up to n.
func (c *Compression) Accepted(accept string) (list [codings]Coding, n int) {
	return Accepted(accept, c.codings)
}

// Accepted is the same for codings in the order in which they are preferred.
func Accepted(accept string, preferred []Coding) (list [codings]Coding, n int) {
	a := parseAccept(accept)
	best := int16(1) // of a thousandth at least
	if a.named[Plain] {
		best = max(best, a.q[Plain])
	}
	for _, k := range preferred {
		q := a.of(k)
		if q < best {
			continue
		}
		at := n
		for at > 0 && a.of(list[at-1]) < q {
			list[at] = list[at-1]
			at--
		}
		list[at] = k
		n++
	}
	return list, n
}

// accepted is what an Accept-Encoding field says: weights in thousandths.
type accepted struct {
	named [codings]bool
	q     [codings]int16
	any   int16 // of what is not named: *
}

func (a *accepted) of(k Coding) int16 {
	if a.named[k] {
		return a.q[k]
	}
	return a.any
}

// parseAccept reads the field. A member that can't be read counts as not there.
func parseAccept(field string) (a accepted) {
	for field != "" {
		var member string
		member, field, _ = strings.Cut(field, ",")
		name, parameters, _ := strings.Cut(member, ";")
		name = strings.ToLower(strings.Trim(name, " \t"))
		q, ok := weight(parameters)
		if !ok {
			continue
		}
		if name == "x-gzip" { // RFC 9110 section 8.4.1.3
			name = "gzip"
		}
		if name == "*" {
			a.any = q
			continue
		}
		for k := Plain; k < codings; k++ {
			if k.String() == name {
				a.named[k], a.q[k] = true, q
			}
		}
	}
	return a
}

// weight reads what stands behind a coding's name: nothing, or q=0.5 (RFC 9110 section 12.4.2).
func weight(parameters string) (thousandths int16, ok bool) {
	const whole = 1000
	parameters = strings.Trim(parameters, " \t")
	if parameters == "" {
		return whole, true
	}
	name, value, _ := strings.Cut(parameters, "=")
	name, value = strings.Trim(name, " \t"), strings.Trim(value, " \t")
	if !strings.EqualFold(name, "q") || value == "" || len(value) > len("0.000") || strings.Trim(value, "0123456789.") != "" {
		return 0, false
	}
	q, err := strconv.ParseFloat(value, 64)
	if err != nil || q < 0 || q > 1 {
		return 0, false
	}
	return int16(q*whole + 0.5), true
}
