package nginx

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

var zone = regexp.MustCompile(`^zone=([^:]+)`)

// zoneName is the name in zone=NAME:SIZE.
func zoneName(text string) (string, bool) {
	m := zone.FindStringSubmatch(text)
	if m == nil {
		return "", false
	}
	return m[1], true
}

func (a *at) limitRequests(r *convert.Route, s *scope, list []*directive) {
	if r.Closed() {
		return
	}
	for _, d := range list {
		var burst, name string
		nodelay := false
		for _, w := range d.args {
			if n, ok := zoneName(w); ok {
				name = n
			}
			if n, ok := strings.CutPrefix(w, "burst="); ok {
				burst = n
			}
			nodelay = nodelay || w == "nodelay"
		}
		z := a.zones[name]
		if z == nil {
			refuse(only(r), d, "there is no limit_req_zone of this name", "")
			return
		}
		by, ok := limitKey(z.arg(0))
		if !ok {
			refuse(only(r), d, "nothing is counted by "+convert.Shown(z.arg(0)), "rate-limit= counts by client, by a header field, or the whole route")
			z.unfit("nothing is counted by its key", "")
			return
		}
		rate := ""
		for _, w := range z.args {
			if n, ok := strings.CutPrefix(w, "rate="); ok {
				rate = strings.Replace(n, "r/", "/", 1)
			}
		}
		most := "1"
		if burst != "" && burst != "0" {
			most = burst
		}
		must(only(r), d, "rate-limit", rate+",burst="+most+by)
		z.carried("rate-limit=")
		if burst != "" {
			d.carried("burst counts all that come at once; nginx adds the one that is served")
		}
		if !nodelay && burst != "" {
			d.partly("requests within the burst are not held back", "")
		}
	}
	if status := s.one("limit_req_status"); status != nil && status.arg(0) != "429" {
		status.partly("refused requests get 429", "")
	} else if status != nil {
		status.implied("429 it is")
	}
}

// limitKey is what a rate limit counts by.
func limitKey(key string) (string, bool) {
	switch key {
	case "$binary_remote_addr", "$remote_addr":
		return "", true
	case "$server_name", "$host":
		return ",by=route", true
	}
	if name, ok := strings.CutPrefix(key, "$http_"); ok && name != "" {
		return ",by=header:" + strings.ReplaceAll(name, "_", "-"), true
	}
	return ",by=route", key != "" && !strings.Contains(key, "$")
}

func (a *at) limitConnections(r *convert.Route, s *scope, list []*directive) {
	refuse(only(r), list[0], "connections of a client, or of a server, are not counted", "max-conns= of the instances, or rate-limit=")
}

func (a *at) maxBody(r *convert.Route, s *scope, list []*directive) {
	d := list[len(list)-1]
	switch {
	case d.arg(0) == "0":
		d.carried("no limit")
	case len(r.Servers) > 0:
		must(only(r), d, "max-body", s.expand(d.arg(0)))
	default:
		d.implied("the route takes no body")
	}
}

// duration is a time of nginx's as lines have it.
func duration(text string) string {
	var sum time.Duration
	number := ""
	units := map[string]time.Duration{"ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour, "": time.Second}
	for i := 0; i <= len(text); {
		if i < len(text) && text[i] >= '0' && text[i] <= '9' {
			number += text[i : i+1]
			i++
			continue
		}
		unit := ""
		for i < len(text) && (text[i] < '0' || text[i] > '9') {
			unit += text[i : i+1]
			i++
		}
		n, err := strconv.ParseInt(number, 10, 32)
		per, ok := units[strings.TrimSpace(unit)]
		if number == "" && unit == "" {
			break
		}
		if err != nil || !ok {
			return text
		}
		sum += time.Duration(n) * per
		number = ""
		if i == len(text) {
			break
		}
	}
	if sum%time.Second == 0 && sum < time.Minute {
		return strconv.Itoa(int(sum/time.Second)) + "s"
	}
	return sum.String()
}

func (a *at) connectTimeout(r *convert.Route, s *scope, list []*directive) {
	if len(r.Servers) > 0 {
		add(only(r), list[len(list)-1], "connect-timeout", duration(s.expand(list[len(list)-1].arg(0))))
	}
}

// timeouts: nginx counts the time between two reads or writes.
func (a *at) timeouts(r *convert.Route, s *scope, _ []*directive) {
	if len(r.Servers) == 0 {
		return
	}
	read, send := s.one("proxy_read_timeout"), s.one("proxy_send_timeout")
	var progress time.Duration
	for _, d := range []*directive{read, send} {
		t := time.Minute // nginx's, and ours
		if d != nil {
			var err error
			if t, err = time.ParseDuration(duration(s.expand(d.arg(0)))); err != nil {
				d.partly("it is no time", advice(d.arg(0)))
				return
			}
		}
		progress = max(progress, t)
	}
	if read != nil {
		add(only(r), read, "answer-timeout", duration(s.expand(read.arg(0))))
	}
	for _, d := range []*directive{read, send} {
		if d != nil {
			if progress != time.Minute {
				if err := r.Set("progress-timeout", progress.String()); err != nil {
					d.partly(err.Error(), "")
				}
			}
			d.carried("progress-timeout")
		}
	}
}

func (a *at) nextUpstream(r *convert.Route, s *scope, list []*directive) {
	if len(r.Servers) == 0 {
		return
	}
	d := list[len(list)-1]
	words := make([]string, 0, len(d.args))
	for _, w := range d.args {
		w = strings.TrimPrefix(strings.ReplaceAll(w, "_", "-"), "http-")
		words = append(words, w)
	}
	add(only(r), d, "next-upstream", strings.Join(words, ","))
}

func (a *at) tries(r *convert.Route, s *scope, list []*directive) {
	d := list[len(list)-1]
	switch {
	case len(r.Servers) == 0:
	case d.arg(0) == "0":
		d.implied("each instance is tried once")
	default:
		add(only(r), d, "tries", s.expand(d.arg(0)))
	}
}
