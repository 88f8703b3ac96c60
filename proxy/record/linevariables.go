package record

import (
	"strconv"
	"strings"
)

// RequestDetails are what only some formats ask for, one after another; ok is false behind the last one.
type RequestDetails interface {
	// HeadField is a field of the request's head, or with sent of the response's, of those that Recorder.SentFields names.
	HeadField(i int, sent bool) (name, value string, ok bool)
	// FailedUpstream is an instance that was asked before the last one, and the status of its answer, or 502 or 504 without one.
	FailedUpstream(i int) (address string, status int, ok bool)
}

// stamps are the times of a recorder's lines, in the layouts that lines have.
type stamps struct{ json, local, iso Stamp }

// variable is one of nginx's. They are told apart by number and not by func: what a func is given is allocated.
type variable uint8

// The variables. No variable follows the last text of a line. Those behind varConnection are our own.
const (
	noVariable variable = iota
	varRemoteAddr
	varRemoteUser
	varTimeLocal
	varTimeISO8601
	varMsec
	varRequest
	varRequestMethod
	varRequestURI
	varURI
	varArgs
	varQueryString
	varStatus
	varBodyBytesSent
	varBytesSent
	varHost
	varServerProtocol
	varScheme
	varRequestTime
	varRequestLength
	varRequestID
	varUpstreamAddr
	varUpstreamStatus
	varUpstreamHeaderTime
	varUpstreamResponseTime
	varConnection
	varService
	varOutcome
	varRetries
	varHeadField // $http_NAME
	varSentField // $sent_http_NAME
	variables
)

// variableName is a variable's name in a format; those of varHeadField and varSentField are the beginnings of many.
func (v variable) name() string {
	return [variables]string{"", "remote_addr", "remote_user", "time_local", "time_iso8601", "msec", "request", "request_method", "request_uri", "uri", "args",
		"query_string", "status", "body_bytes_sent", "bytes_sent", "host", "server_protocol", "scheme", "request_time", "request_length", "request_id",
		"upstream_addr", "upstream_status", "upstream_header_time", "upstream_response_time", "connection", "service", "outcome", "retries", "http_", "sent_http_"}[v]
}

// lineWriter is what the value of a variable follows from.
type lineWriter struct {
	access *Access
	stamps *stamps
	json   bool
	field  string // of varHeadField and varSentField
}

// value appends a variable's value, escaped; nothing where there is none.
func (w *lineWriter) value(b []byte, v variable) []byte {
	a := w.access
	switch v {
	case varRemoteAddr:
		return a.appendClient(b)
	case varRemoteUser:
		return w.remoteUser(b)
	case varRequest:
		return w.request(b)
	case varRequestMethod:
		return w.escape(b, a.Method)
	case varRequestURI:
		return w.escape(b, a.RequestTarget)
	case varURI:
		return w.escape(b, a.Path)
	case varArgs, varQueryString:
		return w.escape(b, strings.TrimPrefix(a.Query, "?"))
	case varHost:
		return w.host(b)
	case varServerProtocol:
		return append(b, a.Proto...)
	case varScheme:
		return append(b, a.Scheme...)
	case varRequestID:
		return w.escape(b, a.ID)
	case varUpstreamAddr:
		return w.upstreams(b)
	case varService:
		return w.escape(b, a.Service)
	case varOutcome:
		return append(b, a.Outcome...)
	case varHeadField, varSentField:
		return w.headField(b, v == varSentField)
	}
	return w.measure(b, v)
}

// measure is value for numbers and times.
func (w *lineWriter) measure(b []byte, v variable) []byte {
	a := w.access
	switch v {
	case varTimeLocal:
		return append(b, w.stamps.local.Of(a.Time, "02/Jan/2006:15:04:05 -0700")...)
	case varTimeISO8601:
		return append(b, w.stamps.iso.Of(a.Time, "2006-01-02T15:04:05-07:00")...)
	case varMsec:
		return appendMillis(b, a.Time.UnixMilli())
	case varStatus:
		return appendStatus(b, a.Status)
	case varBodyBytesSent:
		return strconv.AppendInt(b, a.Bytes, 10)
	case varBytesSent:
		return strconv.AppendInt(b, a.Bytes+a.HeadBytes, 10)
	case varRequestLength:
		return strconv.AppendInt(b, a.RequestBytes, 10)
	case varConnection:
		return strconv.AppendUint(b, a.Connection, 10)
	case varRetries:
		return strconv.AppendInt(b, int64(a.Retries), 10)
	case varRequestTime:
		return appendMillis(b, a.Duration.Milliseconds())
	case varUpstreamStatus:
		return w.upstreamStatus(b)
	case varUpstreamHeaderTime, varUpstreamResponseTime:
		return w.upstreamTime(b, v)
	}
	return b
}
