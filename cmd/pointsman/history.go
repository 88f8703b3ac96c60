package main

import (
	"context"
	"fmt"
	"net/url"
	"strconv"

	"github.com/pointsman/pointsman/proxy/history"
)

// runHistory asks a running proxy for its last tables.
func runHistory(ctx context.Context, p program) int {
	f := newFlags(p, "history", "list the last tables of a running proxy: why each was made, what it changed, and how many requests were answered meanwhile", "")
	admin, most := address("127.0.0.1:8090"), count{history.Most, 1, history.Most}
	f.Var(&admin, "admin", "`ADDRESS` of the proxy's admin API")
	f.Var(&most, "n", "how many tables, at most: a `NUMBER`")
	asJSON := f.Bool("json", false, "print JSON, the latest table first")
	if code, done := f.parse(0); done {
		return code
	}
	in := url.Values{"limit": {strconv.Itoa(most.value)}, "text": {"1"}}
	if *asJSON {
		in.Del("text")
	}
	if err := ask(ctx, "http://"+dialable(string(admin))+"/api/history?"+in.Encode(), maxHistory, p.stdout); err != nil {
		fmt.Fprintf(p.stderr, "pointsman history: %v\n", err)
		return exitFatal
	}
	return exitOK
}

// maxHistory bounds an answer: a thousand tables of which each names all that it may.
const maxHistory = 32 << 20
