package record

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// fields is a request's head.
type fields [][2]string

func (f fields) HeadField(i int, sent bool) (name, value string, ok bool) {
	if sent {
		f = fields{{"Content-Type", "a\"b"}, {"Set-Cookie", "a=1"}, {"set-cookie", "b=2"}}
	}
	if i >= len(f) {
		return "", "", false
	}
	return f[i][0], f[i][1], true
}

func (f fields) FailedUpstream(i int) (address string, status int, ok bool) {
	if i > 0 || len(f) < 6 {
		return "", 0, false
	}
	return "10.0.0.9:80", 502, true
}

func full() *Access {
	a := access()
	a.Time = time.Unix(1700000000, 123456789).UTC()
	a.Details = fields{{"Host", "T:81"}, {"User-Agent", "x\" y"}, {"Authorization", "Basic YWxpY2U6c2VjcmV0"}, {"X-One", "1"}, {"x-one", "2"}, {"Cookie", "a=1"}, {"cookie", "b=2"}}
	a.Host, a.Path, a.Query, a.Scheme, a.ID = "T:81", "/a%20b", "?c=d", "https", "abc"
	a.RequestTarget = "/a%20b?c=d"
	a.HeadBytes, a.RequestBytes, a.Connection = 100, 250, 7
	a.Upstream, a.Duration, a.UpstreamTime, a.UpstreamWhole = "10.0.0.2:80", 1234567*time.Microsecond, 4*time.Millisecond, 6*time.Millisecond
	return a
}

func TestLineFormats(t *testing.T) {
	for format, want := range map[string]string{
		"combined":                                    `10.0.0.1 - alice [14/Nov/2023:22:13:20 +0000] "GET /a%20b?c=d HTTP/1.1" 200 5 "-" "x\x22 y"`,
		"$remote_addr $remote_user":                   "10.0.0.1 alice",
		"$time_iso8601 $msec":                         "2023-11-14T22:13:20+00:00 1700000000.123",
		"$request_method $request_uri $uri $args":     "GET /a%20b?c=d /a%20b c=d",
		"$status $body_bytes_sent $bytes_sent":        "200 5 105",
		"$host $scheme $server_protocol":              "t https HTTP/1.1",
		"$request_time $request_length $query_string": "1.234 250 c=d",
		"$upstream_addr $upstream_status $upstream_response_time $upstream_header_time": "10.0.0.9:80, 10.0.0.2:80 502, 200 0.006 0.004",
		"$request_id $connection $service $outcome $retries":                            "abc 7 web - 0",
		"[$http_x_one] [$http_cookie] [$http_nope] [$HTTP_Host]":                        "[1, 2] [a=1; b=2] [-] [T:81]",
		"[$sent_http_content_type] [$sent_http_set_cookie] [$sent_http_nope]":           `[a\x22b] [a=1, b=2] [-]`,
		"a${status}b 100%": "a200b 100%",
		`escape=json {"u":"$http_user_agent","n":"$http_nope","x":"$remote_user"}`: `{"u":"x\" y","n":"","x":"alice"}`,
		"escape=default $status": "200",
	} {
		f, err := ParseLineFormat(format)
		if err != nil {
			t.Errorf("%q: %v", format, err)
			continue
		}
		if got := string(f.appendLine(nil, full(), new(stamps))); got != want+"\n" {
			t.Errorf("%q:\ngot  %q\nwant %q", format, got, want)
		}
	}
	for format, want := range map[string]string{"": "empty", " ": "empty", "$": "no name", "a $ b": "no name", "${status": "not closed", "$nope": "$remote_addr, ",
		"$status\n": "line break", strings.Repeat("x", maxLineFormat+1): "more than", "$http_": "no variable $http_", "${}": "no name", "$sent_http_": "$sent_http_NAME"} {
		if f, err := ParseLineFormat(format); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v", format, f, err)
		}
	}
}

// A request that could not be read, and one whose client went away, are lines like others.
func TestLineFormatOfNothing(t *testing.T) {
	f, err := ParseLineFormat(`$remote_addr "$request" $status $upstream_addr $upstream_status $upstream_response_time $remote_user $http_a $host`)
	if err != nil {
		t.Fatal(err)
	}
	a := &Access{Client: netip.MustParseAddr("10.0.0.1")}
	if got, want := string(f.appendLine(nil, a, new(stamps))), `10.0.0.1 "-" 000 - - - - - -`+"\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestLineFormatAllocatesNothing(t *testing.T) {
	var all []string
	for v := noVariable + 1; v < varHeadField; v++ {
		all = append(all, "$"+v.name())
	}
	f, err := ParseLineFormat(strings.Join(all, " ") + " $http_x_one $http_user_agent $sent_http_set_cookie")
	if err != nil {
		t.Fatal(err)
	}
	buf, a, s := make([]byte, 0, 8<<10), full(), new(stamps)
	if n := testing.AllocsPerRun(100, func() { buf = f.appendLine(buf[:0], a, s) }); n > 0 {
		t.Errorf("%v allocations a line", n)
	}
}

// Whatever a client sends, a line is one line of printable ASCII, and JSON where that was asked for.
func FuzzLineFormat(f *testing.F) {
	f.Add("$status $http_a", "a", "b\r\n\"\x00\xff", "Basic YTpi")
	f.Add("${args}$remote_user", "é", "", "basic !!!")
	f.Fuzz(func(t *testing.T, format, target, value, authorization string) {
		a := full()
		a.RequestTarget, a.Path, a.Query, a.Host, a.Method = target, target, value, value, target
		a.Details = fields{{"A", value}, {"Authorization", authorization}}
		if p, err := ParseLineFormat(format); err == nil {
			line := p.appendLine(nil, a, new(stamps))
			if strings.Count(string(line), "\n") != 1 || line[len(line)-1] != '\n' {
				t.Errorf("%q: %q", format, line)
			}
		}
		p, err := ParseLineFormat(`escape=json {"a":"$http_a","r":"$request","u":"$remote_user","h":"$host","q":"$args"}`)
		if err != nil {
			t.Fatal(err)
		}
		if line := p.appendLine(nil, a, new(stamps)); !json.Valid(line) {
			t.Errorf("%q", line)
		}
	})
}
