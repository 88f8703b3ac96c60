package admin

import (
	"bytes"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// mostGathering is how many pages of metrics are made at the same time: for two Prometheus servers and a person. More have to wait.
const mostGathering = 3

// metricsHandler serves what a Gatherer has. A page is made as a whole before it is sent: who does not read it keeps nobody from
// having one made.
func metricsHandler(g prometheus.Gatherer) http.Handler {
	gathering := make(chan struct{}, mostGathering)
	pages := promhttp.HandlerFor(g, promhttp.HandlerOpts{})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case gathering <- struct{}{}:
		case <-r.Context().Done():
			return
		}
		p := kept{header: w.Header(), status: http.StatusOK}
		pages.ServeHTTP(&p, r)
		<-gathering
		w.WriteHeader(p.status)
		_, _ = w.Write(p.Bytes()) // the client may be gone; nobody else wants to know
	})
}

// kept is an answer before it is sent.
type kept struct {
	bytes.Buffer
	header http.Header
	status int
}

func (p *kept) Header() http.Header    { return p.header }
func (p *kept) WriteHeader(status int) { p.status = status }
