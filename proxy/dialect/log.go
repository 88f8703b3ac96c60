package dialect

// Log is what is logged of a request. The zero value leaves it to the process.
type Log struct {
	// Off keeps the route's requests out of the access log.
	Off bool
}
