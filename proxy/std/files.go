package std

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/files"
	"github.com/pointsman/pointsman/proxy/http1"
)

// serveFile answers with a file: ActionReply where there is none. Conditions and ranges are net/http's to judge (RFC 9110 sections 13 and 14).
// From the head on what goes wrong must be seen as a cut.
func (e *exchange) serveFile() proxy.Action {
	f, do := e.x.OpenFile()
	if f == nil {
		return do
	}
	defer f.Close()
	if e.upload != nil {
		e.upload.stop()
	}
	w := &fileResponse{exchange: e, header: fileHeader(f), size: f.Size}
	r := &http.Request{Method: e.request.Method, Header: http.Header{}}
	for _, field := range e.request.Fields {
		switch name := http.CanonicalHeaderKey(field.Name); name {
		case "Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since":
			r.Header.Add(name, field.Value)
		}
	}
	e.begun = true
	http.ServeContent(w, r, "", f.Modified, f)
	err := w.err
	if err == nil && w.left > 0 {
		err = io.ErrUnexpectedEOF // the file was cut short meanwhile
	}
	if err == nil {
		err = e.response.finish(nil)
	}
	if err != nil {
		e.server.log.Debug().Err(err).Str("route", e.x.Route.Name).Msg("the response was cut short")
		e.client.cut()
	}
	return proxy.ActionContinue
}

// sendPage gives a local reply whose text is a page of the operator's.
func (e *exchange) sendPage(p *files.Page) error {
	ans := &e.answer
	*ans = http1.Response{Status: e.x.Status, Minor: 1, Reason: http.StatusText(e.x.Status), Fields: e.x.PageFields(ans.Fields[:0], p), ContentLength: int64(len(p.Body))}
	if e.request.Method != http.MethodHead {
		ans.Framing = http1.Framing{Kind: http1.Sized, Length: ans.ContentLength}
	}
	err := e.response.head(ans)
	if err == nil && !ans.Framing.Empty() {
		e.x.Bytes = ans.ContentLength
		err = e.response.write(p.Body)
	}
	if err == nil {
		err = e.response.finish(nil)
	}
	return err
}

// fileHeader is what is told of a file, but for what ServeContent adds.
func fileHeader(f *files.File) http.Header {
	h := http.Header{"Content-Type": {f.Type}, "Etag": {f.Tag}}
	for name, value := range map[string]string{"Content-Encoding": f.Coding, "Cache-Control": f.CacheControl} {
		if value != "" {
			h.Set(name, value)
		}
	}
	if f.Varies {
		h.Set("Vary", "Accept-Encoding")
	}
	return h
}

// fileResponse is an http.ResponseWriter in front of a responseWriter.
type fileResponse struct {
	exchange *exchange
	header   http.Header
	size     int64 // of the file
	left     int64 // of the body
	err      error
}

// Header is http.ResponseWriter's.
func (w *fileResponse) Header() http.Header { return w.header }

// WriteHeader is http.ResponseWriter's. ServeContent calls it once.
func (w *fileResponse) WriteHeader(status int) {
	e := w.exchange
	ans := &e.answer
	*ans = http1.Response{Status: status, Minor: 1, Reason: http.StatusText(status), Fields: ans.Fields[:0], ContentLength: w.length(status)}
	for _, name := range sortedNames(w.header) {
		for _, value := range w.header[name] {
			ans.Fields = append(ans.Fields, http1.NewField(name, value))
		}
	}
	switch {
	case status == http.StatusNotModified || e.request.Method == http.MethodHead:
	case ans.ContentLength < 0:
		ans.Framing = http1.Framing{Kind: http1.UntilClose} // towards the client its end is told as proxy.Exchange.AnswerFraming says
	default:
		ans.Framing = http1.Framing{Kind: http1.Sized, Length: ans.ContentLength}
		w.left = ans.ContentLength
	}
	e.x.Status = status
	e.x.BeforeAnswer(e.server.listen.Draining(), false)
	e.compress()
	w.err = e.response.head(ans)
}

// length is the body's, as GET would have it; -1 where that is not said.
func (w *fileResponse) length(status int) int64 {
	n, err := strconv.ParseInt(w.header.Get("Content-Length"), 10, 64)
	switch {
	case err == nil:
		return n
	case status == http.StatusOK: // ServeContent leaves it out beside a coding
		return w.size
	}
	return -1
}

// Write is http.ResponseWriter's.
func (w *fileResponse) Write(p []byte) (int, error) {
	if w.exchange.request.Method == http.MethodHead { // http.ServeContent says in words why it refuses a range, whatever the method
		return len(p), nil
	}
	if w.err == nil {
		w.err = w.exchange.response.write(p)
	}
	if w.err != nil {
		return 0, w.err
	}
	w.left = max(0, w.left-int64(len(p)))
	if w.exchange.compressed == nil {
		w.exchange.x.Bytes += int64(len(p))
	}
	return len(p), nil
}

// ReadFrom is io.ReaderFrom's, with a buffer of ours.
func (w *fileResponse) ReadFrom(r io.Reader) (n int64, err error) {
	buf := takeBuffer(largeBuffer)
	defer giveBuffer(buf)
	return io.CopyBuffer(struct{ io.Writer }{w}, r, buf)
}

func sortedNames(h http.Header) []string {
	names := make([]string, 0, len(h))
	for name := range h {
		if !strings.EqualFold(name, "Content-Length") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
