package proxy

import (
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/record"
)

// What the log tells of a head that went to the client is noted when the head is made: what it was made of has other bytes in it by the time
// the request is over.

// statusLine2 is as long as what stands for a status line in the log, of an answer over HTTP/2.
const statusLine2 = "HTTP/2.0 200\r\n\r\n"

// noteHead notes the head that an HTTP/1 client gets.
func (x *Exchange) noteHead(head []byte) {
	x.headBytes = len(head)
	names := x.scope.SentFields()
	if names == nil {
		return
	}
	x.sent = nil
	for line := range strings.SplitSeq(string(head), "\r\n") {
		if name, value, ok := strings.Cut(line, ": "); ok {
			x.noteField(names, name, value)
		}
	}
}

// noteFields notes those that an HTTP/2 client gets.
func (x *Exchange) noteFields(fields []Field) {
	x.headBytes = headBytes(len(statusLine2), fields)
	names := x.scope.SentFields()
	if names == nil {
		return
	}
	x.sent = nil
	for i := range fields {
		x.noteField(names, strings.Clone(fields[i].Name), strings.Clone(fields[i].Value))
	}
}

// noteField keeps a field if it is one of the names. The strings are kept, too.
func (x *Exchange) noteField(names []string, name, value string) {
	if slices.ContainsFunc(names, func(spelt string) bool { return record.SameField(name, spelt) }) {
		x.sent = append(x.sent, http1.NewField(name, value))
	}
}
