package admin

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/pointsman/pointsman/proxy/admin/crowd"
	"github.com/pointsman/pointsman/proxy/admin/live"
)

// The events of /api/live.
const (
	eventLive   = "live"
	eventNotice = "notice"
)

// mostNews is how many notices a second a viewer is told; the others are in /api/notices.
const mostNews = 100

// look answers /api/live: a stream with what a client shows, once a second, and with each notice. The notice's id is that of its event, so that who
// comes back gets those that it missed.
func (o *Options) look(w http.ResponseWriter, r *http.Request) {
	wish, since, err := o.wishOf(r)
	if err != nil {
		problemOf(err).answer(w)
		return
	}
	if hasBody(w, r) {
		return
	}
	v, err := o.Live.View(wish)
	if err == nil && !crowd.Apart(r, o.Files) {
		v.Close()
		err = errNoFiles
	}
	if err != nil {
		crowded(w, err)
		return
	}
	defer v.Close()
	s := &stream{w: w, r: r, control: http.NewResponseController(w)}
	_ = s.control.SetReadDeadline(time.Time{}) // that of the request would end the looking
	if s.start() != nil {
		return
	}
	for {
		text, err := v.Next(r.Context())
		if err != nil || s.send(framed(eventLive, text)) != nil {
			return
		}
		if since, err = s.news(o.Notices, since); err != nil || s.flush() != nil {
			return
		}
	}
}

// news sends the notices after an id, and returns the last one's.
func (s *stream) news(of *Notices, since uint64) (next uint64, err error) {
	if of == nil {
		return since, nil
	}
	list, next, _ := of.since(since, mostNews)
	for i := range list {
		if err := s.send(withID(frame(eventNotice, viewNotice(&list[i])), strconv.FormatUint(list[i].id, 10))); err != nil {
			return next, err
		}
	}
	return next, nil
}

// wishOf is what a client shows, and the last notice that it knows: by default the last one that there is.
func (o *Options) wishOf(r *http.Request) (w live.Wish, since uint64, err error) {
	in := r.URL.Query()
	w = live.Wish{Services: in["service"], Routes: in["route"], Detail: in.Get("detail"), TopServices: live.By(in.Get("top_services")), TopRoutes: live.By(in.Get("top_routes"))}
	bad := func(detail string) (live.Wish, uint64, error) {
		return live.Wish{}, 0, problem{Status: http.StatusBadRequest, Detail: detail}
	}
	for _, list := range [][]string{w.Services, w.Routes} {
		if len(list) > live.MostNames {
			return bad("want at most " + strconv.Itoa(live.MostNames) + " services, and as many routes")
		}
	}
	if long := func(name string) bool { return len(name) > maxName }; slices.ContainsFunc(w.Services, long) || slices.ContainsFunc(w.Routes, long) || long(w.Detail) {
		return bad("a name is too long")
	}
	for _, top := range []struct {
		by live.By
		of []live.By
	}{{w.TopServices, live.OfServices}, {w.TopRoutes, live.OfRoutes}} {
		if top.by != "" && !slices.Contains(top.of, top.by) {
			return bad(fmt.Sprintf("want one of %q", top.of))
		}
	}
	p, err := pageOf(r)
	if err != nil {
		return w, 0, err
	}
	w.Offset = p.offset
	for _, text := range []string{r.Header.Get("Last-Event-ID"), in.Get("since")} { // who comes back has both
		if text == "" {
			continue
		}
		if since, err = strconv.ParseUint(text, 10, 64); err != nil {
			return bad("since: want the id of a notice")
		}
		return w, since, nil
	}
	if o.Notices != nil {
		_, since, _ = o.Notices.since(0, 0)
	}
	return w, since, nil
}
