package dialect

// Log is what is logged of a request. The zero value leaves it to the process.
type Log struct{}
