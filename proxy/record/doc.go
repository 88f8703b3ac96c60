// Package record keeps what the proxy counts and logs of requests: metrics, the access log, and lines for operators.
//
// Each loop has a Recorder of its own, so that loops share nothing on the way of a request: it counts in a cell and gathers access lines
// in a queue. Metrics adds the cells up when somebody asks, AccessLog writes the queues out, and Notices, which all Recorders share,
// says which line for operators is due. The package knows neither routes nor exchanges: they hand in names and numbers.
package record
