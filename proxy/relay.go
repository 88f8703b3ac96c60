package proxy

import (
	"strconv"
	"time"

	"github.com/pointsman/pointsman/proxy/filter"
	"github.com/pointsman/pointsman/proxy/http1"
)

// AppendContinue appends the 100 that the client waits for before it sends its body, once.
func (x *Exchange) AppendContinue(dst []byte) []byte {
	if !x.Request.Continue || x.continued {
		return dst
	}
	x.continued = true
	return append(dst, "HTTP/1.1 100 Continue\r\n\r\n"...)
}

// AppendInterim appends a 1xx answer for an HTTP/1.1 client; others know none.
func (x *Exchange) AppendInterim(dst []byte, ans *http1.Response) []byte {
	switch {
	case ans.Status == 100:
		return x.AppendContinue(dst)
	case x.Request.Minor == 0:
		return dst
	}
	dst = http1.AppendStatusLine(dst, ans.Status, ans.Reason)
	filters := x.filters()
	for i := range ans.Fields {
		if f := &ans.Fields[i]; toClient(f.Known(), f.Name, &ans.Connection, false) && (filters == nil || !filters.DropsAnswer(f.Name)) {
			dst = http1.AppendField(dst, *f)
		}
	}
	return append(dst, "\r\n"...)
}

// AnswerFraming is how an answer's body goes to the client: as it came, but chunked where only the end of the instance's connection
// tells, and until the end of the client's where the client is too old for chunks.
func (x *Exchange) AnswerFraming(ans *http1.Response) http1.Framing {
	f := ans.Framing
	if f.Kind == http1.Chunked || f.Kind == http1.UntilClose {
		f = http1.Framing{Kind: http1.Chunked}
		if x.Request.Minor == 0 {
			f.Kind = http1.UntilClose
		}
	}
	return f
}

// announced is what the head of a final answer says of its body, over every version of HTTP. It follows from what was concluded about the
// body and from no field: a Content-Length that a coding overrides is removed (RFC 9112 section 6.3). An answer without a body
// keeps the length that it would have with GET; 204 must not have one (RFC 9110 section 8.6).
func (x *Exchange) announced(ans *http1.Response) http1.Framing {
	f := x.AnswerFraming(ans)
	if f.Kind == http1.None && ans.ContentLength >= 0 && ans.Status != 204 {
		return http1.Framing{Kind: http1.Sized, Length: ans.ContentLength}
	}
	return f
}

// AppendAnswer appends the whole head of an instance's answer for an HTTP/1 client. close says that the connection ends after it;
// where the framing needs that it is so anyway, and CloseAfter says so from now on. The body goes out as AnswerFraming says.
func (x *Exchange) AppendAnswer(dst []byte, ans *http1.Response, close bool, now time.Time) []byte {
	begin := len(dst)
	dst = http1.AppendStatusLine(dst, ans.Status, ans.Reason)
	dated, filters := false, x.filters()
	for i := range ans.Fields {
		f := &ans.Fields[i]
		k := f.Known()
		if !toClient(k, f.Name, &ans.Connection, ans.Status == switching) || filters != nil && filters.DropsAnswer(f.Name) {
			continue
		}
		dated = dated || k == http1.Date
		value := f.Value
		if k == http1.Location {
			value = x.clientLocation(value)
		}
		dst = append(append(dst, f.Name...), ": "...)
		dst = append(append(dst, value...), "\r\n"...)
	}
	if filters != nil {
		dst = x.appendAnswerFilters(dst)
	}
	if x.newCookie() {
		dst = append(x.appendCookie(append(dst, "Set-Cookie: "...)), "\r\n"...)
	}
	if ans.Status == switching {
		dst = append(dst, "Connection: Upgrade\r\n\r\n"...)
		x.noteHead(dst[begin:])
		return dst
	}
	if !dated { // RFC 9110 section 6.6.1
		dst = append(x.scope.appendDate(append(dst, "Date: "...), now), "\r\n"...)
	}
	framing := x.announced(ans)
	close = close || framing.Kind == http1.UntilClose
	dst = http1.AppendFraming(dst, framing)
	if framing.Kind == http1.Chunked && ans.Framing.Kind == http1.Chunked {
		dst = appendTrailerNames(dst, ans.Fields)
	}
	dst = append(x.appendConnection(dst, close), "\r\n"...)
	x.noteHead(dst[begin:])
	return dst
}

// appendConnection tells the client whether its connection lives on, where that is not what it takes for granted.
func (x *Exchange) appendConnection(dst []byte, close bool) []byte {
	switch {
	case close:
		x.Ending = true
		return append(dst, "Connection: close\r\n"...)
	case x.Request.Minor == 0:
		return append(dst, "Connection: keep-alive\r\n"...)
	}
	return dst
}

// AnswerFields appends the fields of an instance's answer, final or interim, for an HTTP/2 client, Content-Length included, trailers'
// names not.
func (x *Exchange) AnswerFields(dst []Field, ans *http1.Response) []Field {
	filters := x.filters()
	for i := range ans.Fields {
		f := &ans.Fields[i]
		k := f.Known()
		if !toClient(k, f.Name, &ans.Connection, false) || filters != nil && filters.DropsAnswer(f.Name) {
			continue
		}
		dst = append(dst, *f)
		if k == http1.Location {
			dst[len(dst)-1].Value = x.clientLocation(f.Value)
		}
	}
	if ans.Status < 200 { // has no length
		return dst
	}
	dst = x.answerFilters(dst)
	if x.newCookie() {
		dst = append(dst, http1.NewField("Set-Cookie", string(x.appendCookie(nil))))
	}
	if f := x.announced(ans); f.Kind == http1.Sized {
		dst = append(dst, http1.NewField("Content-Length", strconv.FormatInt(f.Length, 10)))
	}
	x.noteFields(dst)
	return dst
}

// AppendTrailers appends those of a body's trailers that may go on. What changes drop in a head does not come in behind it.
func AppendTrailers(dst, in []Field, changes *filter.Changes) []Field {
	for i := range in {
		if !changes.Drops(in[i].Name) && AllowedTrailer(in[i].Name) && http1.ValidValue(in[i].Value) {
			dst = append(dst, in[i])
		}
	}
	return dst
}
