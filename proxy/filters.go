package proxy

import (
	"context"
	"strconv"
	"time"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/filter"
	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/routing"
)

// filtered is what filters found out about a request.
type filtered struct {
	wait       time.Duration // until there is room for another one
	challenges []string      // for who is not let in
	answer     filter.Answer // of the server that was asked
	fields     []Field       // that it adds to the request
}

// filters are those of the request's route; nil for most.
func (x *Exchange) filters() *filter.Set {
	if x.Route == nil || x.Route.Policy == nil {
		return nil
	}
	return x.Route.Policy.Filters
}

// passesLimit counts the request by one rate limit.
func (x *Exchange) passesLimit(l *filter.RateLimit) (wait time.Duration, ok bool) {
	switch l.By {
	case dialect.ByRoute:
		return l.Route(x.begun)
	case dialect.ByHeader:
		for i := range x.Request.Fields {
			if f := &x.Request.Fields[i]; filter.SameName(f.Name, l.Header) {
				return l.Value(f.Value, x.begun)
			}
		}
	}
	return l.Client(x.Origin.Client, x.begun)
}

// TooLarge says whether a request's body of n bytes, or one of which n have come, is larger than the route takes.
func (x *Exchange) TooLarge(n int64) bool {
	most := x.MaxBody()
	return most > 0 && n > most
}

// MaxBody is how many bytes of a request's body the route takes; 0 is any number.
func (x *Exchange) MaxBody() int64 {
	if f := x.filters(); f != nil {
		return f.MaxBody
	}
	return 0
}

// authenticate asks who sent the request, and whether it may pass. It may block.
func (x *Exchange) authenticate(f *filter.Set, t *routing.Table) Action {
	for _, a := range f.Auths {
		switch decision, err := a.Check(context.Background(), x.Request.Fields, x.begun); decision {
		case filter.DecisionRefused:
			x.filtered = &filtered{challenges: []string{a.Challenge}}
			return x.reply(OutcomeUnauthorized, "")
		case filter.DecisionBroken:
			x.scope.Notice(x.Route.Name, err.Error(), "the list of users can't be read: nobody is let in", x.begun)
			return x.reply(OutcomeAuthUnavailable, "")
		case filter.DecisionBusy:
			return x.reply(OutcomeAuthUnavailable, "Too many passwords are being checked. Try again shortly.")
		}
	}
	var fields []Field
	for _, a := range f.ForwardAuths {
		answer, err := a.Ask(context.Background(), x.question(f, t))
		switch {
		case err != nil:
			x.scope.Notice(x.Route.Name, err.Error(), "the auth server did not answer: nobody is let in", x.begun)
			return x.reply(OutcomeAuthUnavailable, "")
		case !answer.Passed:
			x.filtered = &filtered{answer: answer}
			x.reply(OutcomeAuthRefused, "")
			x.Status = answer.Status
			return ActionReply
		}
		fields = append(fields, answer.Fields...)
	}
	if fields != nil {
		x.filtered = &filtered{fields: fields}
	}
	return ActionContinue
}

// question is what another server is asked about the request: as an instance would see it, without a password that is hidden from instances,
// and what was asked for.
func (x *Exchange) question(set *filter.Set, t *routing.Table) *filter.Question {
	q := &filter.Question{Method: x.Request.Method, Proto: x.Origin.proto, Host: x.Origin.host, URI: x.Target.Path + x.Target.Query,
		Client: x.Origin.Client.String(), Instance: t.Instance}
	hides := set.HidesAuth()
	for i := range x.Request.Fields {
		if f := &x.Request.Fields[i]; toInstance(f.Known(), f.Name, &x.Request.Connection) && !(hides && filter.SameName(f.Name, "Authorization")) {
			q.Fields = append(q.Fields, *f)
		}
	}
	q.Fields = x.certificateFields(q.Fields)
	q.Fields = append(q.Fields, http1.NewField("Via", x.proto()[len("HTTP/"):]+" "+x.Route.Via)) // or a server that leads back here is asked for ever
	return q
}

// RequestChanges are what the route does to the fields of requests, trailers included; nil is nothing.
func (x *Exchange) RequestChanges() *filter.Changes {
	if f := x.filters(); f != nil {
		return f.Request
	}
	return nil
}

// ResponseChanges are what the route does to the fields of answers.
func (x *Exchange) ResponseChanges() *filter.Changes {
	if f := x.filters(); f != nil {
		return f.Response
	}
	return nil
}

// appendFiltered appends the fields that filters add to the request.
func (x *Exchange) appendFiltered(dst []byte, changes *filter.Changes) []byte {
	for _, f := range changes.Added() {
		dst = http1.AppendField(dst, f)
	}
	if x.filtered != nil {
		for _, f := range x.filtered.fields {
			dst = http1.AppendField(dst, f)
		}
	}
	return dst
}

// answerFilters appends the fields that filters add to an answer, an instance's or our own.
func (x *Exchange) answerFilters(dst []Field) []Field {
	f := x.filters()
	if f == nil {
		return dst
	}
	dst = x.appendHSTS(dst)
	return f.CORS.AppendAnswer(append(dst, f.Response.Added()...), x.Request.Fields)
}

// appendHSTS appends what holds a browser to HTTPS: over TLS, be it a trusted proxy's, and never in plain text (RFC 6797 section 7.2).
func (x *Exchange) appendHSTS(dst []Field) []Field {
	if f := x.filters(); f != nil && x.Origin.proto == "https" {
		return f.AppendHSTS(dst)
	}
	return dst
}

// appendAnswerFilters is answerFilters over HTTP/1.
func (x *Exchange) appendAnswerFilters(dst []byte) []byte {
	var room [8]Field
	for _, f := range x.answerFilters(room[:0]) {
		dst = http1.AppendField(dst, f)
	}
	return dst
}

// clientLocation is a Location field of an instance as the client has to see it.
func (x *Exchange) clientLocation(value string) string {
	if x.Member == nil || x.Member.Rule.Options.KeepLocation {
		return value
	}
	return filter.Location(value, &filter.View{Instance: [2]string{x.Member.Upstream.Address(), x.hostSent()}, Scheme: x.Origin.proto, Host: x.Origin.host,
		Path: x.Target.Path, Options: &x.Member.Rule.Options})
}

// seconds is a time for Retry-After: whole seconds, one at least.
func seconds(d time.Duration) string {
	return strconv.FormatInt(max(1, int64((d+time.Second-1)/time.Second)), 10)
}
