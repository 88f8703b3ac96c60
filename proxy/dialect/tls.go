package dialect

// TLS is what a route asks of the TLS between clients and the proxy. The zero value asks for nothing.
type TLS struct {
	// Redirect sends requests in plain text to the same place over HTTPS.
	Redirect bool
}
