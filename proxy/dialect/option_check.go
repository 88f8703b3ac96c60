package dialect

import (
	"fmt"
	"strings"
	"time"
)

// checkOptions say how instances are asked whether they are healthy.
var checkOptions = []option{
	{name: "health-check", scope: scopeInstance, forwards: true, set: setCheck, print: printCheck},
	{name: "health-interval", scope: scopeInstance, forwards: true, set: setCheckInterval, print: printCheckInterval, judge: judgeCheck},
	{name: "health-timeout", scope: scopeInstance, forwards: true, set: setCheckTimeout, print: printCheckTimeout, judge: judgeCheck},
}

func setCheck(l *line, value string) error {
	path, _, _ := strings.Cut(value, "?")
	if strings.ContainsAny(value, "#\"<>\\^`{|} ") {
		return fmt.Errorf("health-check=%s is no path", shown(value))
	}
	l.rule.Options.Upstream.Check.Path = value
	return checkPath(path)
}

func printCheck(r *Rule) []string {
	c := &r.Options.Upstream.Check
	return printIf(c.Path != "", c.Path)
}

// Bounds of a check's times: what asks more often is a load of its own, what asks less often tells nothing.
const (
	leastCheck = 500 * time.Millisecond
	mostCheck  = time.Hour
)

func parseCheckTime(name, value string) (time.Duration, error) {
	d, err := time.ParseDuration(value)
	if err != nil || d < leastCheck || d > mostCheck {
		return 0, fmt.Errorf("%s=%s: want a time from %s to %s, such as 5s", name, shown(value), leastCheck, mostCheck)
	}
	return d, nil
}

func setCheckInterval(l *line, value string) (err error) {
	l.rule.Options.Upstream.Check.Interval, err = parseCheckTime("health-interval", value)
	return err
}

func printCheckInterval(r *Rule) []string {
	d := r.Options.Upstream.Check.Interval
	return printIf(d > 0, d.String())
}

func setCheckTimeout(l *line, value string) (err error) {
	l.rule.Options.Upstream.Check.Timeout, err = parseCheckTime("health-timeout", value)
	return err
}

func printCheckTimeout(r *Rule) []string {
	d := r.Options.Upstream.Check.Timeout
	return printIf(d > 0, d.String())
}

func judgeCheck(l *line) {
	if c := &l.rule.Options.Upstream.Check; c.Path == "" && *c != (Check{}) {
		l.note("health-interval and health-timeout have no effect without health-check")
		*c = Check{}
	}
}
