package dialect

// Tries is how often and how long a request is tried. The zero value leaves it to the process.
type Tries struct{}
