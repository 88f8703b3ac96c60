package admin

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/pointsman/pointsman/proxy/routing"
)

// Discovery serves GET /services/{name} and nothing else: a service with its containers, as Alibaba Cloud's container service told them to
// who showed a client certificate. Where guarded, it refuses a Host that a page from elsewhere could have made a browser send; a name that
// TLS has verified needs no such guard.
func Discovery(o Options, guarded bool) http.Handler {
	o.documents = newDocuments()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /services/{name}", o.project)
	mux.HandleFunc("/services/{name}", notAllowed(http.MethodGet, http.MethodHead))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		problem{Status: http.StatusNotFound, Detail: "there is /services/NAME, and nothing else"}.answer(w)
	})
	h := o.admitted(bounded(mux))
	if guarded {
		h = hostGuard(o.Hosts, h)
	}
	return h
}

// admitted lets in whose certificate is still accepted.
func (o *Options) admitted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if o.admits(r) != nil {
			problem{Status: http.StatusForbidden, Detail: "the client certificate is not accepted any more"}.answer(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// admits says why a client is not let in any more, or nil.
func (o *Options) admits(r *http.Request) error {
	switch {
	case o.Admits == nil:
		return nil
	case r.TLS == nil:
		return errors.New("no TLS")
	}
	return o.Admits(r.TLS.PeerCertificates)
}

// project answers /services/{name} with the service as it is, or, with ?watch=true or where a stream of events is accepted, with that and
// with each change until the client goes.
func (o *Options) project(w http.ResponseWriter, r *http.Request) {
	form, err := formOf(r)
	if err != nil {
		problemOf(err).answer(w)
		return
	}
	name := r.PathValue("name")
	if form == nil {
		o.page(w, r, "", func(t *routing.Table) (any, error) { return findContainers(t, name) })
		return
	}
	if o.Feed == nil {
		problem{Status: http.StatusNotImplemented, Detail: "changes are not told here"}.answer(w)
		return
	}
	o.watch(w, r, name, form)
}

// maxName bounds the names that are looked for: Compose's are made of two, of 255 bytes at most each in the catalogue of Consul.
const maxName = 511

// findContainers is viewContainers that says why there is nothing to be seen.
func findContainers(t *routing.Table, name string) (containersView, error) {
	if t == nil {
		return containersView{}, problem{Status: http.StatusServiceUnavailable, Detail: "not ready: no complete view of the catalogue yet", after: 1}
	}
	if len(name) <= maxName {
		if v, found := viewContainers(t, name); found {
			return v, nil
		}
	}
	return containersView{}, problem{Status: http.StatusNotFound, Detail: "the table has no service " + strconv.QuoteToASCII(clip(name)) +
		", and none that Compose calls so (PROJECT_SERVICE)"}
}
