package std

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy"
)

// relay gives the client the answer. From here on nothing can be repeated: what goes wrong must be seen as a cut.
func (a *try) relay(ans answer) {
	h := a.w.Header()
	a.out = proxy.AppendResponseFields(a.out[:0], ans.fields, false)
	setFields(h, a.out)
	if a.draining.Load() {
		a.closeAfter()
	}
	if a.http1 && a.up != nil && !a.up.whole.Load() {
		a.endRequest() // an early answer: what is left of the request ends with the connection
	}
	a.frameAnswer(h, ans)
	a.status = ans.status
	a.w.WriteHeader(ans.status)
	err := a.copyBody(ans.body(a.conn.br, a.r.Method))
	if err != nil {
		a.cut(err)
	}
	a.trailers(&ans)
	// Bytes past the end were asked for by nobody: such a connection is not used again.
	a.reuse = !ans.close && a.sent() && a.conn.br.Buffered() == 0
}

// frameAnswer tells net/http what it must not guess.
func (a *try) frameAnswer(h http.Header, ans answer) {
	if ans.length >= 0 && !(ans.status == http.StatusNoContent) {
		h["Content-Length"] = []string{strconv.FormatInt(ans.length, 10)}
	}
	if h["Content-Type"] == nil {
		h["Content-Type"] = nil // present and empty: none is made up
	}
	if ans.chunked && a.r.ProtoAtLeast(1, 1) {
		for _, f := range ans.fields {
			if strings.EqualFold(f.Name, "Trailer") {
				h.Add("Trailer", f.Value)
			}
		}
	}
}

// copyBody copies and flushes whenever nothing more is at hand, so that streams stream.
func (a *try) copyBody(body io.Reader) error {
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	for _, none := body.(eof); ; {
		if a.conn.br.Buffered() == 0 && !none {
			if err := a.control.Flush(); err != nil {
				return err
			}
		}
		if err := a.conn.allow(a.limits.Progress); err != nil {
			return err
		}
		n, err := body.Read(*buf)
		if n > 0 {
			wrote, writeErr := a.w.Write((*buf)[:n])
			a.bytes += int64(wrote)
			if writeErr != nil {
				return writeErr
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// cut ends the client's side so that it shows. An HTTP/1.0 client takes an end for completeness: it gets a reset.
func (a *try) cut(err error) {
	if a.r.Context().Err() == nil {
		a.log.Debug().Err(err).Str("service", a.route.Name).Str("instance", a.target.Upstream.Address()).Msg("answer cut")
	}
	if a.front != nil && a.http1 && !a.r.ProtoAtLeast(1, 1) {
		a.front.reset.Store(true)
	}
	panic(http.ErrAbortHandler)
}

// trailers sets what came behind the body. Announced ones are known to net/http by their names, others need its prefix.
func (a *try) trailers(ans *answer) {
	h := a.w.Header()
	for _, f := range ans.trailer {
		name := http.CanonicalHeaderKey(f.Name)
		if !announced(h["Trailer"], name) {
			name = http.TrailerPrefix + name
		}
		h[name] = append(h[name], f.Value)
	}
}

func announced(lists []string, name string) bool {
	for _, list := range lists {
		if proxy.HasToken(list, name) {
			return true
		}
	}
	return false
}

func setFields(h http.Header, fields []proxy.Field) {
	values := make([]string, len(fields)) // one allocation for all fields that come once
	for i, f := range fields {
		name := http.CanonicalHeaderKey(f.Name)
		if old := h[name]; old != nil {
			h[name] = append(old, f.Value)
			continue
		}
		values[i] = f.Value
		h[name] = values[i : i+1 : i+1]
	}
}
