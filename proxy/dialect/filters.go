package dialect

import "time"

// Filters is what is changed in requests and responses, and who may send them. The zero value changes nothing and lets everybody in.
type Filters struct {
	// RequestFields change the request that goes to an instance, ResponseFields the answer that goes to the client, in their order.
	RequestFields, ResponseFields []FieldChange
	// CORS lets pages of other origins read answers; nil leaves that to the instances.
	CORS *CORS
	// HSTS is the value of Strict-Transport-Security in answers over TLS (RFC 6797 section 6.1), and in no others; "" leaves the field to
	// the instances.
	HSTS string
	// MaxBody is the most bytes that a request's body may have; 0 is any number.
	MaxBody int64
	// Auth asks for a user and password; nil asks nobody.
	Auth *BasicAuth
	// ForwardAuth asks another server about each request; nil asks none.
	ForwardAuth *ForwardAuth
	// RateLimits bound how many requests come; each of them holds.
	RateLimits []RateLimit
}

// FieldChange is one change of a header field.
type FieldChange struct {
	Kind ChangeKind
	// Name is as it was written, Value a field value (RFC 9110, section 5.5); "" for ChangeRemove.
	Name, Value string
}

// ChangeKind is what is done to a field.
type ChangeKind uint8

const (
	// ChangeSet removes the fields of that name and puts one in their place.
	ChangeSet ChangeKind = iota
	// ChangeAdd puts one beside them.
	ChangeAdd
	// ChangeRemove removes them.
	ChangeRemove
)

// CORS is the Cross-Origin Resource Sharing policy of a route (fetch.spec.whatwg.org). What the instances say of it is removed.
type CORS struct {
	// Origins are scheme://host[:port], host as a name or *.name, or the single "*".
	Origins []string
	// Credentials lets requests with cookies or passwords in; never together with "*".
	Credentials bool
	// Methods, Headers and Expose are the lists of the fields of that name; without Methods the usual ones are allowed, without Headers those
	// that the browser asks for.
	Methods, Headers, Expose []string
	// MaxAge is how long a browser may remember the answer; 0 leaves that to the browser.
	MaxAge time.Duration
}

// BasicAuth asks for a user and a password (RFC 7617). Either Users or File is set.
type BasicAuth struct {
	Users []User
	// File is an htpasswd file on the proxy's disk.
	File string
	// Realm is shown to people who are asked; "" is DefaultRealm.
	Realm string
	// Pass lets the Authorization field go on to the instance.
	Pass bool
}

// DefaultRealm is the realm of a route that names none.
const DefaultRealm = "Restricted"

// ForwardAuth asks another server whether a request may pass. Either Service or URL is set.
type ForwardAuth struct {
	// Service is a service of the catalogue, of which a healthy instance is asked for Path over HTTP.
	Service, Path string
	// URL is what is asked: the operator's wherever it is, others' at an IP address of -allow-upstreams.
	URL string
	// Operator says that the operator has written it: then an instance may be asked that restricts who may use its own routes.
	Operator bool
	// Headers are the fields that are taken from its answer to the request, in place of the client's own.
	Headers []string
	// Sends are the fields of the request that it is told, beside those that say what is asked for; nil are all.
	Sends []string
	// Timeout is the time for its whole answer; 0 is DefaultAuthTimeout.
	Timeout time.Duration
}

// DefaultAuthTimeout is how long an answer of a server that is asked about requests may take: people wait for it.
const DefaultAuthTimeout = 5 * time.Second

// RateLimit bounds how many requests come.
type RateLimit struct {
	// Count requests may come in each Per on average, and Burst of them at once.
	Count, Burst int
	Per          time.Duration
	// By is who is counted; with ByHeader it is the value of the field Header, and where that is missing the client.
	By     LimitBy
	Header string
}

// LimitBy is who is counted.
type LimitBy uint8

const (
	// ByClient counts each client's address, IPv6 by its /64.
	ByClient LimitBy = iota
	// ByHeader counts each value of a header field.
	ByHeader
	// ByRoute counts all requests of the route.
	ByRoute
)

// IsZero says whether nothing is asked for.
func (f *Filters) IsZero() bool {
	return len(f.RequestFields) == 0 && len(f.ResponseFields) == 0 && f.CORS == nil && f.HSTS == "" && f.MaxBody == 0 && !f.Restricts()
}

// Restricts says whether some are not let in.
func (f *Filters) Restricts() bool {
	return f.Auth != nil || f.ForwardAuth != nil || len(f.RateLimits) > 0
}
