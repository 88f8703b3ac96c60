package main

import "testing"

func TestConfig(t *testing.T) {
	got, err := parseConfig("# a remark\n[server]\nport = 3001\n\n[mysql]\naddress=db:3306\r\n[redis]\n; another\naddress = cache:6379\n[log]\nfile = /log/todo.log\n")
	if want := (config{"3001", "db:3306", "cache:6379", "/log/todo.log"}); err != nil || got != want {
		t.Errorf("%+v %v", got, err)
	}
	if got, err := parseConfig(""); err != nil || got != (config{port: "3000"}) {
		t.Errorf("of nothing: %+v %v", got, err)
	}
	for _, bad := range []string{"port = 1", "[server]\nhost = x", "[server]\nport"} {
		if got, err := parseConfig(bad); err == nil {
			t.Errorf("%q: %+v", bad, got)
		}
	}
}
