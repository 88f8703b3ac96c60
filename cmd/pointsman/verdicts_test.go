package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// asOf are tags of a container's port 80 in each language: those that are used, and those with each of the other verdicts.
var asOf = map[string]map[string][]string{
	"native": {
		"used": {"pointsman.route=native.test/"}, "partly": {"pointsman.route=native.test/p sped=9"}, "ignored": nil, "refused": {"pointsman.route=native.test/r weight=x"},
	},
	"fabio": {
		"used": {"urlprefix-fabio.test/"}, "partly": {"urlprefix-fabio.test/p register=x"}, "ignored": nil, "refused": {"urlprefix-:1883 proto=tcp"},
	},
	"aliyun": {
		"used": {"aliyun.routing.port_80=aliyun.test"}, "partly": {"aliyun.routing.port_80=prices.local"}, "ignored": {"aliyun.scale=3", "aliyun.logs=/x"}, "refused": {"aliyun.routing.port_x=a.test"},
	},
	"traefik": {
		"used": {"traefik.enable=true", "traefik.http.routers.r.rule=Host(`traefik.test`)"}, "refused": {"traefik.http.routers.s.rule=Hosts(`traefik.test`)"},
	},
	"traefik1": {
		"used": {"traefik.a.frontend.rule=Host:traefik1.test", "traefik.a.port=80"}, "refused": {"traefik.b.frontend.rule=Hosts:traefik1.test"},
	},
	"nginx-proxy": {
		"used": {"VIRTUAL_PORT=80"}, "partly": {"VIRTUAL_PROTO=https"}, "ignored": {"CERT_NAME=x", "VIRTUAL_ROOT=/x", "SERVER_TOKENS=off"},
		"refused": {"VIRTUAL_HOST=nginx-proxy.test,http://x"},
	},
}

// What became of each tag of each language shows: what is used is a route that answers, all else is in the API with its reason and once in the log unless
// nobody has to do anything about it; and a metric counts both, by language and verdict. Instances with the same tags say it once.
func TestVerdictsShowInEachLanguage(t *testing.T) {
	t.Parallel()
	c := lab.StartConsul(t)
	for language, by := range asOf {
		host, port := instance(t, language)
		var tags []string
		for _, list := range by {
			tags = append(tags, list...)
		}
		slices.Sort(tags)
		for i := range 2 { // the same twice
			body := map[string]any{"ID": fmt.Sprint(language, i), "Name": language, "Address": host, "Port": port, "Tags": tags, "Meta": map[string]string{outside.MetaPort: "80"}}
			if err := c.Put("/v1/agent/service/register", body); err != nil {
				t.Fatal(err)
			}
		}
	}
	p, plain, admin := startProxy(t, nil, "-consul", c.HTTP, "-exclusive-hosts")
	var rejects []struct{ Tag, Verdict, Language, Reason string }
	lab.Eventually(t, 20*time.Second, "all services are there", func() bool {
		_, text := status("http://" + admin + "/api/routes")
		var view struct {
			Rejects []struct{ Tag, Verdict, Language, Reason string }
		}
		rejects = nil
		if json.Unmarshal([]byte(text), &view) == nil {
			rejects = view.Rejects
		}
		return !slices.ContainsFunc(languages(), func(l dialect.Language) bool { return !strings.Contains(text, `"`+l.Name()+`.test"`) })
	})
	_, metrics := status("http://" + admin + "/metrics")
	if len(languages()) != len(asOf) {
		t.Errorf("there are %d languages, and tags of %d", len(languages()), len(asOf))
	}
	for language, by := range asOf {
		if language != "nginx-proxy" && !strings.HasPrefix(asked("http", plain, language+".test/"), "200") { // that one is asked over TLS
			t.Errorf("%s.test: %s", language, asked("http", plain, language+".test/"))
		}
		for _, verdict := range dialect.VerdictKinds {
			line := fmt.Sprintf("pointsman_tag_verdicts{language=%q,verdict=%q} ", language, verdict)
			_, rest, ok := strings.Cut(metrics, line)
			n, _, _ := strings.Cut(rest, "\n")
			if !ok || (n == "0") != (len(by[verdict.String()]) == 0) && verdict != dialect.VerdictPartly && verdict != dialect.VerdictIgnored {
				t.Errorf("%s%s", line, n)
			}
		}
		for verdict, tags := range by {
			if verdict == "used" {
				continue
			}
			for _, tag := range tags {
				i := slices.IndexFunc(rejects, func(r struct{ Tag, Verdict, Language, Reason string }) bool {
					return slices.Contains(strings.Split(r.Tag, ", "), dialect.Source(tag)) && r.Verdict == verdict && r.Language == language && r.Reason != ""
				})
				if i < 0 {
					t.Errorf("%s is not %s in the API: %+v", tag, verdict, rejects)
				}
				logged := strings.Count(p.Output(), dialect.Source(tag)+`","language":"`+language+`","verdict":"`+verdict)
				if quiet := tag == "aliyun.logs=/x" || tag == "SERVER_TOKENS=off"; logged != 1 && !quiet && tag != "VIRTUAL_PROTO=https" || logged > 0 && quiet {
					t.Errorf("%s is %d times in the log", tag, logged)
				}
			}
		}
	}
}

// Labels of several languages on one container all count, and the one says nothing of the others.
func TestLanguagesOfOneContainerAllCount(t *testing.T) {
	t.Parallel()
	c := lab.StartConsul(t)
	composition{file: "together.yml"}.register(t, c)
	_, plain, admin := startProxy(t, nil, "-consul", c.HTTP)
	lab.Eventually(t, 20*time.Second, "the routes are there", func() bool { return asked("http", plain, "virtual.example.org/") == "200 mixed:80 /" })
	for _, q := range []request{
		{"http", "any/barn/a", "200 mixed:80 /a"}, {"http", "fabio.example.org/x", "200 mixed:80 /x"},
		{"http", "traefik.example.org/x", "200 mixed:80 /x"}, {"http", "virtual.example.org/x", "200 mixed:80 /x"},
		{"http", "aliyun.example.org/", "200 mixed:80 /"}, {"http", "native.example.org/", "200 mixed:80 /"},
		{"http", "closed.example.org/", "403"}, {"http", "other.example.org/", "404"},
	} {
		if got := q.ask(plain, ""); !strings.HasPrefix(got, q.want) {
			t.Errorf("%s: %s, want %s", q.url, got, q.want)
		}
	}
	if told := verdictsAt(t, admin); len(told) != 1 || !tells(told, "refused urlprefix-:1883") {
		t.Errorf("%q", told)
	}
}
