// Package event is the Linux listener for plain HTTP/1.1: one loop per core over epoll, without a goroutine or an allocation per request.
// Package proxy decides what may be matched, picked, retried, forwarded and counted, package http1 what the bytes mean, and package
// reactor gives turns; this package moves the bytes. On other systems there is none: Run says so.
//
//   - A Server has loops; a loop is one thread's share of the connections, with all that belongs to them.
//   - An acceptor is a listening socket in one loop. It assigns each connection that it accepts to the loop with the fewest, which adopts it.
//   - A clientConn is a client's connection. It reads one head after the other, and is in one clientPhase at a time.
//   - An exchange is one request on its way: a proxy.Exchange, the clientConn that it came from, the upstreamConn that its present attempt
//     uses, and its two bodies.
//   - A bodyStream is a message's body on its way from one connection to the other: copied, or spliced through a pipe.
//   - An upstreamConn is a connection to an instance. It is idle in its pool, or an exchange has it; it is in one upstreamPhase at a time.
//   - A pool is one loop's connections to one instance over one way.
//
// The trip of a request: clientConn.Ready reads a head and begins an exchange, which reads a small body ahead (body.go), matches and tries
// instances (attempt.go), uploads, and takes the answer's head and downloads (answer.go); finish lets the clientConn await the next head.
// What a loop can't serve, HTTP/2 and routes that may block, is handed over with the bytes that were read (handover.go).
//
// A request takes two locks: that of its loop's counters, for which only a scrape ever contends, and, where the weights of a route's
// instances differ, that of their rotation, which all loops share (see balancer.RoundRobin).
package event
