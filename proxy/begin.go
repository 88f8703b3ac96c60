package proxy

import (
	"net"
	"slices"
	"strings"
	"time"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/record"
)

// begin is what all beginnings have in common.
func (x *Exchange) begin(scope *Scope, req *http1.Request, client *Client, now time.Time) {
	x.Request, x.Client, x.scope, x.begun = req, client, scope, now
	x.Target = RequestTarget{}
	x.Origin = Origin{Client: client.addr}
	x.Route, x.Attempt = nil, Attempt{}
	x.Outcome, x.Status, x.Bytes, x.Uncompressed, x.Received, x.headBytes, x.Ending = OutcomeForwarded, 0, 0, 0, 0, 0, false
	x.interim, x.continued, x.handed, x.recorded = 0, false, false, record.Request{}
	x.detail, x.location, x.page, x.filtered, x.counted = "", "", "", nil, false
	x.sent, x.certificate, x.timeline = nil, certificateUnasked, nil
	scope.Recorder.Begin()
}

// Begin takes a request that was parsed: ActionContinue, ActionReply, or ActionHandOver.
func (x *Exchange) Begin(scope *Scope, req *http1.Request, client *Client, now time.Time) Action {
	x.begin(scope, req, client, now)
	var err error
	x.Target, err = ParseTarget(req.Method, req.Target, req.Host)
	x.Origin.proto, x.Origin.host = client.scheme(), x.Target.Authority
	if client.trusted {
		scope.common.Forwarder.believe(&x.Origin, req.Fields)
	}
	if x.Origin.ID == "" {
		x.newID()
	}
	if scope.common.Tracer != nil {
		x.beginTimeline()
	}
	switch {
	case err != nil:
		return x.refuseRequest(err)
	case scope.common.Limits.HeadFields > 0 && len(req.Fields) > scope.common.Limits.HeadFields:
		return x.reply(OutcomeHeadTooLarge, "")
	}
	if do := x.challenge(); do != ActionContinue {
		return do
	}
	if client.RedirectHTTPS && x.inPlainText() {
		return x.toHTTPS()
	}
	return ActionContinue
}

// BadHead takes a head that could not be parsed; the answer is always Reply.
func (x *Exchange) BadHead(scope *Scope, client *Client, err *http1.Error, now time.Time) Action {
	return x.Refuse(scope, client, outcomeFor(err.Status), err.Text, now)
}

// Refuse answers a connection that brought no request: OutcomeClientTimeout where none came in time, Crowded where there is no room for it.
// detail replaces the outcome's own unless it is empty. The answer is always Reply.
func (x *Exchange) Refuse(scope *Scope, client *Client, o Outcome, detail string, now time.Time) Action {
	x.begin(scope, &scope.none, client, now)
	x.newID()
	return x.reply(o, detail)
}

func (x *Exchange) refuseRequest(err error) Action {
	if err == ErrConnect { //nolint:errorlint // Ask returns it as it is
		return x.reply(OutcomeBadMethod, "")
	}
	return x.reply(OutcomeBadRequest, err.Error())
}

// noHost is said where an answer needs the request's host.
const noHost = "the request names no host"

// inPlainText says whether the client speaks HTTP without TLS, to this proxy or to a trusted one in front of it.
func (x *Exchange) inPlainText() bool { return x.Origin.proto == "http" }

// toHTTPS sends the client to the listener for HTTPS, as the listener or the route asks for it.
func (x *Exchange) toHTTPS() Action {
	const permanent = 308 // the method stays
	if x.Target.Authority == "" {
		return x.reply(OutcomeBadRequest, noHost)
	}
	host := http1.HostOnly(x.Target.Authority)
	if port := x.httpsPort(strings.TrimPrefix(x.Target.Authority[len(host):], ":")); port != "" && port != "443" {
		host = net.JoinHostPort(strings.Trim(host, "[]"), port)
	}
	return x.redirect(permanent, "https://"+host+dialect.EscapePath(x.Target.Path)+x.Target.Query)
}

// httpsPort is the port of HTTPS for a client that asked at a port of plain HTTP; "" is the usual one of each.
func (x *Exchange) httpsPort(asked string) string {
	common := x.scope.common
	if asked == "" {
		asked = "80"
	}
	if common.HTTPPorts != nil && !slices.Contains(common.HTTPPorts, asked) {
		return ""
	}
	return common.HTTPSPort
}
