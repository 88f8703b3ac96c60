package admin

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointsman/pointsman/proxy/certs"
)

// certificateCollector tells when certificates expire, those of files and those that were ordered.
type certificateCollector struct {
	list    func() []certs.Status
	expires *prometheus.Desc
}

// maxCertificates bounds how many a scrape tells of.
const maxCertificates = 10000

// NewCertificateCollector makes a gauge of each certificate that list has, by the first of its names.
func NewCertificateCollector(list func() []certs.Status) prometheus.Collector {
	return &certificateCollector{list: list, expires: prometheus.NewDesc("pointsman_certificate_expires_timestamp_seconds",
		"When a certificate in use expires, by its first name and where it comes from.", []string{"name", "source"}, nil)}
}

// Describe implements prometheus.Collector.
func (c *certificateCollector) Describe(out chan<- *prometheus.Desc) { out <- c.expires }

// Collect implements prometheus.Collector.
func (c *certificateCollector) Collect(out chan<- prometheus.Metric) {
	type key struct{ name, source string }
	soonest := map[key]certs.Status{} // of several with the same name, the one that expires first is to be seen
	for _, s := range c.list() {
		if s.NotAfter.IsZero() || len(soonest) >= maxCertificates {
			continue
		}
		k := key{source: clip(s.Source)}
		if len(s.Names) > 0 {
			k.name = clip(s.Names[0])
		}
		if before, known := soonest[k]; !known || s.NotAfter.Before(before.NotAfter) {
			soonest[k] = s
		}
	}
	for k, s := range soonest {
		out <- prometheus.MustNewConstMetric(c.expires, prometheus.GaugeValue, float64(s.NotAfter.Unix()), k.name, k.source)
	}
}
