package proxy

import (
	"context"
	"errors"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/record"
)

// What a listener saw of an attempt gets its meaning here, and nowhere else: a response's head, or how the attempt ended without one.

// switching is the status of an answer that turns its connection into a tunnel.
const switching = 101

// ResponseKind is what an instance's answer means.
type ResponseKind uint8

const (
	// ResponseFinal: it is the answer.
	ResponseFinal ResponseKind = iota
	// ResponseInterim: it goes on to the client, see AppendInterim, and another one follows.
	ResponseInterim
	// ResponseSwitch: both connections become a tunnel, once the client has the answer.
	ResponseSwitch
	// ResponseInvalid: a switch to what was not asked for, or interim answers without end: FailedAnswer.
	ResponseInvalid
)

// Classify says what the head of an answer means. Each one is told once.
func (x *Exchange) Classify(ans *http1.Response) ResponseKind {
	switch {
	case ans.Status >= 200:
		return ResponseFinal
	case ans.Status == switching:
		if x.Request.WebSocket && switchesToWebSocket(ans.Fields) {
			return ResponseSwitch
		}
		x.Blame(ErrInvalidResponse)
		return ResponseInvalid
	case x.interim >= maxInterim:
		x.Blame(ErrInvalidResponse)
		return ResponseInvalid
	}
	x.interim++
	return ResponseInterim
}

func switchesToWebSocket(in []Field) bool {
	for i := range in {
		if in[i].Known() == http1.Upgrade {
			return strings.EqualFold(in[i].Value, "websocket")
		}
	}
	return false
}

// ErrHandshake is in the chain of an error where a connection came about, and the TLS handshake over it failed.
var ErrHandshake = errors.New("TLS handshake")

// ConnectFailed takes why no connection to an instance came about, counts it by its kind, and says which failure it is: an instance that
// can't be reached, or a shortage of our own, for which no instance is to be ejected. A handshake that failed is neither; one that its
// instance cut short is a connection that was closed early.
func (s *Scope) ConnectFailed(u *balancer.Upstream, err error) Failure {
	if shortage(err) {
		s.Short(u, err)
		return FailedShort
	}
	if errors.Is(err, ErrHandshake) {
		s.HandshakeFailed(u, err)
		if balancer.HandshakeCut(err) {
			return FailedSettle // where it is counted, too
		}
		s.Connect(record.ConnectHandshake)
		return FailedHandshake
	}
	result := connectResult(err)
	s.Connect(result)
	if result == record.ConnectForbidden {
		s.NoticeInstance(u, err.Error(), "an instance's address is not dialled", time.Now())
	}
	return FailedConnect
}

func connectResult(err error) record.ConnectResult {
	var timeout net.Error
	switch {
	case errors.As(err, new(*outside.Refusal)):
		return record.ConnectForbidden
	case errors.Is(err, syscall.ECONNREFUSED):
		return record.ConnectRefused
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout(): // ETIMEDOUT is one, too
		return record.ConnectTimeout
	}
	return record.ConnectError
}

// EndedEarly is what the end of a connection means that came before the head of an answer was complete. heard says that a byte of the
// answer had come, reset that the connection was reset.
func EndedEarly(heard, reset bool) Failure {
	switch {
	case heard:
		return FailedAnswer
	case reset:
		return FailedReset
	}
	return FailedSent
}

// EmptiesPool says whether the other kept connections of the instance are to be closed after this failure; kept says that it happened on
// a kept one. A kept connection that ends as a request goes out on it is seldom alone: the application shut down, or its patience with
// idle connections is over. A fresh one costs little, and says more about the instance when it fails too.
func (f Failure) EmptiesPool(kept bool) bool { return kept && (f == FailedSent || f == FailedReset) }
