package std

import (
	"errors"
	"io"

	"github.com/pointsman/pointsman/proxy"
)

// relay gives who asked the answer. From here on nothing can be repeated: what goes wrong must be seen as a cut.
func (a *attempt) relay() {
	a.begun = true
	a.BeforeAnswer(a.server.draining.Load(), false)
	a.body.Start(a.answer.Framing)
	err := a.downstream.head(&a.answer)
	if err == nil {
		err = a.copyBody()
	}
	if err == nil {
		// Bytes past the end were asked for by nobody: such a connection is not used again. Another one is free for others even
		// before who asked has the end of the answer, and may ask again.
		a.reusable = !a.answer.Close && len(a.upstreamConn.in.unread()) == 0 && (a.up == nil || a.up.complete())
		a.close()
		err = a.downstream.finish(proxy.AppendTrailers(nil, a.body.Trailers()))
	}
	if err != nil {
		a.server.log.Debug().Err(err).Str("service", a.Route.Name).Str("instance", a.Member.Upstream.Address()).Msg("answer cut")
		_ = a.downstream.flush()
		a.downstream.cut()
	}
}

// copyBody passes the body on, and flushes whenever nothing more is at hand, so that streams stream.
func (a *attempt) copyBody() error {
	for !a.body.Done() {
		data, n, err := a.body.Next(a.upstreamConn.in.unread())
		if err != nil {
			return err
		}
		if err := a.downstream.write(data); err != nil {
			return err
		}
		a.Bytes += int64(len(data))
		a.upstreamConn.in.skip(n)
		if n > 0 {
			continue
		}
		if err := a.downstream.flush(); err != nil {
			return err
		}
		patience := patient(a.server.limits.Progress)
		err = a.fill(&patience)
		if errors.Is(err, io.EOF) {
			err = a.body.End()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// switchOver turns the exchange into a tunnel, after the instance's 101 and not before. What came behind the request's head waited
// until now. The connection to the instance is not used again.
func (a *attempt) switchOver() {
	a.begun = true
	a.unwatch()
	if a.downstream.head(&a.answer) != nil || !a.use(nil) {
		a.downstream.cut()
		return
	}
	a.downstream.tunnel(a.upstreamConn)
}
