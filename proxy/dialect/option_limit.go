package dialect

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// sizes are the units of nginx.
var sizes = []struct {
	unit  byte
	bytes int64
}{{'g', 1 << 30}, {'m', 1 << 20}, {'k', 1 << 10}}

// setMaxBody reads a number of bytes, or of k, m or g; 0 is any number.
func setMaxBody(l *line, value string) error {
	digits, unit := value, int64(1)
	for _, s := range sizes {
		if n := len(value) - 1; n > 0 && value[n]|0x20 == s.unit {
			digits, unit = value[:n], s.bytes
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/unit || digits[0] == '+' {
		return fmt.Errorf("max-body=%s is not a number of bytes such as 500k, 10m or 1g", shown(value))
	}
	l.rule.Policy.Filters.MaxBody = n * unit
	return nil
}

func printMaxBody(r *Rule) []string {
	n := r.Policy.Filters.MaxBody
	if n == 0 {
		return nil
	}
	for _, s := range sizes {
		if n%s.bytes == 0 {
			return []string{strconv.FormatInt(n/s.bytes, 10) + string(s.unit)}
		}
	}
	return []string{strconv.FormatInt(n, 10)}
}

const (
	// maxRate is more than a machine serves, and keeps the arithmetic exact.
	maxRate = 1_000_000
	// maxRateLimits is more than anybody needs beside one another.
	maxRateLimits = 4
)

// setRateLimit reads COUNT/s and, behind commas, burst=N and by=WHOM.
func setRateLimit(l *line, value string) error {
	parts := l.list(value)
	limit, err := parseRate(parts[0])
	if err != nil {
		return err
	}
	limit.Burst = limit.Count
	for _, part := range parts[1:] {
		if err := limit.set(part); err != nil {
			return err
		}
	}
	f := &l.rule.Policy.Filters
	if len(f.RateLimits) == maxRateLimits {
		return fmt.Errorf("a route may have %d rate limits", maxRateLimits)
	}
	f.RateLimits = append(f.RateLimits, limit)
	return nil
}

// parseRate reads COUNT/s, or m or h; the r that nginx has before the slash may stand there.
func parseRate(text string) (RateLimit, error) {
	count, unit, _ := strings.Cut(text, "/")
	per := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour}[unit]
	n, err := strconv.ParseUint(strings.TrimSuffix(count, "r"), 10, 32)
	if err != nil || n == 0 || n > maxRate || per == 0 {
		return RateLimit{}, fmt.Errorf("rate-limit=%s is not a rate such as 100/s, 30/m or 5/h", shown(text))
	}
	return RateLimit{Count: int(n), Per: per}, nil
}

func (r *RateLimit) set(part string) error {
	key, value, _ := strings.Cut(part, "=")
	switch key {
	case "burst":
		n, err := strconv.ParseUint(value, 10, 32)
		if err != nil || n == 0 || n > maxRate {
			return fmt.Errorf("burst=%s is not a number of requests from 1", shown(value))
		}
		r.Burst = int(n)
		return nil
	case "by":
		return r.setBy(value)
	}
	return fmt.Errorf("%s is neither burst=N nor by=client, by=route or by=header:NAME", shown(part))
}

func (r *RateLimit) setBy(value string) error {
	name, ofHeader := strings.CutPrefix(value, "header:")
	switch {
	case value == "client":
		r.By = ByClient
	case value == "route":
		r.By = ByRoute
	case ofHeader && isToken(name):
		r.By, r.Header = ByHeader, name
	default:
		return fmt.Errorf("by=%s is neither client, route nor header:NAME", shown(value))
	}
	return nil
}

func printRateLimit(r *Rule) (out []string) {
	for _, l := range r.Policy.Filters.RateLimits {
		out = append(out, l.String())
	}
	return out
}

// String is the limit as it is written in a line.
func (r RateLimit) String() string {
	unit := map[time.Duration]string{time.Second: "s", time.Minute: "m", time.Hour: "h"}[r.Per]
	text := strconv.Itoa(r.Count) + "/" + unit
	if r.Burst != r.Count {
		text += ",burst=" + strconv.Itoa(r.Burst)
	}
	switch r.By {
	case ByRoute:
		text += ",by=route"
	case ByHeader:
		text += ",by=header:" + r.Header
	}
	return text
}
