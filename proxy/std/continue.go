package std

import "time"

// lookEvery is how often it is looked, while an instance has not said 100, whether the client sends its body without it.
const lookEvery = 10 * time.Millisecond

// awaitContinue waits, as long as proxy.Exchange.AwaitsContinue says, until the request's body may go on its way. It is false where a final
// response begins: the body is then never asked for. Afterwards the client is not watched.
func (a *attempt) awaitContinue() (asked bool, err error) {
	e := a.exchange
	if !e.request.Continue || e.upload.started {
		return true, nil
	}
	defer a.unwatch()
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
		look := patient(min(left, lookEvery))
		n, err := a.awaitHead(&look)
		switch {
		case timedOut(err):
			a.watch()
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
