package dialect

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Tries is how often and how long a request is tried, and what follows where no instance answers it well. The zero value leaves it to the
// process.
type Tries struct {
	// Connect, Answer and Progress are how long a connect, the head of a response, and a body that stands still may take; 0 was not written.
	Connect, Answer, Progress time.Duration
	// Next says when a request is sent to another instance; Most is how many attempts there may be in all, 0 was not written.
	Next Next
	Most int
	// Failover is the datacenter whose instances of the rule's own services serve where those of this one can't, before Fallback; "" is none.
	Failover string
	// Fallback are services whose instances serve, in this order, where those before them can't.
	Fallback []ServiceName
	// On says what takes the place of responses that are errors; Intercept that those of instances count, and not only the proxy's own.
	On        []On
	Intercept bool
}

// On is what takes the place of an error: exactly one of Status, Redirect, Service, Page and Respond is set.
type On struct {
	// Statuses are those that count; None that no instance can take the request.
	Statuses []int
	None     bool

	Status   int
	Redirect *Redirect
	Service  ServiceName
	// Page is the path of a file on the proxy's disk, which is sent with the error's own status; with a slash at its end that of a folder with
	// a page for each status, such as 502.html.
	Page string
	// Respond is an answer with a status and a text of its own.
	Respond *Respond
}

// PageFor is the path of the page for a status; "" where no page takes the error's place.
func (o *On) PageFor(status int) string {
	if strings.HasSuffix(o.Page, "/") {
		return o.Page + strconv.Itoa(status) + ".html"
	}
	return o.Page
}

// PagePrefix is what tells a page, RespondPrefix an answer.
const (
	PagePrefix    = "page:"
	RespondPrefix = "respond:"
)

// Takes says whether it is about a status, and about no usable instance.
func (o *On) Takes(status int, none bool) bool {
	return none && o.None || slices.Contains(o.Statuses, status)
}

// String is the form that on= reads.
func (o On) String() string {
	var b strings.Builder
	for _, s := range o.Statuses {
		b.WriteString(strconv.Itoa(s) + ",")
	}
	if o.None {
		b.WriteString("none,")
	}
	text := strings.TrimSuffix(b.String(), ",") + ":"
	switch {
	case o.Service.Name != "":
		return text + ServicePrefix + o.Service.String()
	case o.Page != "":
		return text + PagePrefix + o.Page
	case o.Respond != nil:
		return text + RespondPrefix + o.Respond.String()
	case o.Redirect != nil:
		return text + o.Redirect.URL
	}
	return text + strconv.Itoa(o.Status)
}

// named are the services of the catalogue that serve where others can't.
func (r *Rule) named() []ServiceName {
	names := slices.Clone(r.Policy.Tries.Fallback)
	for i := range r.Policy.Tries.On {
		if s := r.Policy.Tries.On[i].Service; s.Name != "" {
			names = append(names, s)
		}
	}
	return names
}
