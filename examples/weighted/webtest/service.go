package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// maxBreak bounds action=break, so that a typing error does not last.
const maxBreak = 10 * time.Minute

// service is the state behind the answers.
type service struct {
	name   string
	log    io.Writer
	broken atomic.Int64 // until when get_uuid fails, in unix nanoseconds
}

func newService(name string) http.Handler {
	s := &service{name: name, log: os.Stdout}
	mux := http.NewServeMux()
	mux.HandleFunc("/webtest", s.answer)
	return mux
}

// answer handles a request, and logs it.
func (s *service) answer(w http.ResponseWriter, r *http.Request) {
	begun := time.Now()
	h := w.Header()
	h.Set("X-Served-By", s.name)
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "Content-Type, X-Requested-With")
	status := s.act(w, r, begun)
	fmt.Fprintf(s.log, "[I %s %s] %d %s %s (%s) %.2fms\n", begun.Format("060102 15:04:05"), s.name, status, r.Method, r.RequestURI, r.RemoteAddr,
		float64(time.Since(begun).Microseconds())/1000)
}

// act does what the request asks for, and returns the answer's status.
func (s *service) act(w http.ResponseWriter, r *http.Request, begun time.Time) int {
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return http.StatusNoContent
	}
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	switch r.FormValue("action") {
	case "get_uuid":
		if time.Now().UnixNano() < s.broken.Load() {
			return s.fail(w, http.StatusServiceUnavailable, s.name+" is broken")
		}
		return s.send(w, http.StatusOK, fmt.Sprintf(`{"IsSuccess": true, "Data": %q, "RequestTime": %q, "ResponseTime": %q}`, uuid(), stamp(begun), stamp(time.Now())))
	case "get_text":
		return text(w, r.FormValue("type"))
	case "fail":
		return s.fail(w, http.StatusInternalServerError, s.name+" fails")
	case "break":
		d, err := time.ParseDuration(r.FormValue("for"))
		if err != nil || d < 0 || d > maxBreak {
			return s.fail(w, http.StatusBadRequest, fmt.Sprintf("for is a time of at most %s, such as 20s", maxBreak))
		}
		s.broken.Store(time.Now().Add(d).UnixNano())
		return s.send(w, http.StatusOK, `{"IsSuccess": true}`)
	}
	return s.fail(w, http.StatusOK, "action not found")
}

func (s *service) fail(w http.ResponseWriter, status int, message string) int {
	quoted, _ := json.Marshal(message) // a string always can be
	return s.send(w, status, `{"IsSuccess": false, "Message": `+string(quoted)+`}`)
}

func (s *service) send(w http.ResponseWriter, status int, body string) int {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body+"\n") // a client that has gone needs no answer
	return status
}

// text is long enough to be worth compressing.
func text(w http.ResponseWriter, kind string) int {
	if _, _, err := mime.ParseMediaType(kind); err != nil {
		kind = "text/plain"
	}
	w.Header().Set("Content-Type", kind)
	_, _ = io.WriteString(w, strings.Repeat("All work and no play makes Jack a dull boy.\n", 93))
	return http.StatusOK
}

func stamp(t time.Time) string { return t.Format("2006-01-02 15:04:05.000") }

// uuid is a random one (RFC 9562, version 4).
func uuid() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
