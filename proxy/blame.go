package proxy

import (
	"errors"
	"io"

	"github.com/pointsman/pointsman/proxy/http1"
)

// Blame says, before Failed, what was wrong with an answer: see reasonOf.
func (x *Exchange) Blame(err error) { x.blame = err }

// ErrInvalidResponse is what is wrong where Hear says ResponseInvalid.
var ErrInvalidResponse = &http1.Error{Status: 502, Text: "unexpected 101 response, or too many 1xx responses"}

// reasonOf is what an instance did wrong, for people and as a metric's label: one of a fixed set, which holds nothing that the instance
// sent. It is "" for what is no fault of an instance.
func reasonOf(f Failure, why error) string {
	var malformed *http1.Error
	switch f {
	case FailedSent:
		return "the connection was closed before a response"
	case FailedReset:
		return "the connection was reset before a response"
	case FailedUnprompted:
		return "bytes before a request: no HTTP server"
	case FailedSilent:
		return "no response in time"
	case FailedAnswer:
		switch {
		case errors.As(why, &malformed):
			return malformed.Text
		case errors.Is(why, io.ErrShortBuffer):
			return "header too large"
		case why == nil:
			return "the connection was closed within the response header"
		}
	}
	return ""
}
