// Package admin shows how the proxy does: health, metrics, and a JSON API of what the catalogue says and what the table makes of it.
//
// It serves two addresses. The status address has health and metrics only, for load balancers and Prometheus. The admin address has
// everything, and is meant for people on the same host. Both have bounds of their own, so that nobody who asks here takes anything from
// the traffic. The types of the JSON are admin's own: the table exposes plain values.
package admin

import (
	"crypto/x509"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/repeat"
	"github.com/pointsman/pointsman/proxy/admin/crowd"
	"github.com/pointsman/pointsman/proxy/admin/live"
	"github.com/pointsman/pointsman/proxy/certs"
	"github.com/pointsman/pointsman/proxy/history"
	"github.com/pointsman/pointsman/proxy/record"
	"github.com/pointsman/pointsman/proxy/routing"
)

// Options says where the answers come from. Each func is called from request goroutines; without it its pages do not exist.
type Options struct {
	// Ready says whether traffic should be sent here, and if not, why, in a few words.
	Ready func() (ok bool, why string)
	// Gatherer feeds /metrics.
	Gatherer prometheus.Gatherer
	// Ages tells how old each service's last answer from the catalogue is.
	Ages func() map[string]time.Duration
	// Table is the present table, nil before the first.
	Table func() *routing.Table
	// Ejections are the last ones, the latest first.
	Ejections func() []record.Ejection
	// History remembers the last tables; it must run. Nil: nothing is known of them.
	History *history.History
	// Decisions are the last ones about instances whose removal was in doubt, the latest first.
	Decisions func() []discovery.Decision
	// Certificates are those that there are, and those that are wanted.
	Certificates func() []certs.Status
	// Topic is a page of the documentation by its name, as plain text, for /help/NAME; of "" it is a list of them.
	Topic func(name string) (text string, found bool)
	// Drains are those that are in effect; err is why this proxy can't take part in them.
	Drains func() (list []DrainView, err error)
	// Notices are what happened, for people.
	Notices *Notices
	// Token is what a client has to show that asks for an action, 16 characters or more. Without it there are no actions.
	Token func() string
	// Actions are what may be asked for then, by their names, which are words of a path.
	Actions map[string]Action
	// Log gets a line for each action; the zero value writes nothing.
	Log zerolog.Logger
	// Feed tells followers of changes; it must run. Nil: nothing can be followed or waited for.
	Feed *Feed
	// Live tells what happens right now; it must run. Nil: nobody can look.
	Live *live.Sampler
	// Files counts the descriptors of followers; nil counts none.
	Files crowd.Files
	// Admits says why who showed these certificates in the handshake is not let in any more, or nil. Without it all are.
	Admits func(shown []*x509.Certificate) error
	// Hosts are the host names, in lower case, that the admin address answers to besides loopback names and IP literals.
	Hosts []string

	documents *documents
	acting    chan struct{}         // has as many as are being carried out
	intruders *repeat.Lines[string] // actions asked for without the token, as logged now and then
	refusals  *repeat.Lines[string] // and those that were refused for another reason
}

// Status serves /healthz, /readyz and /metrics.
func Status(o Options) http.Handler {
	mux := http.NewServeMux()
	o.status(mux)
	return bounded(mux)
}

// Admin serves what Status does, and /api. It refuses a Host that a page from elsewhere could have made a browser send
// (DNS rebinding), and any write that a browser sends for another site.
func Admin(o Options) http.Handler {
	o.documents, o.acting, o.intruders, o.refusals = newDocuments(), make(chan struct{}, mostActing), new(repeat.Lines[string]), new(repeat.Lines[string])
	mux := http.NewServeMux()
	o.status(mux)
	for _, x := range o.operations() {
		mux.HandleFunc(x.method+" "+x.path, x.answer)
		if x.method == http.MethodGet {
			mux.HandleFunc(x.path, notAllowed(http.MethodGet, http.MethodHead))
		} else {
			mux.HandleFunc(x.path, notAllowed(x.method))
		}
	}
	if o.Topic != nil {
		mux.HandleFunc("GET /help/{topic}", o.help)
		mux.HandleFunc("GET /help/{$}", o.help)
	}
	if o.Table != nil {
		dashboard(mux)
	}
	mux.HandleFunc("/api/", notFound)
	mux.HandleFunc("/services/", notFound)
	sameSite := http.NewCrossOriginProtection()
	sameSite.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		problem{Status: http.StatusForbidden, Detail: "a page of another site must not write here"}.answer(w)
	}))
	return hostGuard(o.Hosts, sameSite.Handler(bounded(mux)))
}

// operation is what the API answers to one method of one path; openapi.json describes each.
type operation struct {
	method, path string
	answer       http.HandlerFunc
}

// operations are those that there is something to answer with.
func (o *Options) operations() []operation {
	list := []operation{{http.MethodGet, "/api/openapi.json", openAPI}}
	get := func(path string, answer http.HandlerFunc) {
		list = append(list, operation{http.MethodGet, path, answer})
	}
	if o.Table != nil {
		get("/api/services", o.streamed(kindsServices, o.services))
		get("/api/services/{name}", o.streamed(kindsServices, o.service))
		get("/api/routes", o.streamed(kindsRoutes, o.routes))
		get("/api/status", o.summary)
		get("/api/upstreams", o.upstreams)
		get("/api/explain", o.explain)
		get("/services/{name}", o.project)
	}
	if o.Feed != nil {
		get("/api/events", o.events)
	}
	if o.History != nil {
		get("/api/history", o.history)
	}
	if o.Live != nil {
		get("/api/live", o.look)
	}
	if o.Ejections != nil {
		get("/api/ejections", o.ejections)
	}
	if o.Decisions != nil {
		get("/api/removals", o.removals)
	}
	if o.Certificates != nil {
		get("/api/certificates", o.certificates)
	}
	if o.Drains != nil {
		get("/api/drains", o.drains)
	}
	if o.Notices != nil {
		get("/api/notices", o.notices)
	}
	if o.Token != nil {
		get("/api/actions", o.listActions)
		for name, do := range o.Actions {
			list = append(list, operation{http.MethodPost, actionPath + name, o.act(name, do)})
		}
	}
	return list
}

func (o *Options) status(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", o.readiness)
	if o.Gatherer != nil {
		mux.Handle("GET /metrics", metricsHandler(o.Gatherer))
	}
}

func (o *Options) readiness(w http.ResponseWriter, _ *http.Request) {
	if o.Ready == nil {
		plain(w, http.StatusOK, "ready")
		return
	}
	ok, why := o.Ready()
	if ok {
		plain(w, http.StatusOK, "ready")
		return
	}
	w.Header().Set("Retry-After", "1")
	plain(w, http.StatusServiceUnavailable, "not ready: "+why)
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n")) // the client may be gone; there is nobody to tell
}

// maxBody bounds what a client may send; the longest sensible body is a service name and a number.
const maxBody = 4 << 10

// bounded adds what every answer needs, and bounds every request.
func bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}
