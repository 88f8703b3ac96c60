package dialect

// Health is how instances are found healthy and ejected. The zero value leaves it to the process.
type Health struct{}
