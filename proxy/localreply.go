package proxy

import (
	"strconv"
	"time"

	"github.com/pointsman/pointsman/proxy/http1"
)

// allowedMethods is what a 405 must name (RFC 9110 section 15.5.6): everything but CONNECT is the services' affair.
const allowedMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE"

// AppendLocalReply appends a local reply whole, body included (none to HEAD). close says that the connection ends after it; where the
// outcome needs that it is so anyway, and CloseAfter says so from now on.
func (x *Exchange) AppendLocalReply(dst []byte, close bool, now time.Time) []byte {
	var room [MaxProblem]byte
	body, begin := x.appendLocalReplyBody(room[:0]), len(dst)
	dst = http1.AppendStatusLine(dst, x.Status, x.Outcome.reason(x.Status))
	dst = append(x.scope.appendDate(append(dst, "Date: "...), now), "\r\n"...)
	var list [ownFields]Field
	for _, f := range x.localReplyFields(list[:0]) {
		dst = http1.AppendField(dst, f)
	}
	if x.localReplyHasBody() {
		dst = append(strconv.AppendInt(append(dst, "Content-Length: "...), int64(len(body)), 10), "\r\n"...)
	}
	dst = x.appendConnection(dst, close || x.CloseAfter())
	dst = append(dst, "\r\n"...)
	x.noteHead(dst[begin:])
	if x.Request.Method == "HEAD" {
		return dst
	}
	x.Bytes = int64(len(body))
	return append(dst, body...)
}

// LocalReply is a local reply for an HTTP/2 client: its fields, Content-Length included, and its body, which is not sent to HEAD.
func (x *Exchange) LocalReply() (fields []Field, body []byte) {
	fields, body = x.localReplyFields(nil), x.appendLocalReplyBody(nil)
	if x.localReplyHasBody() {
		fields = append(fields, http1.NewField("Content-Length", strconv.Itoa(len(body))))
	}
	x.noteFields(fields)
	return fields, body
}

// localReplyHasBody says whether a local reply has a body, be it empty, and so a length: a 204 must have none (RFC 9110 section 8.6).
func (x *Exchange) localReplyHasBody() bool { return x.Status != 204 }

// ownFields is how many fields localReplyFields appends where no filter has more.
const ownFields = 5

// localReplyFields appends the fields of a local reply but for Date, framing and Connection.
func (x *Exchange) localReplyFields(dst []Field) []Field {
	if x.Outcome == OutcomePreflight {
		return x.appendHSTS(x.filters().CORS.AppendPreflight(dst, x.Request.Fields))
	}
	return x.answerFilters(x.ownFields(dst))
}

// ownFields is localReplyFields without those of the route's filters.
func (x *Exchange) ownFields(dst []Field) []Field {
	switch x.Outcome {
	case OutcomeChallenge:
		return append(dst, http1.NewField("Content-Type", "application/octet-stream"), http1.NewField("Cache-Control", "no-store"))
	case OutcomeResponded:
		if x.detail == "" {
			return dst
		}
		return append(dst, http1.NewField("Content-Type", "text/plain; charset=utf-8"), http1.NewField("X-Content-Type-Options", "nosniff"))
	case OutcomeRedirected:
		return append(dst, http1.NewField("Location", x.location))
	case OutcomeAuthRefused:
		return append(dst, x.filtered.answer.Fields...)
	case OutcomeRateLimited:
		dst = append(dst, http1.NewField("Retry-After", seconds(x.filtered.wait)))
	case OutcomeUnauthorized:
		for _, c := range x.filtered.challenges {
			dst = append(dst, http1.NewField("WWW-Authenticate", c))
		}
	}
	if x.Outcome.Retry() && x.Status == x.Outcome.Status() {
		dst = append(dst, http1.NewField("Retry-After", RetryAfter))
	}
	if x.Outcome == OutcomeBadMethod {
		dst = append(dst, http1.NewField("Allow", allowedMethods))
	}
	if x.Outcome == OutcomeReadOnly {
		dst = append(dst, http1.NewField("Allow", "GET, HEAD"))
	}
	return append(dst, http1.NewField("Content-Type", problemType(x.wantsPage())), http1.NewField("X-Content-Type-Options", "nosniff"),
		http1.NewField("Cache-Control", "no-store"))
}

// appendLocalReplyBody appends the body of a local reply, at most MaxProblem bytes but for what a server said that was asked about the request.
func (x *Exchange) appendLocalReplyBody(dst []byte) []byte {
	switch x.Outcome {
	case OutcomeRedirected, OutcomePreflight:
		return dst
	case OutcomeAuthRefused:
		return append(dst, x.filtered.answer.Body...)
	case OutcomeResponded, OutcomeChallenge:
		return append(dst, x.detail...)
	}
	return x.Outcome.appendProblem(dst, x.Status, x.wantsPage(), x.detail, x.Origin.ID)
}

// wantsPage says whether the client prefers a page to JSON.
func (x *Exchange) wantsPage() bool {
	for i := range x.Request.Fields {
		if f := &x.Request.Fields[i]; f.Known() == http1.Accept {
			return prefersHTML(f.Value)
		}
	}
	return false
}
