package haproxy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// settings are what holds in a section besides its rules: its own word or that of the defaults.
type settings struct {
	tcp      bool
	balance  convert.Word
	sticky   convert.Word
	timeouts map[string]time.Duration
	// check is what servers with the word check are asked for; "" connects only.
	check      bool
	checkPath  string
	compress   []convert.Word
	on         []convert.Word
	servers    []server
	usual      []string // default-server
	disabled   bool
	statistics bool
}

// section reads all that is no rule.
func (r *reader) section(s *section) {
	set := &settings{tcp: true, timeouts: map[string]time.Duration{}} // HAProxy's mode where none is written
	r.settings[s] = set
	if s.head.remark != nil {
		r.head(s)
	}
	switch s.kind {
	case "defaults":
		for i := range s.own {
			r.inherited(&s.own[i])
		}
		return
	case "global":
		for i := range s.own {
			r.global(&s.own[i])
		}
		return
	case "frontend", "backend", "listen":
	case "":
		for i := range s.own {
			r.broken = "a statement stands in front of all sections"
			s.own[i].remark.Mark(convert.Unsupported, "it stands in front of all sections: HAProxy does not start", "convert all files that HAProxy is started with together")
		}
		return
	default:
		r.other(s)
		return
	}
	names := acls{}
	r.tests[s] = names
	list := s.all()
	for i := range list {
		st := &list[i]
		switch { // other words depend on these
		case st.words[0] == "mode":
			set.tcp = st.word(1) == "tcp"
		case st.words[0] == "option" && st.word(1) == "httpchk":
			set.check = true
		}
	}
	if set.tcp {
		r.tcp(s)
		return
	}
	for i := range list {
		st := &list[i]
		if st.words[0] == "acl" && len(st.words) > 2 {
			r.name(names, st)
			continue
		}
		r.setting(s, set, st)
	}
}

// head is the line that begins a section.
func (r *reader) head(s *section) {
	switch s.kind {
	case "frontend", "backend", "listen", "global", "defaults":
		s.head.remark.Mark(convert.Carried, "", "")
	}
	if s.kind != "frontend" && s.kind != "listen" {
		return
	}
	if address := s.head.word(2); address != "" && address != "from" {
		bind := s.head
		bind.words = append([]string{"bind"}, s.head.from(2)...)
		s.own = append([]statement{bind}, s.own...)
	}
}

// tcp names what is said of connections that are no HTTP.
func (r *reader) tcp(s *section) {
	const advice = "let HAProxy go on with it, or write it as a TCP route where the proxy has them"
	why := "mode tcp: not carried over, and never as HTTP"
	if all := s.all(); !slices.ContainsFunc(all, func(st statement) bool { return st.words[0] == "mode" }) {
		why = "no mode is written, which is tcp: not carried over, and never as HTTP"
	}
	s.head.remark.Mark(convert.Unsupported, why, advice)
	for i := range s.own {
		if s.own[i].remark != s.head.remark {
			s.own[i].remark.Mark(convert.Unsupported, "in a section of mode tcp", "")
		}
	}
}

// span reads a time: a number alone is in milliseconds.
func span(text string) (time.Duration, error) {
	for unit, one := range map[string]time.Duration{"us": time.Microsecond, "ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "": time.Millisecond} {
		digits, ok := strings.CutSuffix(text, unit)
		if n, err := strconv.ParseInt(digits, 10, 32); ok && err == nil && n >= 0 {
			return time.Duration(n) * one, nil
		}
	}
	return 0, fmt.Errorf("%q is no time", text)
}

// written is a time as lines and options have it.
func written(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// balances are the ways to choose a server.
func balanced(words []string) (w convert.Word, why string) {
	method, arg := words[0], ""
	if name, in, ok := strings.Cut(strings.TrimSuffix(method, ")"), "("); ok {
		method, arg = name, in
	}
	switch method {
	case "roundrobin", "static-rr":
		return convert.Word{Name: "balance", Value: "round-robin"}, ""
	case "leastconn":
		return convert.Word{Name: "balance", Value: "least-connections"}, ""
	case "source":
		return convert.Word{Name: "balance", Value: "hash:client-ip"}, ""
	case "uri":
		return convert.Word{Name: "balance", Value: "hash:path"}, ""
	case "hdr":
		return convert.Word{Name: "balance", Value: "hash:header:" + arg}, ""
	case "url_param":
		if len(words) > 1 {
			return convert.Word{Name: "balance", Value: "hash:query:" + words[1]}, ""
		}
	}
	return w, "balance " + method + " has no counterpart: round-robin is used"
}
