package main

import (
	"fmt"
	"strings"
)

// config is what config.ini says. The zero value is none of it.
type config struct {
	port         string // where it listens
	mysql, redis string // host:port
	log          string // the file to which each request adds a line; "" is none
}

// parseConfig reads settings: `key = value` lines in sections, with remarks behind # or ; at the beginning of a line.
func parseConfig(text string) (config, error) {
	c := config{port: "3000"}
	known := map[string]*string{"server.port": &c.port, "mysql.address": &c.mysql, "redis.address": &c.redis, "log.file": &c.log}
	section := ""
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.ContainsRune("#;", rune(line[0])) {
			continue
		}
		if name, ok := strings.CutPrefix(line, "["); ok {
			section = strings.TrimSuffix(name, "]")
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		to := known[section+"."+strings.TrimSpace(key)]
		if !ok || to == nil {
			return config{}, fmt.Errorf("line %d: %q is no setting in [%s]", i+1, line, section)
		}
		*to = strings.TrimSpace(value)
	}
	return c, nil
}
