package record

import (
	"net/netip"
	"strconv"
	"time"
)

// Access is one request as the log tells it. Service, Upstream, ID and Outcome hold no byte that would need an escape.
type Access struct {
	Time                               time.Time
	Client                             netip.Addr
	ClientText                         string // Client as text, where that is at hand
	Method, Host, RequestTarget, Proto string
	Referer, UserAgent                 string
	Service, Upstream, ID              string
	Status, Retries                    int
	Bytes                              int64
	Duration                           time.Duration
	UpstreamTime                       time.Duration // from the request sent to the head of the response; 0 where there was none
	Outcome                            string        // why the proxy answered itself; "" where an instance did

	// What only a LineFormat asks for.
	Details                 RequestDetails // nil where there was no request
	Scheme, Path, Query     string         // of the request; Query with its question mark
	HeadBytes, RequestBytes int64          // of the response's head; of the whole request
	UpstreamWhole           time.Duration  // from the request sent to the end of the response
	Connection              uint64         // the client's, counted from 1
	UpstreamStatus          int            // of the last instance asked, where that is not Status; 0 where it is
}

// maxAccessText bounds each text in a line; the rest is cut.
const maxAccessText = 2048

func appendCombinedLine(b []byte, a *Access, s *stamps) []byte {
	b = append(a.appendClient(b), " - - ["...)
	b = append(b, s.local.Of(a.Time, "02/Jan/2006:15:04:05 -0700")...)
	b = append(b, `] "`...)
	if a.Method == "" { // a head that could not be read
		b = append(b, '-')
	} else {
		b = append(appendEscaped(b, a.Method), ' ')
		b = append(appendEscaped(b, a.RequestTarget), ' ')
		b = append(b, a.Proto...)
	}
	b = append(b, `" `...)
	b = strconv.AppendInt(b, int64(a.Status), 10)
	b = append(b, ' ')
	b = strconv.AppendInt(b, a.Bytes, 10)
	b = appendQuotedOrDash(append(b, ' '), a.Referer)
	b = appendQuotedOrDash(append(b, ' '), a.UserAgent)
	return append(b, '\n')
}

func appendQuotedOrDash(b []byte, s string) []byte {
	if s == "" {
		s = "-"
	}
	return append(appendEscaped(append(b, '"'), s), '"')
}

func appendJSONLine(b []byte, a *Access, s *stamps) []byte {
	b = append(b, `{"time":"`...)
	b = append(b, s.json.Of(a.Time.UTC(), "2006-01-02T15:04:05")...)
	b = appendMicros(b, int64(a.Time.Nanosecond()/1000))
	b = append(b, `Z","client":"`...)
	b = append(a.appendClient(b), '"')
	b = appendJSONText(b, `,"method":"`, a.Method)
	b = appendJSONText(b, `,"host":"`, a.Host)
	b = appendJSONText(b, `,"target":"`, a.RequestTarget)
	b = appendJSONPlain(b, `,"proto":"`, a.Proto)
	b = appendJSONPlain(b, `,"service":"`, a.Service)
	b = appendJSONPlain(b, `,"upstream":"`, a.Upstream)
	b = appendJSONPlain(b, `,"request_id":"`, a.ID)
	b = appendJSONText(b, `,"referer":"`, a.Referer)
	b = appendJSONText(b, `,"user_agent":"`, a.UserAgent)
	b = strconv.AppendInt(append(b, `,"status":`...), int64(a.Status), 10)
	b = strconv.AppendInt(append(b, `,"bytes":`...), a.Bytes, 10)
	b = appendSeconds(append(b, `,"seconds":`...), a.Duration)
	if a.UpstreamTime > 0 {
		b = appendSeconds(append(b, `,"upstream_seconds":`...), a.UpstreamTime)
	}
	if a.Retries > 0 {
		b = strconv.AppendInt(append(b, `,"retries":`...), int64(a.Retries), 10)
	}
	b = appendJSONPlain(b, `,"outcome":"`, a.Outcome)
	return append(b, '}', '\n')
}

// appendJSONText appends a member whose key stands ready with its quotes, unless the text is empty.
func appendJSONText(b []byte, key, text string) []byte {
	if text == "" {
		return b
	}
	return append(AppendJSON(append(b, key...), text), '"')
}

// appendJSONPlain is appendJSONText for what was made or checked before: labels, addresses that were dialled, and ids.
func appendJSONPlain(b []byte, key, text string) []byte {
	if text == "" {
		return b
	}
	return append(append(append(b, key...), text...), '"')
}

// appendSeconds appends seconds to the microsecond.
func appendSeconds(b []byte, d time.Duration) []byte {
	micros := max(0, (int64(d)+500)/1000)
	return appendMicros(strconv.AppendInt(b, micros/1e6, 10), micros%1e6)
}

// appendMicros appends a point and the six digits of n microseconds.
func appendMicros(b []byte, n int64) []byte {
	b = append(b, ".000000"...)
	for i := len(b) - 1; n > 0; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
	return b
}

func (a *Access) appendClient(b []byte) []byte {
	switch {
	case a.ClientText != "":
		return append(b, a.ClientText...)
	case a.Client.IsValid():
		return a.Client.AppendTo(b)
	}
	return append(b, '-')
}

const hexDigits, upperDigits = "0123456789abcdef", "0123456789ABCDEF"

// printable is how many bytes at the front of s need no escape in a line of the log.
func printable(s string) int {
	i := 0
	for i < len(s) && s[i] >= 0x20 && s[i] < 0x7f && s[i] != '"' && s[i] != '\\' {
		i++
	}
	return i
}

// appendEscaped writes what could end a quoted text or a line, and what terminals obey, as \xHH, as nginx does.
func appendEscaped(b []byte, s string) []byte {
	s = s[:min(len(s), maxAccessText)]
	for {
		n := printable(s)
		b = append(b, s[:n]...)
		if n == len(s) {
			return b
		}
		b = append(b, '\\', 'x', upperDigits[s[n]>>4], upperDigits[s[n]&15])
		s = s[n+1:]
	}
}

// AppendJSON appends the inside of a JSON string, at most 2048 bytes of s. Bytes that are no printable ASCII become \u00HH: they may be no
// UTF-8, and the text must stay JSON.
func AppendJSON(b []byte, s string) []byte {
	s = s[:min(len(s), maxAccessText)]
	for {
		n := printable(s)
		b = append(b, s[:n]...)
		if n == len(s) {
			return b
		}
		if c := s[n]; c == '"' || c == '\\' {
			b = append(b, '\\', c)
		} else {
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		s = s[n+1:]
	}
}
