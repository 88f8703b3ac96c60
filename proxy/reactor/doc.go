// Package reactor serves connections on Linux with one thread and no goroutine for each: a loop over epoll that knows no protocol.
//
//   - A Loop is one thread's share of the connections. It waits for events, gives each connection that is ready its turn, and then those
//     whose deadline has passed. A panic costs the connection that was having its turn, and nothing else.
//   - A Conn is a descriptor in a loop: what is known of its readiness, what was read from it and not used yet, what its socket did not
//     take yet, and its deadline. It is embedded in what its Handler keeps of the connection; nothing is allocated for an event.
//   - A Handler is what a Conn belongs to: it is told of events (Ready), of a deadline (Expire), and of a panic that it has to end (Fail).
//   - Tasks are what other goroutines leave for a loop to do. Nothing else of a loop may be touched from outside of it.
//   - A Pipe moves bytes from one connection to the other inside the kernel; Relay copies what is at hand.
//
// Sockets are edge-triggered: the kernel tells of each change once, so what an event has said stays in the Conn's State until a call has
// used it up. Whoever stops before that, as others want their turn too, asks for another one with Requeue.
package reactor
