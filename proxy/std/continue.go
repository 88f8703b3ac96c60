package std

import (
	"os"
	"time"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/http1"
)

// awaitContinue waits, as long as proxy.Exchange.AwaitsContinue says, until the request's body may go on its way. It is false where a final
// response begins: the body is then never asked for. Afterwards the client is not watched.
func (a *attempt) awaitContinue() (asked bool, err error) {
	e := a.exchange
	if !e.request.Continue || e.upload.started {
		return true, nil
	}
	defer a.endAwaiting()
	for begun := time.Now(); ; {
		if a.finalBegins() {
			return false, nil
		}
		arrived := e.body.bodyArrived()
		left, awaits := e.x.AwaitsContinue(arrived, time.Since(begun))
		switch {
		case arrived:
			return true, nil
		case !awaits:
			return true, a.sent(e.body.sendContinue())
		}
		n, err := a.awaitInterim(left)
		switch {
		case timedOut(err):
		case err != nil:
			return false, err
		case a.finalBegins():
		default:
			if _, err := a.takeHead(n); err != nil || e.answer.Status == 100 {
				return true, err
			}
		}
	}
}

// awaitInterim measures the next head of the instance's. It times out when left has passed, and when the client sends its body.
func (a *attempt) awaitInterim(left time.Duration) (n int, err error) {
	if !a.watched {
		a.watched = true
		a.exchange.client.watch(a.exchange.cancel, func() { _ = a.conn.SetReadDeadline(past) })
	}
	a.conn.deadline = time.Now().Add(left)
	if err := a.conn.SetReadDeadline(a.conn.deadline); err != nil {
		return 0, err
	}
	var find http1.Head
	for {
		if n, err = find.Find(a.conn.in.unread(), proxy.AnswerBytes); n > 0 || err != nil {
			return n, err
		}
		if a.exchange.body.bodyArrived() { // since when the deadline may have been set anew
			return 0, os.ErrDeadlineExceeded
		}
		if err := a.conn.in.fill(proxy.AnswerBytes); err != nil {
			return 0, err
		}
	}
}

// endAwaiting lets reads of the instance take their time again.
func (a *attempt) endAwaiting() {
	a.unwatch()
	a.conn.deadline = time.Time{}
}

// finalBegins says whether what the instance has sent so far begins a response that is not an interim one.
func (a *attempt) finalBegins() bool {
	const version, least = len("HTTP/1.1 "), len("HTTP/1.1 100")
	head := a.conn.in.unread()
	if len(head) < least {
		return false
	}
	return head[version] != '1' || string(head[version:least]) == "101"
}

// sent notes that something could not be sent to the client: it has gone away.
func (a *attempt) sent(err error) error {
	if err != nil {
		a.exchange.cancel()
	}
	return err
}
