package nginx

import (
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

func (a *at) gzip(r *convert.Route, s *scope, list []*directive) {
	d := list[len(list)-1]
	if d.arg(0) != "on" || r.Closed() {
		d.carried("")
		return
	}
	if r.Has("respond") || r.Has("redirect") {
		return
	}
	if !add(only(r), d, "compress", "gzip") {
		return
	}
	types := []string{"text/html"}
	if t := s.one("gzip_types"); t != nil {
		for _, one := range t.args {
			if one != "text/html" {
				types = append(types, one)
			}
		}
		t.carried("compress-types=")
		if len(t.args) == 1 && t.arg(0) == "*" {
			types = []string{"*"}
		}
	}
	add(only(r), d, "compress-types", strings.Join(types, ","))
	if m := s.one("gzip_min_length"); m != nil {
		add(only(r), m, "compress-min-size", m.arg(0))
	}
}

func (a *at) accessLog(r *convert.Route, s *scope, list []*directive) {
	d := list[len(list)-1]
	switch {
	case d.arg(0) == "off" && slices.Contains(a.http.directives, d):
		d.implied("no log is written without -access-log")
		return
	case d.arg(0) == "off":
		add(only(r), d, "access-log", "off")
		return
	}
	a.logged(list)
}

// logged makes options of the log's file and form; of several the first one found counts.
func (c *converter) logged(list []*directive) {
	for _, d := range list {
		if d.marked() {
			continue
		}
		file, form := d.arg(0), d.arg(1)
		if strings.Contains(file, "$") || strings.HasPrefix(file, "syslog:") {
			d.partly("not carried over: the log goes to stdout, or to one file", "-access-log combined")
			continue
		}
		if c.log != nil && c.log.arg(0) != file {
			d.partly("one access log is written: "+convert.Shown(c.log.arg(0)), "")
			continue
		}
		c.log = d
		if file != "/dev/stdout" && !strings.HasPrefix(file, "/proc/") {
			c.result.AddOption("access-log-file", file)
		}
		format := c.formats[form]
		if format == nil {
			d.carried("-access-log combined")
			c.result.AddOption("access-log", "combined")
			continue
		}
		d.carried("-access-log-format")
		c.format(format)
	}
}

// logVariables are those that the proxy's log knows, as its page has them.
var logVariables = strings.Fields("remote_addr remote_user time_local time_iso8601 msec request request_method request_uri uri args query_string status body_bytes_sent " +
	"bytes_sent host server_protocol scheme request_time request_length request_id upstream_addr upstream_status upstream_header_time upstream_response_time connection")

// format carries a log_format over, without the variables that the proxy's log does not know.
func (c *converter) format(d *directive) {
	words := d.args[1:]
	escape := ""
	if len(words) > 0 && strings.HasPrefix(words[0], "escape=") {
		escape, words = words[0]+" ", words[1:]
	}
	var lost []string
	text := replaceVariables(strings.Join(words, ""), func(name string) (string, bool) {
		if slices.Contains(logVariables, name) || strings.HasPrefix(name, "http_") || strings.HasPrefix(name, "sent_http_") {
			return "", false
		}
		lost = append(lost, "$"+name)
		return "-", true
	})
	if lost != nil {
		d.partly("the log does not know "+convert.Shown(strings.Join(lost, " "))+": - stands in its place", "")
	} else {
		d.carried("-access-log-format")
	}
	c.result.AddOption("access-log-format", escape+text)
}
