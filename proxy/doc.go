// Package proxy decides what becomes of a request. It moves no bytes: the two listeners, proxy/event and proxy/std, tell an Exchange what
// happened, and do what it answers. So each rule stands here once, whichever listener and version of HTTP a request came over.
//
// The life of a request, a file each:
//
//	Begin     the head was read: is it a request that may be forwarded, and where does it come from?
//	Route     Match begins: it loads the table once and finds the route, or answers 404, or 503 where there is no table yet.
//	Admit     the route's access lists, redirect and path rules. A request that they stop costs no instance a turn.
//	Pick      Match ends: the route's balancer chooses an instance that is usable and was not tried.
//	Send      AppendRequest writes the head for the instance; the listener sends it with the body.
//	Classify  a response's head is final, interim, a switch of protocols, or invalid; how an attempt ended without one is a Failure.
//	          Failed says what follows: Attempts decides whether the request may be sent again, and another Pick where.
//	Relay     AppendAnswer writes the head for the client; the listener passes the body on.
//	Finish    the request is counted and logged, once.
//
// A local reply, an answer of the proxy's own, may take the place of everything after Begin: Outcome names why, and one table turns it
// into a status and a text.
package proxy
