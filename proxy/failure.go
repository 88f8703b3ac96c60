package proxy

// Failure says how an attempt at an instance ended without an answer. What may follow hangs on how much the instance can have seen.
type Failure uint8

const (
	// FailedConnect: no connection came about, nothing was sent.
	FailedConnect Failure = iota
	// FailedHandshake: a connection came about, and the TLS handshake over it failed; nothing was sent.
	FailedHandshake
	// FailedSettle: the connection ended while it was being watched before use; nothing was sent.
	FailedSettle
	// FailedStale: the connection was found dead before a byte was written: a kept one as a rule.
	FailedStale
	// FailedSent: the connection ended after something was written and before a byte of the answer.
	FailedSent
	// FailedReset: as FailedSent, by a reset. Kernels send one where an application closed, or died, with bytes unread, and an end
	// where it had read all: so the request was most likely not read, which is no proof.
	FailedReset
	// FailedSilent: no head of an answer came in time.
	FailedSilent
	// FailedAnswer: the answer began and is not one.
	FailedAnswer
	// FailedFull: the instance has as many connections as it may; nothing was sent.
	FailedFull
	// FailedShort: something of our own was lacking for a connection (descriptors, local ports, memory), which says nothing about the
	// instance; nothing was sent.
	FailedShort
	// FailedClient: the client went away.
	FailedClient
	// FailedSlow: the client's body made too little progress.
	FailedSlow
	// FailedBody: the client's body is not framed as announced.
	FailedBody
	// FailedStatus: the instance answered, and its status says that another one is to be asked; see Exchange.Elsewhere.
	FailedStatus
	// FailedLate: nothing came for longer than the instance usually takes, and another one is asked; see Exchange.Late.
	FailedLate
	// FailedUnprompted: the instance, which has never answered, sent bytes before a request was sent; nothing was sent.
	FailedUnprompted
	// FailedLarge: the client's body is larger than the route takes.
	FailedLarge
	failures
)

// unsent says whether nothing was sent.
func (f Failure) unsent() bool {
	switch f {
	case FailedConnect, FailedHandshake, FailedSettle, FailedStale, FailedFull, FailedShort, FailedUnprompted:
		return true
	}
	return false
}

// asked says whether the failure is one of an instance that was asked, or tried to be.
func (f Failure) asked() bool {
	switch f {
	case FailedStale, FailedFull, FailedShort, FailedClient, FailedSlow, FailedBody, FailedLarge:
		return false
	}
	return true
}

// gave is what an attempt at an instance that was asked says in the log: the status of an answer that was dropped, or as nginx has it where
// there was none.
func (f Failure) gave(dropped int16) int16 {
	const noAnswer, late = 502, 504
	switch {
	case f == FailedStatus && dropped > 0:
		return dropped
	case f == FailedSilent || f == FailedLate:
		return late
	}
	return noAnswer
}

// String is the value of a metric's label.
func (f Failure) String() string {
	switch f {
	case FailedConnect:
		return "connect"
	case FailedHandshake:
		return "handshake"
	case FailedSettle:
		return "closed-early"
	case FailedStale:
		return "stale"
	case FailedSent:
		return "closed"
	case FailedReset:
		return "reset"
	case FailedSilent:
		return "timeout"
	case FailedAnswer:
		return "malformed"
	case FailedFull:
		return "connection-limit"
	case FailedShort:
		return "shortage"
	case FailedSlow:
		return "slow"
	case FailedBody:
		return "body"
	case FailedStatus:
		return "status"
	case FailedLate:
		return "late"
	case FailedUnprompted:
		return "unprompted"
	case FailedLarge:
		return "body-too-large"
	default:
		return "client"
	}
}
