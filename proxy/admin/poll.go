package admin

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/pointsman/pointsman/proxy/admin/crowd"
	"github.com/pointsman/pointsman/proxy/routing"
)

// indexField names a table for ?index=. It is a table's number and the moment when the process began, so that it grows over restarts too.
const indexField = "X-Pointsman-Index"

// How long a question may wait, as in Consul (https://developer.hashicorp.com/consul/api-docs/features/blocking): with index and without
// wait, at most, and the part of it by which the time is made longer at random, so that not all come back together.
const (
	usualWait   = 5 * time.Minute
	longestPoll = 10 * time.Minute
	waitJitter  = 16
)

// poll is what a client asks to be waited for. The zero value asks for an answer at once.
type poll struct {
	known uint64 // the number of the table that the client has
	told  bool   // it has one of this process's
	wait  time.Duration
}

// pollOf reads ?wait= and ?index=. An index that is none of this process's says that the client begins anew, as one of 0 does.
func (f *Feed) pollOf(r *http.Request) (p poll, err error) {
	in := r.URL.Query()
	wait := usualWait
	if text := in.Get("wait"); text != "" {
		if wait, err = time.ParseDuration(text); err != nil || wait < 0 {
			return p, problem{Status: http.StatusBadRequest, Detail: "wait: want a time such as 30s or 5m"}
		}
	}
	text := in.Get("index")
	if text == "" {
		return p, nil
	}
	index, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return p, problem{Status: http.StatusBadRequest, Detail: "index: want the number that " + indexField + " had"}
	}
	wait = min(wait, longestPoll)
	if now := f.born + numberOf(f.table.Load()); index < f.born || index > now {
		return p, nil
	}
	if p.known, p.told = index-f.born, true; wait > 0 {
		p.wait = wait + rand.N(wait/waitJitter+1)
	}
	return p, nil
}

// page answers with what fill makes of the present table: at once, or when something that the client does not know yet has changed service,
// or any service where that is "". Who asks for the same shares one document.
func (o *Options) page(w http.ResponseWriter, r *http.Request, service string, fill func(*routing.Table) (any, error)) {
	var p poll
	var number uint64
	if o.Feed != nil {
		var err error
		if p, err = o.Feed.pollOf(r); err != nil {
			problemOf(err).answer(w)
			return
		}
		var ok bool
		if number, ok = o.awaited(w, r, service, p); !ok {
			return
		}
	}
	one, err := o.documents.get(r.Context(), keyOf(r), o.fresh(p, number), func(d *document) {
		t := o.Table()
		d.table = numberOf(t)
		v, err := fill(t)
		if err != nil {
			d.err = err
			return
		}
		d.encode(v)
	})
	if o.Feed != nil && (one != nil || err != nil) {
		if one != nil {
			number = min(number, one.table)
		}
		w.Header().Set(indexField, strconv.FormatUint(o.Feed.born+number, 10))
	}
	w.Header().Set("Vary", "Accept")
	switch {
	case r.Context().Err() != nil: // nobody is there
	case err != nil:
		problemOf(err).answer(w)
	default:
		one.answer(w, r)
	}
}

// awaited waits for news where p asks for it, and returns the number of the last change. ok is false when the answer is given.
func (o *Options) awaited(w http.ResponseWriter, r *http.Request, service string, p poll) (number uint64, ok bool) {
	number, active := o.Feed.number(service)
	if p.wait == 0 || active && number > p.known {
		return number, true
	}
	m, ok := o.join(w, r, service)
	if !ok {
		return 0, false
	}
	defer m.leave()
	limit := time.NewTimer(p.wait)
	defer limit.Stop()
	number, _ = m.news(r.Context(), p.known, limit.C)
	number = max(number, p.known)
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(crowd.ResponseTime))
	return number, true
}

// fresh says which documents answer: for who waited for news any that has some, for others those of the present table that are not old.
func (o *Options) fresh(p poll, number uint64) func(*document) (ok bool, wait time.Duration) {
	if p.wait > 0 && number > p.known {
		return func(d *document) (bool, time.Duration) {
			return d.table > p.known, min(restFactor*d.cost, restMost) - time.Since(d.made)
		}
	}
	present := numberOf(o.Table())
	return func(d *document) (bool, time.Duration) {
		return d.table >= present && time.Since(d.made) < freshness, 0
	}
}

// keyOf is the same for requests whose answers are the same.
func keyOf(r *http.Request) string {
	key, in := r.URL.Path, r.URL.Query()
	for _, name := range [...]string{"offset", "limit", "load", "tags"} {
		key += "\x00" + in.Get(name)
	}
	return key
}
