package admin

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
)

// problem is why there is no other answer (RFC 9457). It has no type of its own: the status says what it is, and Detail is for people.
type problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`

	after int // when to come back, in seconds; 0 says nothing about that
}

// Error is the detail.
func (p problem) Error() string { return p.Detail }

func (p problem) answer(w http.ResponseWriter) {
	p.Title, p.Detail = http.StatusText(p.Status), clip(p.Detail)
	text, _ := json.Marshal(p) // texts and a number
	w.Header().Set("Content-Type", "application/problem+json")
	if p.after > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(p.after))
	}
	w.WriteHeader(p.Status)
	_, _ = w.Write(append(text, '\n')) // the client may be gone
}

// problemOf is an error as a problem.
func problemOf(err error) problem {
	var p problem
	if errors.As(err, &p) {
		return p
	}
	return problem{Status: http.StatusInternalServerError, Detail: err.Error()}
}

// notAllowed answers other methods than those that a path has (RFC 9110, section 15.5.6).
func notAllowed(methods ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", strings.Join(methods, ", "))
		problem{Status: http.StatusMethodNotAllowed, Detail: r.URL.Path + " takes " + strings.Join(methods, " and ")}.answer(w)
	}
}

func notFound(w http.ResponseWriter, r *http.Request) {
	problem{Status: http.StatusNotFound, Detail: "there is no " + r.URL.Path + "; /api/openapi.json tells what there is"}.answer(w)
}
