package admin

import (
	"net/http"
	"strconv"
	"time"
)

// noticesView is the last notices, the oldest first.
type noticesView struct {
	Next    uint64       `json:"next"` // for ?since=
	Count   int          `json:"count"`
	Notices []noticeView `json:"notices"`
}

// noticeView is one notice. Of several that say the same, At is the time of the last one and First that of the first.
type noticeView struct {
	ID       uint64     `json:"id"`
	At       time.Time  `json:"at"`
	Kind     NoticeKind `json:"kind"`
	Service  string     `json:"service,omitempty"`
	Instance string     `json:"instance,omitempty"`
	Text     string     `json:"text"`
	Times    int        `json:"times"`
	First    *time.Time `json:"first,omitempty"`    // where there are several
	Replaces uint64     `json:"replaces,omitempty"` // the id that it had before the last of them
}

// notices answers /api/notices?since=ID&limit=N.
func (o *Options) notices(w http.ResponseWriter, r *http.Request) {
	var since uint64
	if text := r.URL.Query().Get("since"); text != "" {
		var err error
		if since, err = strconv.ParseUint(text, 10, 64); err != nil {
			problem{Status: http.StatusBadRequest, Detail: "since: want the number that next was"}.answer(w)
			return
		}
	}
	p, err := pageOf(r)
	if err != nil {
		problemOf(err).answer(w)
		return
	}
	list, next, _ := o.Notices.since(since, p.limit)
	answer(w, r, viewNotices(list, next))
}

func viewNotices(list []keptNotice, next uint64) noticesView {
	view := noticesView{Next: next, Count: len(list), Notices: make([]noticeView, 0, len(list))}
	for i := range list {
		view.Notices = append(view.Notices, viewNotice(&list[i]))
	}
	return view
}

func viewNotice(k *keptNotice) noticeView {
	v := noticeView{ID: k.id, At: k.At.UTC(), Kind: k.Kind, Service: k.Service, Instance: k.Instance, Text: k.Text, Times: k.count, Replaces: k.was}
	if k.count > 1 {
		v.First = moment(k.first)
	}
	return v
}
