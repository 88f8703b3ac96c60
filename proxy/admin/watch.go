package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/pointsman/pointsman/proxy/admin/crowd"
)

// form is how a stream about a service is written. Each piece says all of it: a client that is slow misses what was in between.
type form struct {
	kind         string
	before, then string // what stands around a JSON text without line ends
	alive        string // what says that nothing has changed
}

// In the one form there is a JSON text on each line, as in the streams of Docker's API and Kubernetes', and blank lines mean nothing. In the
// other one they are events.
var (
	lineForm  = form{kind: "application/x-ndjson", then: "\n", alive: "\n"}
	eventForm = form{kind: eventStream, before: "event: " + eventContainers + "\ndata: ", then: "\n\n", alive: ": alive\n\n"}
)

const eventContainers = "containers"

// formOf is the form of the stream that a request asks for; nil where it asks for none.
func formOf(r *http.Request) (*form, error) {
	in := r.URL.Query()
	asked, watch := in.Has("watch"), true
	if text := in.Get("watch"); text != "" {
		var err error
		if watch, err = strconv.ParseBool(text); err != nil {
			return nil, problem{Status: http.StatusBadRequest, Detail: "watch: want true or false"}
		}
	}
	switch {
	case r.Method == http.MethodHead, !watch:
		return nil, nil
	case accepts(r, eventStream):
		return &eventForm, nil
	case asked:
		return &lineForm, nil
	}
	return nil, nil
}

// watch sends a service as it is, and again after each change.
func (o *Options) watch(w http.ResponseWriter, r *http.Request, name string, f *form) {
	first, err := o.line(r.Context(), name)
	if err == nil && first.missing {
		_, err = findContainers(o.Table(), name) // it may have come meanwhile
	}
	if err != nil {
		problemOf(err).answer(w)
		return
	}
	m, ok := o.join(w, r, "") // routes may come and go without a change of their service
	if !ok {
		return
	}
	defer m.leave()
	s := &stream{follower: m, w: w, r: r, control: http.NewResponseController(w)}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Vary", "Accept")
	h.Set("X-Accel-Buffering", "no") // as for any stream
	var last *document               // the last one that says there is such a service
	for sent := ""; ; {
		now, err := o.line(r.Context(), name)
		if err != nil {
			return
		}
		switch {
		case !now.missing:
			last = now
		case last == nil:
			return
		default:
			now = last.without
		}
		if now.tag != sent && s.text(f, now.body) != nil {
			return
		}
		if sent = now.tag; s.await(f, o.admits) != nil {
			return
		}
	}
}

// await waits until there may be news, and meanwhile keeps the stream alive. It fails when the stream is over, which it is too when the
// client's certificate is no longer accepted.
func (s *stream) await(f *form, admits func(*http.Request) error) error {
	alive := time.NewTicker(keepAlive)
	defer alive.Stop()
	for {
		select {
		case <-s.more:
			return admits(s.r)
		case <-alive.C:
			if err := admits(s.r); err != nil {
				return err
			}
			if err := s.text(&form{}, []byte(f.alive)); err != nil {
				return err
			}
		case <-s.r.Context().Done():
			return s.r.Context().Err()
		case <-s.feed.done:
			return errEnding
		}
	}
}

// text sends a text in the form. It has a time as a whole, too: a text of ten thousand containers that a slow client has yet to take stays in
// memory, and there may be another one a second later.
func (s *stream) text(f *form, body []byte) error {
	s.limit = time.Now().Add(stateTime)
	defer func() { s.limit = time.Time{} }()
	if err := s.send([]byte(f.before)); err != nil {
		return err
	}
	for len(body) > 0 {
		n := min(len(body), crowd.Piece)
		if err := s.send(body[:n]); err != nil {
			return err
		}
		body = body[n:]
	}
	if err := s.send([]byte(f.then)); err != nil {
		return err
	}
	return s.flush()
}

// line is the service of a name as JSON without line ends, made once for all who watch it; or a document that says that it is missing.
func (o *Options) line(ctx context.Context, name string) (*document, error) {
	present := numberOf(o.Table())
	fresh := func(d *document) (bool, time.Duration) {
		return d.table >= present, min(restFactor*d.cost, restMost) - time.Since(d.made)
	}
	return o.documents.get(ctx, "line\x00"+name, fresh, func(d *document) {
		t := o.Table()
		d.table = numberOf(t)
		v, err := findContainers(t, name)
		if err != nil {
			if d.missing = problemOf(err).Status == http.StatusNotFound; !d.missing {
				d.err = err
			}
			return
		}
		d.without = &document{}
		d.set(compactJSON(v))
		d.without.set(compactJSON(v.without()))
	})
}

func compactJSON(v containersView) []byte {
	text, _ := json.Marshal(v) // texts and numbers
	return text
}
