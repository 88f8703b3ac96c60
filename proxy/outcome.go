package proxy

// Outcome is an answer that the proxy gives itself. One place turns what happened into a status, see Outcome.Status.
type Outcome uint8

// What can happen to a request that no instance answers.
const (
	// OutcomeForwarded: an instance answered; its status counts.
	OutcomeForwarded Outcome = iota
	// OutcomeNotReady: there is no table yet.
	OutcomeNotReady
	// OutcomeNoRoute: nothing claims the host and path.
	OutcomeNoRoute
	// OutcomeNoInstance: a route, and no usable instance behind it. Nothing was sent, so the client may repeat anything.
	OutcomeNoInstance
	// OutcomeBadRequest: the request's form is wrong.
	OutcomeBadRequest
	// OutcomeHeadTooLarge: too many or too long header fields.
	OutcomeHeadTooLarge
	// OutcomeBadMethod: CONNECT, which this proxy never serves.
	OutcomeBadMethod
	// OutcomeForbidden: the route's allow or deny list shuts the client out.
	OutcomeForbidden
	// OutcomeInvalidResponse: an instance may have got the request, and its answer did not come or is none.
	OutcomeInvalidResponse
	// OutcomeUpstreamTimeout: an instance got the request and did not answer in time.
	OutcomeUpstreamTimeout
	// OutcomeClientTimeout: the client's body made no progress.
	OutcomeClientTimeout
	// OutcomeRedirected: the route or the listener redirects.
	OutcomeRedirected
	// OutcomeInternalError: a fault of our own.
	OutcomeInternalError
	// OutcomeClosedRoute: the route restricts who may use it in a way that can't be honoured, so nobody may.
	OutcomeClosedRoute
	// OutcomeUpstreamsFull: every instance of the service has as many connections as it may. Nothing was sent.
	OutcomeUpstreamsFull
	// OutcomeShortage: the proxy lacks what another connection to an instance needs. Nothing was sent.
	OutcomeShortage
	// OutcomeTooManyConnections: the proxy has as many clients' connections as it may.
	OutcomeTooManyConnections
	// OutcomeTargetTooLong: the request line is too long.
	OutcomeTargetTooLong
	// OutcomeNotImplemented: a transfer coding that is not known.
	OutcomeNotImplemented
	// OutcomeBadVersion: not HTTP/1.0 or HTTP/1.1.
	OutcomeBadVersion
	// OutcomeBadExpectation: an Expect field that is not known.
	OutcomeBadExpectation
	// OutcomeLoop: the request has been on its route before.
	OutcomeLoop
	// OutcomeResponded: the route answers itself, with a status and a text of its own.
	OutcomeResponded
	// OutcomeIntercepted: an instance answered, and the route's line puts another answer in its place.
	OutcomeIntercepted
	// OutcomeFile: a file of the route's folder answered; its status counts.
	OutcomeFile
	// OutcomeNoFile: there is no such file in the route's folder, or none that may be served.
	OutcomeNoFile
	// OutcomeReadOnly: files can be got, and nothing else.
	OutcomeReadOnly
	// OutcomeUnauthorized: the route asks for a user and a password, and the request has none, or none that is known.
	OutcomeUnauthorized
	// OutcomeRateLimited: more requests came than the route takes.
	OutcomeRateLimited
	// OutcomeBodyTooLarge: the request's body is larger than the route takes.
	OutcomeBodyTooLarge
	// OutcomePreflight: the answer to a browser that asks what pages of other origins may do.
	OutcomePreflight
	// OutcomeAuthRefused: the server that is asked about the route's requests answered the client.
	OutcomeAuthRefused
	// OutcomeChallenge: the answer to a certificate authority that checks whose a name is.
	OutcomeChallenge
	// OutcomeAuthUnavailable: it can't be told whether the request may pass, so it may not.
	OutcomeAuthUnavailable
	// OutcomeNoCertificate: the route asks for a client certificate, and the client has shown none that is good for it.
	OutcomeNoCertificate
	// OutcomeMisdirected: the connection's handshake did not ask of the client what the request's host does.
	OutcomeMisdirected
	outcomes
)

// RetryAfter is what clients are told to wait, in seconds, where a 503 says that nothing was sent. One second: instances and
// tables come within that or not soon.
const RetryAfter = "1"

// Status is the status code of the answer; 0 for what has its own.
func (o Outcome) Status() int { return replies[o].status }

// Retry says whether the answer carries Retry-After.
func (o Outcome) Retry() bool { return replies[o].retry }

// Closes says whether the connection must end after the answer: how its bytes were meant is then not certain.
func (o Outcome) Closes() bool { return replies[o].closes }

// String is the value of a metric's label and of a log line's field.
func (o Outcome) String() string { return replies[o].name }

func (o Outcome) detail() string { return replies[o].detail }

// outcomeFor turns the status of what could not be read into an outcome.
func outcomeFor(status int) Outcome {
	for _, o := range [...]Outcome{OutcomeHeadTooLarge, OutcomeTargetTooLong, OutcomeNotImplemented, OutcomeBadVersion, OutcomeBadExpectation, OutcomeClientTimeout} {
		if o.Status() == status {
			return o
		}
	}
	return OutcomeBadRequest
}

// outcomeOf is the one function that turns the last failure of a request's attempts into an outcome.
func outcomeOf(f Failure) Outcome {
	switch f {
	case FailedConnect, FailedHandshake, FailedSettle, FailedUnprompted, FailedStale:
		return OutcomeNoInstance
	case FailedSilent:
		return OutcomeUpstreamTimeout
	case FailedFull:
		return OutcomeUpstreamsFull
	case FailedShort:
		return OutcomeShortage
	case FailedSlow:
		return OutcomeClientTimeout
	case FailedBody:
		return OutcomeBadRequest
	case FailedLarge:
		return OutcomeBodyTooLarge
	}
	return OutcomeInvalidResponse
}

// detailOf tells a client what went wrong with the last attempt, where the outcome alone does not say it; "" where it does.
func (x *Exchange) detailOf(f Failure) string {
	switch f {
	case FailedSent:
		return "The upstream closed the connection before sending a response."
	case FailedReset:
		return "The upstream reset the connection before sending a response."
	case FailedHandshake:
		return "The TLS handshake with the upstream failed."
	case FailedBody:
		return "The request body does not match its framing."
	case FailedSlow:
		return x.slowBody()
	}
	return ""
}
