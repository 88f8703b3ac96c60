//go:build linux

// Command load is the benchmark's own client, a process of its own so that it can be pinned beside wrk's place.
//
//	load meter   open loop: requests at fixed moments over kept connections; latency counts from the moment one was due
//	load hold    many connections that idle, or that send slowly, until stdin ends
//	load follow  many streams of the admin API's events, half of them read slowly, until stdin ends
//
// Each prints one JSON object on stdout.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	if len(os.Args) < 2 {
		fail(fmt.Errorf("usage: load meter|hold|follow [options]"))
	}
	f := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	address := f.String("address", "", "`ADDRESS` of the proxy")
	file := f.String("requests", "", "`FILE` with the requests: each a line with its length, then its bytes")
	connections := f.Int("connections", 64, "how many")
	rate := f.Float64("rate", 1000, "meter: requests a second")
	span := f.Duration("time", time.Second, "meter: how long requests are due")
	slow := f.Bool("slow", false, "hold: a third sends nothing, a third half a head, a third half a body; else one request each")
	hostile := f.Int("hostile", 0, "follow: how many more mean no good")
	service := f.String("service", "", "follow: `NAME` of the service that those follow who keep up")
	_ = f.Parse(os.Args[2:])
	var requests [][]byte
	var err error
	if os.Args[1] != "follow" {
		if requests, err = readRequests(*file); err != nil {
			fail(err)
		}
	}
	var result any
	switch os.Args[1] {
	case "meter":
		result, err = measure(*address, requests, *connections, *rate, *span)
	case "hold":
		result, err = hold(*address, requests, *connections, *slow)
	case "follow":
		result, err = follow(*address, *service, *connections, *hostile)
	default:
		err = fmt.Errorf("no command %q", os.Args[1])
	}
	if err != nil {
		fail(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "load:", err)
	os.Exit(1)
}
