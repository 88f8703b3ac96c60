//go:build linux

package main

import "testing"

func TestH2loadIsRead(t *testing.T) {
	const said = "starting benchmark...\nfinished in 2.01s, 12000.50 req/s, 1.2MB/s\nrequests: 24101 total, 24129 started, 24101 done, 24099 succeeded, 2 failed, 0 errored, 0 timeout\n"
	if c, err := readH2load([]byte(said)); err != nil || c != (closedLoop{Requests: 24099, Micros: 2010000, Errors: 2}) {
		t.Errorf("%+v %v", c, err)
	}
	for _, said := range []string{"", "finished in 2.01s, 0 req/s\nrequests: 0 total, 0 started, 0 done, 0 succeeded, 0 failed, 0 errored, 0 timeout\n"} {
		if c, err := readH2load([]byte(said)); err == nil {
			t.Errorf("%q: %+v", said, c)
		}
	}
}
