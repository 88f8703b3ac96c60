package dialect

import "time"

// Tries is how often and how long a request is tried, and what follows where no instance answers it well. The zero value leaves it to the
// process.
type Tries struct {
	// Connect, Answer and Progress are how long a connect, the head of a response, and a body that stands still may take; 0 was not written.
	Connect, Answer, Progress time.Duration
	// Next says when a request is sent to another instance; Most is how many attempts there may be in all, 0 was not written.
	Next Next
	Most int
}
