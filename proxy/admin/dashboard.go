package admin

import (
	"net/http"

	files "github.com/pointsman/pointsman/proxy/admin/page"
)

// dashboard serves the page for people, which asks the API for all that it shows.
func dashboard(mux *http.ServeMux) {
	h := files.Handler()
	for _, path := range []string{"/{$}", files.Path} {
		mux.Handle("GET "+path, h)
		mux.HandleFunc(path, notAllowed(http.MethodGet, http.MethodHead))
	}
}
