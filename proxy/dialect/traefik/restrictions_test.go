package traefik

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// A container that calls its middleware NAME@file does not speak for the operator's file.
func TestLabelsDefineNothingOfTheFile(t *testing.T) {
	tags := labelled("middlewares.gate@file.basicauth.usersfile=/etc/passwd")
	language := Options{}.Language()
	if d := language.(dialect.Definer).Define(tags); len(d) != 0 {
		t.Errorf("it defines %s", d[0].Name)
	}
	if got := brief(parse(tags...)); got != "ignored, refused" && got != "refused, ignored" {
		t.Error(got)
	}
}

// A label that belongs to no router may be a misspelt one that restricts: no router of the container is opened without it, nor one by default.
func TestAMisspeltLabelClosesAllRouters(t *testing.T) {
	for _, label := range []string{"http.router.r.middlewares=auth", "http.routers.middlewares=auth", "htpp.routers.r.middlewares=auth", "http.middleware.r.basicauth.users=x", "http.middlewares.auth=x"} {
		tags := append(labelled("routers.r.rule=Host(`a.b`)"), "traefik."+label)
		if got := brief(parse(tags...)); got != "closed a.b/ priority=11, refused, refused" {
			t.Errorf("%s: %s", label, got)
		}
		e := env
		e.Called = "shop"
		r := dialect.Languages{Options{}.Language()}.Parse([]string{"traefik.enable=true", "traefik." + label}, e)
		for _, rule := range r.Rules {
			if !rule.Policy.Closed {
				t.Errorf("%s: open by default: %s", label, rule.Line())
			}
		}
	}
}

// Of two bounds of the body a request has to pass both.
func TestTheLeastBoundOfTheBodyHolds(t *testing.T) {
	for _, order := range []string{"m,n", "n,m"} {
		got := brief(parse(labelled("routers.r.rule=Host(`a.b`)", "routers.r.middlewares="+order,
			"middlewares.m.buffering.maxrequestbodybytes=10", "middlewares.n.buffering.maxrequestbodybytes=100000")...))
		if got != "a.b/ priority=11 max-body=10" {
			t.Errorf("%s: %s", order, got)
		}
	}
}

// What is far beyond the routes that an instance may have is not read line by line, and a restriction among it still closes all of them.
func TestManyAlternativesAreBounded(t *testing.T) {
	var labels []string
	for i := range 100 {
		var hosts, paths []string
		for j := range 8 {
			hosts, paths = append(hosts, fmt.Sprintf("Host(`h%d-%d.test`)", i, j)), append(paths, fmt.Sprintf("Path(`/%d`)", j))
		}
		labels = append(labels, fmt.Sprintf("routers.r%03d.rule=(%s)&&(%s)", i, strings.Join(hosts, "||"), strings.Join(paths, "||")))
	}
	r := Options{}.Language().Parse(labelled(labels...), env)
	if len(r.Rules) > 3*maxTerms+100 {
		t.Errorf("%d rules", len(r.Rules))
	}
	for _, rule := range parse(labelled(append(labels, "routers.r099.entrypoint=x")...)...).Rules {
		if !rule.Policy.Closed {
			t.Errorf("open: %s", rule.Line())
		}
	}
}
