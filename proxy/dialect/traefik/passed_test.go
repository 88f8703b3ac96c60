package traefik

import (
	"slices"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/dialect/traefik1"
)

// verdictsOf are the kinds of the verdicts about a label.
func verdictsOf(r dialect.Result, tag string) (out []string) {
	for _, v := range r.Verdicts {
		if slices.Contains(v.Sources, tag) {
			out = append(out, v.Kind.String())
		}
	}
	return out
}

// An option that is passed over is not called used, unless it asks for what the proxy does anyway; the route stays.
func TestOptionsThatArePassedOver(t *testing.T) {
	const users = "basicauth.users=keeper:$apr1$abcdefgh$0123456789abcdefghijk/"
	for option, want := range map[string]string{
		"basicauth.headerField=X-User": "ignored", "basicauth.removeHeader=true": "used", "basicauth.removeHeader=false": "used", "forwardauth.trustForwardHeader=true": "ignored",
		"forwardauth.trustForwardHeader=false": "used", "forwardauth.headerField=X-User": "ignored", "forwardauth.maxResponseBodySize=100": "ignored", "forwardauth.preserveLocationHeader=true": "used",
		"ipallowlist.rejectStatusCode=404": "ignored", "ipallowlist.rejectStatusCode=403": "used", "buffering.retryExpression=Attempts() < 2": "ignored", "buffering.memRequestBodyBytes=100": "ignored",
		"stripprefix.forceSlash=false": "ignored", "stripprefix.forceSlash=true": "used", "headers.isDevelopment=true": "ignored", "headers.forceSTSHeader=true": "ignored", "headers.sslProxyHeaders.X-Proto=https": "ignored",
		"headers.customRequestHeaders=x": "ignored", "headers.sslTemporaryRedirect=true": "ignored", "compress.minResponseBodyBytes=100": "partly", "compress.excludedContentTypes=text/event-stream": "partly",
		"retry.attempts=3": "ignored",
	} {
		kind, _, _ := strings.Cut(option, ".")
		beside := map[string]string{"basicauth": users, "forwardauth": "forwardauth.address=http://10.0.0.9/check", "ipallowlist": "ipallowlist.sourcerange=10.0.0.0/8", "buffering": "buffering.maxrequestbodybytes=10",
			"stripprefix": "stripprefix.prefixes=/x", "headers": "headers.framedeny=true", "compress": "compress=true", "retry": "retry.initialinterval=1s"}[kind]
		tags := labelled("routers.r.rule=Host(`a.b`)", "routers.r.middlewares=m", "routers.s.rule=Host(`c.d`)", "routers.s.middlewares=m", "middlewares.m."+beside, "middlewares.m."+option)
		r := parse(tags...)
		told := slices.Compact(verdictsOf(r, tags[len(tags)-1]))
		if !slices.Equal(told, []string{want}) {
			t.Errorf("%s: %v, want %s", option, told, want)
		}
		if len(r.Rules) != 2 || r.Rules[0].Policy.Closed || r.Rules[1].Policy.Closed {
			t.Errorf("%s: %s", option, brief(r))
		}
		if of := verdictsOf(r, tags[5]); kind != "basicauth" && kind != "retry" && !slices.Contains(of, "used") {
			t.Errorf("%s, beside %s: %v", option, tags[5], of)
		}
	}
}

// A label of Traefik 1 beside a router of Traefik 2 is told of by its own language, with the label that it may have meant.
func TestALabelOfTraefik1BesideARouter(t *testing.T) {
	tags := labelled("routers.r.rule=Host(`0`)&&(PAth(`/`)||PAth(`/0`))", "routers.r.entrYpoints=weB", "port=80")
	r := dialect.Languages{Options{}.Language(), traefik1.Options{}.Language()}.Parse(tags, env)
	for _, tag := range tags {
		if len(verdictsOf(r, tag)) == 0 {
			t.Errorf("nothing is said of %s", tag)
		}
	}
	if i := slices.IndexFunc(r.Verdicts, func(v dialect.Verdict) bool { return slices.Contains(v.Sources, "traefik.http.port=80") }); i < 0 || !strings.Contains(r.Verdicts[i].Advice, "http.services.NAME.") {
		t.Errorf("%+v", r.Verdicts)
	}
}
