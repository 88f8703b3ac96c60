package main

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/pointsman/pointsman/proxy/history"
)

// runExplain asks a running proxy where a request goes, and why.
func runExplain(ctx context.Context, p program) int {
	f := newFlags(p, "explain", "say which route takes a request, why the others don't, and how its instances do", "URL")
	admin, headers := address("127.0.0.1:8090"), texts(nil)
	f.Var(&admin, "admin", "`ADDRESS` of the proxy's admin API")
	f.Var(&headers, "header", "a header `FIELD` of the request, \"Name: value\"; may be repeated")
	method := f.String("method", "GET", "`METHOD` of the request")
	client := f.String("client", "", "`ADDRESS` that is believed to be the client's")
	listener := f.String("listener", "", "`NAME` of the listener that it comes by; http or https if not given")
	at := f.String("at", "", "the `TABLE` to ask instead of the present one: its number as in pointsman history, or a time (2006-01-02T15:04:05Z, 15:04 of today, 5m for five minutes ago)")
	if code, done := f.parse(1); done {
		return code
	}
	moment := ""
	if *at != "" {
		m, err := history.ParseMoment(*at, time.Now()) // here, as times of the day are those of this clock
		if err != nil {
			return f.refuse(fmt.Errorf("invalid value %q for -at: %w", *at, err))
		}
		moment = m.String()
	}
	in := url.Values{"url": {f.Arg(0)}, "method": {*method}, "client": {*client}, "listener": {*listener}, "header": headers, "at": {moment}, "text": {"1"}}
	if err := ask(ctx, "http://"+dialable(string(admin))+"/api/explain?"+in.Encode(), maxExplanation, p.stdout); err != nil {
		fmt.Fprintf(p.stderr, "pointsman explain: %v\n", err)
		return exitFatal
	}
	return exitOK
}

// maxExplanation bounds an answer: a thousand instances and thirty routes.
const maxExplanation = 1 << 20
