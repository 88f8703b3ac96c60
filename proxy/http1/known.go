package http1

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
)

const forwardedFamily = "x-forwarded-"

// know looks a name up by its length, then by comparison with the few of that length.
func know(name string, seen class) Known {
	if seen&under != 0 {
		return Underscored
	}
	if len(name) > len(forwardedFamily) {
		return knowLong(name)
	}
	switch len(name) {
	case 2:
		return oneOf(name, "te", TE, "", 0, "", 0)
	case 4:
		return oneOf(name, "host", Host, "date", Date, "", 0)
	case 5:
		return oneOf(name, "proxy", Proxy, "", 0, "", 0)
	case 6:
		return oneOf(name, "accept", Accept, "expect", Expect, "server", Server)
	case 7:
		return oneOf(name, "referer", Referer, "upgrade", Upgrade, "trailer", Trailer)
	case 9:
		return oneOf(name, "x-real-ip", XRealIP, "forwarded", Forwarded, "", 0)
	case 10:
		return oneOf(name, "connection", Connection, "user-agent", UserAgent, "keep-alive", KeepAlive)
	case 12:
		return oneOf(name, "content-type", ContentType, "x-request-id", XRequestID, "", 0)
	}
	return Other
}

func knowLong(name string) Known {
	switch len(name) {
	case 14:
		if k := oneOf(name, "content-length", ContentLength, "http2-settings", HTTP2Settings, "", 0); k != Other {
			return k
		}
	case 15:
		if sameFold(name, "x-forwarded-for") {
			return XForwardedFor
		}
	case 16:
		if k := oneOf(name, "x-forwarded-host", XForwardedHost, "proxy-connection", ProxyConnection, "", 0); k != Other {
			return k
		}
	case 17:
		if k := oneOf(name, "transfer-encoding", TransferEncoding, "x-forwarded-proto", XForwardedProto, "", 0); k != Other {
			return k
		}
	}
	if sameFold(name[:len(forwardedFamily)], forwardedFamily) {
		return OtherXForwarded
	}
	return Other
}

// oneOf compares a name with up to three words of its length.
func oneOf(name, a string, ka Known, b string, kb Known, c string, kc Known) Known {
	switch {
	case sameFold(name, a):
		return ka
	case sameFold(name, b):
		return kb
	case sameFold(name, c):
		return kc
	}
	return Other
}
