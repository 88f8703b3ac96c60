package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// healthTimeout is shorter than the 30 s that Docker gives a HEALTHCHECK by default; a live process answers in milliseconds.
const healthTimeout = 5 * time.Second

// runHealth asks a running process on this host and tells by the exit code: 0 is well, 1 is not.
func runHealth(ctx context.Context, p program) int {
	f := newFlags(p, "health", "ask a running pointsman for its health; exit code 0 is well, 1 is not", "")
	admin, status := address("127.0.0.1:8090"), address("")
	f.Var(&admin, "admin", "`ADDRESS` of its admin API")
	f.Var(&status, "status", "`ADDRESS` with health and metrics, to ask instead of -admin")
	ready := f.Bool("ready", false, "ask whether it is ready for traffic, not only whether it lives")
	if code, done := f.parse(0); done {
		return code
	}
	where, path := string(admin), "/healthz"
	if status != "" {
		where = string(status)
	}
	if *ready {
		path = "/readyz"
	}
	if err := ask(ctx, "http://"+dialable(where)+path, maxHealth, p.stdout); err != nil {
		fmt.Fprintf(p.stderr, "pointsman health: %v\n", err)
		return exitFatal
	}
	return exitOK
}

// maxHealth bounds what is printed of an answer: it says little.
const maxHealth = 512

// ask prints the answer, most bytes of it at most; one that is not 200 is an error.
func ask(ctx context.Context, url string, most int64, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := direct().Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, most))
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return refusal(answer.Status, text)
	}
	_, err = out.Write(text)
	return err
}

// refusal is why there was no answer: the detail of the API's problems (RFC 9457), else the text.
func refusal(status string, text []byte) error {
	var problem struct {
		Detail string `json:"detail"`
	}
	if json.Unmarshal(text, &problem) == nil && problem.Detail != "" {
		return errors.New(harmless(problem.Detail)) // it says all that there is to say
	}
	return fmt.Errorf("%s: %s", status, harmless(strings.TrimSpace(string(text))))
}

// direct is a client that uses no HTTP proxy from the environment: the process asked is on this host.
func direct() *http.Client { return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} }

// dialable turns an address to listen on into one to connect to: all addresses include loopback, which people and
// certificates call localhost.
func dialable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}
