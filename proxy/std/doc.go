// Package std serves with goroutines: HTTP/1 on any connection (TLS, other systems than Linux, and what the event loops hand over, as
// routes whose serving may block), and HTTP/2, whose frames net/http reads and writes. Package proxy decides what may be matched, picked,
// retried, forwarded and counted, package http1 what the bytes of HTTP/1 mean; this package moves the bytes.
//
//   - A Server accepts connections, or is given them by another listener (TakeOver), and drains.
//   - A clientConn is a client's connection, below TLS. It ends once, whoever ends it.
//   - A session is an HTTP/1 connection: one request after the other, and nothing but a small struct between two.
//   - An http2Conn is an HTTP/2 connection as net/http gets it. It holds the client to bounds that net/http does not have. A stream is one
//     request on it.
//   - The client's side of a request has three parts, requestBody, presence and responseWriter; a session is all three, and so is a stream.
//   - An exchange is one request on its way: a proxy.Exchange and these three.
//   - An attempt is one try of an exchange over one upstreamConn. It sends the head, awaits the response's, and relays the body.
//   - An upload is a request's body on its way to the instance, in a goroutine of its own unless it is small, and over several attempts.
//   - An upstreamConn is a connection to an instance. It is idle in its pool, or an attempt has it. A pool is the connections to one
//     instance over one way.
//   - A readBuffer is what was read from a connection and not used yet; a connection that waits holds no buffer.
//
// The trip of a request: session.serve reads a head (or serveStream takes a request from net/http), and exchange.run matches it and tries
// instances (exchange.go, attempt.go), waits for 100 (continue.go), and relays (relay.go); session.conclude makes room for the next one.
package std
