//go:build linux

package main

import (
	"slices"
	"time"

	"github.com/pointsman/pointsman/examples/lab/bench/layout"
)

// Names of cases that the bars refer to.
const (
	keep64    = "keepalive-64"
	keep1     = "keepalive-1"
	keep16    = "keepalive-16"
	keep512   = "keepalive-512"
	offered   = "offered-1000"
	browser   = "browser-head"
	connect   = "new-connection"
	answer64k = "answer-64k"
	answer1m  = "answer-1m"
	post16k   = "post-16k"
	routes1k  = "routes-1000"
	routes10k = "routes-10000"
	everyone  = "routes-10000-instances-100-log"
	halfLoad  = "half-of-nginx"
	changes   = "changes"
	traced    = "traced"
	twoCores  = "two-cores"
	idleMiB   = "idle-memory"
	idlePart  = "idle-cpu"
	slowMiB   = "slow-clients"
	tlsKept   = "tls-keepalive-64"
	tlsFresh  = "tls-new-connection"
	h2Small   = "h2-small"
	h2Large   = "h2-64k"
)

// changeEvery is how often one service changes; reloadEvery how often nginx reloads for the same purpose.
const (
	changeEvery = 10 * time.Millisecond
	reloadEvery = time.Second
)

// cases is all that is measured. What names no configuration has the same fields set and no access log.
func cases() []*job {
	usual := []contender{the(event), the(nginx), the(haproxy)}
	withStd := []contender{the(event), the(std), the(nginx), the(haproxy)}
	large := []contender{the(event), the(std), the(nginx), the(nginx).buffered(), the(nginx).allBuffered(),
		the(haproxy), the(haproxy).splice("auto"), the(haproxy).splice("response")}
	list := []*job{
		{Name: keep64, Title: "28-byte answers, 64 kept connections", contenders: allOfThem(), traffic: traffic{Connections: 64},
			latency: true, profiled: true},
		{Name: keep1, Title: "1 connection", contenders: withStd, traffic: traffic{Connections: 1}},
		{Name: keep16, Title: "16 connections", contenders: withStd, traffic: traffic{Connections: 16}, latency: true},
		{Name: keep512, Title: "512 connections", contenders: withStd, traffic: traffic{Connections: 512}, latency: true},
		{Name: offered, Title: "1,000 requests/s offered over 64 connections", contenders: withStd, measure: byMeter,
			traffic: traffic{Connections: 64, Rate: 1000}},
		{Name: halfLoad, Title: "half of nginx's maximum offered over 64 connections", contenders: withStd, measure: byMeter,
			traffic: traffic{Connections: 64, HalfOfNginx: true}},
		{Name: browser, Title: "a browser's head of 600 bytes", contenders: usual, traffic: traffic{Connections: 64, Head: 600}, latency: true},
		{Name: connect, Title: "a new connection for each request", contenders: withStd, traffic: traffic{Connections: 64, Fresh: true}},
		{Name: answer64k, Title: "answers of 64 KiB", contenders: large, traffic: traffic{Connections: 64, Path: "/64k"}, latency: true},
		{Name: answer1m, Title: "answers of 1 MiB", contenders: large, traffic: traffic{Connections: 64, Path: "/1m"}, latency: true},
		{Name: post16k, Title: "POST of 16 KiB", contenders: slices.Concat(withStd, []contender{the(nginx).bodyBuffered()}), Base: the(nginx).bodyBuffered().Name,
			traffic: traffic{Connections: 64, Post: 16 << 10}, latency: true},
		{Name: routes1k, Title: "1,000 routes", contenders: usual, layout: layout.Layout{Services: 20, Hosts: 50}, traffic: traffic{Connections: 64}, latency: true},
		{Name: routes10k, Title: "10,000 routes", contenders: usual, layout: layout.Layout{Services: 200, Hosts: 50}, traffic: traffic{Connections: 64}, latency: true},
		{Name: everyone, Title: "10,000 routes, 100 instances, access log", contenders: []contender{the(event).logged(), the(nginx).logged(), the(haproxy).logged()},
			layout: layout.Layout{Services: 200, Hosts: 50, First: 100}, traffic: traffic{Connections: 64}, latency: true},
	}
	return slices.Concat(list, overTLS(usual), others(withStd))
}

// overTLS are the cases over TLS, which one server serves with both of our engines.
func overTLS(usual []contender) []*job {
	return []*job{
		{Name: tlsKept, Title: "TLS: 28-byte answers, 64 kept connections", contenders: usual, traffic: traffic{Connections: 64, TLS: true}},
		{Name: tlsFresh, Title: "TLS: a handshake for each request", contenders: usual, traffic: traffic{Connections: 64, TLS: true, Fresh: true}},
		{Name: h2Small, Title: "HTTP/2 over TLS: 28-byte answers, 16 connections with 8 streams each", contenders: usual, measure: byH2load,
			traffic: traffic{Connections: 16, TLS: true, HTTP2: true}},
		{Name: h2Large, Title: "HTTP/2 over TLS: answers of 64 KiB, 16 connections with 8 streams each", contenders: usual, measure: byH2load,
			traffic: traffic{Connections: 16, TLS: true, HTTP2: true, Path: "/64k"}},
	}
}

// allOfThem are the contenders of the case that everything is compared in.
func allOfThem() []contender {
	list := []contender{the(event), the(std), the(nginx), the(haproxy), the(caddy), the(reverse)}
	for _, k := range []kind{event, std, nginx, haproxy, caddy, reverse} {
		list = append(list, the(k).logged())
	}
	for _, k := range []kind{nginx, haproxy, reverse} {
		list = append(list, the(k).lean())
	}
	return list
}

// others are the cases that are no plain closed loop on one CPU.
func others(withStd []contender) []*job {
	thousand := layout.Layout{Services: 1000}
	return []*job{
		{Name: changes, Title: "one service of 1,000 changes", layout: thousand, traffic: traffic{Connections: 64},
			contenders: []contender{the(event), the(event).changing(changeEvery), the(std), the(std).changing(changeEvery), the(nginx), the(nginx).changing(reloadEvery)}},
		{Name: traced, Title: "1 % of the requests traced, 64 kept connections", contenders: []contender{the(event), the(event).traced(), the(std), the(std).traced()},
			traffic: traffic{Connections: 64}},
		{Name: twoCores, Title: "two loops, two workers, nothing pinned", loose: true, measure: byTwo, traffic: traffic{Connections: 64},
			contenders: []contender{the(event).workers(2), the(nginx).workers(2), the(haproxy).workers(2)}},
		{Name: idleMiB, Title: "10,000 idle connections after one request each", measure: idleMemory, fresh: true, rounds: 3, contenders: withStd,
			traffic: traffic{Connections: 64}},
		{Name: idlePart, Title: "1,000 idle connections", measure: idleCPU, fresh: true, rounds: 3, contenders: withStd, traffic: traffic{Connections: 64}},
		{Name: slowMiB, Title: "10,000 slow clients: nothing sent, half a head, half a body of 16 KiB", measure: slowClients, fresh: true, rounds: 3,
			contenders: withStd, traffic: traffic{Connections: 64, Post: 16 << 10}},
	}
}
