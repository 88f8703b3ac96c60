package dialect

// Compress is how responses are compressed. The zero value does not.
type Compress struct{}
