package admin

import (
	"bytes"
	"net/http"
	"strconv"
	"time"

	"github.com/pointsman/pointsman/proxy/admin/crowd"
)

// events answers /api/events: as a stream, or as JSON with the changes since ?index= for who asks for that.
func (o *Options) events(w http.ResponseWriter, r *http.Request) {
	if accepts(r, "application/json") && !accepts(r, eventStream) {
		o.changes(w, r)
		return
	}
	o.stream(w, r, kindsServices|kindsRoutes)
}

// changes answers with a part of the changes since an index, or with all that the present table holds. The index that comes with it is where
// they end.
func (o *Options) changes(w http.ResponseWriter, r *http.Request) {
	p, err := o.Feed.pollOf(r)
	if err != nil {
		problemOf(err).answer(w)
		return
	}
	m, ok := o.join(w, r, "")
	if !ok {
		return
	}
	defer m.leave()
	if !m.begun(r.Context()) {
		problem{Status: http.StatusServiceUnavailable, Detail: errEnding.Error(), after: 5}.answer(w)
		return
	}
	if p.wait > 0 {
		limit := time.NewTimer(p.wait)
		defer limit.Stop()
		m.news(r.Context(), p.known, limit.C)
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(crowd.ResponseTime))
	var one document
	number := p.known
	list, since := o.Feed.since(p.known)
	if since && p.told {
		if len(list) > 0 {
			number = list[len(list)-1].number
		}
		one.set(changesJSON(list))
	} else {
		all := o.Feed.all()
		number = all.number
		one.set(stateJSON(all))
	}
	w.Header().Set(indexField, strconv.FormatUint(o.Feed.born+number, 10))
	w.Header().Set("Vary", "Accept")
	one.answer(w, r)
}

// changesJSON is {"reset": false, "changes": […]}, of texts that are there already.
func changesJSON(list []*change) []byte {
	var b bytes.Buffer
	b.WriteString(`{"reset":false,"changes":[`)
	for i, c := range list {
		comma(&b, i)
		writeChange(&b, dataOf(c.end), c.parts)
	}
	b.WriteString("]}\n")
	return b.Bytes()
}

// stateJSON is the same with one change that stands for all that a table holds.
func stateJSON(all *snapshot) []byte {
	var b bytes.Buffer
	b.WriteString(`{"reset":true,"changes":[`)
	writeChange(&b, dataOf(frame(eventTable, tableView{Table: all.number})), all.parts)
	b.WriteString("]}\n")
	return b.Bytes()
}

// writeChange writes a table's object with its lists in it.
func writeChange(b *bytes.Buffer, table []byte, parts []*part) {
	b.Write(table[:len(table)-1])
	for _, list := range [...]struct {
		name string
		kind kind
	}{{"services", kindService}, {"services_gone", kindServiceGone}, {"routes", kindRoute}, {"routes_gone", kindRouteGone}} {
		b.WriteString(`,"` + list.name + `":[`)
		n := 0
		for _, p := range parts {
			if p.kind == list.kind {
				comma(b, n)
				b.Write(p.json())
				n++
			}
		}
		b.WriteByte(']')
	}
	b.WriteByte('}')
}

func comma(b *bytes.Buffer, i int) {
	if i > 0 {
		b.WriteByte(',')
	}
}
