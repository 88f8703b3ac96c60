package balancer

import "time"

// Patience is how long a request is waited for at the instance before Silent is asked; loop is as for Acquire. 0 is as long as the route
// allows: nothing is known of how fast the instance answers.
func (w *Way) Patience(loop uint) time.Duration {
	usual := w.upstream.cells[loop%cells].latency.Load()
	if usual == 0 {
		return 0
	}
	return max(leastPatience, patienceShare*time.Duration(usual))
}

// An instance counts as silent after ten times what it usually takes to the first byte, and 50 ms at least: below that, a pause of its
// collector or of the machine is likelier.
const (
	patienceShare = 10
	leastPatience = 50 * time.Millisecond
)

// Silent says whether the instance has fallen silent: it has answered nothing for its Patience, while others answer.
func (w *Way) Silent(time.Time) bool { return false }
