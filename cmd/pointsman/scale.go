package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// scaleTimeout covers a start of all instances that the demo allows; stopping is not waited for.
const scaleTimeout = 30 * time.Second

// runScale asks a running demo for another number of instances.
func runScale(ctx context.Context, p program) int {
	f := newFlags(p, "scale", "scale the sample service of a running demo", "web=N")
	admin := address("127.0.0.1:8090")
	f.Var(&admin, "admin", "`ADDRESS` of the demo's admin API")
	if code, done := f.parse(1); done {
		return code
	}
	name, n, err := parseScale(f.Arg(0))
	if err != nil {
		return f.refuse(err)
	}
	if err := postScale(ctx, dialable(string(admin)), name, n); err != nil {
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

func postScale(ctx context.Context, where, name string, n int) error {
	ctx, cancel := context.WithTimeout(ctx, scaleTimeout)
	defer cancel()
	body, err := json.Marshal(map[string]any{"service": name, "instances": n})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+where+"/api/scale", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := direct().Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 512))
	if answer.StatusCode != http.StatusOK {
		return refusal(answer.Status, text)
	}
	return nil
}
