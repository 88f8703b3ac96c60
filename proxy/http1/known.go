package http1

import (
	"encoding/binary"
	"unsafe"
)

// Known says which field a name is, as far as rules depend on it, so that no rule compares names again. The zero value means that
// nobody has looked yet.
type Known uint8

// The fields that some rule asks about. Other is every name that is none of them.
const (
	Other Known = iota + 1
	// Underscored is any name with an underscore: applications that know fields as CGI variables can't tell it from the one
	// with a hyphen.
	Underscored
	Host
	ContentLength
	TransferEncoding
	Connection
	KeepAlive
	ProxyConnection
	TE
	Trailer
	Upgrade
	Expect
	HTTP2Settings
	Proxy // HTTP_PROXY for CGI-like applications
	XForwardedFor
	XForwardedProto
	XForwardedHost
	XForwardedPort
	OtherXForwarded // any other X-Forwarded-*
	Forwarded
	XRealIP
	XRequestID
	Accept
	Referer
	UserAgent
	Date
	Server
	ContentType
	Via
	Location
	ClientCertificate // X-SSL-Client-*
)

// Families of names that begin alike.
const (
	forwardedFamily   = "x-forwarded-"
	certificateFamily = "x-ssl-client-"
)

// words are the known names, by length and in lower case.
var words = func() (t [len("transfer-encoding") + 1][]word) {
	for known, name := range map[Known]string{
		Host: "host", ContentLength: "content-length", TransferEncoding: "transfer-encoding", Connection: "connection",
		KeepAlive: "keep-alive", ProxyConnection: "proxy-connection", TE: "te", Trailer: "trailer", Upgrade: "upgrade", Expect: "expect",
		HTTP2Settings: "http2-settings", Proxy: "proxy", XForwardedFor: "x-forwarded-for", XForwardedProto: "x-forwarded-proto",
		XForwardedHost: "x-forwarded-host", XForwardedPort: "x-forwarded-port", Forwarded: "forwarded", XRealIP: "x-real-ip", XRequestID: "x-request-id", Accept: "accept",
		Referer: "referer", UserAgent: "user-agent", Date: "date", Server: "server", ContentType: "content-type", Via: "via",
		Location: "location",
	} {
		front, back := edges(name)
		t[len(name)] = append(t[len(name)], word{front, back, name, known})
	}
	return t
}()

// word is a known name with its edges.
type word struct {
	front, back uint64
	name        string
	known       Known
}

// edges are the first and the last eight bytes of a name, or four of a shorter one, or what there is, in lower case: all of it
// for names of up to sixteen. Setting one bit makes letters small, and no other byte of a token equal to a letter, digit or hyphen.
func edges(name string) (front, back uint64) {
	b := unsafe.Slice(unsafe.StringData(name), len(name))
	switch {
	case len(b) >= 8:
		front, back = binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[len(b)-8:])
	case len(b) >= 4:
		front, back = uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[len(b)-4:]))
	default:
		for _, c := range b {
			front = front<<8 | uint64(c)
		}
	}
	return front | 0x20*ones, back | 0x20*ones
}

// know looks up a name that is a token; seen is what classes its bytes are of.
func know(name string, seen class) Known {
	if seen&under != 0 {
		return Underscored
	}
	if len(name) < len(words) {
		front, back := edges(name)
		for i := range words[len(name)] {
			w := &words[len(name)][i]
			if w.front == front && w.back == back && (len(name) <= 16 || sameFold(name, w.name)) {
				return w.known
			}
		}
	}
	if len(name) > len(forwardedFamily) && sameFold(name[:len(forwardedFamily)], forwardedFamily) {
		return OtherXForwarded
	}
	if len(name) > len(certificateFamily) && sameFold(name[:len(certificateFamily)], certificateFamily) {
		return ClientCertificate
	}
	return Other
}
