package std

import (
	"errors"
	"io"
	"time"

	"github.com/pointsman/pointsman/proxy"
)

// relay gives the client the answer. From here on nothing can be repeated: what goes wrong must be seen as a cut.
func (a *attempt) relay() {
	e := a.exchange
	e.begun = true
	e.x.BeforeAnswer(e.server.listen.Draining(), false)
	e.answerBody.Start(e.answer.Framing)
	e.compress()
	err := e.response.head(&e.answer)
	if err == nil {
		err = a.copyBody()
	}
	if err == nil {
		// Bytes past the end were asked for by nobody: such a connection is not used again. Another one is free for others even
		// before the client has the end of the answer, and may ask again.
		a.reusable = a.end().Reusable()
		a.close()
		err = e.response.finish(proxy.AppendTrailers(nil, e.answerBody.Trailers(), e.x.ResponseChanges()))
	}
	if err != nil {
		e.server.log.Debug().Err(err).Str("service", e.x.Route.Name).Str("instance", e.x.Member.Upstream.Address()).Msg("the response was cut short")
		_ = e.response.flush()
		e.client.cut()
	}
}

// copyBody passes the body on, and flushes whenever nothing more is at hand, so that streams stream.
func (a *attempt) copyBody() error {
	e := a.exchange
	for !e.answerBody.Done() {
		data, n, err := e.answerBody.Next(a.conn.in.unread())
		if err != nil {
			e.x.Cut(time.Now())
			return err
		}
		if err := e.response.write(data); err != nil {
			return err
		}
		if e.compressed == nil {
			e.x.Bytes += int64(len(data))
		} else { // which counts what it makes of it
			e.x.Uncompressed += int64(len(data))
		}
		a.conn.in.skip(n)
		if n > 0 {
			continue
		}
		if err := e.response.flush(); err != nil {
			return err
		}
		patience := patient(e.x.Timeouts().Progress)
		err = a.fill(&patience)
		if errors.Is(err, io.EOF) {
			err = e.answerBody.End()
		}
		if err != nil {
			if !e.cancelled() {
				e.x.Cut(time.Now())
			}
			return err
		}
	}
	return nil
}

// switchOver turns the exchange into a tunnel, after the instance's 101 and not before. What came behind the request's head waited
// until now. The connection to the instance is not used again.
func (a *attempt) switchOver() {
	e := a.exchange
	e.begun = true
	a.unwatch()
	if e.response.head(&e.answer) != nil || !e.use(nil) {
		e.client.cut()
		return
	}
	e.client.tunnel(a.conn)
}
