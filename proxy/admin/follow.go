package admin

import (
	"errors"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/pointsman/pointsman/proxy/admin/crowd"
)

// join makes the client of a request a follower of a service, or of all where service is "". ok is false when it was told why not. The
// follower must leave. A request with a body is refused: net/http reads the body before it answers, and nothing would bound that.
func (o *Options) join(w http.ResponseWriter, r *http.Request, service string) (m *follower, ok bool) {
	if hasBody(w, r) {
		return nil, false
	}
	m, err := o.Feed.join(service)
	if err == nil && !crowd.Apart(r, o.Files) {
		m.leave()
		err = errNoFiles
	}
	if err != nil {
		crowded(w, err)
		return nil, false
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // that of the request would end the waiting
	return m, true
}

// hasBody says whether a request has a body, and refuses it then.
func hasBody(w http.ResponseWriter, r *http.Request) bool {
	if r.ContentLength == 0 {
		return false
	}
	w.Header().Set("Connection", "close") // so that nobody waits for the rest of it
	problem{Status: http.StatusBadRequest, Detail: "who follows or waits sends no body"}.answer(w)
	return true
}

// crowded answers that nobody more can follow at present.
func crowded(w http.ResponseWriter, why error) {
	problem{Status: http.StatusServiceUnavailable, Detail: why.Error(), after: 5}.answer(w)
}

var errNoFiles = errors.New("no file descriptor can be spared for another follower")

// accepts says whether a client names a media type among those that it wants (RFC 9110, section 12.5.1).
func accepts(r *http.Request, mediaType string) bool {
	for _, field := range r.Header.Values("Accept") {
		for one := range strings.SplitSeq(field, ",") {
			kind, parameters, err := mime.ParseMediaType(one)
			if err == nil && kind == mediaType && strings.Trim(parameters["q"], "0.") != "" == (parameters["q"] != "") {
				return true
			}
		}
	}
	return false
}
