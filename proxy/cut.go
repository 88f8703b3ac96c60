package proxy

import (
	"io"
	"strings"
	"time"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/routing"
)

// Cut notes that the instance broke the body of its answer off, or sent what is none, before the client's connection is ended for it. The
// client has a part of the answer, so that no other instance can give it the rest. Where the request is a safe one it is asked again at
// another instance all the same, whose answer goes to nobody: it says whose fault this was.
func (x *Exchange) Cut(now time.Time) {
	if x.cut = true; !x.judges() || x.Member == nil {
		return
	}
	f := balancer.Failing{Reason: balancer.ReasonCut, Trial: x.trial}
	if !x.attempts.Safe || !x.Request.Framing.Empty() || x.Request.WebSocket {
		f.Client = x.Origin.Client
		x.judge(x.Member, f, now)
		return
	}
	failed := x.Member
	x.tried.Add(failed.Index)
	other, ok := x.pickOnce()
	if !ok || !x.Route.Lane.Budget.Withdraw(now) {
		return
	}
	x.Member = other
	came := x.Bytes
	if x.Uncompressed > 0 {
		came = x.Uncompressed
	}
	q := balancer.Question{Way: other.Way, Request: x.AppendRequest(nil), Good: goodAnswer(strings.Clone(x.Request.Method), came)}
	x.Member = failed
	scope, route := x.scope, x.Route // the exchange is another request's by then
	q.Told = func() { scope.judge(route, failed, f, time.Now()) }
	q.Ask()
}

// goodAnswer reads an answer, and says whether it is a good one: whole, or with more of its body than another instance sent.
func goodAnswer(method string, than int64) func(io.Reader) bool {
	return func(in io.Reader) bool {
		a := answerReader{in: in}
		for {
			var head http1.Response
			if !a.head(&head, method) || head.Status == switching || head.Status >= 500 {
				return false
			}
			if head.Status >= 200 {
				return a.body(head.Framing, than)
			}
		}
	}
}

// answerReader reads an answer of which nobody wants the content.
type answerReader struct {
	in  io.Reader
	buf []byte // what was read and not used yet
}

// more reads some, up to so much in all.
func (a *answerReader) more(most int) bool {
	const step = 4 << 10
	if len(a.buf) >= most {
		return false
	}
	had := len(a.buf)
	a.buf = append(a.buf, make([]byte, step)...)
	n, _ := a.in.Read(a.buf[had:])
	a.buf = a.buf[:had+n]
	return n > 0
}

func (a *answerReader) head(to *http1.Response, method string) bool {
	var find http1.Head
	for {
		n, err := find.Find(a.buf, AnswerBytes)
		if err != nil {
			return false
		}
		if n > 0 {
			head := append([]byte(nil), a.buf[:n]...) // the response's strings are views of it
			a.buf = a.buf[n:]
			return to.Parse(head, method, http1.Limits{HeadBytes: AnswerBytes, Fields: AnswerFields}) == nil
		}
		if !a.more(AnswerBytes + 1) {
			return false
		}
	}
}

// body says whether the body comes whole, or more of it than so much.
func (a *answerReader) body(f http1.Framing, than int64) bool {
	const most = 16 << 20 // of what nobody wants to have
	var body http1.Body
	body.Start(f)
	for got := int64(0); !body.Done(); {
		data, n, err := body.Next(a.buf)
		if got += int64(len(data)); err != nil || got > most {
			return false
		}
		if got > than {
			return true
		}
		if a.buf = a.buf[n:]; n == 0 && !a.more(AnswerBytes) {
			return body.End() == nil
		}
	}
	return true
}

// judge lets a failure speak against an instance of a route.
func (s *Scope) judge(route *routing.Route, m *routing.Member, f balancer.Failing, now time.Time) {
	others := func(now time.Time, alone bool) (int, float64) { return route.Others(m, now, alone) }
	e, ok := m.Way.Judge(f, now, others, route.Policy.Eject == routing.EjectShadow)
	if !ok {
		return
	}
	if !e.Shadow {
		route.LaneOf(m).AwaitTrial(m.Way.TrialAt())
	}
	s.Ejected(m.Upstream, e, now)
}
