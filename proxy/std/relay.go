package std

import (
	"errors"
	"io"

	"github.com/pointsman/pointsman/proxy"
)

// relay gives who asked the answer. From here on nothing can be repeated: what goes wrong must be seen as a cut.
func (t *try) relay() {
	t.begun = true
	t.BeforeAnswer(t.server.draining.Load(), false)
	t.body.Start(t.answer.Framing)
	err := t.asker.head(&t.answer)
	if err == nil {
		err = t.copyBody()
	}
	if err == nil {
		// Bytes past the end were asked for by nobody: such a connection is not used again. Another one is free for others even
		// before who asked has the end of the answer, and may ask again.
		t.reuse = !t.answer.Close && len(t.conn.in.unread()) == 0 && (t.up == nil || t.up.gone())
		t.close()
		err = t.asker.finish(proxy.AppendTrailers(nil, t.body.Trailers()))
	}
	if err != nil {
		t.server.log.Debug().Err(err).Str("service", t.Route.Name).Str("instance", t.Member.Upstream.Address()).Msg("answer cut")
		_ = t.asker.flush()
		t.asker.cut()
	}
}

// copyBody passes the body on, and flushes whenever nothing more is at hand, so that streams stream.
func (t *try) copyBody() error {
	for !t.body.Done() {
		data, n, err := t.body.Next(t.conn.in.unread())
		if err != nil {
			return err
		}
		if err := t.asker.write(data); err != nil {
			return err
		}
		t.Bytes += int64(len(data))
		t.conn.in.skip(n)
		if n > 0 {
			continue
		}
		if err := t.asker.flush(); err != nil {
			return err
		}
		patience := patient(t.server.limits.Progress)
		err = t.fill(&patience)
		if errors.Is(err, io.EOF) {
			err = t.body.End()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// switchOver turns the exchange into a tunnel, after the instance's 101 and not before. What came behind the request's head waited
// until now. The connection to the instance is not used again.
func (t *try) switchOver() {
	t.begun = true
	t.unwatch()
	if t.asker.head(&t.answer) != nil || !t.use(nil) {
		t.asker.cut()
		return
	}
	t.asker.tunnel(t.conn)
}
