package traefik

import (
	"testing"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// What services and headers ask for besides, in the words of a line.
func TestServicesAndOrigins(t *testing.T) {
	const lb, cors, auth = "services.s.loadbalancer.", "middlewares.m.headers.accesscontrol", "middlewares.m.forwardauth."
	for _, c := range []struct {
		labels []string
		want   string
	}{
		{[]string{lb + "server.weight=5"}, "a.b/ priority=11 weight=5"},
		{[]string{lb + "server.weight=0"}, "a.b/ priority=11, ignored"},
		{[]string{lb + "strategy=p2c"}, "a.b/ priority=11 balance=least-connections"},
		{[]string{lb + "strategy=x"}, "a.b/ priority=11, ignored"},
		{[]string{lb + "healthcheck.path=/health", lb + "healthcheck.interval=10", lb + "healthcheck.timeout=3s"}, "a.b/ priority=11 health-check=/health health-interval=10s health-timeout=3s"},
		{[]string{lb + "healthcheck.path=/health", lb + "healthcheck.port=81"}, "a.b/ priority=11, ignored, ignored"},
		{[]string{lb + "healthcheck.interval=10s"}, "a.b/ priority=11, ignored"},
		{[]string{lb + "healthcheck.path=/x to=127.0.0.1:1"}, "a.b/ priority=11, ignored"},
		{[]string{lb + "serverstransport=x@file"}, "a.b/ priority=11, ignored"},
		{[]string{cors + "alloworiginlist=https://c.d, https://e.f", cors + "allowcredentials=true", cors + "allowmethods=GET,PUT", cors + "allowheaders=*", cors + "maxage=100"},
			"a.b/ priority=11 cors=https://c.d,https://e.f cors-credentials=true cors-methods=GET,PUT cors-max-age=1m40s"},
		{[]string{cors + "allowmethods=GET"}, "a.b/ priority=11, ignored"},
		{[]string{cors + "alloworiginlist=nonsense"}, "a.b/ priority=11, ignored"},
		{[]string{cors + "alloworiginlistregex=.*"}, "a.b/ priority=11, ignored"},
		{[]string{"middlewares.m.forwardauth.address=http://sso:9091/api/verify?rd=x", "middlewares.m.forwardauth.trustforwardheader=true"}, "a.b/ priority=11 forward-auth=service:sso/api/verify?rd=x, ignored"},
		{[]string{auth + "address=http://sso/verify", auth + "authRequestHeaders=Cookie, X-Api-Key", auth + "forwardBody=false", auth + "maxBodySize=-1"},
			"a.b/ priority=11 forward-auth=service:sso/verify forward-auth-sends=Cookie,X-Api-Key"},
		{[]string{auth + "address=http://sso/verify", auth + "authResponseHeadersRegex=^X-"}, "closed a.b/ priority=11, refused"},
		{[]string{auth + "address=http://sso/verify", auth + "forwardBody=true"}, "closed a.b/ priority=11, refused"},
		{[]string{auth + "address=http://sso/verify", auth + "preserveRequestMethod=true"}, "closed a.b/ priority=11, refused"},
		{[]string{auth + "address=http://sso/verify", auth + "tls.ca=/ca.pem"}, "closed a.b/ priority=11, refused"},
		{[]string{auth + "address=http://sso/verify", auth + "authRequestHeaders=a b"}, "closed a.b/ priority=11, refused"},
		{[]string{"middlewares.m.forwardauth.address=http://sso.example.org/verify"}, "closed a.b/ priority=11, refused"},
		{[]string{"routers.r.tls.certresolver=le", "routers.r.tls.domains[0].main=a.b", "routers.r.tls.domains[0].sans=*.a.b"}, "a.b/ listener=https priority=11 tls=acme, ignored"},
		{[]string{"routers.r.service=noop@internal"}, "ignored"},
		{[]string{"routers.r.service=noop@internal", "middlewares.m.redirectscheme.scheme=https"}, "a.b/ listener=http priority=11 redirect=302,https://$host$path"},
	} {
		if c.labels[0][:len("middlewares")] == "middlewares" || len(c.labels) > 1 && c.labels[1][:len("middle")] == "middle" {
			c.labels = append(c.labels, "routers.r.middlewares=m")
		}
		if got := brief(parse(labelled(append(c.labels, "routers.r.rule=Host(`a.b`)")...)...)); got != c.want {
			t.Errorf("%q: %s\nwant %s", c.labels, got, c.want)
		}
	}
}

// A container without a rule has the host that it is called by, or what the operator's template makes of that.
func TestRulesByDefault(t *testing.T) {
	for _, c := range []struct {
		template, called string
		tags             []string
		want             string
	}{
		{"", "attic_lab", []string{"traefik.enable=true"}, "attic-lab/ priority=17"},
		{"", "attic_lab", []string{"traefik.enable=true", "traefik.http.routers.r.entrypoints=web"}, "attic-lab/ listener=http priority=17"},
		{"", "", []string{"traefik.enable=true"}, "ignored"},
		{"", "attic_lab", nil, ""},
		{"", "attic_lab", []string{"traefik.enable=true", "traefik.http.services.a.loadbalancer.server.port=80", "traefik.http.services.b.loadbalancer.server.port=80"}, "refused, ignored, ignored"},
		{"", "attic_lab", []string{"traefik.enable=true", "traefik.tcp.routers.r.rule=HostSNI(`*`)"}, "ignored, ignored"},
		{"Host(`{{ normalize .Name }}.example.org`)", "/attic.lab", []string{"traefik.enable=true"}, "attic-lab.example.org/ priority=29"},
		{"Host(`{{ trimPrefix \"x-\" .Name | lower }}`)", "x-Attic", []string{"traefik.enable=true"}, "attic/ priority=13"},
		{"Host(`{{ .Name }}`)", "a b", []string{"traefik.enable=true"}, "refused"},
	} {
		o := Options{}
		if c.template != "" {
			var err error
			if o.DefaultRule, err = ParseDefaultRule(c.template); err != nil {
				t.Fatal(err)
			}
		}
		at := env
		at.Called = c.called
		if got := brief(dialect.Languages{o.Language()}.Parse(c.tags, at)); got != c.want {
			t.Errorf("%q of %s: %s\nwant %s", c.template, c.called, got, c.want)
		}
	}
	for _, bad := range []string{"{{", "{{ .Nothing }}", "{{ unknown .Name }}"} {
		if _, err := ParseDefaultRule(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
