package reactor

import "runtime"

// ReserveProcs says how many loops there are to be, 0 meaning one for each core that Go may use, and raises GOMAXPROCS by as many. Each
// loop that was busy a moment ago keeps a P of the scheduler while it waits: without others in their place, TLS, HTTP/2 and the
// collector would have to wait for the loops' next events, or share what is left. To be called once in a process, before the loops start.
func ReserveProcs(loops int) int {
	cores := runtime.GOMAXPROCS(0)
	if loops <= 0 {
		loops = cores
	}
	runtime.GOMAXPROCS(cores + loops)
	return loops
}
