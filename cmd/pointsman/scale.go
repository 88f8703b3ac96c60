package main

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy/admin"
)

// scaling is how many instances a sample service is to have.
type scaling struct {
	Service   string `json:"service"`
	Instances *int   `json:"instances"`
}

// runScale asks a running demo for another number of instances.
func runScale(ctx context.Context, p program) int {
	f := newFlags(p, "scale", "scale the sample service of a running demo", "web=N")
	var to actionFlags
	to.register(f, "the demo's")
	if code, done := f.parse(1); done {
		return code
	}
	name, n, err := parseScale(f.Arg(0))
	if err != nil {
		return f.refuse(err)
	}
	if err := to.act(ctx, p, "scale", scaling{name, &n}, nil); err != nil {
		fmt.Fprintf(p.stderr, "pointsman scale: %v\n", err)
		return exitFatal
	}
	fmt.Fprintf(p.stdout, "%s: %d instances\n", name, n)
	return exitOK
}

func parseScale(s string) (name string, n int, err error) {
	name, text, ok := strings.Cut(s, "=")
	if n, err = strconv.Atoi(text); !ok || name == "" || err != nil || n < 0 {
		return "", 0, fmt.Errorf("%q is not of the form web=5", s)
	}
	return name, n, nil
}

// action is scaling for who has the token.
func (s *sample) action() admin.Action {
	const example = `{"service": "web", "instances": 5}`
	return admin.ActionOf(example, func(ctx context.Context, w scaling) (admin.Done, error) {
		if w.Instances == nil {
			return admin.Done{}, admin.Refusal(http.StatusBadRequest, "want "+example)
		}
		err := s.scale(ctx, w.Service, *w.Instances)
		return admin.Done{Service: w.Service, Text: fmt.Sprintf("%d instances", *w.Instances)}, err
	})
}
